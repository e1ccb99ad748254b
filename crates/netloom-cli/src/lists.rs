//! `netloom formats`, `outputs`, `styles` and `themes`: what is registered, from the tables.

use std::path::Path;

use netloom::diagram::styles::Values;

use crate::args::ThemesArgs;
use crate::failure::Failure;
use crate::files;

/// Styles that no table holds: which to take, and what is no picture.
const OWN_STYLES: [(&str, &str); 2] = [
    ("auto", "the style that suits the model best, and why; the default"),
    ("text", "lines of plain text for a terminal, branches as in `git log`"),
];

pub(crate) fn print_formats() -> Result<(), Failure> {
    list(netloom::FORMATS.iter().map(|f| {
        let extensions: Vec<String> = f.extensions().iter().map(|e| format!(".{e}")).collect();
        (f.name().to_owned(), format!("{} ({})", f.about(), extensions.join(", ")))
    }))
}

pub(crate) fn print_outputs() -> Result<(), Failure> {
    list(outputs())
}

/// Every format a figure can be written in, with what it is and its extensions where they differ from its name.
pub fn outputs() -> Vec<(String, String)> {
    let own = [
        (
            "html",
            "one page for a browser, with no need for a network: open and close modules, search, numbers",
        ),
        ("json", "the graph as documented, versioned JSON"),
        ("txt", "lines of plain text for a terminal"),
    ];
    let about = |name: &str, about: &str, extensions: &[&str]| {
        let others: Vec<String> =
            extensions.iter().filter(|e| **e != name).map(|e| format!(".{e}")).collect();
        let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
        (name.to_owned(), format!("{about}{others}"))
    };
    let mut rows: Vec<(String, String)> =
        netloom::OUTPUTS.iter().map(|o| about(o.name(), o.about(), &[o.extension()])).collect();
    rows.extend(netloom::NOTATIONS.iter().map(|n| about(n.name, n.about, n.extensions)));
    rows.extend(own.map(|(n, a)| (n.to_owned(), a.to_owned())));
    rows.sort();
    rows
}

pub(crate) fn print_styles() -> Result<(), Failure> {
    let rows = netloom::STYLES.iter().flat_map(|style| {
        let settings = style.settings.iter().map(|s| {
            let values = match &s.values {
                Values::Words(words) => words.join(" | "),
                Values::Number(least, most) => format!("{least} to {most}"),
                Values::Flag => "yes | no".to_owned(),
            };
            (format!("  --set {}=", s.name), format!("{}: {values} ({})", s.about, s.default))
        });
        std::iter::once((style.name.to_owned(), style.about.to_owned())).chain(settings)
    });
    let [auto, text] = OWN_STYLES.map(|(name, about)| (name.to_owned(), about.to_owned()));
    list(std::iter::once(auto).chain(rows).chain([text]))
}

/// Every style that can be asked for, with what it is.
pub fn styles() -> Vec<(String, String)> {
    let rows = netloom::STYLES.iter().map(|s| (s.name, s.about));
    let [auto, text] = OWN_STYLES;
    std::iter::once(auto)
        .chain(rows)
        .chain([text])
        .map(|(name, about)| (name.to_owned(), about.to_owned()))
        .collect()
}

pub(crate) fn print_themes(args: &ThemesArgs) -> Result<(), Failure> {
    if let Some(name) = &args.show {
        let names = netloom::scene::theme::all().iter().map(|t| t.name.as_str());
        let text = netloom::scene::theme::source(name);
        let text = text.ok_or_else(|| netloom::Error::unknown("theme", name, names))?;
        return files::write(Path::new("-"), text.as_bytes());
    }
    list(netloom::scene::theme::all().iter().map(|t| (t.name.clone(), t.about.clone())))
}

fn list(rows: impl IntoIterator<Item = (String, String)>) -> Result<(), Failure> {
    let rows: Vec<(String, String)> = rows.into_iter().collect();
    let width = rows.iter().map(|(n, _)| n.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, about) in rows {
        out += &format!("{name:<width$}  {about}\n");
    }
    files::write(Path::new("-"), out.as_bytes())
}
