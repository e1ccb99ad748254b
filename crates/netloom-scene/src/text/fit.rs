//! Text that has to fit: cut with an ellipsis, or broken into lines.

use super::shape::is_joined;
use super::{TextRun, TextStyle, measure, shape};

/// The text on one line no wider than `max_width` px, cut and ended with `…` where it would be wider. Empty if not even
/// that fits.
pub fn ellipsize(text: &str, style: &TextStyle, max_width: f64) -> String {
    let run = shape(text, style);
    if run.width <= max_width {
        return run.text;
    }
    let room = max_width - measure("…", style);
    // The glyphs tell where the cut is to be; kerning with the ellipsis may still ask for one character less.
    let mut end = run.glyphs.iter().filter(|g| g.x <= room).map(|g| g.start).max().unwrap_or(0);
    if room < 0.0 {
        return String::new();
    }
    loop {
        end = cut_before(&run.text, end);
        let cut = format!("{}…", run.text[..end].trim_end());
        if measure(&cut, style) <= max_width {
            return cut;
        }
        if end == 0 {
            return String::new();
        }
        end = run.text[..end].char_indices().next_back().map_or(0, |(i, _)| i);
    }
}

/// The text on as many lines as it needs to be no wider than `width` px: broken at spaces, else after `/ . _ - ,`, else
/// anywhere. A single character wider than that still gets a line.
pub fn wrap(text: &str, style: &TextStyle, width: f64) -> Vec<TextRun> {
    let whole = shape(text, style);
    if whole.width <= width {
        return vec![whole];
    }
    let text = whole.text;
    let mut lines = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let rest = shape(&text[start..], style);
        if rest.width <= width {
            lines.push(rest);
            break;
        }
        let fits = |end: usize| measure(text[start..end].trim_end(), style) <= width;
        let past = rest.glyphs.iter().filter(|g| g.x <= width).map(|g| g.start).max().unwrap_or(0);
        let mut end = start + past;
        while end > start && !fits(end) {
            end = cut_before(&text, text[..end].char_indices().next_back().map_or(0, |(i, _)| i));
        }
        end = cut_before(&text, end.max(start));
        if end <= start {
            end = after_one(&text, start);
        } else if let Some(gap) = break_before(&text, start, end) {
            end = gap;
        }
        lines.push(shape(text[start..end].trim(), style));
        start = end + (text[end..].len() - text[end..].trim_start().len());
    }
    lines
}

/// The last place at or before `end` where a letter and its marks are not torn apart.
fn cut_before(text: &str, end: usize) -> usize {
    let mut end = end.min(text.len());
    while end > 0 && (!text.is_char_boundary(end) || text[end..].starts_with(is_joined)) {
        end -= 1;
    }
    end
}

/// The end of the first letter from `start`, its marks included.
fn after_one(text: &str, start: usize) -> usize {
    let mut chars = text[start..].char_indices().skip(1).skip_while(|&(_, c)| is_joined(c));
    chars.next().map_or(text.len(), |(i, _)| start + i)
}

/// The last good place to break in `start..=end`: at a space, else after a separator.
fn break_before(text: &str, start: usize, end: usize) -> Option<usize> {
    let line = &text[start..end];
    if text[end..].starts_with(' ') {
        return Some(end);
    }
    let space = line.char_indices().rev().find(|&(i, c)| c == ' ' && i > 0).map(|(i, _)| i);
    let mark = line.char_indices().rev().find(|&(_, c)| "/._-,".contains(c)).map(|(i, c)| i + c.len_utf8());
    space.or(mark).map(|i| start + i)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_cut(text: &str, width: f64, expected: &str) {
        let cut = ellipsize(text, &TextStyle::mono(10.0), width);
        assert_eq!(cut, expected, "{text:?} in {width}");
        assert!(measure(&cut, &TextStyle::mono(10.0)) <= width || cut.is_empty());
    }

    #[test]
    fn cuts() {
        // A mono character of 10 px is 6 px wide.
        check_cut("abc", 18.0, "abc");
        check_cut("abcd", 18.1, "ab…");
        check_cut("ab cd", 24.1, "ab…");
        check_cut("abcd", 6.1, "…");
        check_cut("abcd", 5.0, "");
        check_cut("abcd", f64::NAN, "");
        check_cut("e\u{301}e\u{301}e\u{301}", 12.1, "e\u{301}…");
        check_cut("", 0.0, "");
    }

    fn check_wrap(text: &str, width: f64, expected: &[&str]) {
        let lines = wrap(text, &TextStyle::mono(10.0), width);
        assert_eq!(
            lines.iter().map(|l| l.text.as_str()).collect::<Vec<_>>(),
            expected,
            "{text:?} in {width}"
        );
    }

    #[test]
    fn wraps() {
        check_wrap("", 10.0, &[""]);
        check_wrap("aa bb cc", 30.1, &["aa bb", "cc"]);
        check_wrap("aa bb cc", 36.1, &["aa bb", "cc"]);
        check_wrap("layer1/conv1/Conv", 48.1, &["layer1/", "conv1/", "Conv"]);
        check_wrap("abcdef", 18.1, &["abc", "def"]);
        check_wrap("abc", 1.0, &["a", "b", "c"]);
        check_wrap("a  b", f64::NAN, &["a", "b"]);
        check_wrap("a\nb", 100.0, &["a b"]);
    }
}
