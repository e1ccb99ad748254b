//! Every output: the same bytes every time, clear limits, no panic whatever the scene holds.

use netloom_export::{ErrorKind, OUTPUTS, Options, TextMode};
use netloom_scene::kurbo::{Affine, BezPath, Point, Rect, Shape as _, Size};
use netloom_scene::text::{Glyph, TextStyle, shape};
use netloom_scene::{Color, Dash, Font, Frame, Group, Image, Path, Role, Stroke, Text};

mod drawing;

const INK: Color = Color { r: 10, g: 20, b: 30, a: 255 };

fn empty(width: f64, height: f64) -> Frame {
    Frame {
        size: Size::new(width, height),
        background: None,
        title: drawing::HOSTILE.to_owned(),
        desc: String::new(),
        root: Group::new("root"),
    }
}

#[test]
fn equal_frames_give_equal_bytes() {
    for output in OUTPUTS {
        for text in [TextMode::Text, TextMode::Outlines] {
            let options = Options { text, ..Options::print() };
            let draw = || output.write(&drawing::drawing(), &options).expect("the drawing can be drawn");
            assert!(draw() == draw(), "{} differs from itself", output.name());
        }
    }
}

#[test]
fn canvases_without_a_size_are_refused() {
    for output in OUTPUTS {
        for (width, height) in
            [(0.0, 10.0), (10.0, -1.0), (f64::NAN, 10.0), (10.0, f64::INFINITY), (1e9, 1.0)]
        {
            let error = output.write(&empty(width, height), &Options::default()).expect_err("no size");
            assert_eq!(error.kind(), ErrorKind::Canvas, "{} {width} × {height}", output.name());
        }
    }
}

/// Checks what an output says to a figure of a size.
#[cfg(all(feature = "pdf", feature = "png"))]
fn check_limit(output: &str, frame: &Frame, options: &Options, expected: Option<(ErrorKind, &str)>) {
    let found = netloom_export::find(output).expect("a known output").write(frame, options);
    match (found, expected) {
        (Ok(_), None) => {}
        (Err(error), Some((kind, message))) => {
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(error.to_string(), message);
            assert!(kind == ErrorKind::Option || !error.hints().is_empty(), "{error} needs a hint");
        }
        (found, expected) => panic!("{output}: {:?} instead of {expected:?}", found.map(|b| b.len())),
    }
}

#[test]
#[cfg(all(feature = "pdf", feature = "png"))]
fn limits_are_told() {
    let tall = empty(300.0, 400_000.0);
    let print = Options::print();
    check_limit("svg", &tall, &print, None);
    check_limit("pdf", &tall, &print, None);
    let column = Options { width: Some("3in".parse().expect("a length")), ..Options::print() };
    let message = "expected a page of at most 200 in a side, found 3 × 4000 in";
    check_limit("pdf", &tall, &column, Some((ErrorKind::Limit, message)));
    let message =
        "expected a bitmap of at most 65535 pixels a side and 100 million in all, found 938 × 1250000";
    check_limit("png", &tall, &print, Some((ErrorKind::Limit, message)));
    let message =
        "expected a bitmap of at most 65535 pixels a side and 100 million in all, found 40000 × 40000";
    check_limit("png", &empty(20_000.0, 20_000.0), &Options::screen(), Some((ErrorKind::Limit, message)));
    let none = Options { scale: 0.0, ..Options::screen() };
    check_limit(
        "png",
        &empty(9.0, 9.0),
        &none,
        Some((ErrorKind::Option, "expected a scale above zero, found 0")),
    );
    let none = Options { dpi: Some(f64::NAN), ..Options::screen() };
    check_limit(
        "png",
        &empty(9.0, 9.0),
        &none,
        Some((ErrorKind::Option, "expected a dpi above zero, found NaN")),
    );
    let mut broad = empty(9.0, 9.0);
    let rect = Rect::new(0.0, 0.0, 9.0, 9.0);
    let pixels = vec![7; 280_000];
    broad.root.push(Image { key: "i".into(), rect, width: 70_000, height: 1, pixels });
    let message = "expected bitmaps in the figure of at most 65535 pixels a side, found 70000";
    check_limit("png", &broad, &print, Some((ErrorKind::Limit, message)));
    check_limit("svg", &broad, &print, None);
    check_limit("pdf", &broad, &print, None);
    let wide = Options { width: Some("900000000in".parse().expect("a length")), ..Options::screen() };
    let message = "expected at most 10000000 px a side, found 86400000000 × 86400000000 px";
    check_limit("svg", &empty(9.0, 9.0), &wide, Some((ErrorKind::Limit, message)));
}

#[test]
fn scenes_that_make_no_sense_are_drawn_without() {
    let mut frame = drawing::drawing();
    let nan = f64::NAN;
    let line = |a: f64, b: f64| Rect::new(0.0, 0.0, a, b).to_path(0.1);
    for (x, y) in [(nan, 1.0), (f64::INFINITY, 1.0), (1e300, -1e300), (0.0, 0.0), (1e7, 1e7)] {
        frame.root.push(Path::new("p", line(x, y)).filled(INK).stroked(INK, 1.0));
    }
    for (width, dash) in [
        (nan, (1.0, 1.0)),
        (-1.0, (1.0, 1.0)),
        (0.0, (1.0, 1.0)),
        (1.0, (0.0, 0.0)),
        (1.0, (nan, 1.0)),
        (2.0, (1e-9, 1e-9)),
    ] {
        let mut path = Path::new("s", line(50.0, 50.0));
        path.stroke = Some(Stroke { color: INK, width, dash: Some(Dash { on: dash.0, off: dash.1 }) });
        frame.root.push(path);
    }
    frame.root.push(Path::new("empty", BezPath::new()).filled(INK));
    frame.root.push(Path::new("point", BezPath::from_svg("M1 1").expect("a path")).stroked(INK, 1.0));
    frame.root.push(Path::new("headless", BezPath::from_vec(vec![])).filled(INK));
    for (transform, opacity) in [
        (Affine::scale(nan), 1.0),
        (Affine::scale(0.0), 1.0),
        (Affine::scale(1e300), 1.0),
        (Affine::IDENTITY, nan),
        (Affine::IDENTITY, -1.0),
        (Affine::IDENTITY, 7.0),
    ] {
        let mut group = Group::new("g").with_role(Role::Edge { from: "a".into(), to: "b".into() });
        group.transform = transform;
        group.opacity = opacity;
        group.push(Path::new("p", line(9.0, 9.0)).filled(INK).stroked(INK, 1.0));
        group.push(text(shape("abc", &TextStyle::sans(10.0))));
        frame.root.push(group);
    }
    for (width, height, bytes) in [(0, 0, 0), (2, 2, 15), (1, 1, 4), (u32::MAX, u32::MAX, 16)] {
        let rect = Rect::new(0.0, 0.0, 5.0, 5.0);
        frame.root.push(Image { key: "i".into(), rect, width, height, pixels: vec![7; bytes] });
    }
    let run = shape("éa fi", &TextStyle::sans(10.0));
    let glyph = |font: u16, id: u16, start: usize| Glyph { font: Font::new(font), id, x: 0.0, y: 0.0, start };
    for glyphs in [
        vec![glyph(99, 1, 0)],
        vec![glyph(0, 40, 1)],
        vec![glyph(0, 40, 900)],
        vec![glyph(0, 40, 2), glyph(0, 41, 0)],
        vec![],
    ] {
        frame.root.push(text(netloom_scene::TextRun { glyphs, ..run.clone() }));
    }
    for size in [nan, -1.0, 0.0, 1e300] {
        let mut run = run.clone();
        run.style.size_px = size;
        frame.root.push(text(run));
    }
    let mut deep = Group::new("deepest");
    for depth in 0..200 {
        let mut outer = Group::new(format!("deep{depth}").as_str());
        outer.push(deep);
        deep = outer;
    }
    frame.root.push(deep);
    for output in OUTPUTS {
        for text in [TextMode::Text, TextMode::Outlines] {
            let written = output.write(&frame, &Options { text, ..Options::screen() });
            assert!(written.is_ok(), "{}: {:?}", output.name(), written.err());
        }
    }
}

#[test]
fn glyphs_that_a_font_does_not_have_are_no_panic() {
    let mut run = shape("a", &TextStyle::sans(10.0));
    for glyph in &mut run.glyphs {
        glyph.id = u16::MAX;
    }
    let mut frame = empty(10.0, 10.0);
    frame.root.push(text(run));
    for output in OUTPUTS {
        if let Err(error) = output.write(&frame, &Options::screen()) {
            assert_eq!(error.kind(), ErrorKind::Encoding, "{}: {error}", output.name());
        }
    }
}

fn text(run: netloom_scene::TextRun) -> Text {
    Text { key: "t".into(), run, origin: Point::new(5.0, 5.0), fill: INK }
}
