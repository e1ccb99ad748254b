//! PDF files: the right page, text that can be searched, the same bytes on every day.
#![cfg(feature = "pdf")]

use std::collections::BTreeSet;
use std::io::Read as _;

use netloom_export::{Options, TextMode, find};
use netloom_scene::Item;

mod drawing;

fn pdf(options: &Options) -> Vec<u8> {
    find("pdf")
        .expect("pdf is built in")
        .write(&drawing::drawing(), options)
        .expect("the drawing can be drawn")
}

/// The file as text, byte by byte, with its streams unpacked behind it.
fn unpacked(file: &[u8]) -> (String, Vec<String>) {
    let text: String = file.iter().copied().map(char::from).collect();
    let mut streams = Vec::new();
    for part in text.split("stream\n").skip(1).step_by(2) {
        let bytes: Vec<u8> =
            part.chars().map(|c| u8::try_from(u32::from(c)).expect("made of bytes")).collect();
        let mut stream = Vec::new();
        if flate2::read::ZlibDecoder::new(bytes.as_slice()).read_to_end(&mut stream).is_ok() {
            streams.push(stream.into_iter().map(char::from).collect());
        }
    }
    (text, streams)
}

/// The characters that the maps of all fonts lead to.
fn mapped(streams: &[String]) -> BTreeSet<char> {
    let mut found = BTreeSet::new();
    for map in streams.iter().filter(|s| s.contains("begincmap")) {
        for line in map.lines().filter(|l| l.starts_with('<') && !l.contains("FFFF>")) {
            let hex = line.rsplit('<').next().unwrap_or_default().trim_end_matches('>');
            let units: Vec<u16> = (0..hex.len() / 4)
                .map(|i| u16::from_str_radix(&hex[4 * i..4 * i + 4], 16).expect("hexadecimal"))
                .collect();
            found.extend(char::decode_utf16(units).map(|c| c.expect("UTF-16")));
        }
    }
    found
}

/// Every character shown by the drawing.
fn shown() -> BTreeSet<char> {
    let mut found = BTreeSet::new();
    let mut open = vec![drawing::drawing().root];
    while let Some(group) = open.pop() {
        for item in group.children {
            match item {
                Item::Group(child) => open.push(child),
                Item::Text(text) => found.extend(text.run.text.chars()),
                Item::Path(_) | Item::Image(_) => {}
            }
        }
    }
    found
}

#[test]
fn text_stays_text() {
    let (_, streams) = unpacked(&pdf(&Options::print()));
    let (mapped, shown) = (mapped(&streams), shown());
    let missing: Vec<_> = shown.difference(&mapped).collect();
    assert!(missing.is_empty(), "{missing:?} cannot be searched for");
    assert!(streams.iter().any(|s| s.contains("Tj") || s.contains("TJ")), "glyphs are shown");
    let (_, streams) = unpacked(&pdf(&Options { text: TextMode::Outlines, ..Options::print() }));
    assert!(!streams.iter().any(|s| s.contains("begincmap") || s.contains(" Tf")), "outlines need no fonts");
}

#[test]
fn pages_have_the_size_asked_for() {
    for (width, page) in
        [(None, "0 0 234 210"), (Some("6.5in"), "0 0 468 420"), (Some("312pt"), "0 0 312 280")]
    {
        let width = width.map(|w| w.parse().expect("a length"));
        let (text, _) = unpacked(&pdf(&Options { width, ..Options::print() }));
        assert!(text.contains(&format!("/MediaBox[{page}]")), "{page}");
    }
}

#[test]
fn figures_are_described_and_undated() {
    let (text, streams) = unpacked(&pdf(&Options::print()));
    let all = format!("{text}{}", streams.concat());
    for wanted in ["/Title(ResNet-18, its first block)", "/S/Figure", "/Alt<FEFF", "/Lang(en)"] {
        assert!(all.contains(wanted), "{wanted}");
    }
    for unwanted in ["CreationDate", "ModDate", "xmp:CreateDate"] {
        assert!(!all.contains(unwanted), "{unwanted}");
    }
}
