//! What a figure of volumes says and how it stands, of small networks.

use netloom_diagram::styles::{self, DrawOptions};
use netloom_diagram::{Depth, Fold, ViewOptions, view};
use netloom_import::{Bytes, read};
use netloom_layout::Direction;
use netloom_scene::{Scene, Theme};

fn scene(loom: &str, width_px: f64, set: &[(&str, &str)], fold: Fold) -> Scene {
    let mut graph = read(&Bytes::new("test.loom", loom.as_bytes().to_vec())).expect("the notation is right");
    netloom_graph::infer::infer(&mut graph);
    let view = view(&graph, &ViewOptions { depth: Depth::Full, fold, ..ViewOptions::default() });
    let style = styles::find("volumes").expect("the style is registered");
    let mut options = DrawOptions {
        direction: Direction::Right,
        width_px: Some(width_px),
        ..DrawOptions::new(Theme::light())
    };
    for (name, value) in set {
        options.settings.set(style.settings, name, value).expect("the setting is known");
    }
    (style.draw)(&graph, &view, &options)
}

/// The words at volumes in the order of the flow, those of the caption left out.
#[track_caller]
fn check(loom: &str, set: &[(&str, &str)], want: &str) {
    let scene = scene(loom, 528.0, set, Fold::Identical);
    let frame = scene.at(0.0);
    let texts = frame.texts();
    let words: Vec<&str> =
        texts.iter().filter(|t| t.key.subject() != "caption").map(|t| t.run.text.as_str()).collect();
    let mut words: Vec<&str> = words.into_iter().rev().collect();
    words.dedup();
    assert_eq!(words.join(" | "), want);
}

const CHAIN: &str = "
input image [1, 3, 32, 32]
conv(16, 3, pad=1) > relu > conv(16, 3, pad=1) > relu > max_pool(2)
conv(32, 3, pad=1) > relu > conv(48, 3, pad=1) > relu > max_pool(2)
flatten > linear(100) > relu > linear(10)
";

#[test]
fn sizes_are_said_once_per_stage_and_channels_below() {
    let no = [("pyramids", "no")];
    check(CHAIN, &no, "image | 2 × 16 | 32×32 | 32, 48 | 16×16 | 100 | 10");
    check("input x [1, time, 32]\nlinear(64) > layer_norm > linear(8)", &no, "x | 64, 8 | length time");
}

#[test]
fn kernels_and_rows_are_drawn_where_asked() {
    let found = scene(CHAIN, 528.0, &[("pyramids", "yes")], Fold::None);
    let frame = found.at(0.0);
    let has = |text: &str| frame.texts().iter().any(|t| t.run.text == text);
    assert!(["image", "32×32", "3×3", "receptive field"].into_iter().all(has));
    let grouped = "
input image [1, 4, 32, 32]
conv(16, 3, pad=1) > relu > max_pool(2) > conv(32, 3, pad=1, groups=2) > relu > flatten > linear(10)
";
    let count = |set: &[(&str, &str)], text: &str| {
        let found = scene(grouped, 528.0, set, Fold::None).at(0.0);
        found.texts().iter().filter(|t| t.run.text == text).count()
    };
    // Two groups are two rows of half the channels unless that is not wanted; the last layer is one.
    assert_eq!([count(&[], "8"), count(&[], "16"), count(&[], "10")], [2, 2, 1]);
    assert_eq!([count(&[("rows", "1")], "8"), count(&[("rows", "1")], "16")], [0, 1]);
}

#[test]
fn figures_fill_the_width_and_break_where_they_are_too_long() {
    for width in [312.0, 400.0, 528.0] {
        let found = scene(CHAIN, width, &[("pyramids", "no")], Fold::None);
        assert!((found.size.width - width).abs() < 1.0, "{width}: {:?}", found.size);
    }
    let block = "conv(16, 1) > [conv(16, 3, pad=1) > relu > conv(16, 3, pad=1), same] > add > relu\n";
    let long = format!("input x [1, 16, 32, 32]\n{}", block.repeat(6));
    let (one, two) = (scene(&long, 2000.0, &[], Fold::None), scene(&long, 620.0, &[], Fold::None));
    assert!(
        two.size.width < 621.0 && two.size.height > 1.4 * one.size.height,
        "{:?} {:?}",
        one.size,
        two.size
    );
}
