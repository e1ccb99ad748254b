//! One drawing for every output: the top of a residual network, with every kind of item and the hardest of names.

use netloom_scene::kurbo::{Affine, BezPath, Circle, Point, Rect, RoundedRect, Shape as _, Size};
use netloom_scene::text::{Family, TextStyle, Weight, shape};
use netloom_scene::{Color, Dash, Frame, Group, Image, Key, Path, Role, Stroke, Text};

/// A name that breaks out of whatever does not escape it.
pub const HOSTILE: &str = "</text><script>alert(\"1\")</script>&'\u{1b}]]>";

/// Blue box, its darker edge, and the others.
const CONV: &str = "#77aadd";
const CONV_EDGE: &str = "#3c6fa6";
const NORM: &str = "#eedd88";
const ACTIVATION: &str = "#ffaabb";
const POOL: &str = "#44bb99";
const POOL_EDGE: &str = "#2f7f68";
const INK: &str = "#15171a";
const GREY: &str = "#5b6470";
const TINT: &str = "#77aadd11";

/// The drawing.
pub fn drawing() -> Frame {
    let mut root = Group::new("figure");
    root.push(note("sizes", &["224×224", "3"], Point::new(10.0, 16.0)));
    root.push(container());
    root.push(edge("image", "conv1", &[(168.0, 22.0), (168.0, 36.0)], None));
    root.push(edge("conv1", "maxpool", &[(168.0, 55.0), (168.0, 69.0)], None));
    root.push(edge("maxpool", "layer1.0/conv1", &[(168.0, 88.0), (168.0, 136.0)], None));
    root.push(edge("layer1.0/conv1", "layer1.0/conv2", &[(168.0, 155.0), (168.0, 167.0)], None));
    root.push(edge("layer1.0/conv2", "layer1.0/add", &[(168.0, 186.0), (168.0, 198.0)], None));
    root.push(edge(
        "maxpool",
        "layer1.0/add",
        &[(168.0, 128.0), (248.0, 128.0), (248.0, 204.0), (174.5, 204.0)],
        Some(Dash { on: 4.0, off: 2.0 }),
    ));
    root.push(label("image", "image", Point::new(168.0, 18.0), 10.0, Weight::Regular, INK));
    root.push(banded("conv1", "7×7, 64, /2", 36.0, true));
    root.push(node("maxpool", "max-pool 3×3, /2", Rect::new(102.0, 69.0, 234.0, 88.0), POOL, POOL_EDGE));
    root.push(banded("layer1.0/conv1", "3×3, 64", 136.0, true));
    root.push(banded("layer1.0/conv2", HOSTILE, 167.0, false));
    root.push(plus());
    root.push(pill());
    root.push(extras());
    Frame {
        size: Size::new(312.0, 280.0),
        background: Some(color("#ffffff")),
        title: "ResNet-18, its first block".to_owned(),
        desc: format!("A convolution, a max-pool and a block with a skip connection. {HOSTILE}"),
        root,
    }
}

fn color(text: &str) -> Color {
    Color::parse(text).expect("colours of the drawing are well formed")
}

fn style(size: f64, weight: Weight) -> TextStyle {
    TextStyle { family: Family::Sans, weight, italic: false, size_px: size }
}

/// Words whose middle is at a point of the baseline.
fn label(key: &str, words: &str, middle: Point, size: f64, weight: Weight, ink: &str) -> Text {
    let run = shape(words, &style(size, weight));
    let origin = Point::new(middle.x - run.width / 2.0, middle.y);
    Text { key: key.into(), run, origin, fill: color(ink) }
}

fn note(key: &str, lines: &[&str], at: Point) -> Group {
    let mut group = Group::new(key).with_role(Role::Note);
    for (i, line) in lines.iter().enumerate() {
        let run = shape(line, &style(9.5, if i == 0 { Weight::Medium } else { Weight::Regular }));
        let origin = Point::new(at.x, at.y + 11.0 * i as f64);
        group.push(Text { key: key.into(), run, origin, fill: color(GREY) });
    }
    group
}

fn node(key: &str, words: &str, rect: Rect, fill: &str, line: &str) -> Group {
    let mut group = Group::new(key).with_role(Role::Node).with_title(words);
    let outline = RoundedRect::from_rect(rect, 3.0).to_path(0.01);
    group.push(Path::new(key, outline).filled(color(fill)).stroked(color(line), 1.0));
    group.push(label(
        key,
        words,
        Point::new(rect.center().x, rect.center().y + 3.6),
        10.0,
        Weight::Medium,
        INK,
    ));
    group
}

/// A convolution with bands for what follows it.
fn banded(key: &str, words: &str, top: f64, activated: bool) -> Group {
    let rect = Rect::new(102.0, top, 234.0, top + 19.0);
    let split = if activated { 182.0 } else { 208.0 };
    let mut group = Group::new(key).with_role(Role::Node).with_title(format!("{key}: convolution {words}"));
    let outline = RoundedRect::from_rect(rect, 3.0).to_path(0.01);
    group.push(Path::new(key, outline.clone()).filled(color(CONV)));
    let bands: &[(f64, f64, &str, &str)] = if activated {
        &[(182.0, 208.0, "BN", NORM), (208.0, 234.0, "ReLU", ACTIVATION)]
    } else {
        &[(208.0, 234.0, "BN", NORM)]
    };
    for &(x0, x1, name, fill) in bands {
        let right = if x1 == 234.0 { 3.0 } else { 0.0 };
        let band = RoundedRect::from_rect(Rect::new(x0, top, x1, rect.y1), (0.0, right, right, 0.0));
        group.push(Path::new(name, band.to_path(0.01)).filled(color(fill)).stroked(color(GREY), 0.5));
        group.push(label(name, name, Point::new((x0 + x1) / 2.0, top + 12.7), 8.0, Weight::Medium, INK));
    }
    group.push(Path::new(key, outline).stroked(color(CONV_EDGE), 1.0));
    let size = if words == HOSTILE { 4.0 } else { 10.0 };
    group.push(label(key, words, Point::new((102.0 + split) / 2.0, top + 13.1), size, Weight::Medium, INK));
    group
}

fn container() -> Group {
    let mut group = Group::new("layer1").with_role(Role::Container).with_title("layer1: BasicBlock, twice");
    group.desc = "Two convolutions and a skip connection".to_owned();
    let outline = RoundedRect::new(72.0, 108.0, 272.0, 222.0, 8.0).to_path(0.01);
    group.push(Path::new("layer1", outline).filled(color(TINT)).stroked(color("#8aabcb"), 0.67));
    let header = shape("layer1", &style(9.0, Weight::Bold));
    let width = header.width;
    group.push(Text { key: "layer1".into(), run: header, origin: Point::new(81.0, 121.0), fill: color(INK) });
    let class = shape(" · BasicBlock", &style(9.0, Weight::Regular));
    group.push(Text {
        key: "class".into(),
        run: class,
        origin: Point::new(81.0 + width, 121.0),
        fill: color(GREY),
    });
    group
}

/// A line through points with an arrowhead.
fn edge(from: &str, to: &str, points: &[(f64, f64)], dash: Option<Dash>) -> Group {
    let key = format!("{from}->{to}");
    let mut group = Group::new(key.as_str())
        .with_role(Role::Edge { from: from.into(), to: to.into() })
        .with_title(format!("from {from} to {to}"));
    let mut line = BezPath::new();
    for (i, &point) in points.iter().enumerate() {
        if i == 0 { line.move_to(point) } else { line.line_to(point) }
    }
    let mut path = Path::new(key.as_str(), line);
    path.stroke = Some(Stroke { color: color(INK), width: 1.0, dash });
    group.push(path);
    let ends = (points[points.len() - 2], points[points.len() - 1]);
    let tip = Point::from(ends.1);
    let along = (tip - Point::from(ends.0)).normalize();
    let across = along.turn_90();
    let mut head = BezPath::new();
    head.move_to(tip);
    head.line_to(tip - along * 4.5 + across * 2.5);
    head.line_to(tip - along * 4.5 - across * 2.5);
    head.close_path();
    group.push(Path::new(Key::new(&key).piece("tip"), head).filled(color(INK)));
    group
}

fn plus() -> Group {
    let mut group = Group::new("layer1.0/add").with_role(Role::Node).with_title("add");
    let ring = Circle::new((168.0, 204.0), 6.5).to_path(0.01);
    group.push(Path::new("ring", ring).filled(color("#ffffff")).stroked(color(INK), 1.0));
    let cross = BezPath::from_svg("M164.5 204h7M168 200.5v7").expect("well formed");
    group.push(Path::new("cross", cross).stroked(color(INK), 1.0));
    group
}

fn pill() -> Group {
    let mut group = Group::new("layer1#repeat").with_role(Role::Note);
    let outline = RoundedRect::new(242.0, 112.0, 266.0, 124.0, 6.0).to_path(0.01);
    group.push(Path::new("pill", outline).filled(color(CONV_EDGE)));
    group.push(label("pill", "×2", Point::new(254.0, 121.2), 8.5, Weight::Bold, "#ffffff"));
    group
}

/// What a residual network does not have: a bitmap, a turned and faded group, mono and slanted and foreign letters.
fn extras() -> Group {
    let mut group = Group::new("extras");
    group.transform = Affine::translate((10.0, 240.0));
    let pixels = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 128], [0, 0, 0, 0]].concat();
    group.push(Image {
        key: "bits".into(),
        rect: Rect::new(0.0, 0.0, 24.0, 24.0),
        width: 2,
        height: 2,
        pixels,
    });
    let mut turned = Group::new("turned");
    turned.transform = Affine::translate((54.0, 12.0)) * Affine::rotate(0.5);
    turned.opacity = 0.4;
    turned.push(Path::new("a", Rect::new(-12.0, -8.0, 6.0, 4.0).to_path(0.01)).filled(color(CONV)));
    turned.push(Path::new("b", Rect::new(-6.0, -4.0, 12.0, 8.0).to_path(0.01)).filled(color(NORM)));
    group.push(turned);
    let mono = TextStyle { family: Family::Mono, ..style(9.0, Weight::Regular) };
    let slanted = TextStyle { italic: true, ..style(9.0, Weight::Regular) };
    for (i, (words, look)) in [
        ("if  x[0] -> y;", mono),
        ("batch × seq, AVATAR To Wa", slanted),
        ("∑ ⌊αβ⌋ 1111 0000 fi e\u{301} 25.6\u{2009}M", style(9.0, Weight::Regular)),
    ]
    .into_iter()
    .enumerate()
    {
        let origin = Point::new(80.0, 6.0 + 12.0 * i as f64);
        group.push(Text { key: "words".into(), run: shape(words, &look), origin, fill: color(INK) });
    }
    group
}
