//! Weights from JSON: names of tensors with rows of numbers.

use std::collections::BTreeMap;

use netloom_diagram::tensors::{Matrix, Weights};

use crate::{Error, ErrorKind};

/// Reads weights from a JSON object that gives rows of numbers for names of tensors: `{"fc1.weight": [[0.5, -1.0]]}`.
///
/// # Errors
/// When the text is no such object, or the rows of a tensor differ in length.
pub fn weights_of(json: &str) -> Result<Weights, Error> {
    let read: BTreeMap<String, Vec<Vec<f32>>> = serde_json::from_str(json).map_err(|e| {
        let message = format!("expected weights as `{{\"name\": [[1.0, 2.0], …], …}}`: {e}");
        Error::new(ErrorKind::Input, message)
    })?;
    let mut weights = Weights::default();
    for (name, rows) in read {
        let columns = rows.first().map_or(0, Vec::len);
        let is_even = rows.iter().all(|r| r.len() == columns);
        let matrix = Matrix::new(columns, rows.into_iter().flatten().collect()).filter(|_| is_even);
        let matrix = matrix.ok_or_else(|| {
            let message = format!("expected rows of equal length in the weights of `{name}`");
            Error::new(ErrorKind::Input, message)
        })?;
        weights.insert(name, matrix);
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<&[&str], &str>) {
        match (weights_of(json), expected) {
            (Ok(weights), Ok(names)) => assert_eq!(weights.names().collect::<Vec<_>>(), names, "{json}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{json}: {error}"),
            (found, _) => panic!("{json}: {found:?}"),
        }
    }

    #[test]
    fn weights_are_rows_of_numbers() {
        check("{}", Ok(&[]));
        check(r#"{"b": [[1, 2], [3, -4.5]], "a": [[0]]}"#, Ok(&["a", "b"]));
        check(r#"{"a": [[1, 2], [3]]}"#, Err("equal length in the weights of `a`"));
        check(r#"{"a": []}"#, Err("equal length"));
        check(r#"{"a": [1, 2]}"#, Err("expected weights"));
        check("[", Err("expected weights"));
    }
}
