//! Scene lint of every model of the corpus, in every style and theme, at every detail, several depths and widths.

use netloom::{Depth, Detail, Figure, FigureOptions, draw, lint};

mod corpus;

/// Style, detail, depth, theme and printed width, in.
type Case = (&'static str, Detail, Option<Depth>, &'static str, Option<f64>);

/// Every detail at every depth in one theme, the other themes at the depths that differ most, and the two widths of
/// printed columns with the depth left open.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for detail in [Detail::Sketch, Detail::Paper, Detail::Implement] {
        for depth in [None, Some(Depth::Levels(1)), Some(Depth::Levels(2)), Some(Depth::Full)] {
            cases.push(("layered", detail, depth, "light", None));
        }
        cases.push(("layered", detail, None, "light", Some(3.25)));
        cases.push(("layered", detail, None, "light", Some(5.5)));
    }
    for theme in ["dark", "print"] {
        cases.push(("layered", Detail::Paper, None, theme, None));
        cases.push(("layered", Detail::Paper, Some(Depth::Full), theme, None));
    }
    for style in netloom::STYLES.iter().map(|s| s.name).filter(|s| *s != "layered") {
        for detail in [Detail::Sketch, Detail::Paper, Detail::Implement] {
            cases.push((style, detail, None, "light", None));
            cases.push((style, detail, Some(Depth::Levels(1)), "light", None));
            cases.push((style, detail, Some(Depth::Full), "light", None));
        }
        for theme in ["dark", "print"] {
            cases.push((style, Detail::Paper, None, theme, None));
        }
    }
    for width in [3.25, 5.5] {
        cases.push(("volumes", Detail::Paper, None, "light", Some(width)));
    }
    if let Some(only) = only() {
        cases.retain(|c| c.0 == only);
    }
    cases
}

/// The one style to look at while it is being worked on: `NETLOOM_LINT=unet`.
#[expect(clippy::disallowed_methods, reason = "a test may be told what to test")]
fn only() -> Option<String> {
    std::env::var("NETLOOM_LINT").ok()
}

#[test]
fn figures_of_every_model_are_clean() {
    let mut wrong = Vec::new();
    let (mut figures, mut crossings, mut bends) = (0, 0, 0);
    for path in corpus::models() {
        let (name, graph) = corpus::open(&path);
        for (style, detail, depth, theme, width_in) in cases() {
            let options = FigureOptions {
                style: style.to_owned(),
                detail,
                depth,
                theme: theme.to_owned(),
                width_px: width_in.map(|w| w * 96.0),
                ..FigureOptions::default()
            };
            let figure = draw(&graph, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
            let report = lint(&graph, &figure);
            figures += 1;
            if theme == "light" && style == "layered" && detail == Detail::Paper {
                crossings += report.crossings;
                bends += report.bends;
            }
            let case = format!("{name} {style} {detail:?} {depth:?} {theme} {width_in:?}");
            for defect in report.defects.iter().take(3) {
                let keys: Vec<String> = defect.keys.iter().map(ToString::to_string).collect();
                wrong.push(format!(
                    "{case}: {} {} [{}]",
                    defect.rule.message(),
                    defect.detail,
                    keys.join(", ")
                ));
            }
            // A strip of every layer may be longer than a page.
            if depth.is_none() && style == "layered" {
                wrong.extend(off_page(&figure, width_in).map(|what| format!("{case}: {what}")));
            }
        }
    }
    println!("{figures} figures, {crossings} crossings and {bends} bends at paper detail in the light theme");
    assert!(wrong.is_empty(), "{} defects:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the printed size of a figure whose depth was left open: it fits 7 in or the width asked for, and
/// 9 in, at 6 pt.
fn off_page(figure: &Figure, width_in: Option<f64>) -> Option<String> {
    let size = figure.scene.size;
    let printed = figure.width_px.unwrap_or(size.width);
    let scale = printed / size.width;
    let (width, height) = (printed / 96.0, size.height * scale / 96.0);
    let fits = width <= width_in.unwrap_or(7.0) + 0.01 && height <= 9.02 && scale >= 0.84;
    (!fits).then(|| format!("prints {width:.2} by {height:.2} in at {:.0} %", 100.0 * scale))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads the page of the tour")]
fn figures_of_the_tour_are_clean() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tour.md"))
        .expect("the page is there");
    let texts = page.split("```loom\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let mut count = 0;
    for (text, _) in texts {
        let source = netloom::Bytes::new("tour.loom", text.as_bytes().to_vec());
        let graph = netloom::read(&source).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let options = FigureOptions {
            style: netloom::AUTO.to_owned(),
            width_px: Some(5.5 * 96.0),
            caption: false,
            ..FigureOptions::default()
        };
        let figure = draw(&graph, &options).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let report = lint(&graph, &figure);
        let found: Vec<_> = report.defects.iter().map(|d| (d.rule.message(), &d.detail)).collect();
        assert!(found.is_empty(), "{found:?}\n{text}");
        count += 1;
    }
    assert!(count >= 50, "{count}");
}
