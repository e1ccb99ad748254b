//! Sizes of boxes from their text, and the layout's input.

use std::collections::BTreeMap;

use netloom_graph::Category;
use netloom_layout::{Direction, Edge, EdgeKind, End, Insets, LayoutInput, Node, Port, Side, Size, Spacing};
use netloom_scene::kurbo;
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{TextRun, Theme};

use super::{details::badge, remarks};
use crate::styles::DrawOptions;
use crate::styles::value::{self, Value};
use crate::view::{Callout, Legend, NodeKind, View, ViewEdge};

/// The widest a box may get before its text is cut, px.
const MAX_BOX_WIDTH: f64 = 220.0;
/// The least width of boxes that stand alone in their column, px.
const TRUNK_WIDTH: f64 = 128.0;
/// The least width of boxes that stand side by side, px.
const COLUMN_WIDTH: f64 = 64.0;
/// Space between a header and the arrow that crosses it, px.
pub(super) const HEADER_CLEAR: f64 = 6.0;
/// Diameter of a merge circle, px.
pub(in crate::styles) const MERGE: f64 = 14.0;

/// Space in a pill beside its text and above it, px.
pub(in crate::styles) const PILL: kurbo::Size = kurbo::Size::new(6.0, 3.0);

/// Space between a pill and the text beside it, px.
pub(super) const PILL_GAP: f64 = 6.0;
/// On a page narrower than this no frame is widened for the class of what it holds, px.
const NARROW_PAGE: f64 = 400.0;
/// The widest a folded block's name and class may make its frame, px.
const MAX_FRAME_WIDTH: f64 = 280.0;

/// Text shaped and boxes sized.
pub(in crate::styles) struct Measured {
    pub(in crate::styles) input: LayoutInput,
    pub(in crate::styles) boxes: Vec<BoxText>,
}

/// Space around the line above a box's parts beyond its height, px.
pub(super) const HEAD: f64 = 3.0;

/// The shaped text of one view node.
#[derive(Default)]
pub(in crate::styles) struct BoxText {
    /// What stands above title and bands.
    pub(in crate::styles) header: Option<TextRun>,
    pub(in crate::styles) title: Option<TextRun>,
    pub(in crate::styles) subtitle: Option<TextRun>,
    /// What stands in each band.
    pub(in crate::styles) bands: Vec<BandText>,
    /// Whether some bands weigh as much as the first part, which shares its width with them.
    pub(super) even: bool,
    /// Names of operands, in order along the side where the flow enters, with where they stand on it.
    pub(in crate::styles) ports: Vec<(TextRun, f64)>,
    /// How often the block comes, as written in its pill.
    pub(in crate::styles) times: Option<TextRun>,
    /// The letter of the detail figure that shows what is inside.
    pub(super) letter: Option<TextRun>,
    /// What is remarked at the foot of a frame or box, in lines.
    pub(in crate::styles) notes: Vec<TextRun>,
    /// The number it was given, which stands at its foot.
    pub(super) value: Option<Value>,
    /// The size of the picture above its text, px.
    pub(super) picture: Option<kurbo::Size>,
    /// Width that the box itself needs, px.
    pub(in crate::styles) natural: f64,
}

/// Space between a picture and the text below it, px.
pub(super) const PICTURE_GAP: f64 = 4.0;

/// The shaped text of one band.
pub(in crate::styles) struct BandText {
    pub(in crate::styles) title: TextRun,
    pub(in crate::styles) subtitle: Option<TextRun>,
    /// Width that the band needs, px.
    pub(super) width: f64,
    /// Whether it weighs as much as the first part of the box.
    pub(super) heavy: bool,
}

impl BoxText {
    /// Widths of the first part and the bands in a box of this width, px.
    pub(super) fn parts(&self, width: f64) -> (f64, Vec<f64>) {
        let sum: f64 = self.bands.iter().map(|b| b.width).sum();
        if !self.even {
            return (width - sum, self.bands.iter().map(|b| b.width).collect());
        }
        let n_heavy = self.bands.iter().filter(|b| b.heavy).count();
        let light: f64 = self.bands.iter().filter(|b| !b.heavy).map(|b| b.width).sum();
        #[expect(clippy::cast_precision_loss, reason = "a box has a handful of bands")]
        let share = (width - light) / (n_heavy + 1) as f64;
        (share, self.bands.iter().map(|b| if b.heavy { share } else { b.width }).collect())
    }

    /// The height of the line at the foot of the box that its number stands in, px; 0 without one.
    pub(super) fn foot(&self, theme: &Theme) -> f64 {
        self.value.as_ref().map_or(0.0, |v| v.height(theme))
    }

    /// The width of the pill and the space beside it, px; 0 without one.
    pub(super) fn pill(&self) -> f64 {
        let times = self.times.as_ref().map_or(0.0, |r| r.width + 2.0 * PILL.width + PILL_GAP);
        let letter = self.letter.as_ref().map_or(0.0, |r| badge(r).width + PILL_GAP);
        times.max(letter)
    }
}

pub(in crate::styles) fn measure(view: &View, options: &DrawOptions) -> Measured {
    let theme = &options.theme;
    let operands = operands(view);
    let named = |i: usize| operands.get(&i).map_or(&[][..], Vec::as_slice);
    let mut boxes: Vec<BoxText> = (0..view.nodes.len()).map(|i| text(view, i, named(i), options)).collect();
    for (c, callout) in view.callouts.iter().enumerate() {
        for &n in &callout.of {
            // The text stays in the middle of the box, so the letter takes its width on both sides.
            let before = boxes[n].pill();
            boxes[n].letter = Some(shape(&Callout::letter(c).to_string(), &theme.header_style(true)));
            boxes[n].natural += 2.0 * (boxes[n].pill() - before);
        }
    }
    let widths = widths(view, &boxes);
    let room = remarks::in_frames(view, &widths, &mut boxes, theme);
    let nodes = view
        .nodes
        .iter()
        .enumerate()
        .map(|(i, node)| {
            let line =
                |run: &Option<TextRun>| run.as_ref().map_or(0.0, |r| theme.line_height(r.style.size_px));
            let remarks = remarks::height(&boxes[i], theme);
            let head = boxes[i].header.as_ref().map_or(0.0, |_| HEAD) + line(&boxes[i].header);
            let picture = boxes[i].picture.map_or(0.0, |p| p.height + PICTURE_GAP);
            let lines = head + picture + line(&boxes[i].title) + line(&boxes[i].subtitle) + remarks;
            let lines = lines + boxes[i].foot(theme);
            let across = boxes[i].ports.first().map_or(0.0, |(r, _)| theme.line_height(r.style.size_px));
            let size = match node.kind {
                NodeKind::Merge => Size::new(MERGE, MERGE),
                NodeKind::Input | NodeKind::Output | NodeKind::Stub => Size::new(boxes[i].natural, lines),
                // The trunk runs through the middle of most headers: the name needs one half.
                NodeKind::Container => {
                    let half = boxes[i].natural.max(boxes[i].pill()) + theme.container_padding + HEADER_CLEAR;
                    let is_narrow = options.width_px.is_some_and(|w| w < NARROW_PAGE);
                    let most = if node.repeat > 1 && !is_narrow { MAX_FRAME_WIDTH } else { MAX_BOX_WIDTH };
                    Size::new((2.0 * half).min(most), 0.0)
                }
                NodeKind::Layer | NodeKind::Module => {
                    let (width, height) = (widths[i], lines + 2.0 * theme.padding_y - 4.0);
                    if is_across(options) {
                        let names = boxes[i].ports.len() + 1;
                        #[expect(clippy::cast_precision_loss, reason = "a box has a handful of operands")]
                        Size::new(width, grid(height.max(across * names as f64)))
                    } else {
                        Size::new(width, grid(height + across))
                    }
                }
            };
            let header = theme.line_height(theme.header_size) + 6.0;
            let c = theme.container_padding;
            Node {
                parent: node.parent,
                size,
                padding: Insets { top: header, right: c, bottom: c + remarks, left: c + room[i] },
                ports: ports(&boxes[i]),
                merge: node.kind == NodeKind::Merge,
                beside: node.kind == NodeKind::Stub,
                note: Size::default(),
            }
        })
        .collect();
    let edges = edges(view, |e| port(view, &boxes[e.target], e));
    let spacing = Spacing { rank: theme.rank_gap, node: theme.node_gap, lane: theme.lane_gap };
    Measured { input: LayoutInput { nodes, edges, direction: options.direction, spacing }, boxes }
}

/// The arrows as layout sees them; those out of one box that carry the same tensor are one bundle. `port` says where an
/// arrow arrives on its target.
pub(in crate::styles) fn edges(view: &View, port: impl Fn(&ViewEdge) -> Option<usize>) -> Vec<Edge> {
    let mut bundles = BTreeMap::new();
    view.edges
        .iter()
        .map(|e| {
            let next = bundles.len();
            Edge {
                source: End { node: e.source, port: None },
                target: End { node: e.target, port: port(e) },
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
        .collect()
}

/// Whether the flow runs from side to side.
pub(in crate::styles) fn is_across(options: &DrawOptions) -> bool {
    matches!(options.direction, Direction::Left | Direction::Right)
}

/// Places on a box for its named operands, and one beside for masks and the like.
fn ports(text: &BoxText) -> Vec<Port> {
    let mut ports: Vec<Port> = text.ports.iter().map(|(_, at)| Port { side: Side::Top, at: *at }).collect();
    if !ports.is_empty() {
        ports.push(Port { side: Side::Right, at: 0.5 });
    }
    ports
}

/// The place on a box where an arrow arrives, by index.
fn port(view: &View, text: &BoxText, edge: &ViewEdge) -> Option<usize> {
    let name = edge.port.filter(|_| !text.ports.is_empty())?;
    let named = text.ports.iter().position(|(run, _)| run.text == name);
    // A stub stands beside the box that reads it by itself.
    let beside = || (view.nodes[edge.source].kind != NodeKind::Stub).then_some(text.ports.len());
    named.or_else(beside)
}

/// Names of a box's operands and where they stand, as a fraction of the side where the flow enters. Masks and the like
/// are named by where they come from.
fn operands(view: &View) -> BTreeMap<usize, Vec<(&'static str, f64)>> {
    const NAMES: [&str; 5] = ["Q", "Q K", "K", "K V", "V"];
    let mut found: BTreeMap<usize, Vec<(&'static str, f64)>> = BTreeMap::new();
    for edge in &view.edges {
        let Some(name) = edge.port.filter(|name| NAMES.contains(name)) else { continue };
        let names = found.entry(edge.target).or_default();
        if names.iter().all(|(other, _)| *other != name) {
            names.push((name, 0.5));
        }
    }
    found.retain(|_, names| names.len() > 1);
    for names in found.values_mut() {
        names.sort_by_key(|(name, _)| NAMES.iter().position(|n| n == name));
        let places: &[f64] = if names.len() == 2 { &[0.3, 0.7] } else { &[0.2, 0.5, 0.8] };
        for (slot, place) in names.iter_mut().zip(places) {
            slot.1 = *place;
        }
    }
    found
}

fn text(view: &View, index: usize, operands: &[(&'static str, f64)], options: &DrawOptions) -> BoxText {
    let theme = &options.theme;
    let node = &view.nodes[index];
    let mut out = BoxText::default();
    let (title_style, subtitle_style) = match node.kind {
        NodeKind::Container => (theme.header_style(true), theme.header_style(false)),
        NodeKind::Stub => (theme.secondary_style(), theme.secondary_style()),
        _ => (theme.label_style(), theme.secondary_style()),
    };
    let room = MAX_BOX_WIDTH - 2.0 * theme.padding_x;
    let is_heavy = |c: Category| c == node.category && !matches!(c, Category::Norm | Category::Activation);
    out.even = node.bands.iter().any(|b| is_heavy(b.category));
    // Parts of equal weight say what they are in one line and how wide in the next.
    let split = |title: &str| match title.split_once(' ') {
        Some((name, size)) if out.even && size.starts_with(|c: char| c.is_ascii_digit()) => {
            (name.to_owned(), size.to_owned())
        }
        _ => (title.to_owned(), String::new()),
    };
    let (title, size) = split(shown_title(view, index, options));
    if !title.is_empty() && node.kind != NodeKind::Merge {
        out.title = Some(shape(&ellipsize(&title, &title_style, room), &title_style));
    }
    if !size.is_empty() {
        out.subtitle = Some(shape(&size, &subtitle_style));
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
        let heavy = is_heavy(band.category);
        let (title, size) = if heavy { split(&band.title) } else { (band.title.clone(), String::new()) };
        let style = if heavy { &title_style } else { &band_style };
        let run = shape(&ellipsize(&title, style, room), style);
        let subtitle = (!size.is_empty()).then(|| shape(&size, &subtitle_style));
        let text = run.width.max(subtitle.as_ref().map_or(0.0, |r| r.width));
        let width = text + 2.0 * (theme.padding_x - if heavy { 0.0 } else { 2.0 });
        out.bands.push(BandText { title: run, subtitle, width, heavy });
    }
    if !node.header.is_empty() {
        out.header = Some(shape(&ellipsize(&node.header, &band_style, room), &band_style));
    }
    out.ports = operands.iter().map(|(name, at)| (shape(name, &band_style), *at)).collect();
    let title = out.title.as_ref().map_or(0.0, |r| r.width);
    let subtitle = out.subtitle.as_ref().map_or(0.0, |r| r.width);
    if matches!(node.kind, NodeKind::Layer | NodeKind::Module) {
        out.notes = remarks::lines(&node.notes, room, theme);
    }
    let noted = out.notes.iter().map(|n| n.width).fold(0.0, f64::max);
    if let Some(pill) = &node.look.pill {
        out.times = Some(shape(pill, &theme.header_style(true)));
    } else if node.repeat > 1 {
        out.times = Some(shape(&format!("×{}", node.repeat), &theme.header_style(true)));
    }
    // The text stays in the middle of the box, so the pill takes its width on both sides.
    let main = title.max(subtitle).max(noted) + 2.0 * (theme.padding_x + out.pill());
    let heavy = out.bands.iter().filter(|b| b.heavy).map(|b| b.width).fold(main, f64::max);
    for band in out.bands.iter_mut().filter(|b| b.heavy) {
        band.width = heavy;
    }
    let bands: f64 = out.bands.iter().map(|b| b.width).sum();
    let names = if is_across(options) {
        2.0 * out.ports.iter().map(|(r, _)| r.width + PILL_GAP).fold(0.0, f64::max)
    } else {
        // Names stand a third of the side apart.
        let widest = out.ports.iter().map(|(r, _)| r.width).fold(0.0, f64::max);
        if widest > 0.0 { 4.0 * (widest + PILL_GAP) } else { 0.0 }
    };
    if is_box(node.kind) {
        out.value = Value::of(node, theme);
    }
    if !matches!(node.kind, NodeKind::Container | NodeKind::Merge) {
        out.picture = node.look.picture.as_ref().map(value::picture_size);
    }
    let padding = if is_box(node.kind) { 2.0 * theme.padding_x } else { 0.0 };
    let foot = out.value.as_ref().map_or(0.0, Value::width).max(out.picture.map_or(0.0, |p| p.width));
    out.natural = match node.kind {
        // The class of a folded block says what is repeated, so it gets room beside the name.
        NodeKind::Container if node.repeat > 1 && subtitle > 0.0 => {
            title + subtitle + shape("· ", &subtitle_style).width + 3.0
        }
        NodeKind::Container => title,
        NodeKind::Layer | NodeKind::Module => {
            let header = out.header.as_ref().map_or(0.0, |r| r.width + 2.0 * theme.padding_x);
            let whole = header.max(if out.even { heavy } else { main } + bands);
            if is_across(options) { whole + names } else { whole.max(names) }
        }
        _ => title.max(subtitle),
    };
    if foot > 0.0 {
        out.natural = out.natural.max(foot + padding);
    }
    out
}

/// Whether a node is drawn as a box.
fn is_box(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Layer | NodeKind::Module)
}

/// The title as it is drawn: the legend says which colour is a convolution; `3×3, 64` is how papers write one, and
/// `token` beside `position` where embeddings are added.
fn shown_title<'a>(view: &'a View, index: usize, options: &DrawOptions) -> &'a str {
    let node = &view.nodes[index];
    // A legend of other things than kinds leaves saying those to the boxes.
    if !options.legend || node.look.named || matches!(view.legend, Some(Legend::Entries(_))) {
        return &node.title;
    }
    let plain = match node.category {
        Category::Conv => node.title.strip_prefix("conv "),
        Category::Embedding => node.title.strip_suffix(" embedding").filter(|_| {
            let mut readers = view.edges.iter().filter(|e| e.source == index);
            readers.all(|e| view.nodes[e.target].kind == NodeKind::Merge)
        }),
        _ => None,
    };
    plain.unwrap_or(&node.title)
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
    let beside = beside(view);
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
                && boxes[i].value.is_none()
                && node.kind == NodeKind::Layer
                && matches!(node.category, Category::Activation | Category::Elementwise | Category::Shape);
            let want = match crowd[&node.parent] {
                _ if small => 0.0,
                _ if beside[i] => COLUMN_WIDTH,
                1 => single,
                _ => COLUMN_WIDTH,
            };
            grid(own.max(want))
        })
        .collect()
}

/// Which boxes stand beside others whose results are added to theirs, however far from the input each is.
fn beside(view: &View) -> Vec<bool> {
    let joins = |e: &&ViewEdge| {
        let (from, to) = (&view.nodes[e.source], &view.nodes[e.target]);
        let is_box = matches!(from.kind, NodeKind::Layer | NodeKind::Module);
        is_box && to.kind == NodeKind::Merge && from.parent == to.parent && !e.skip && !e.back
    };
    let mut streams = vec![0usize; view.nodes.len()];
    for edge in view.edges.iter().filter(joins) {
        streams[edge.target] += 1;
    }
    let mut beside = vec![false; view.nodes.len()];
    for edge in view.edges.iter().filter(joins) {
        beside[edge.source] |= streams[edge.target] > 1;
    }
    beside
}

/// Rounded up to the four-pixel rhythm.
fn grid(length: f64) -> f64 {
    (length / 4.0).ceil() * 4.0
}
