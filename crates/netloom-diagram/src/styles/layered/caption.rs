//! Below the figure: the model's name, its totals, and a legend of the kinds used.

use netloom_graph::Category;
use netloom_scene::figures::rounded_rect;
use netloom_scene::kurbo::{BezPath, Point, Rect};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{Group, Path, Role, Text, TextRun, Theme};

use crate::describe;
use crate::styles::DrawOptions;
use crate::view::View;

/// Side of a legend's colour field, px.
const FIELD: f64 = 9.0;
/// Space between a field and its word, and between entries, px.
const GAPS: (f64, f64) = (4.0, 12.0);
/// The widest name before it is cut, px.
const MAX_NAME: f64 = 280.0;

pub(in crate::styles) struct Caption {
    name: Option<TextRun>,
    totals: Option<TextRun>,
    legend: Vec<(Category, TextRun)>,
}

/// One entry per colour: categories that look alike share it.
fn legend(view: &View, theme: &Theme) -> Vec<(Category, TextRun)> {
    let used = describe::categories(view);
    let mut entries: Vec<(Category, Vec<&str>)> = Vec::new();
    for &category in used.keys() {
        let fill = theme.swatch(category.name()).fill;
        match entries.iter_mut().find(|(c, _)| theme.swatch(c.name()).fill == fill) {
            Some((_, names)) => names.push(category.name()),
            None => entries.push((category, vec![category.name()])),
        }
    }
    let style = theme.secondary_style();
    entries.into_iter().map(|(c, names)| (c, shape(&names.join(", "), &style))).collect()
}

impl Caption {
    pub(in crate::styles) fn new(view: &View, options: &DrawOptions, name: &str) -> Self {
        let theme = &options.theme;
        let (bold, plain) = (theme.caption_style(), theme.secondary_style());
        let totals = describe::totals(view);
        let show = options.caption;
        Self {
            name: show.then(|| shape(&ellipsize(name, &bold, MAX_NAME), &bold)),
            totals: (show && !totals.is_empty()).then(|| shape(&totals, &plain)),
            legend: if options.legend { legend(view, theme) } else { Vec::new() },
        }
    }

    /// The least width that holds every single piece, px.
    pub(in crate::styles) fn min_width(&self) -> f64 {
        let texts = self.name.iter().chain(&self.totals).map(|r| r.width);
        let legend = self.legend.iter().map(|(_, r)| FIELD + GAPS.0 + r.width);
        texts.chain(legend).fold(0.0, f64::max)
    }

    /// Draws below `at` over `width` px and returns the height used.
    pub(in crate::styles) fn draw(&self, theme: &Theme, at: (f64, f64), width: f64, into: &mut Group) -> f64 {
        if self.name.is_none() && self.legend.is_empty() {
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
        let height = theme.line_height(theme.secondary_size);
        let mut x = x0;
        for (i, (category, word)) in self.legend.iter().enumerate() {
            let entry = FIELD + GAPS.0 + word.width;
            if x + entry > x1 + 0.5 && x > x0 {
                x = x0;
                y += height;
            }
            let swatch = theme.swatch(category.name());
            let top = y + (height - FIELD) / 2.0;
            group.push(
                rounded_rect(
                    format!("caption#field{i}").as_str(),
                    Rect::new(x, top, x + FIELD, top + FIELD),
                    2.0,
                )
                .filled(swatch.fill)
                .stroked(swatch.stroke, theme.box_stroke),
            );
            put(&mut group, &format!("kind{i}"), word, x + FIELD + GAPS.0, y, height, theme.muted);
            x += entry + GAPS.1;
        }
        if !self.legend.is_empty() {
            y += height;
        }
        into.push(group);
        y - at.1
    }
}
