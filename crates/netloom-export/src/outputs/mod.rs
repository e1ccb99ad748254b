//! The outputs: one file or folder each.

use netloom_scene::Frame;

use crate::{Error, ErrorKind, Options};

#[cfg(feature = "pdf")]
mod pdf;
#[cfg(feature = "png")]
mod png;
pub(crate) mod svg;
mod tikz;

/// A kind of file a frame can be written as.
pub trait Output: Sync {
    /// What it is called on the command line.
    fn name(&self) -> &'static str;

    /// What it is good for, in one line.
    fn about(&self) -> &'static str;

    /// The extension of its files, without the dot.
    fn extension(&self) -> &'static str;

    /// The frame as the bytes of a file. Equal frames and options give equal bytes.
    ///
    /// # Errors
    /// When the canvas has no usable size or passes a limit of the output.
    fn write(&self, frame: &Frame, options: &Options) -> Result<Vec<u8>, Error>;
}

/// Every output, by name.
pub static OUTPUTS: &[&dyn Output] = &[
    #[cfg(feature = "pdf")]
    &pdf::Pdf,
    #[cfg(feature = "png")]
    &png::Png,
    &svg::Svg,
    &tikz::Tikz,
];

/// The output of a name or an extension, in any case, with or without a dot.
///
/// # Errors
/// [`ErrorKind::UnknownOutput`], with the nearest name as a hint.
pub fn find(name_or_extension: &str) -> Result<&'static dyn Output, Error> {
    let wanted = name_or_extension.trim().trim_start_matches('.').to_ascii_lowercase();
    if let Some(found) = OUTPUTS.iter().find(|o| o.name() == wanted || o.extension() == wanted) {
        return Ok(*found);
    }
    let names: Vec<_> = OUTPUTS.iter().map(|o| o.name()).collect();
    let message = format!("expected one of {}, found `{name_or_extension}`", names.join(", "));
    let error = Error::new(ErrorKind::UnknownOutput, message);
    Err(match names.iter().find(|name| is_close(name, &wanted)) {
        Some(name) => error.with_hint(format!("did you mean `{name}`?")),
        None => error,
    })
}

/// Whether one word is the other with one letter missing, added or changed, or with its letters in another order.
fn is_close(name: &str, wanted: &str) -> bool {
    let sorted = |word: &str| {
        let mut letters: Vec<_> = word.chars().collect();
        letters.sort_unstable();
        letters
    };
    if sorted(name) == sorted(wanted) {
        return true;
    }
    let start = name.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count();
    let end = name.chars().rev().zip(wanted.chars().rev()).take_while(|(a, b)| a == b).count();
    let (short, long) = {
        let (a, b) = (name.chars().count(), wanted.chars().count());
        (a.min(b), a.max(b))
    };
    long - short <= 1 && start + end + 1 >= long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(feature = "pdf", feature = "png"))]
    fn check(name: &str, expected: Result<&str, (&str, &[&str])>) {
        match (find(name), expected) {
            (Ok(found), Ok(output)) => assert_eq!(found.name(), output),
            (Err(found), Err((message, hints))) => {
                assert_eq!(found.to_string(), message);
                assert_eq!(found.hints(), hints, "{name}");
            }
            (found, _) => panic!("{name}: found {:?}", found.map(Output::name)),
        }
    }

    #[test]
    #[cfg(all(feature = "pdf", feature = "png"))]
    fn outputs_are_found() {
        check("svg", Ok("svg"));
        check(".PDF", Ok("pdf"));
        check(" png", Ok("png"));
        check("sgv", Err(("expected one of pdf, png, svg, tikz, found `sgv`", &["did you mean `svg`?"])));
        check("svgz", Err(("expected one of pdf, png, svg, tikz, found `svgz`", &["did you mean `svg`?"])));
        check("pg", Err(("expected one of pdf, png, svg, tikz, found `pg`", &["did you mean `png`?"])));
        check("docx", Err(("expected one of pdf, png, svg, tikz, found `docx`", &[])));
        check("", Err(("expected one of pdf, png, svg, tikz, found ``", &[])));
    }

    #[test]
    fn outputs_stand_in_order_and_say_what_they_are() {
        assert!(OUTPUTS.is_sorted_by(|a, b| a.name() < b.name()));
        for output in OUTPUTS {
            assert!(!output.about().is_empty() && !output.about().ends_with('.'), "{}", output.name());
            assert_eq!(output.extension().to_ascii_lowercase(), output.extension());
        }
    }
}
