//! Below the figure: the model's name, its totals, and a legend of the kinds used.

use std::collections::BTreeSet;

use netloom_graph::Category;
use netloom_scene::figures::{label_at, oblong, rounded_rect, route, tip};
use netloom_scene::kurbo::{Affine, BezPath, Point, Rect, Size};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{Color, Dash, Group, Key, Path, Role, Swatch, Text, TextRun, Theme};

use super::DrawOptions;
use super::layered::badge;
use super::value;
use crate::describe;
use crate::overlay::missing_swatch;
use crate::view::{Callout, Legend, LegendMark, View, ViewNode};

/// Side of a legend's colour field, px.
const FIELD: f64 = 9.0;
/// Length of a legend's dashed line or arrow, px.
const DASHED: f64 = 18.0;
/// Length of a legend's scale of colours, px.
const RAMP: f64 = 72.0;
/// The width up to which a figure is widened for a legend in one row: a column of a page, px.
const COLUMN: f64 = 312.0;
/// Space between a field and its word, and between entries, px.
const GAPS: (f64, f64) = (4.0, 12.0);
/// The least space between the marks of two rows, px.
const ROW_GAP: f64 = 4.0;
/// The widest name before it is cut, px.
const MAX_NAME: f64 = 280.0;

pub(super) struct Caption {
    name: Option<TextRun>,
    totals: Option<TextRun>,
    legend: Vec<(Mark, TextRun)>,
    notes: Vec<TextRun>,
}

/// What stands before a word of the legend.
#[derive(Clone)]
pub(super) enum Mark {
    /// The colour of a kind.
    Field(Swatch),
    /// A dashed line.
    Dash(Dash),
    /// An arrow of a colour, dashed or not.
    Arrow(Color, Option<Dash>),
    /// Colours side by side, the scale of what they show.
    Ramp(Vec<Color>),
    /// The pill of boxes that come several times, or that a detail figure explains.
    Pill(TextRun),
    /// A small drawing of a size, drawn from its left top.
    Sketch(Vec<Path>, Size),
    /// A bar, part of it filled.
    Bar(Color),
    /// The pill of a number at a box.
    Value(TextRun),
}

impl Mark {
    fn width(&self) -> f64 {
        match self {
            Self::Field(_) => FIELD,
            Self::Dash(_) | Self::Arrow(..) => DASHED,
            Self::Ramp(_) => RAMP,
            Self::Pill(run) | Self::Value(run) => badge(run).width,
            Self::Sketch(_, size) => size.width,
            Self::Bar(_) => value::BAR.width,
        }
    }

    fn height(&self) -> f64 {
        match self {
            Self::Field(_) | Self::Ramp(_) => FIELD,
            Self::Dash(_) | Self::Arrow(..) => 0.0,
            Self::Pill(run) | Self::Value(run) => badge(run).height,
            Self::Sketch(_, size) => size.height,
            Self::Bar(_) => value::BAR.height,
        }
    }
}

/// What colours mean: the kinds used, or what else the view says they stand for.
fn colors(view: &View, theme: &Theme) -> Vec<(Mark, String)> {
    match &view.legend {
        Some(Legend::Entries(entries)) => {
            entries.iter().map(|(swatch, words)| (Mark::Field(*swatch), words.clone())).collect()
        }
        Some(Legend::Scale { title, least, greatest, colors, missing }) => {
            let mut marks = vec![(Mark::Ramp(colors.clone()), format!("{title}: {least} to {greatest}"))];
            if *missing {
                marks.push((Mark::Field(missing_swatch(theme)), "no value".to_owned()));
            }
            marks
        }
        Some(Legend::Beside(_)) | None => kinds(view, theme),
    }
}

/// The marks that a view brings to stand beside those of a style.
fn beside(view: &View, theme: &Theme) -> Vec<(Mark, String)> {
    let Some(Legend::Beside(entries)) = &view.legend else { return Vec::new() };
    let mark = |mark: &LegendMark| match mark {
        LegendMark::Swatch(swatch) => Mark::Field(*swatch),
        LegendMark::Bar(color) => Mark::Bar(*color),
        LegendMark::Pill(text) => Mark::Value(shape(text, &theme.secondary_style())),
    };
    entries.iter().map(|(m, words)| (mark(m), words.clone())).collect()
}

/// One entry per colour that is used: categories that look alike share it.
fn kinds(view: &View, theme: &Theme) -> Vec<(Mark, String)> {
    let views = || std::iter::once(view).chain(view.callouts.iter().map(|c| &c.view));
    let used: BTreeSet<Category> = views().flat_map(|v| describe::categories(v).into_keys()).collect();
    // A kind whose boxes were all given colours of their own is not seen.
    let plain = |c: &Category| {
        let own = |n: &ViewNode| n.category == *c && n.look.swatch.is_none();
        views().flat_map(|v| &v.nodes).any(|n| own(n) || n.bands.iter().any(|b| b.category == *c))
    };
    let used = used.into_iter().filter(plain);
    let is_loss = |n: &ViewNode| n.category == Category::Loss && !n.title.ends_with("softmax");
    let named = |c: Category| match c {
        Category::Loss if !views().flat_map(|v| &v.nodes).any(is_loss) => "softmax",
        c => c.name(),
    };
    let mut entries: Vec<(Category, Vec<&str>)> = Vec::new();
    for category in used {
        let fill = theme.swatch(category.name()).fill;
        match entries.iter_mut().find(|(c, _)| theme.swatch(c.name()).fill == fill) {
            Some((_, names)) => names.push(named(category)),
            None => entries.push((category, vec![named(category)])),
        }
    }
    let field = |c: Category| Mark::Field(theme.swatch(c.name()));
    entries.into_iter().map(|(c, names)| (field(c), names.join(", "))).collect()
}

/// What colours mean, then what dashes and pills mean.
fn legend(view: &View, theme: &Theme) -> Vec<(Mark, TextRun)> {
    let views = || std::iter::once(view).chain(view.callouts.iter().map(|c| &c.view));
    let style = theme.secondary_style();
    let marks = colors(view, theme).into_iter().chain(beside(view, theme));
    let mut legend: Vec<(Mark, TextRun)> = marks.map(|(mark, words)| (mark, shape(&words, &style))).collect();
    let mut add = |mark, text: &str| legend.push((mark, shape(text, &style)));
    if views().any(|v| v.edges.iter().any(|e| e.projected)) {
        add(Mark::Dash(theme.skip_dash), "projection skip");
    }
    let bold = theme.header_style(true);
    if views().any(|v| v.nodes.iter().any(|n| n.repeat > 1))
        || view.callouts.iter().any(|c| !c.times().is_empty())
    {
        add(Mark::Pill(shape("×N", &bold)), "N in a row");
    }
    if let Some(last) = view.callouts.len().checked_sub(1) {
        let letters = match last {
            0 => "A".to_owned(),
            _ => format!("A–{}", Callout::letter(last)),
        };
        add(Mark::Pill(shape(&letters, &bold)), "shown in detail");
    }
    legend
}

impl Caption {
    pub(super) fn new(view: &View, options: &DrawOptions, name: &str) -> Self {
        let theme = &options.theme;
        let (bold, plain) = (theme.caption_style(), theme.secondary_style());
        let totals = describe::totals(view);
        let show = options.caption;
        Self {
            name: show.then(|| shape(&ellipsize(name, &bold, MAX_NAME), &bold)),
            totals: (show && !totals.is_empty()).then(|| shape(&totals, &plain)),
            legend: if options.legend { legend(view, theme) } else { Vec::new() },
            notes: (!options.note.is_empty()).then(|| shape(&options.note, &plain)).into_iter().collect(),
        }
    }

    /// The same with a legend of its own, where a legend is wanted at all and the view does not bring one.
    #[must_use]
    pub(super) fn with_legend(
        mut self,
        view: &View,
        options: &DrawOptions,
        entries: impl IntoIterator<Item = (Mark, String)>,
    ) -> Self {
        if options.legend && matches!(view.legend, None | Some(Legend::Beside(_))) {
            let style = options.theme.secondary_style();
            let entries = entries.into_iter().chain(beside(view, &options.theme));
            self.legend = entries.map(|(mark, words)| (mark, shape(&words, &style))).collect();
        }
        self
    }

    /// The same with a line of small print below: what sizes mean.
    #[must_use]
    pub(super) fn with_note(mut self, theme: &Theme, words: &str) -> Self {
        self.notes.push(shape(words, &theme.secondary_style()));
        self
    }

    /// The least width that holds every single piece, px.
    pub(super) fn min_width(&self) -> f64 {
        let texts = self.name.iter().chain(&self.totals).chain(&self.notes).map(|r| r.width);
        let legend = self.legend.iter().map(|(m, r)| m.width() + GAPS.0 + r.width);
        texts.chain(legend).fold(0.0, f64::max)
    }

    /// The width that a figure should give the caption, px: the legend in one row, where that is not wider than a
    /// column of a page.
    pub(super) fn width(&self, theme: &Theme) -> f64 {
        let row: f64 = self.legend.iter().map(|(m, r)| m.width() + GAPS.0 + r.width + GAPS.1).sum();
        self.min_width().max((row - GAPS.1).clamp(0.0, COLUMN - 2.0 * theme.margin))
    }

    /// Draws below `at` over `width` px and returns the height used.
    pub(super) fn draw(&self, theme: &Theme, at: (f64, f64), width: f64, into: &mut Group) -> f64 {
        if self.name.is_none() && self.legend.is_empty() && self.notes.is_empty() {
            return 0.0;
        }
        let mut group = Group::new("caption").with_role(Role::Note);
        let (x0, x1) = (at.0, at.0 + width);
        let mut y = at.1 + theme.margin;
        let mut rule = BezPath::new();
        rule.move_to((x0, y));
        rule.line_to((x1, y));
        group.push(Path::new("caption#rule", rule).stroked(theme.rule, theme.container_stroke));
        y += 4.0;
        let put = |group: &mut Group, piece: &str, run: &TextRun, x: f64, y: f64, height: f64, fill| {
            let origin = Point::new(x, y + (height + run.ascent - run.descent) / 2.0);
            group.push(Text {
                key: format!("caption#{piece}").as_str().into(),
                run: run.clone(),
                origin,
                fill,
            });
        };
        if let Some(name) = &self.name {
            let height = theme.line_height(name.style.size_px);
            put(&mut group, "name", name, x0, y, height, theme.ink);
            if let Some(totals) = &self.totals {
                let beside = name.width + totals.width + 16.0 <= width;
                if !beside {
                    y += height;
                }
                let x = if beside { x1 - totals.width } else { x0 };
                put(&mut group, "totals", totals, x, y, height, theme.muted);
            }
            y += height + 2.0;
        }
        let tallest = self.legend.iter().map(|(m, _)| m.height()).fold(0.0, f64::max);
        let height = theme.line_height(theme.secondary_size).max(tallest + ROW_GAP);
        let mut x = x0;
        for (i, (mark, word)) in self.legend.iter().enumerate() {
            let entry = mark.width() + GAPS.0 + word.width;
            if x + entry > x1 + 0.5 && x > x0 {
                x = x0;
                y += height;
            }
            draw_mark(mark, &format!("caption#field{i}"), Point::new(x, y + height / 2.0), theme, &mut group);
            put(&mut group, &format!("kind{i}"), word, x + mark.width() + GAPS.0, y, height, theme.muted);
            x += entry + GAPS.1;
        }
        if !self.legend.is_empty() {
            y += height;
        }
        let height = theme.line_height(theme.secondary_size);
        for (i, note) in self.notes.iter().enumerate() {
            put(&mut group, &format!("note{i}"), note, x0, y, height, theme.muted);
            y += height;
        }
        into.push(group);
        y - at.1
    }
}

/// Draws a mark whose left end and middle are at a point.
fn draw_mark(mark: &Mark, key: &str, at: Point, theme: &Theme, into: &mut Group) {
    match mark {
        Mark::Field(swatch) => {
            let rect = Rect::new(at.x, at.y - FIELD / 2.0, at.x + FIELD, at.y + FIELD / 2.0);
            into.push(
                rounded_rect(key, rect, 2.0).filled(swatch.fill).stroked(swatch.stroke, theme.box_stroke),
            );
        }
        Mark::Arrow(color, dash) => {
            let points = [at, Point::new(at.x + DASHED, at.y)];
            let mut line =
                route(key, &points, 0.0, theme.tip_length * 0.8).stroked(*color, theme.edge_stroke);
            if let Some(stroke) = &mut line.stroke {
                stroke.dash = *dash;
            }
            into.push(line);
            let name = format!("{key}-tip");
            into.push(tip(name.as_str(), &points, theme.tip_length, theme.tip_width).filled(*color));
        }
        Mark::Ramp(colors) => {
            #[expect(clippy::cast_precision_loss, reason = "a scale has few colours")]
            let step = RAMP / colors.len().max(1) as f64;
            let mut x = at.x;
            for (i, color) in colors.iter().enumerate() {
                let rect = Rect::new(x, at.y - FIELD / 2.0, x + step, at.y + FIELD / 2.0);
                into.push(rounded_rect(format!("{key}-{i}").as_str(), rect, 0.0).filled(*color));
                x += step;
            }
        }
        Mark::Dash(dash) => {
            let mut line = BezPath::new();
            line.move_to(at);
            line.line_to((at.x + DASHED, at.y));
            let mut path = Path::new(key, line).stroked(theme.edge, theme.skip_stroke);
            if let Some(stroke) = &mut path.stroke {
                stroke.dash = Some(*dash);
            }
            into.push(path);
        }
        Mark::Sketch(paths, size) => {
            let shift = Affine::translate((at.x, at.y - size.height / 2.0));
            for (i, path) in paths.iter().enumerate() {
                let key = format!("{key}-{i}").as_str().into();
                into.push(Path { key, shape: shift * path.shape.clone(), ..path.clone() });
            }
        }
        Mark::Bar(color) => {
            let corner = Point::new(at.x, at.y - value::BAR.height / 2.0);
            value::bar(&Key::new(key), corner, 0.6, *color, theme, into);
        }
        Mark::Value(run) => {
            let end = Point::new(at.x + badge(run).width, at.y);
            value::tag(&Key::new(key), run.clone(), end, theme, into);
        }
        Mark::Pill(run) => {
            let size = badge(run);
            let rect = Rect::new(at.x, at.y - size.height / 2.0, at.x + size.width, at.y + size.height / 2.0);
            into.push(oblong(key, rect).filled(theme.muted));
            let text = format!("{key}-text");
            into.push(label_at(text.as_str(), run.clone(), rect.center(), theme.background));
        }
    }
}
