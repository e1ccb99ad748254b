//! Each defect made on purpose is found, and nothing else.

use kurbo::{Affine, Point, Rect, Size};

use super::*;
use crate::figures::{label_at, rect, rounded_rect, route, tip};
use crate::text::{TextStyle, shape};
use crate::{Frame, Group, Item, Role, Theme};

/// Two nodes in a container, one beside it, and two arrows: nothing wrong with it.
fn clean() -> Frame {
    let theme = Theme::light();
    let mut root = Group::new("figure");
    let mut frame = Group::new("block").with_role(Role::Container);
    let swatch = theme.swatch("conv");
    frame.push(
        rounded_rect("block#frame", Rect::new(12.0, 12.0, 172.0, 152.0), theme.container_radius)
            .filled(theme.container_fill(&swatch)),
    );
    frame.push(label_at(
        "block#title",
        shape("block", &theme.header_style(true)),
        Point::new(40.0, 26.0),
        theme.ink,
    ));
    frame.push(node("block/a", "conv", Rect::new(40.0, 44.0, 144.0, 68.0)));
    frame.push(node("block/b", "norm", Rect::new(40.0, 104.0, 144.0, 128.0)));
    root.push(frame);
    root.push(node("c", "other", Rect::new(200.0, 104.0, 260.0, 128.0)));
    root.push(edge("block/a>block/b", ("block/a", "block/b"), &[(92.0, 68.0), (92.0, 104.0)]));
    root.push(edge("block/a>c", ("block/a", "c"), &[(144.0, 56.0), (230.0, 56.0), (230.0, 104.0)]));
    Frame {
        size: Size::new(272.0, 164.0),
        background: Some(theme.background),
        title: String::new(),
        desc: String::new(),
        root,
    }
}

fn node(key: &str, swatch: &str, at: Rect) -> Group {
    let theme = Theme::light();
    let swatch = theme.swatch(swatch);
    let mut group = Group::new(key).with_role(Role::Node);
    let outline = rounded_rect(format!("{key}#box").as_str(), at, theme.box_radius);
    group.push(outline.filled(swatch.fill).stroked(swatch.stroke, theme.box_stroke));
    let run = shape(key, &theme.label_style());
    group.push(label_at(format!("{key}#title").as_str(), run, at.center(), swatch.text));
    group
}

fn edge(key: &str, (from, to): (&str, &str), points: &[(f64, f64)]) -> Group {
    let theme = Theme::light();
    let points: Vec<Point> = points.iter().map(|p| (*p).into()).collect();
    let mut group = Group::new(key).with_role(Role::Edge { from: from.into(), to: to.into() });
    group.push(
        route(format!("{key}#line").as_str(), &points, theme.route_radius, 4.0).stroked(theme.edge, 1.33),
    );
    group.push(tip(format!("{key}#tip").as_str(), &points, 6.0, 5.0).filled(theme.edge));
    group
}

/// Checks that a change to the clean frame breaks exactly these rules.
fn check(name: &str, expected: &[Rule], change: impl FnOnce(&mut Frame)) {
    let mut frame = clean();
    change(&mut frame);
    let report = lint(&frame, &LintOptions::default());
    let mut found: Vec<Rule> = report.defects.iter().map(|d| d.rule).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, expected, "{name}: {report}");
}

fn note(key: &str, text: &str, size: f64, at: (f64, f64)) -> crate::Text {
    label_at(key, shape(text, &TextStyle::sans(size)), at.into(), Theme::light().ink)
}

#[test]
fn a_clean_frame_is_clean() {
    let report = lint(&clean(), &LintOptions::default());
    assert!(report.is_clean(), "{report}");
    let counts =
        (report.nodes, report.containers, report.texts, report.edges, report.crossings, report.bends);
    assert_eq!(counts, (3, 1, 4, 2, 0, 1));
    assert!((report.smallest_pt - 7.5).abs() < 1e-9);
    let empty = Frame { root: Group::new(""), size: Size::ZERO, ..clean() };
    assert!(lint(&empty, &LintOptions::default()).is_clean());
}

#[test]
fn every_defect_is_found() {
    check("a long label", &[Rule::TextInBox], |f| {
        let Item::Group(c) = &mut f.root.children[1] else { panic!("the node beside the container") };
        c.children.pop();
        c.push(note("c#title", "a longer label", 11.0, (230.0, 116.0)));
    });
    check("text at the edge", &[Rule::TextOnCanvas, Rule::Canvas], |f| {
        f.root.push(note("n", "note", 11.0, (230.0, 162.0)));
    });
    check("two notes at one place", &[Rule::TextsApart], |f| {
        f.root.push(note("n", "note", 11.0, (216.0, 30.0)));
        f.root.push(note("m", "note", 11.0, (220.0, 34.0)));
    });
    check("a note on a node", &[Rule::TextOffNodes], |f| {
        f.root.push(note("n", "no", 9.0, (211.0, 104.0)));
    });
    check("a note on an arrow", &[Rule::EdgeOffText], |f| {
        f.root.push(note("n", "note", 9.0, (200.0, 56.0)));
    });
    check("an arrow through a node", &[Rule::EdgeOffNodes], |f| {
        f.root.push(edge("block/a>c2", ("block/a", "elsewhere"), &[(50.0, 68.0), (50.0, 140.0)]));
    });
    check("an arrow through a container", &[Rule::EdgeOffNodes], |f| {
        f.root.push(edge(
            "c>d",
            ("c", "d"),
            &[(230.0, 128.0), (230.0, 140.0), (160.0, 140.0), (160.0, 157.0)],
        ));
    });
    check("two nodes at one place", &[Rule::NodesApart], |f| {
        f.root.push(edge_free("d", Rect::new(250.0, 84.0, 260.0, 110.0)));
    });
    check("a node across a border", &[Rule::NodesApart], |f| {
        f.root.push(edge_free("d", Rect::new(160.0, 80.0, 190.0, 100.0)));
    });
    check("a child outside its container, by path", &[Rule::ChildInside], |f| {
        f.root.push(edge_free("block.d", Rect::new(180.0, 20.0, 190.0, 40.0)));
    });
    check("a child outside its container, by group", &[Rule::ChildInside], |f| {
        let Item::Group(block) = &mut f.root.children[0] else { panic!("the container") };
        block.push(edge_free("d", Rect::new(180.0, 20.0, 190.0, 40.0)));
    });
    check("small type", &[Rule::TypeSize], |f| f.root.push(note("n", "note", 7.9, (216.0, 30.0))));
    check("pale text", &[Rule::Contrast], |f| {
        let mut pale = note("n", "note", 11.0, (216.0, 30.0));
        pale.fill = pale.fill.with_alpha(0.5);
        f.root.push(pale);
    });
    check("text on a dark ground", &[Rule::Contrast], |f| {
        let ink = Theme::light().ink;
        f.root.push(rect("dark", Rect::new(190.0, 20.0, 250.0, 40.0)).filled(ink));
        f.root.push(note("n", "note", 11.0, (216.0, 30.0)));
    });
    check("a canvas too large", &[Rule::Canvas], |f| f.size.width += 40.0);
    check("a canvas too small", &[Rule::Canvas], |f| f.size.height -= 11.0);
    check("one key twice", &[Rule::KeysUnique], |f| {
        f.root.push(note("c#title", "note", 11.0, (216.0, 30.0)));
    });
    check("an invisible mess", &[], |f| {
        let mut group = Group::new("mess");
        group.opacity = 0.0;
        group.push(note("n", "note", 3.0, (230.0, 116.0)));
        group.push(node("o", "conv", Rect::new(210.0, 100.0, 250.0, 120.0)));
        f.root.push(group);
    });
    check("a moved node", &[Rule::TextsApart, Rule::TextOffNodes, Rule::NodesApart, Rule::Canvas], |f| {
        let Item::Group(group) = &mut f.root.children[1] else { panic!("the node beside the container") };
        group.transform = Affine::translate((-130.0, 0.0));
    });
}

/// A node without text.
fn edge_free(key: &str, at: Rect) -> Group {
    let mut group = node(key, "other", at);
    group.children.pop();
    group
}

#[test]
fn crossings_and_bends_are_counted() {
    let mut frame = clean();
    let root = &mut frame.root;
    root.push(edge("x", ("p", "q"), &[(180.0, 30.0), (180.0, 90.0)]));
    assert_eq!(lint(&frame, &LintOptions::default()).crossings, 1);
    // One that leaves the line of another does not cross it.
    frame.root.push(edge("y", ("block/a", "r"), &[(144.0, 56.0), (190.0, 56.0), (190.0, 90.0)]));
    let report = lint(&frame, &LintOptions::default());
    assert_eq!((report.crossings, report.bends), (2, 2), "{report}");
}

#[test]
fn shown_smaller_the_type_is_smaller() {
    let options = LintOptions { scale: 0.75, ..LintOptions::default() };
    let report = lint(&clean(), &options);
    assert_eq!(report.count(Rule::TypeSize), 1, "{report}");
    assert_eq!(report.defects[0].to_string(), "type below the floor: `block#title` (5.6 pt) at 40, 27");
}

#[test]
fn keys_are_asked_for() {
    let report = unresolved(&clean(), &|key| key.subject() != "c");
    assert_eq!(report.count(Rule::KeysResolve), 3);
}

#[test]
fn thousands_of_nodes_are_looked_over() {
    let mut root = Group::new("figure");
    let at = |i: usize| (12.0 + (i % 50) as f64 * 130.0, 12.0 + (i / 50) as f64 * 60.0);
    for i in 0..5000 {
        let (x, y) = at(i);
        root.push(node(&format!("n{i}"), "conv", Rect::new(x, y, x + 100.0, y + 24.0)));
        if i >= 50 {
            let keys = (format!("n{}", i - 50), format!("n{i}"));
            root.push(edge(&format!("e{i}"), (&keys.0, &keys.1), &[(x + 50.0, y - 36.0), (x + 50.0, y)]));
        }
    }
    let frame = Frame {
        size: Size::new(12.0 + 50.0 * 130.0 - 30.0 + 12.0, 12.0 + 100.0 * 60.0 - 36.0 + 12.0),
        root,
        ..clean()
    };
    let report = lint(&frame, &LintOptions::default());
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.nodes, report.edges, report.crossings), (5000, 4950, 0));
}
