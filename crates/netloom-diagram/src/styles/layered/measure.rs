//! Sizes of boxes from their text, and the layout's input.

use std::collections::BTreeMap;

use netloom_graph::Category;
use netloom_layout::{Edge, EdgeKind, End, Insets, LayoutInput, Node, Size, Spacing};
use netloom_scene::TextRun;
use netloom_scene::kurbo;
use netloom_scene::text::{ellipsize, shape};

use super::details::badge;
use crate::styles::DrawOptions;
use crate::view::{Callout, NodeKind, View};

/// The widest a box may get before its text is cut, px.
const MAX_BOX_WIDTH: f64 = 220.0;
/// The least width of boxes that stand alone in their column, px.
const TRUNK_WIDTH: f64 = 128.0;
/// The least width of boxes that stand side by side, px.
const COLUMN_WIDTH: f64 = 64.0;
/// Space between a header and the arrow that crosses it, px.
const HEADER_CLEAR: f64 = 6.0;
/// Diameter of a merge circle, px.
pub(super) const MERGE: f64 = 14.0;

/// Space in a pill beside its text and above it, px.
pub(super) const PILL: kurbo::Size = kurbo::Size::new(6.0, 3.0);

/// Space between a pill and the text beside it, px.
pub(super) const PILL_GAP: f64 = 6.0;
/// The widest a folded block's name and class may make its frame, px.
const MAX_FRAME_WIDTH: f64 = 280.0;

/// Text shaped and boxes sized.
pub(super) struct Measured {
    pub(super) input: LayoutInput,
    pub(super) boxes: Vec<BoxText>,
}

/// The shaped text of one view node.
#[derive(Default)]
pub(super) struct BoxText {
    pub(super) title: Option<TextRun>,
    pub(super) subtitle: Option<TextRun>,
    /// Text and width of each band.
    pub(super) bands: Vec<(TextRun, f64)>,
    /// How often the block comes, as written in its pill.
    pub(super) times: Option<TextRun>,
    /// The letter of the detail figure that shows what is inside.
    pub(super) letter: Option<TextRun>,
    /// Width that the box itself needs, px.
    pub(super) natural: f64,
}

impl BoxText {
    /// The width of the pill and the space beside it, px; 0 without one.
    pub(super) fn pill(&self) -> f64 {
        let times = self.times.as_ref().map_or(0.0, |r| r.width + 2.0 * PILL.width + PILL_GAP);
        let letter = self.letter.as_ref().map_or(0.0, |r| badge(r).width + PILL_GAP);
        times.max(letter)
    }
}

pub(super) fn measure(view: &View, options: &DrawOptions) -> Measured {
    let theme = &options.theme;
    let mut boxes: Vec<BoxText> = (0..view.nodes.len()).map(|i| text(view, i, options)).collect();
    for (c, callout) in view.callouts.iter().enumerate() {
        for &n in &callout.of {
            // The text stays in the middle of the box, so the letter takes its width on both sides.
            let before = boxes[n].pill();
            boxes[n].letter = Some(shape(&Callout::letter(c).to_string(), &theme.header_style(true)));
            boxes[n].natural += 2.0 * (boxes[n].pill() - before);
        }
    }
    let widths = widths(view, &boxes);
    let nodes = view
        .nodes
        .iter()
        .enumerate()
        .map(|(i, node)| {
            let line =
                |run: &Option<TextRun>| run.as_ref().map_or(0.0, |r| theme.line_height(r.style.size_px));
            let lines = line(&boxes[i].title) + line(&boxes[i].subtitle);
            let size = match node.kind {
                NodeKind::Merge => Size::new(MERGE, MERGE),
                NodeKind::Input | NodeKind::Output | NodeKind::Stub => Size::new(boxes[i].natural, lines),
                // The trunk runs through the middle of most headers: the name needs one half.
                NodeKind::Container => {
                    let half = boxes[i].natural.max(boxes[i].pill()) + theme.container_padding + HEADER_CLEAR;
                    let most = if node.repeat > 1 { MAX_FRAME_WIDTH } else { MAX_BOX_WIDTH };
                    Size::new((2.0 * half).min(most), 0.0)
                }
                NodeKind::Layer | NodeKind::Module => {
                    Size::new(widths[i], grid(lines + 2.0 * theme.padding_y - 4.0))
                }
            };
            let header = theme.line_height(theme.header_size) + 6.0;
            let c = theme.container_padding;
            Node {
                parent: node.parent,
                size,
                padding: Insets { top: header, right: c, bottom: c, left: c },
                ports: Vec::new(),
                merge: node.kind == NodeKind::Merge,
                beside: node.kind == NodeKind::Stub,
                note: Size::default(),
            }
        })
        .collect();
    // Arrows out of one box that carry the same tensor are one bundle.
    let mut bundles = BTreeMap::new();
    let edges = view
        .edges
        .iter()
        .map(|e| {
            let next = bundles.len();
            Edge {
                source: End { node: e.source, port: None },
                target: End { node: e.target, port: None },
                bundle: Some(*bundles.entry((e.source, e.tensor)).or_insert(next)),
                kind: match (e.back, e.skip) {
                    (true, _) => EdgeKind::Back,
                    (_, true) => EdgeKind::Skip,
                    _ => EdgeKind::Flow,
                },
                weight: if e.trunk { 8 } else { 1 },
                label: Size::default(),
            }
        })
        .collect();
    let spacing = Spacing { rank: theme.rank_gap, node: theme.node_gap, lane: theme.lane_gap };
    Measured { input: LayoutInput { nodes, edges, direction: options.direction, spacing }, boxes }
}

fn text(view: &View, index: usize, options: &DrawOptions) -> BoxText {
    let theme = &options.theme;
    let node = &view.nodes[index];
    let mut out = BoxText::default();
    let (title_style, subtitle_style) = match node.kind {
        NodeKind::Container => (theme.header_style(true), theme.header_style(false)),
        NodeKind::Stub => (theme.secondary_style(), theme.secondary_style()),
        _ => (theme.label_style(), theme.secondary_style()),
    };
    let room = MAX_BOX_WIDTH - 2.0 * theme.padding_x;
    if !node.title.is_empty() && node.kind != NodeKind::Merge {
        // The legend says which colour is a convolution; `3×3, 64` is how papers write one.
        let plain =
            node.title.strip_prefix("conv ").filter(|_| options.legend && node.category == Category::Conv);
        let title = plain.unwrap_or(&node.title);
        out.title = Some(shape(&ellipsize(title, &title_style, room), &title_style));
    }
    let on_trunk = view.trunk.contains(&index);
    let has_subtitle = match node.kind {
        NodeKind::Input | NodeKind::Output => !on_trunk,
        _ => true,
    };
    if !node.subtitle.is_empty() && has_subtitle {
        out.subtitle = Some(shape(&ellipsize(&node.subtitle, &subtitle_style, room), &subtitle_style));
    }
    let band_style = theme.secondary_style();
    for band in &node.bands {
        let run = shape(&ellipsize(&band.title, &band_style, room), &band_style);
        let width = run.width + 2.0 * (theme.padding_x - 2.0);
        out.bands.push((run, width));
    }
    let title = out.title.as_ref().map_or(0.0, |r| r.width);
    let subtitle = out.subtitle.as_ref().map_or(0.0, |r| r.width);
    let bands: f64 = out.bands.iter().map(|b| b.1).sum();
    if node.repeat > 1 {
        out.times = Some(shape(&format!("×{}", node.repeat), &theme.header_style(true)));
    }
    out.natural = match node.kind {
        // The class of a folded block says what is repeated, so it gets room beside the name.
        NodeKind::Container if node.repeat > 1 && subtitle > 0.0 => {
            title + subtitle + shape("· ", &subtitle_style).width + 3.0
        }
        NodeKind::Container => title,
        // The text stays in the middle of the box, so the pill takes its width on both sides.
        NodeKind::Layer | NodeKind::Module => {
            title.max(subtitle) + 2.0 * (theme.padding_x + out.pill()) + bands
        }
        _ => title.max(subtitle),
    };
    out
}

/// Equal things are equal in size: boxes of one container share a width, which is generous where they stand alone.
fn widths(view: &View, boxes: &[BoxText]) -> Vec<f64> {
    let (length, _) = crate::view::longest(view);
    let sized = |i: usize| matches!(view.nodes[i].kind, NodeKind::Layer | NodeKind::Module);
    // How many boxes of one parent stand at one distance from the input: the number of columns.
    let mut columns = BTreeMap::new();
    for (i, node) in view.nodes.iter().enumerate() {
        if sized(i) {
            *columns.entry((node.parent, length[i])).or_insert(0usize) += 1;
        }
    }
    let mut widest = BTreeMap::new();
    let mut crowd = BTreeMap::new();
    for (i, node) in view.nodes.iter().enumerate() {
        if sized(i) {
            let w: &mut f64 = widest.entry(node.parent).or_insert(0.0);
            *w = w.max(boxes[i].natural);
            let c: &mut usize = crowd.entry(node.parent).or_insert(1);
            *c = (*c).max(columns[&(node.parent, length[i])]);
        }
    }
    // Single-column containers everywhere share the widest of their widths.
    let single = widest
        .iter()
        .filter(|(p, _)| crowd[*p] == 1)
        .map(|(_, w)| *w)
        .fold(TRUNK_WIDTH, f64::max)
        .min(MAX_BOX_WIDTH);
    view.nodes
        .iter()
        .enumerate()
        .map(|(i, node)| {
            if !sized(i) {
                return boxes[i].natural;
            }
            let own = boxes[i].natural;
            let small = node.bands.is_empty()
                && node.kind == NodeKind::Layer
                && matches!(node.category, Category::Activation | Category::Elementwise | Category::Shape);
            let want = match crowd[&node.parent] {
                _ if small => 0.0,
                1 => single,
                _ => COLUMN_WIDTH,
            };
            grid(own.max(want))
        })
        .collect()
}

/// Rounded up to the four-pixel rhythm.
fn grid(length: f64) -> f64 {
    (length / 4.0).ceil() * 4.0
}
