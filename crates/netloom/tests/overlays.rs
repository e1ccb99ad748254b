//! Scene lint of figures with numbers, colours, words and pictures of one's own, in every style and theme.

use netloom::diagram::overlay::{Axis, Combine, Measure, Show};
use netloom::overlay::{self, Numbers, OverlayOptions};
use netloom::scene::lint::Rule;
use netloom::{Bytes, Depth, Error, FigureOptions, Graph, draw, lint, read};

mod corpus;

fn net(loom: &str) -> Graph {
    read(&Bytes::new("net.loom", loom.as_bytes().to_vec())).unwrap_or_else(|e| panic!("{e}"))
}

fn plain() -> FigureOptions {
    FigureOptions { style: "layered".to_owned(), ..FigureOptions::default() }
}

const NET: &str = "input x [1, 4, 8, 8]
one: { conv(4, 3, pad=1) > relu }
two: { conv(4, 3, pad=1) > relu }
flatten > out: linear(10)
";

/// Figures in which boxes have to carry more than usual.
fn dressed() -> Vec<(String, FigureOptions)> {
    let overlay = |measure, show| {
        Some(OverlayOptions {
            show,
            axis: if show == Show::Bar { Axis::Log } else { Axis::Linear },
            ..OverlayOptions::new(Numbers::Measured(measure))
        })
    };
    let mut all = Vec::new();
    for style in netloom::STYLES.iter().map(|s| s.name) {
        for (theme, measure, show) in [
            ("light", Measure::Macs, Show::Colour),
            ("light", Measure::Parameters, Show::Bar),
            ("light", Measure::Memory, Show::Badge),
            ("dark", Measure::Parameters, Show::Colour),
            ("dark", Measure::Size, Show::Badge),
            ("print", Measure::Memory, Show::Colour),
            ("print", Measure::Macs, Show::Bar),
        ] {
            // Only these draw numbers; colours are everywhere.
            if show != Show::Colour && !matches!(style, "layered" | "strip") {
                continue;
            }
            let options = FigureOptions {
                style: style.to_owned(),
                theme: theme.to_owned(),
                overlay: overlay(measure, show),
                ..FigureOptions::default()
            };
            all.push((format!("{style} {theme} {measure:?} {show:?}"), options));
        }
    }
    let rules = [
        "kind=conv { colour: #101010; legend: \"dark\" }",
        "kind=linear { colour: #7f7f7f; caption: \"a remark that is long enough to be broken\" }",
        "kind=pool { hide }",
        "kind=activation { hide }",
        "kind=input { label: \"what comes in\"; image: i }",
        "kind=module { image: i; label: block }",
        "kind=norm { image: i }",
    ];
    for theme in ["light", "dark"] {
        let pixels = std::sync::Arc::new([200u8, 30, 40, 255].repeat(32 * 16));
        let picture = netloom::diagram::view::Picture { width: 32, height: 16, pixels };
        let options = FigureOptions {
            style: "layered".to_owned(),
            theme: theme.to_owned(),
            note: "small print".to_owned(),
            rules: rules.map(str::to_owned).to_vec(),
            pictures: std::iter::once(("i".to_owned(), picture)).collect(),
            ..FigureOptions::default()
        };
        all.push((format!("rules {theme}"), options));
    }
    all
}

#[test]
fn dressed_figures_are_clean() {
    let mut wrong = Vec::new();
    let mut figures = 0;
    for path in corpus::models() {
        let (name, graph) = corpus::open(&path);
        for (case, options) in dressed() {
            let figure = draw(&graph, &options).unwrap_or_else(|e| panic!("{name} {case}: {e}"));
            figures += 1;
            // In styles that draw no numbers only colours differ from the figures that are looked over elsewhere.
            let own = matches!(options.style.as_str(), "layered" | "strip");
            let defects = lint(&graph, &figure).defects;
            for defect in defects.iter().filter(|d| own || d.rule == Rule::Contrast).take(3) {
                let keys: Vec<String> = defect.keys.iter().map(ToString::to_string).collect();
                wrong.push(format!(
                    "{name} {case}: {} {} [{}]",
                    defect.rule.message(),
                    defect.detail,
                    keys.join(", ")
                ));
            }
        }
    }
    println!("{figures} figures of {} models", corpus::models().len());
    assert!(wrong.is_empty(), "{} defects:\n{}", wrong.len(), wrong.join("\n"));
}

/// The numbers of boxes drawn with a table, then the notes.
fn shown(csv: &str, combine: Combine) -> Result<(Vec<String>, Vec<String>), Error> {
    let table = overlay::read("t.csv", csv.as_bytes())?;
    let numbers = OverlayOptions { show: Show::Badge, combine, ..OverlayOptions::new(Numbers::File(table)) };
    let options = FigureOptions {
        style: "layered".to_owned(),
        overlay: Some(numbers),
        depth: Some(Depth::Full),
        ..FigureOptions::default()
    };
    let figure = draw(&net(NET), &options)?;
    let badges = figure.view.nodes.iter().filter_map(|n| Some(n.look.badge.as_ref()?.text.clone()));
    Ok((badges.collect(), figure.notes))
}

#[test]
fn names_of_a_table_find_their_boxes() {
    let check = |csv: &str, badges: &[&str], note: &str| {
        let (found, notes) = shown(csv, Combine::Sum).unwrap_or_else(|e| panic!("{csv}: {e}"));
        assert_eq!(found, badges, "{csv}");
        let said = notes.iter().any(|n| n.starts_with("overlay: ") && n.contains(note));
        assert_eq!(said, !note.is_empty(), "{csv}: {notes:?}");
    };
    check("name,value\none,1\ntwo,2\nout,3\n", &["1", "2", "3"], "");
    check("name,value,unit\nout,3,ms\n", &["3\u{a0}ms"], "");
    // By the ending of a path, where it is the only one.
    check("name,value\ntwo.conv,4\n", &["4"], "");
    check("name,value\nout,3\nfive,4\n", &["3"], "1 of 2 names are not in the model: `five`");
    check("name,value\nout,3\ntwi,4\n", &["3"], "did you mean `two`?");
    let none = shown("name,value\nfoo,1\n", Combine::Sum).unwrap_err();
    assert_eq!(none.to_string(), "t: none of the 1 names is in the model");
}

#[test]
fn tokens_rules_and_themes_say_what_is_wrong() {
    let graph = net(NET);
    let check = |options: FigureOptions, message: &str, hint: &str| {
        let error = draw(&graph, &options).expect_err(message);
        assert_eq!(error.to_string(), message);
        let found = error.hints().first().map_or("", String::as_str);
        assert!(found.starts_with(hint) && found.is_empty() == hint.is_empty(), "{message}: {found}");
    };
    let set = |name: &str, value: &str| FigureOptions {
        settings: vec![(name.to_owned(), value.to_owned())],
        ..plain()
    };
    let rule = |text: &str| FigureOptions { rules: vec![text.to_owned()], ..plain() };
    check(set("lable.size", "9"), "unknown token `lable.size`; did you mean `label.size`?", "");
    check(set("label.size", "big"), "`label.size`: expected a number from 0 to 10000, found \"big\"", "");
    check(
        rule("kind=conv { color: blu }"),
        "rule `kind=conv { color: blu }`: unknown colour `blu`: expected one such as #77aadd, or a name of the theme",
        "names are: ",
    );
    check(
        rule("one { colour: atention }"),
        "rule `one { colour: atention }`: unknown colour `atention`: expected one such as #77aadd, or a name of the theme",
        "did you mean `attention`?",
    );
    check(rule("x { image: a.png }"), "rule `x { image: a.png }`: the picture `a.png` was not given", "");
    let typo = draw(&graph, &rule("tow { hide }")).unwrap();
    assert_eq!(typo.notes, ["rule `tow`: nothing of the model is called so; did you mean `two`?"]);
    let tokens = draw(&graph, &set("color.background", "#101010")).unwrap();
    assert_eq!(tokens.scene.background, netloom::scene::Color::parse("#101010"));
}

#[test]
fn rules_open_and_close_modules() {
    let graph = net(NET);
    let boxes = |rules: &[&str]| {
        let options = FigureOptions {
            rules: rules.iter().map(|r| (*r).to_owned()).collect(),
            depth: Some(Depth::Full),
            detail: netloom::Detail::Implement,
            ..plain()
        };
        let figure = draw(&graph, &options).unwrap();
        figure.view.nodes.iter().filter(|n| n.kind == netloom::diagram::view::NodeKind::Module).count()
    };
    assert_eq!(boxes(&[]), 0);
    assert_eq!(boxes(&["one { close }"]), 1);
    assert_eq!(boxes(&["/one|two/ { close }", "one { open }"]), 1);
}
