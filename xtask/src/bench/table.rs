//! Tables of numbers as pages show them.

/// A table with a title above and a note below.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of columns; the first holds words, the others numbers.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
    /// What a reader must know; may be empty.
    pub note: String,
}

impl Table {
    /// The table as Markdown, its columns aligned for reading as text too.
    pub fn print(&self) -> String {
        let count = |text: &str| text.chars().count();
        let width = |i: usize| {
            let cells = self.rows.iter().filter_map(|r| r.get(i)).map(|c| count(c));
            cells.chain([count(self.columns[i]), 4]).max().unwrap_or(4)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let line = |cells: &[String]| {
            let padded = cells.iter().zip(&widths).enumerate().map(|(i, (cell, width))| {
                let pad = " ".repeat(width - count(cell));
                if i == 0 { format!("{cell}{pad}") } else { format!("{pad}{cell}") }
            });
            format!("| {} |\n", padded.collect::<Vec<_>>().join(" | "))
        };
        let heads: Vec<String> = self.columns.iter().map(|c| (*c).to_owned()).collect();
        let rule: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(i, w)| if i == 0 { "-".repeat(*w) } else { format!("{}:", "-".repeat(w - 1)) })
            .collect();
        let mut text = format!("## {}\n\n{}{}", self.title, line(&heads), line(&rule));
        for row in &self.rows {
            text.push_str(&line(row));
        }
        if !self.note.is_empty() {
            text.push_str(&format!("\n{}\n", self.note));
        }
        text
    }
}

/// A duration with three digits: `0.42 ms`, `12.3 ms`, `1.23 s`.
pub fn time(secs: f64) -> String {
    if secs >= 1.0 { format!("{} s", digits(secs)) } else { format!("{} ms", digits(secs * 1000.0)) }
}

/// A size of memory in millions of bytes.
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", digits(bytes as f64 / 1e6))
}

/// A factor: `84×`.
pub fn ratio(factor: f64) -> String {
    format!("{}×", digits(factor))
}

/// A number with about three digits.
pub fn digits(value: f64) -> String {
    match value.abs() {
        v if v >= 99.95 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_as_text_and_as_a_page() {
        let table = Table {
            title: "Draw".to_owned(),
            columns: vec!["model", "CPU"],
            rows: vec![vec!["ResNet-50".to_owned(), time(0.0123)]],
            note: "One run.".to_owned(),
        };
        assert_eq!(
            table.print(),
            "## Draw\n\n| model     |     CPU |\n| --------- | ------: |\n| ResNet-50 | 12.3 ms |\n\nOne run.\n"
        );
    }

    #[test]
    fn numbers_have_three_digits() {
        let said = [time(1.234), time(0.5), megabytes(3_141_592), ratio(84.04), digits(99.96)];
        assert_eq!(said, ["1.23 s", "500 ms", "3.14 MB", "84.0×", "100"]);
    }
}
