//! How large bars are and where they stand.

use std::collections::BTreeMap;

use netloom_graph::Dim;
use netloom_layout::{RowItem, RowSpacing, RowsInput, RowsLayout, rows};
use netloom_scene::TextRun;
use netloom_scene::kurbo::Size;
use netloom_scene::text::{ellipsize, shape};

use super::SETTINGS;
use super::bars::{Bar, Bars, Shape};
use crate::number;
use crate::styles::DrawOptions;
use crate::tensors::{Extent, Form, PowerLaw, Scale};
use crate::ushape::VECTOR;
use crate::view::{NodeKind, View};

/// Heights of the lowest and the highest bar, px.
const HEIGHTS: (f64, f64) = (16.0, 84.0);
/// Widths of the narrowest and the widest bar, px.
const WIDTHS: (f64, f64) = (3.0, 26.0);
/// Diameter of a circle, px.
const CIRCLE: f64 = 10.0;
/// Space between a circle and its bar, px.
const CLOSE: f64 = 6.0;
/// Space between a bar and the words above it, px.
const HEAD: f64 = 3.0;
/// The widest word above a bar or beside a row, px.
const MAX_WORD: f64 = 76.0;
/// Height taken up by a bracket with a count, px.
pub(super) const BRACKET: f64 = 15.0;
/// What is tried until the figure is narrow enough: space between bars as a share of the theme's space between ranks,
/// and how much of their widths is left.
const TRIES: [(f64, f64); 5] = [(1.3, 1.0), (1.1, 1.0), (0.9, 1.0), (0.7, 0.8), (0.5, 0.6)];
/// The least space between bars, px.
const LEAST_GAP: f64 = 13.0;
/// The side of the largest map where no side is a number.
const NOMINAL: u64 = 256;

/// A block that comes several times, and the bars of one row that belong to it.
pub(super) struct Bracket {
    /// The frame, by index of the view's nodes.
    pub(super) frame: usize,
    /// First and last bar.
    pub(super) ends: (usize, usize),
    /// How many brackets are nearer to the bars.
    pub(super) depth: usize,
}

/// Where everything stands and what is written.
pub(super) struct Placed {
    pub(super) size: Size,
    pub(super) layout: RowsLayout,
    /// The law of heights, where sides differ.
    pub(super) height: Option<PowerLaw>,
    /// The law of widths, where channels differ.
    pub(super) width: Option<PowerLaw>,
    /// Lines above each bar, the last one next to it.
    pub(super) heads: Vec<Vec<TextRun>>,
    /// Sizes left of the first bars of rows.
    pub(super) sizes: Vec<Option<TextRun>>,
    /// Whether each of them stands below the middle of its bar, where a line arrives.
    pub(super) lowered: Vec<bool>,
    pub(super) brackets: Vec<Bracket>,
}

/// How far below the middle of a bar a size is written that a line must pass above, px.
pub(super) fn lowered(run: &TextRun) -> f64 {
    run.cap_height() * 1.04 + 4.0
}

impl Placed {
    pub(super) fn new(view: &View, bars: &Bars, options: &DrawOptions) -> Self {
        let theme = &options.theme;
        let scale = Scale::find(options.settings.word(SETTINGS, "scale")).unwrap_or_default();
        let has_maps = bars.bars.iter().any(|b| b.extent.sides.len() > 1);
        let sides: Vec<Option<u64>> = bars.bars.iter().map(|b| side(&b.extent, b.level, has_maps)).collect();
        let channels = || bars.bars.iter().filter_map(|b| b.extent.channels.as_size());
        let height = PowerLaw::fit(sides.iter().flatten().copied(), HEIGHTS.0, HEIGHTS.1, scale);
        let width = PowerLaw::fit(channels(), WIDTHS.0, WIDTHS.1, scale);
        let brackets = brackets(view, bars);
        let heads: Vec<Vec<TextRun>> = bars.bars.iter().map(|b| head(view, b, options)).collect();
        let sizes = sizes(&bars.bars, options);
        let rows_of = row_numbers(&bars.bars);
        let mut seen = std::collections::BTreeSet::new();
        let lowered_of: Vec<bool> = rows_of.iter().map(|row| !seen.insert(*row)).collect();
        let line = theme.line_height(theme.note_size);
        let mut items: Vec<RowItem> = Vec::new();
        for (i, bar) in bars.bars.iter().enumerate() {
            let body = match bar.shape {
                Shape::Bar => netloom_layout::Size::new(
                    bar.extent.channels.as_size().map_or(f64::midpoint(WIDTHS.0, WIDTHS.1), |c| width.px(c)),
                    sides[i].map_or(HEIGHTS.0, |s| height.px(s).max(4.0)),
                ),
                _ => netloom_layout::Size::new(CIRCLE, CIRCLE),
            };
            let words = heads[i].iter().map(|r| r.width).fold(0.0, f64::max);
            #[expect(clippy::cast_precision_loss, reason = "few lines stand above a bar")]
            let lines = heads[i].len() as f64;
            items.push(RowItem {
                row: rows_of[i],
                size: body,
                head: netloom_layout::Size::new(words, if lines > 0.0 { lines * line + HEAD } else { 0.0 }),
                left: sizes[i].as_ref().map_or(0.0, |r| r.width),
                foot: match &sizes[i] {
                    Some(run) if lowered_of[i] => {
                        (lowered(run) + run.style.size_px * 0.2 - body.height / 2.0).max(0.0)
                    }
                    _ => 0.0,
                },
                gap: 0.0,
                // A finer map enters where its own channels are.
                axis: bar.copied * body.width / 2.0,
            });
        }
        for bracket in &brackets {
            #[expect(clippy::cast_precision_loss, reason = "frames nest a few levels deep")]
            let foot = (bracket.depth + 1) as f64 * BRACKET;
            for item in &mut items[bracket.ends.0..=bracket.ends.1] {
                item.foot = item.foot.max(foot);
            }
        }
        let links: Vec<(usize, usize)> = bars.by_passes.iter().map(|b| (b.from, b.to)).collect();
        let wanted = options.width_px.unwrap_or(options.page.width) - 2.0 * theme.margin;
        let mut layout = RowsLayout::default();
        for (share, narrow) in TRIES {
            let gap = (share * theme.rank_gap).max(LEAST_GAP);
            let mut items_of = items.clone();
            for (i, item) in items_of.iter_mut().enumerate() {
                if bars.bars[i].shape == Shape::Bar {
                    item.size.width = (item.size.width * narrow).max(WIDTHS.0.min(item.size.width));
                    item.axis *= narrow;
                }
                let bar = &bars.bars[i];
                let closes = bar.made_by.is_empty() || bar.shape != Shape::Bar && bar.made_by.len() == 1;
                item.gap = if closes { CLOSE } else { gap };
            }
            let spacing =
                RowSpacing { row: theme.rank_gap.max(LEAST_GAP), lane: theme.lane_gap * 0.6, text: 4.0 };
            layout = rows(&RowsInput { items: items_of, links: links.clone(), spacing });
            if layout.size.width <= wanted {
                break;
            }
        }
        let differ =
            |mut all: Box<dyn Iterator<Item = u64> + '_>| all.next().is_some_and(|a| all.any(|b| a != b));
        let has_heights = differ(Box::new(sides.iter().flatten().copied()));
        let has_widths = differ(Box::new(channels()));
        Self {
            size: Size::new(layout.size.width, layout.size.height),
            height: has_heights.then_some(height),
            width: has_widths.then_some(width),
            layout,
            heads,
            sizes,
            lowered: lowered_of,
            brackets,
        }
    }
}

/// The side that a bar's height stands for.
fn side(extent: &Extent, level: i32, has_maps: bool) -> Option<u64> {
    if level == VECTOR || extent.sides.is_empty() && extent.form != Form::Other {
        return None;
    }
    let known = extent.height().filter(|h| *h > 0);
    if let Some(known) = known {
        // Tokens of an image are as many as its cells.
        let is_image = extent.sides.len() == 1 && has_maps;
        return Some(if is_image { known.isqrt().max(1) } else { known });
    }
    let halvings = u32::try_from(level.max(0) / 2).unwrap_or(0);
    Some(NOMINAL.checked_shr(halvings).unwrap_or(0).max(1))
}

/// The row of every bar: levels that are used, from finest to coarsest, vectors last.
fn row_numbers(bars: &[Bar]) -> Vec<usize> {
    let mut levels: Vec<i32> = bars.iter().map(|b| b.level).collect();
    levels.sort_unstable();
    levels.dedup();
    bars.iter().map(|b| levels.binary_search(&b.level).unwrap_or(0)).collect()
}

/// What stands above a bar: the name of a closed block, then the number of channels.
fn head(view: &View, bar: &Bar, options: &DrawOptions) -> Vec<TextRun> {
    if bar.shape != Shape::Bar {
        return Vec::new();
    }
    let style = options.theme.size_style();
    let node = &view.nodes[bar.node];
    let is_closed = node.kind == NodeKind::Module || node.is_stand_in();
    let mut lines = Vec::new();
    let times = if node.repeat > 1 { format!("×{}", node.repeat) } else { String::new() };
    if is_closed && !bar.made_by.is_empty() {
        let title = ellipsize(&node.title, &style, MAX_WORD);
        lines.push(if times.is_empty() { title } else { format!("{title} {times}") });
    } else if !times.is_empty() {
        lines.push(times);
    }
    match &bar.extent.channels {
        Dim::Unknown => {}
        dim => lines.push(ellipsize(&number::dim(dim), &style, MAX_WORD)),
    }
    lines.iter().map(|l| shape(l, &style)).collect()
}

/// The size of a map: `512²`, `640×480`, `128`.
fn size_words(extent: &Extent) -> String {
    if extent.sides.is_empty() || extent.sides.iter().any(Dim::is_unknown) {
        return String::new();
    }
    let first = number::dim(&extent.sides[0]);
    let power = match extent.sides.len() {
        2 => "²",
        3 => "³",
        _ => "",
    };
    if extent.sides.iter().all(|s| *s == extent.sides[0]) && extent.sides[0].as_size().is_some() {
        return format!("{first}{power}");
    }
    extent.sides.iter().map(number::dim).collect::<Vec<_>>().join("×")
}

/// The size at the first bar of each stretch of one row, where the row has not said it.
fn sizes(bars: &[Bar], options: &DrawOptions) -> Vec<Option<TextRun>> {
    let style = options.theme.secondary_style();
    let mut said: BTreeMap<i32, String> = BTreeMap::new();
    let mut labels: Vec<Option<TextRun>> = vec![None; bars.len()];
    let mut at = 0;
    while at < bars.len() {
        let stretch = bars[at..].iter().take_while(|b| b.level == bars[at].level).count();
        let run = &bars[at..at + stretch];
        let (first, last) = (size_words(&run[0].extent), size_words(&run[stretch - 1].extent));
        let words = if first == last || last.is_empty() { first } else { format!("{first} → {last}") };
        if !words.is_empty() && said.get(&bars[at].level) != Some(&words) {
            labels[at] = Some(shape(&ellipsize(&words, &style, MAX_WORD), &style));
            said.insert(bars[at].level, words);
        }
        at += stretch;
    }
    labels
}

/// Brackets for frames that come several times: below the first stretch of their bars in one row.
fn brackets(view: &View, bars: &Bars) -> Vec<Bracket> {
    let mut spans: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (i, bar) in bars.bars.iter().enumerate() {
        let mut at = view.nodes[bar.node].parent;
        // Frames nest; a damaged view cannot hold more of them than nodes.
        for _ in 0..view.nodes.len() {
            let Some(frame) = at else { break };
            if view.nodes[frame].repeat > 1 {
                let span = spans.entry(frame).or_insert((i, i));
                let joined = span.1 + 1 >= i && bars.bars[span.0].level == bar.level;
                span.1 = if joined { i } else { span.1 };
            }
            at = view.nodes[frame].parent;
        }
    }
    let mut found: Vec<(usize, (usize, usize))> = spans.into_iter().collect();
    found.sort_by_key(|(frame, (a, b))| (b - a, *frame));
    let mut brackets: Vec<Bracket> = Vec::new();
    for (frame, ends) in found {
        let nearer = brackets.iter().filter(|b| b.ends.0 <= ends.1 && ends.0 <= b.ends.1);
        let depth = nearer.map(|b| b.depth + 1).max().unwrap_or(0);
        brackets.push(Bracket { frame, ends, depth });
    }
    brackets
}
