//! Detail figures beside or below the figure, each in a frame with the letter that its boxes carry.

use netloom_layout::Layout;
use netloom_scene::figures::{label_from, pill, rounded_rect};
use netloom_scene::kurbo::{Affine, Point, Rect, Size};
use netloom_scene::text::{ellipsize, shape};
use netloom_scene::{Group, Key, Role, TextRun, Theme};

use super::measure::{self, Measured, PILL, PILL_GAP};
use super::{boxes, edges};
use crate::styles::DrawOptions;
use crate::view::{Callout, View};

/// The widest name in a header, px.
const MAX_NAME: f64 = 180.0;

/// The detail figures of a view, measured and laid out.
pub(super) struct Details {
    figures: Vec<Detail>,
}

struct Detail {
    measured: Measured,
    layout: Layout,
    letter: TextRun,
    title: TextRun,
    place: Option<TextRun>,
    times: Option<TextRun>,
    size: Size,
}

/// Where detail figures stand, from the left top corner of the whole.
pub(super) struct Places {
    corners: Vec<Point>,
    /// The width of all, where they stand one below the other, px.
    width: Option<f64>,
    /// The size of figure and detail figures together, px.
    pub(super) size: Size,
    /// Whether they stand right of the figure, not below.
    pub(super) beside: bool,
}

impl Details {
    pub(super) fn new(view: &View, options: &DrawOptions) -> Self {
        let theme = &options.theme;
        let (bold, plain) = (theme.header_style(true), theme.header_style(false));
        let pad = theme.container_padding;
        let figures = view
            .callouts
            .iter()
            .enumerate()
            .map(|(i, callout)| {
                let measured = measure::measure(&callout.view, options);
                let layout = netloom_layout::layout(&measured.input);
                let letter = shape(&Callout::letter(i).to_string(), &bold);
                let title = shape(&ellipsize(&callout.title, &bold, MAX_NAME), &bold);
                let place = format!("· here {}", callout.place);
                let place =
                    (!callout.place.is_empty()).then(|| shape(&ellipsize(&place, &plain, MAX_NAME), &plain));
                let times = callout.times();
                let times = (!times.is_empty()).then(|| shape(&times, &bold));
                let header = badge(&letter).width
                    + times.as_ref().map_or(0.0, |t| badge(t).width + PILL_GAP)
                    + PILL_GAP
                    + title.width
                    + place.as_ref().map_or(0.0, |p| p.width + 3.0);
                let size = Size::new(
                    header.max(layout.size.width) + 2.0 * pad,
                    header_height(theme) + layout.size.height + pad,
                );
                Detail { measured, layout, letter, title, place, times, size }
            })
            .collect();
        Self { figures }
    }

    /// The places that let the whole be printed largest on the page; beside the figure among equals.
    pub(super) fn places(&self, figure: Size, options: &DrawOptions) -> Places {
        let theme = &options.theme;
        let (page, gap) = (options.page, theme.rank_gap);
        let room = (page.width - 2.0 * theme.margin, page.height - 2.0 * theme.margin);
        let none = Places { corners: Vec::new(), width: None, size: figure, beside: false };
        if self.figures.is_empty() {
            return none;
        }
        let mut best: Option<(f64, f64, Places)> = None;
        let mut offer = |places: Places| {
            let scale = (room.0 / places.size.width).min(room.1 / places.size.height).min(1.0);
            let area = places.size.area();
            let better = best.as_ref().is_none_or(|b| (scale, -area) > (b.0, -b.1));
            if better {
                best = Some((scale, area, places));
            }
        };
        // Beside the figure in as many columns as there are figures; below it in rows as wide as the page.
        let mut width = 0.0;
        for figure_beside in &self.figures {
            width += figure_beside.size.width + if width > 0.0 { gap } else { 0.0 };
            let (corners, size) = self.shelves(width, gap);
            let column = corners.iter().all(|p| p.x == 0.0).then_some(size.width);
            let size_all = Size::new(figure.width + gap + size.width, figure.height.max(size.height));
            let corners = corners.into_iter().map(|p| Point::new(p.x + figure.width + gap, p.y)).collect();
            offer(Places { corners, width: column, size: size_all, beside: true });
        }
        let (corners, size) = self.shelves(room.0.max(figure.width), gap);
        let corners = corners.into_iter().map(|p| Point::new(p.x, p.y + figure.height + gap)).collect();
        let size_all = Size::new(figure.width.max(size.width), figure.height + gap + size.height);
        offer(Places { corners, width: None, size: size_all, beside: false });
        best.map_or(none, |b| b.2)
    }

    /// The figures in rows of at most a width.
    fn shelves(&self, most: f64, gap: f64) -> (Vec<Point>, Size) {
        let mut corners = Vec::new();
        let (mut x, mut y, mut row, mut widest) = (0.0, 0.0, 0.0f64, 0.0f64);
        for figure in &self.figures {
            if x > 0.0 && x + figure.size.width > most + 0.5 {
                (x, y) = (0.0, y + row + gap);
                row = 0.0;
            }
            corners.push(Point::new(x, y));
            x += figure.size.width + gap;
            row = row.max(figure.size.height);
            widest = widest.max(x - gap);
        }
        (corners, Size::new(widest, y + row))
    }

    pub(super) fn draw(&self, view: &View, places: &Places, options: &DrawOptions, into: &mut Group) {
        let theme = &options.theme;
        for ((detail, corner), callout) in self.figures.iter().zip(&places.corners).zip(&view.callouts) {
            let key = Key::new(format!("callout:{}", detail.letter.text));
            let other = || theme.swatch(netloom_graph::Category::Other.name());
            let swatch = callout.of.first().map_or_else(other, |n| view.nodes[*n].swatch(theme));
            let mut group = Group::new(key.clone()).with_role(Role::Container);
            let width = places.width.unwrap_or(detail.size.width);
            let rect = Rect::from_origin_size(*corner, Size::new(width, detail.size.height));
            group.push(
                rounded_rect(key.piece("frame"), rect, theme.container_radius)
                    .filled(theme.background)
                    .stroked(theme.container_stroke_color(&swatch), theme.container_stroke),
            );
            let pad = theme.container_padding;
            let middle = rect.y0 + header_height(theme) / 2.0;
            let mark = badge(&detail.letter);
            let top = Point::new(rect.x0 + pad + mark.width, middle - mark.height / 2.0);
            group.push(pill(&key, detail.letter.clone(), top, PILL, theme.pill(&swatch)));
            let x = top.x + PILL_GAP;
            group.push(label_from(
                key.piece("title"),
                detail.title.clone(),
                Point::new(x, middle),
                theme.ink,
            ));
            if let Some(place) = &detail.place {
                let start = Point::new(x + detail.title.width + 3.0, middle);
                group.push(label_from(key.piece("place"), place.clone(), start, theme.muted));
            }
            if let Some(times) = &detail.times {
                let end = Point::new(rect.x1 - pad, middle - badge(times).height / 2.0);
                let key = Key::new(format!("{}@times", key.subject()));
                group.push(pill(&key, times.clone(), end, PILL, theme.pill(&swatch)));
            }
            let mut body = Group::new(key.piece("body"));
            let left = rect.x0 + (width - detail.layout.size.width) / 2.0;
            body.transform = Affine::translate((left, rect.y0 + header_height(theme)));
            boxes::draw(
                &callout.view,
                &detail.measured,
                &detail.layout,
                options,
                &|_, _, _| false,
                &mut body,
            );
            edges::draw(&callout.view, &detail.layout, options, &mut body);
            group.push(body);
            into.push(group);
        }
    }
}

/// The size of the pill about a letter, px.
pub(in crate::styles) fn badge(letter: &TextRun) -> Size {
    let height = letter.cap_height() + 2.0 * PILL.height;
    Size::new((letter.width + 2.0 * PILL.width).max(height), height)
}

fn header_height(theme: &Theme) -> f64 {
    theme.line_height(theme.header_size) + 12.0
}
