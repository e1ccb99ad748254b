//! A figure as one page: HTML with everything in it, that opens from a disk and asks no network for anything.
//!
//! The page shows its first state as plain SVG at once. Where scripts run, boxes have tooltips and details and the
//! figure can be moved and searched; where the engine runs too, they open and close in place.

use std::io::Write as _;

use crate::figure::{AUTO, FigureOptions, draw, named_theme};
use crate::live::{Live, Sheet, hex, json};
use crate::{Error, ErrorKind};
use flate2::Compression;
use flate2::write::GzEncoder;
use netloom_diagram::{describe, view};
use netloom_export::markup::{push_base64, push_text};
use netloom_graph::Graph;
use netloom_scene::Theme;
use netloom_scene::text::small;

mod sha256;

pub use sha256::sha256;

const PAGE: &str = include_str!("page.html");
const CSS: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The engine, as `cargo xtask web` made it.
const ENGINE: &[u8] = include_bytes!("../../assets/engine.wasm.gz");

/// The faces a page carries: those that figures are lettered in.
const FACES: [(u16, &str, &[u8]); 4] = [
    (400, "normal", small::REGULAR),
    (500, "normal", small::MEDIUM),
    (600, "normal", small::BOLD),
    (400, "italic", small::ITALIC),
];

/// Writes a model as a page.
///
/// # Errors
/// When an option names what does not exist.
pub fn page(graph: &Graph, options: &FigureOptions) -> Result<Vec<u8>, Error> {
    // A page is for going into a model: what opens and closes suits any. The engine knows neither rules nor numbers from
    // files, so a figure with them is shown as it is.
    let opens = matches!(options.style.as_str(), AUTO | "layered")
        && options.rules.is_empty()
        && options.overlay.is_none()
        && options.own_theme.is_none()
        && options.patterns.is_empty()
        && options.settings.is_empty();
    let (mut live, stands_for) = if opens { Live::new(graph, options) } else { Live::as_read(graph) };
    let state = live.first(options);
    let sheet = if opens {
        live.sheet(&state)?
    } else {
        let light = options.theme != "dark";
        let theme = |name: &str| FigureOptions { theme: name.to_owned(), ..options.clone() };
        let light = if light { draw(graph, options)? } else { draw(graph, &theme("light"))? };
        live.still(&light, &draw(graph, &theme("dark"))?)?
    };
    let name = describe::name(live.graph(), &options.name);
    let themes = [named_theme(&state.themes[0])?, named_theme(&state.themes[1])?];
    let start = format!("{{\"name\":{},\"state\":{},\"frame\":{}}}", json(&name)?, json(&state)?, sheet.json);
    let index = live.index(graph, &stands_for)?;
    let mut engine = String::new();
    if opens {
        push_blob(&mut engine, "graph", &gzip(live.json().as_bytes())?);
        push_blob(&mut engine, "engine", ENGINE);
    }
    let totals = describe::totals(&view(live.graph(), &netloom_diagram::ViewOptions::default()));
    let dark = if options.theme == "dark" { " data-theme=\"dark\"" } else { "" };
    let page = PAGE.replacen("<html lang=\"en\">", &format!("<html lang=\"en\"{dark}>"), 1);
    Ok(fill(&page, &|slot| match slot {
        "policy" => policy(),
        "title" => text(&name),
        "totals" => text(&totals),
        "letters" => letters(),
        "tokens" => tokens(&themes, &sheet),
        "css" => CSS.to_owned(),
        "svg" => sheet.svg.clone(),
        "frame" => data(&start),
        "index" => data(&index),
        "engine" => engine.clone(),
        "script" => SCRIPT.to_owned(),
        _ => String::new(),
    })
    .into_bytes())
}

/// What the page may do: run its own script and the engine, show its own letters and pictures. Nothing else, and no
/// network at all.
fn policy() -> String {
    let mut hash = String::new();
    push_base64(&mut hash, &sha256(SCRIPT.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{hash}' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; \
         font-src data:; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
}

/// The template with its slots, `{{name}}`, filled in one pass: what is filled in is never looked at again.
fn fill(template: &str, value: &dyn Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (slot, after) = after.split_once("}}").unwrap_or((after, ""));
        out += before;
        out += &value(slot);
        rest = after;
    }
    out + rest
}

fn text(words: &str) -> String {
    let mut out = String::new();
    push_text(&mut out, words);
    out
}

/// JSON between script tags: no character of it can end the tag or begin a comment.
fn data(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

fn push_blob(out: &mut String, id: &str, bytes: &[u8]) {
    *out += &format!("<script type=\"application/octet-stream\" id=\"{id}\" data-size=\"{}\">", bytes.len());
    push_base85(out, bytes);
    out.push_str("</script>\n");
}

/// What stands for the digits of base 85: printable, and nothing that means something in markup or in a script.
const DIGITS: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%()*+,-./:;=?@[]^_{}";

/// Appends bytes, four as five digits, the last ones filled up with zeros: a quarter longer, where base 64 is a third.
fn push_base85(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.chunks(4) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let mut n = byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
        let mut digits = [0u8; 5];
        for digit in digits.iter_mut().rev() {
            *digit = DIGITS[(n % 85) as usize];
            n /= 85;
        }
        out.extend(digits.map(char::from));
    }
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.map_err(|e| Error::new(ErrorKind::Output, e.to_string()))
}

/// The letters of the page as style rules.
fn letters() -> String {
    let mut out = String::new();
    for (weight, slant, bytes) in FACES {
        out += &format!(
            "@font-face{{font-family:netloom;font-weight:{weight};font-style:{slant};src:url(data:font/otf;base64,"
        );
        push_base64(&mut out, bytes);
        out.push_str(")}");
    }
    out
}

/// Colours of both themes as properties, and the classes of the figure that use them.
fn tokens(themes: &[Theme; 2], sheet: &Sheet) -> String {
    let of = |i: usize| {
        let theme = &themes[i];
        let shadow = ["0 6px 24px rgb(0 0 0/.12)", "0 6px 24px rgb(0 0 0/.5)"][i];
        let mut out = format!(
            "color-scheme:{};--background:{};--ink:{};--muted:{};--accent:{};--hit:{};--shadow:{shadow}",
            ["light", "dark"][i],
            hex(theme.background),
            hex(theme.ink),
            hex(theme.muted),
            hex(theme.swatch("conv").stroke),
            hex(theme.swatch("attention").stroke),
        );
        for (n, pair) in sheet.palette.iter().enumerate() {
            out += &format!(";--c{n}:{}", pair[i]);
        }
        out
    };
    let (light, dark) = (of(0), of(1));
    let mut out = format!(
        ":root{{{light}}}\n:root[data-theme=dark]{{{dark}}}\n\
         @media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
    );
    for n in 0..sheet.palette.len() {
        out += &format!(".f{n}{{fill:var(--c{n})}}.s{n}{{stroke:var(--c{n})}}");
    }
    out
}

#[cfg(test)]
mod tests {
    use netloom_graph::{DType, ModuleKind, Node, Shape, Tensor, ValueType};

    use super::*;

    /// A page of a model in the notation.
    fn check(loom: &str, options: &FigureOptions) -> String {
        let graph = crate::read(&crate::Bytes::new("model.loom", loom.as_bytes().to_vec())).unwrap();
        String::from_utf8(page(&graph, options).unwrap()).unwrap()
    }

    const NET: &str = "input x [1, 3, 32, 32]\nconv(8, kernel=3) > relu > flatten > linear(10)\n";

    #[test]
    fn a_page_needs_nothing_from_outside() {
        let page = check(NET, &FigureOptions::default());
        assert!(page.starts_with("<!doctype html>"));
        assert!(page.contains("default-src 'none'"));
        for slot in PAGE.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
            assert!(!page.contains(&format!("{{{{{slot}}}}}")), "{slot} is filled in");
        }
        for scheme in ["http://", "https://", "ws://", "wss://"] {
            let foreign: Vec<&str> = page
                .match_indices(scheme)
                .map(|(at, _)| page[at..].split(['"', '\'', ' ', ')']).next().unwrap_or_default())
                .filter(|url| *url != "http://www.w3.org/2000/svg")
                .collect();
            assert!(foreign.is_empty(), "{foreign:?}");
        }
        assert!(!page.contains("@import") && !page.contains("<link") && !page.contains(" src=\""));
        assert!(page.len() < 1 << 20, "{} bytes", page.len());
        assert!(page.contains("id=\"engine\"") && page.contains("id=\"graph\""));
    }

    #[test]
    fn the_policy_lets_this_script_run_and_no_other() {
        let mut hash = String::new();
        push_base64(&mut hash, &sha256(SCRIPT.as_bytes()));
        let page = check(NET, &FigureOptions::default());
        assert!(page.contains(&format!("script-src 'sha256-{hash}' 'wasm-unsafe-eval'")));
        assert!(page.contains(&format!("<script>{SCRIPT}</script>")));
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--") && !CSS.contains("</style"));
    }

    #[test]
    fn words_of_a_file_stay_words() {
        let evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{script}}";
        let mut graph = Graph::new(evil);
        let module = graph.add_module(graph.root(), evil, ModuleKind::Module);
        graph.module_mut(module).class = Some(evil.to_owned());
        let ty = ValueType::tensor(DType::Float32, Shape::known([1, 4]));
        let (x, y) =
            (graph.add_tensor(Tensor::new(evil, ty.clone())), graph.add_tensor(Tensor::new(evil, ty)));
        graph.mark_input(x);
        let mut node = Node::new(evil, module).with_inputs([Some(x)]).with_outputs([Some(y)]);
        evil.clone_into(&mut node.name);
        graph.add_node(node);
        graph.mark_output(y);
        let options = FigureOptions { name: evil.to_owned(), ..FigureOptions::default() };
        let page = String::from_utf8(page(&graph, &options).unwrap()).unwrap();
        let own = PAGE.matches("<script").count() + 2;
        assert_eq!(page.matches("<script").count(), own, "no script of the file");
        assert!(!page.contains("<img"), "no element of the file");
        assert!(page.contains("&lt;/script&gt;"));
    }

    #[test]
    fn any_style_and_theme_makes_a_page() {
        for style in crate::STYLES {
            let options = FigureOptions { style: style.name.to_owned(), ..FigureOptions::default() };
            let page = check(NET, &options);
            assert_eq!(page.contains("id=\"engine\""), style.name == "layered", "{}", style.name);
            assert!(page.contains("<g class=\"u "), "{}", style.name);
        }
        let dark = check(NET, &FigureOptions { theme: "dark".to_owned(), ..FigureOptions::default() });
        assert!(dark.contains("<html lang=\"en\" data-theme=\"dark\">"));
        assert!(
            check(NET, &FigureOptions { theme: "print".to_owned(), ..FigureOptions::default() }).len() > 1000
        );
    }

    #[test]
    fn an_unknown_style_is_an_error() {
        let graph = crate::read(&crate::Bytes::new("m.loom", NET.as_bytes().to_vec())).unwrap();
        let options = FigureOptions { style: "lenett".to_owned(), ..FigureOptions::default() };
        assert!(page(&graph, &options).unwrap_err().to_string().contains("lenett"));
    }

    #[test]
    fn bytes_become_digits() {
        for (bytes, digits) in [
            (&b""[..], ""),
            (b"\0\0\0\0", "00000"),
            (b"\xff\xff\xff\xff", "_NsC0"),
            (b"\x01", "0RR91"),
            (b"netloom", "Ze=[AZ+Oe="),
        ] {
            let mut found = String::new();
            push_base85(&mut found, bytes);
            assert_eq!(found, digits, "{bytes:?}");
        }
        assert!(DIGITS.iter().all(|d| d.is_ascii_graphic() && !b"<>&\"'`\\".contains(d)));
        let unique: std::collections::BTreeSet<u8> = DIGITS.iter().copied().collect();
        assert_eq!(unique.len(), 85);
    }
}
