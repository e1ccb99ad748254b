//! SVG files: well formed, unique ids, nothing hostile gets through, the same as the snapshots.

use std::collections::BTreeSet;

use netloom_export::{Options, TextMode, find};
use roxmltree::{Document, Node};

mod drawing;

const SVG: &str = "http://www.w3.org/2000/svg";

fn svg(options: &Options) -> String {
    let output = find("svg").expect("svg is always there");
    let bytes = output.write(&drawing::drawing(), options).expect("the drawing can be drawn");
    String::from_utf8(bytes).expect("SVG is UTF-8")
}

/// The file with the bytes of fonts and images left out.
fn readable(svg: &str) -> String {
    let mut parts = svg.split("base64,");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find([')', '"']).expect("data URIs end");
        assert!(end > 0 && end % 4 == 0, "base64 comes in fours");
        out.push_str("base64,…");
        out.push_str(&part[end..]);
    }
    out
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads and writes its snapshot")]
fn drawing_is_as_before() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/drawing.svg");
    let found =
        readable(&svg(&Options { width: Some("3.25in".parse().expect("a length")), ..Options::print() }));
    assert!(found.len() < 20 * 1024, "a snapshot is to be read");
    if std::env::var_os("NETLOOM_BLESS").is_some() {
        std::fs::write(path, &found).expect("the snapshot can be written");
    }
    let expected = std::fs::read_to_string(path).expect("the snapshot is there");
    assert_eq!(found, expected, "the SVG changed: if it is to, run `cargo xtask golden`");
}

/// Checks what holds for every file, whatever the options.
fn check(options: &Options) {
    let text = svg(options);
    let document = Document::parse(&text).expect("well-formed XML");
    let elements: Vec<Node> = document.descendants().filter(Node::is_element).collect();
    let known = ["svg", "title", "desc", "style", "rect", "g", "path", "text", "image"];
    for element in &elements {
        let name = element.tag_name();
        assert_eq!(name.namespace(), Some(SVG));
        assert!(known.contains(&name.name()), "<{}>", name.name());
        for attribute in element.attributes() {
            assert!(!attribute.name().starts_with("on"), "{}", attribute.name());
            let value = attribute.value();
            if attribute.name() == "href" {
                assert!(value.starts_with("data:image/png;base64,"), "{value}");
            }
            if ["d", "x", "y", "width", "height", "transform"].contains(&attribute.name()) {
                assert!(
                    !value.contains("NaN") && !value.contains("inf") && !value.contains("-0 "),
                    "{value}"
                );
            }
        }
    }
    let ids: Vec<&str> = elements.iter().filter_map(|e| e.attribute("id")).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "ids are unique: {ids:?}");
    for id in &ids {
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{id}");
    }

    let root = document.root_element();
    for name in ["aria-labelledby", "aria-describedby"] {
        let id = root.attribute(name).expect("the figure has a name and a description");
        assert!(unique.contains(id), "{name}=\"{id}\" leads nowhere");
    }
    assert_eq!(root.attribute("viewBox"), Some("0 0 312 280"), "the canvas is never cropped");

    let classes = |class: &str| elements.iter().filter(|e| e.attribute("class") == Some(class)).count();
    let found = ["nl-node", "nl-container", "nl-edge", "nl-note"].map(classes);
    assert_eq!(found, [5, 1, 6, 2]);
    for node in elements.iter().filter(|e| e.attribute("class") == Some("nl-node")) {
        assert!(node.attribute("data-key").is_some() && node.attribute("role").is_some());
        assert!(node.children().any(|c| c.has_tag_name("title")), "a node has a name to be said");
    }

    let hostile = drawing::HOSTILE.replace('\u{1b}', "\u{fffd}");
    let says = |e: &Node| e.text() == Some(&hostile) || e.attribute("aria-label") == Some(&hostile);
    assert!(elements.iter().any(says), "the hostile name is shown as it is");
    let has_text = elements.iter().any(|e| e.has_tag_name("text"));
    assert_eq!(has_text, options.text == TextMode::Text);
    assert_eq!(text.contains("@font-face"), options.text == TextMode::Text);
}

#[test]
fn files_are_sound() {
    check(&Options::screen());
    check(&Options { text: TextMode::Outlines, ..Options::screen() });
    check(&Options { id_prefix: "1\"><script>".to_owned(), ..Options::screen() });
}

#[test]
fn sizes_are_in_the_unit_asked_for() {
    for (width, expected) in [
        (None, ("312", "280")),
        (Some("3.25in"), ("3.25in", "2.9166in")),
        (Some("78mm"), ("78mm", "70mm")),
        (Some("624px"), ("624px", "560px")),
    ] {
        let width = width.map(|w| w.parse().expect("a length"));
        let text = svg(&Options { width, ..Options::screen() });
        let document = Document::parse(&text).expect("well-formed XML");
        let root = document.root_element();
        let found =
            (root.attribute("width").unwrap_or_default(), root.attribute("height").unwrap_or_default());
        assert_eq!(found, expected);
    }
}

#[test]
fn lines_are_as_long_as_measured() {
    let text = svg(&Options::screen());
    let document = Document::parse(&text).expect("well-formed XML");
    let words = "max-pool 3×3, /2";
    let element = document.descendants().find(|e| e.has_tag_name("text") && e.text() == Some(words));
    let length = element.and_then(|e| e.attribute("textLength")).and_then(|l| l.parse::<f64>().ok());
    let style = netloom_scene::TextStyle::sans(10.0).with_weight(netloom_scene::Weight::Medium);
    let measured = netloom_scene::text::measure(words, &style);
    assert!((length.expect("a line has a length") - measured).abs() <= 0.005);
}
