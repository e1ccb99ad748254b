//! Numbers for boxes: read from a file, found in a model by name, or counted from it.

use netloom_diagram::overlay::{Axis, Combine, MEASURES, Measure, Show, Unit};

use crate::{Error, ErrorKind};

mod csv;
mod json;
mod resolve;

pub(crate) use resolve::{Named, resolve};

/// The largest file of numbers, bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// The most numbers of one file.
pub const MAX_ROWS: usize = 1_000_000;

/// What is shown at boxes and how.
#[derive(Clone, PartialEq, Debug)]
pub struct OverlayOptions {
    /// The numbers.
    pub numbers: Numbers,
    /// How a box shows its number.
    pub show: Show,
    /// How a box takes the numbers of all it stands for together.
    pub combine: Combine,
    /// How numbers are spread over colours and lengths.
    pub axis: Axis,
    /// The numbers at both ends of the scale; those of the figure where nothing is said.
    pub range: Option<(f64, f64)>,
}

/// Where numbers come from.
#[derive(Clone, PartialEq, Debug)]
pub enum Numbers {
    /// The model itself.
    Measured(Measure),
    /// A file.
    File(Table),
}

/// The numbers of a file.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Table {
    /// What they are, as the file says, else its name: `latency`.
    pub title: String,
    /// What they count, as the file says: `ms`; empty for nothing in particular.
    pub unit: String,
    /// A name of a module, operator or tensor, and its number.
    pub rows: Vec<(String, f64)>,
}

impl OverlayOptions {
    /// Numbers shown as colours on a linear scale, summed up.
    pub fn new(numbers: Numbers) -> Self {
        Self { numbers, show: Show::Colour, combine: Combine::Sum, axis: Axis::Linear, range: None }
    }

    /// What is shown, and its unit.
    pub(crate) fn says(&self) -> (String, Unit) {
        match &self.numbers {
            Numbers::Measured(measure) => (measure.title().to_owned(), measure.unit()),
            Numbers::File(table) => (table.title.clone(), Unit::Named(table.unit.clone())),
        }
    }
}

/// What is counted from a model by that name: `params`, `macs`, `memory`, `size`.
pub fn measure(name: &str) -> Option<Measure> {
    MEASURES.iter().find(|m| m.0 == name).map(|m| m.1)
}

/// Reads numbers from CSV or JSON, told apart by how the text begins. `name` is that of the file.
///
/// CSV has a header with the columns `name` and one for the number, and perhaps `unit`. JSON is an object of numbers by
/// name, a list of objects with `name` and `value`, or the node data of Model Explorer.
///
/// # Errors
/// Where the text is neither, or a number is none: with the line.
pub fn read(name: &str, bytes: &[u8]) -> Result<Table, Error> {
    let wrong = |message: String| Error::new(ErrorKind::Input, format!("{name}: {message}"));
    if bytes.len() > MAX_BYTES {
        return Err(wrong(format!("expected at most {MAX_BYTES} bytes, found {}", bytes.len())));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| wrong(format!("expected UTF-8 text, found other bytes at {}", e.valid_up_to())))?;
    let text = text.trim_start_matches('\u{feff}');
    let is_json = text.trim_start().starts_with(['{', '[']);
    let mut table = if is_json { json::read(text) } else { csv::read(text) }.map_err(wrong)?;
    if table.rows.len() > MAX_ROWS {
        return Err(wrong(format!("expected at most {MAX_ROWS} numbers, found {}", table.rows.len())));
    }
    if table.title.is_empty() {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        table.title = file.split('.').next().unwrap_or(file).replace('_', " ");
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Title, unit and rows.
    type Told<'a> = (&'a str, &'a str, &'a [(&'a str, f64)]);

    #[track_caller]
    fn check(text: &str, expected: Result<Told<'_>, &str>) {
        let found = read("dir/my_latency.csv", text.as_bytes());
        let found = found.map_err(|e| e.to_string());
        let expected = expected
            .map(|(title, unit, rows)| Table {
                title: title.to_owned(),
                unit: unit.to_owned(),
                rows: rows.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect(),
            })
            .map_err(|e| format!("dir/my_latency.csv: {e}"));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn tables_are_read() {
        check("name,value\na,1\nb,-2.5\n", Ok(("my latency", "", &[("a", 1.0), ("b", -2.5)])));
        check("name,latency,unit\r\n\"a, b\",1e3,ms\r\n", Ok(("latency", "ms", &[("a, b", 1000.0)])));
        check("\u{feff}name;error\n\"say \"\"x\"\"\";0\n\n", Ok(("error", "", &[("say \"x\"", 0.0)])));
        check("value\tname\n3\tx\n", Ok(("my latency", "", &[("x", 3.0)])));
        check(
            "a,1\nb,2\n",
            Err("line 1: expected a header with the columns `name` and `value`, found `a,1`"),
        );
        check("name,value\na,one\n", Err("line 2: expected a number, found `one`"));
        check("name,value\na\n", Err("line 2: expected 2 columns, found 1"));
        check("name,value\n\"a,1\n", Err("line 2: a quote is not closed"));
        check("name,value\na,inf\n", Err("line 2: expected a number, found `inf`"));
        check("", Err("line 1: expected a header with the columns `name` and `value`, found ``"));
    }

    #[test]
    fn objects_are_read() {
        check(r#"{"a": 1, "b": -2}"#, Ok(("my latency", "", &[("a", 1.0), ("b", -2.0)])));
        check(
            r#"[{"name": "a", "value": 1, "unit": "ms"}, {"name": "b", "value": 2}]"#,
            Ok(("my latency", "ms", &[("a", 1.0), ("b", 2.0)])),
        );
        check(
            r##"{"main": {"results": {"x/conv": {"value": 3, "bgColor": "#ff0000"}}, "thresholds": []}}"##,
            Ok(("my latency", "", &[("x/conv", 3.0)])),
        );
        check(
            r#"{"results": {"x": {"value": 3}, "y": 4}}"#,
            Ok(("my latency", "", &[("x", 3.0), ("y", 4.0)])),
        );
        check(r#"{"a": "fast"}"#, Err("`a`: expected a number or an object with `value`, found \"fast\""));
        check(r#"[1]"#, Err("expected objects with `name` and `value`, found 1"));
        let broken = read("x.json", b"{\"a\": }").unwrap_err().to_string();
        assert!(broken.starts_with("x.json: expected value at line 1"), "{broken}");
    }
}
