//! Tables of names and numbers as text, one row a line.
//!
//! The form is small enough to be read here: fields parted by comma, semicolon or tab, quotes doubled within quotes. A
//! library for it would be the larger part of this folder.

use super::Table;

/// Reads a table; an error says the line.
pub(super) fn read(text: &str) -> Result<Table, String> {
    let first = text.lines().next().unwrap_or_default();
    let by =
        [',', ';', '\t'].into_iter().max_by_key(|c| (first.matches(*c).count(), *c == ',')).unwrap_or(',');
    let mut table = Table::default();
    let mut columns: Option<(usize, usize, Option<usize>, usize)> = None;
    for (line, fields) in rows(text, by)? {
        let Some((name, value, unit, n)) = columns else {
            let at = |wanted: &str| fields.iter().position(|f| f.trim().eq_ignore_ascii_case(wanted));
            let unit = at("unit");
            let name = at("name").or_else(|| at("node")).or_else(|| at("path"));
            let other = |i: &usize| Some(*i) != name && Some(*i) != unit;
            let value = at("value").or_else(|| (0..fields.len()).find(other));
            let (Some(name), Some(value)) = (name, value) else { return Err(no_header(first)) };
            let title = fields[value].trim();
            if !title.eq_ignore_ascii_case("value") {
                title.clone_into(&mut table.title);
            }
            columns = Some((name, value, unit, fields.len()));
            continue;
        };
        if fields.len() != n {
            return Err(format!("line {line}: expected {n} columns, found {}", fields.len()));
        }
        let number = fields[value].trim();
        let parsed = number.parse::<f64>().ok().filter(|v| v.is_finite());
        let parsed = parsed.ok_or_else(|| format!("line {line}: expected a number, found `{number}`"))?;
        if let Some(unit) = unit.map(|u| fields[u].trim()).filter(|u| !u.is_empty()) {
            unit.clone_into(&mut table.unit);
        }
        table.rows.push((fields[name].trim().to_owned(), parsed));
    }
    if columns.is_none() { Err(no_header(first)) } else { Ok(table) }
}

fn no_header(first: &str) -> String {
    let first: String = first.chars().take(80).collect();
    format!("line 1: expected a header with the columns `name` and `value`, found `{first}`")
}

/// The fields of each row that is not empty, with the line where it begins.
fn rows(text: &str, by: char) -> Result<Vec<(usize, Vec<String>)>, String> {
    let mut rows = Vec::new();
    let mut fields = vec![String::new()];
    let (mut line, mut start, mut quoted) = (1, 1, false);
    let mut chars = text.chars().peekable();
    let mut end = |fields: &mut Vec<String>, start: usize| {
        let row = std::mem::replace(fields, vec![String::new()]);
        if row.len() > 1 || !row[0].trim().is_empty() {
            rows.push((start, row));
        }
    };
    while let Some(c) = chars.next() {
        let last = fields.len() - 1;
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                fields[last].push('"');
            }
            '"' if quoted || fields[last].is_empty() => quoted = !quoted,
            '\n' if !quoted => {
                end(&mut fields, start);
                line += 1;
                start = line;
            }
            '\r' if !quoted => {}
            c if c == by && !quoted => fields.push(String::new()),
            c => {
                line += usize::from(c == '\n');
                fields[last].push(c);
            }
        }
    }
    if quoted {
        return Err(format!("line {start}: a quote is not closed"));
    }
    end(&mut fields, start);
    Ok(rows)
}
