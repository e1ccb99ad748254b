//! Names and numbers as JSON: by name, as a list, or as the node data of Model Explorer.

use serde_json::{Map, Value};

use super::Table;

/// How deep `results` may stand: below the name of a graph, below that of a collection.
const MAX_DEPTH: usize = 3;

/// Reads numbers; an error says where.
pub(super) fn read(text: &str) -> Result<Table, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let mut table = Table::default();
    match &value {
        Value::Array(items) => {
            for item in items {
                let name = item.get("name").and_then(Value::as_str);
                let (Some(name), Some(number)) = (name, item.get("value").and_then(number)) else {
                    return Err(format!("expected objects with `name` and `value`, found {}", short(item)));
                };
                take_unit(&mut table, item);
                table.rows.push((name.to_owned(), number));
            }
        }
        Value::Object(map) => {
            let mut found = Vec::new();
            results(map, 0, &mut found);
            let maps = if found.is_empty() { vec![map] } else { found };
            for (name, item) in maps.into_iter().flatten() {
                let value = number(item).or_else(|| item.get("value").and_then(number));
                let value = value.ok_or_else(|| {
                    format!("`{name}`: expected a number or an object with `value`, found {}", short(item))
                })?;
                take_unit(&mut table, item);
                table.rows.push((name.clone(), value));
            }
        }
        other => return Err(format!("expected an object or a list, found {}", short(other))),
    }
    Ok(table)
}

/// Every `results` of graphs in the node data of Model Explorer.
fn results<'a>(map: &'a Map<String, Value>, depth: usize, into: &mut Vec<&'a Map<String, Value>>) {
    if let Some(Value::Object(found)) = map.get("results") {
        into.push(found);
    } else if depth < MAX_DEPTH {
        for inner in map.values().filter_map(Value::as_object) {
            results(inner, depth + 1, into);
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|v| v.is_finite())
}

fn take_unit(table: &mut Table, item: &Value) {
    if let Some(unit) = item.get("unit").and_then(Value::as_str) {
        unit.clone_into(&mut table.unit);
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}
