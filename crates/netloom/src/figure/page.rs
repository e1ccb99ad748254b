//! What of a model fits the page at readable type.

use netloom_diagram::styles::{DrawOptions, PAGE, Settings, Style};
use netloom_diagram::view::{
    Callout, Details, Elision, Kept, MAX_CALLOUTS, NodeKind, View, callouts, elide, longest_chain, view,
};
use netloom_diagram::{Depth, Detail, Fold, ViewOptions};
use netloom_graph::Graph;
use netloom_graph::pattern::Pattern;
use netloom_layout::Direction;
use netloom_scene::kurbo::Size;
use netloom_scene::{Scene, Theme};

use super::FigureOptions;
use super::finish::Finish;

/// The smallest type that is printed, pt.
const LEAST_PT: f64 = 6.0;
/// Points to the px.
const PT: f64 = 0.75;
/// The deepest level tried.
const MAX_DEPTH: u32 = 16;
/// The most boxes of a view that is opened to the last for detail figures.
const MAX_WHOLE: usize = 2000;
/// The least area that a box and the space around it take up, px².
const LEAST_AREA: f64 = 1600.0;
/// How much of the space between boxes is left where a figure has to be compact, and where that is not enough.
const TIGHT: [f64; 2] = [0.67, 0.5];
/// About how much of the page's length a box and the arrow to it take up, px.
const PITCH: f64 = 48.0;
/// The most inputs, and the most outputs, that are named where boxes are left out, and where that is too wide.
const MANY_PORTS: usize = 4;
/// See [`MANY_PORTS`].
const FEW_PORTS: usize = 2;
/// The same for tensors, which may be drawn close together.
const LEAST_TENSOR: f64 = 280.0;

/// A view that was chosen, drawn.
pub(super) struct Chosen {
    pub(super) view: View,
    pub(super) scene: Scene,
    pub(super) notes: Vec<String>,
    /// Printed width, px, where it is not the scene's own.
    pub(super) width_px: Option<f64>,
}

/// Chooses the view that says most among those that fit the page, or takes the depth that was asked for, and draws it.
pub(super) fn choose(
    graph: &Graph,
    style: &Style,
    options: &FigureOptions,
    (patterns, settings): (Vec<Pattern>, Settings),
    finish: &Finish,
) -> Chosen {
    choose_among(graph, &|spec| view(graph, spec), style, options, (patterns, settings), finish)
}

/// The same among views that are made in another way.
pub(super) fn choose_among(
    graph: &Graph,
    views: &dyn Fn(&ViewOptions) -> View,
    style: &Style,
    options: &FigureOptions,
    (patterns, settings): (Vec<Pattern>, Settings),
    finish: &Finish,
) -> Chosen {
    let direction = options.direction.unwrap_or(style.direction);
    let page = page(options, direction);
    let draw = DrawOptions {
        direction,
        settings,
        weights: options.weights.clone(),
        width_px: options.width_px,
        page,
        legend: options.legend,
        caption: options.caption,
        name: options.name.clone(),
        note: options.note.clone(),
        batch: options.batch,
        ..DrawOptions::new(finish.theme.clone())
    };
    let compact = TIGHT.map(|t| DrawOptions { theme: compact(&draw.theme, t), ..draw.clone() });
    let least_scale = (LEAST_PT / (PT * draw.theme.secondary_size)).min(1.0);
    let chooser =
        Chooser { graph, views, style, options, patterns, finish, draw, compact, page, least_scale };
    let mut chosen = chooser.choose();
    chosen.notes.extend(finish.idle(graph, &chosen.view));
    chosen.notes.extend(finish.dress(graph, &mut chosen.view));
    chosen
}

/// What a style shows with these options where no page is looked at.
pub(super) fn spec(
    style: &Style,
    options: &FigureOptions,
    patterns: Vec<Pattern>,
    finish: &Finish,
) -> ViewOptions {
    let all = style.opens_all && options.depth.is_none();
    ViewOptions {
        depth: options.depth.unwrap_or(Depth::Full),
        open: finish.open.clone(),
        closed: finish.closed.clone(),
        rules: finish.rules.clone(),
        detail: options.detail,
        compact: false,
        plumbing: options.plumbing,
        batch: options.batch,
        fold: if all { Fold::None } else { options.fold },
        patterns,
    }
}

/// What to say when a picture is so much wider than asked for that its type prints too small.
pub(super) fn small_type(scene: &Scene, draw: &DrawOptions) -> Option<String> {
    let scale = draw.width_px.map_or(1.0, |w| w / scene.size.width).min(1.0);
    let smallest_pt = draw.theme.secondary_size * PT * scale;
    (smallest_pt < LEAST_PT).then(|| {
        format!(
            "the figure is {:.1} times wider than asked for, so its smallest type prints at {smallest_pt:.1} pt; a \
             larger --width helps",
            1.0 / scale
        )
    })
}

/// A theme with less space between boxes, in steps of the same grid.
fn compact(theme: &Theme, tight: f64) -> Theme {
    let tight = |gap: f64| ((gap * tight / theme.grid).round() * theme.grid).min(gap);
    Theme {
        rank_gap: tight(theme.rank_gap),
        node_gap: tight(theme.node_gap),
        lane_gap: tight(theme.lane_gap),
        container_padding: tight(theme.container_padding),
        ..theme.clone()
    }
}

/// The room that a figure may take, px.
fn page(options: &FigureOptions, direction: Direction) -> Size {
    let across = matches!(direction, Direction::Left | Direction::Right);
    let size = if across { Size::new(PAGE.height, PAGE.width) } else { PAGE };
    Size::new(options.width_px.unwrap_or(size.width), options.height_px.unwrap_or(size.height))
}

struct Chooser<'a> {
    graph: &'a Graph,
    /// What is shown of it with some options.
    views: &'a dyn Fn(&ViewOptions) -> View,
    style: &'a Style,
    options: &'a FigureOptions,
    patterns: Vec<Pattern>,
    finish: &'a Finish,
    draw: DrawOptions,
    /// The same with less space between boxes.
    compact: [DrawOptions; 2],
    page: Size,
    /// How much the figure may be scaled down before its smallest type is too small.
    least_scale: f64,
}

/// A picture that fits, and the width it is to be printed at.
type Fitted = (Scene, Option<f64>);

impl Chooser<'_> {
    fn choose(&self) -> Chosen {
        match (self.options.depth, self.style.opens_all) {
            (None, true) => return self.opened(),
            (Some(depth), _) => return self.asked(depth),
            _ => {}
        }
        let levels = self.levels(self.options.detail);
        let is_sketch = self.options.detail == Detail::Sketch;
        if let Some(chosen) = self.compacted(&levels).or_else(|| self.richest(&levels, &[])) {
            return chosen;
        }
        if is_sketch {
            return self.elided(levels);
        }
        let sketches = self.levels(Detail::Sketch);
        if let Some(mut chosen) = self.richest(&sketches, &levels) {
            chosen.notes.push(
                "only stages and blocks are drawn, so that the figure fits the page; --depth draws it as it is"
                    .to_owned(),
            );
            return chosen;
        }
        self.elided(sketches)
    }

    fn spec(&self, depth: Depth, detail: Detail) -> ViewOptions {
        ViewOptions { depth, detail, ..spec(self.style, self.options, self.patterns.clone(), self.finish) }
    }

    /// The whole with equal layers in a row as one box each, where the whole as it is does not fit and this does.
    fn compacted(&self, levels: &[View]) -> Option<Chosen> {
        let whole = levels.last().filter(|v| !is_closed(v))?;
        if !self.is_hopeless(whole) && self.fit(whole).is_some() {
            return None;
        }
        let spec = ViewOptions { compact: true, ..self.spec(Depth::Full, self.options.detail) };
        let view = (self.views)(&spec);
        if view.nodes.len() >= whole.nodes.len() || is_closed(&view) || self.is_hopeless(&view) {
            return None;
        }
        let (scene, width_px) = self.fit(&view)?;
        let note = "equal layers in a row are one box each, so that the figure fits the page; --depth full parts them";
        Some(Chosen { view, scene, notes: vec![note.to_owned()], width_px })
    }

    /// Every layer; blocks in a row once with a count where that makes it fit, else as many modules open as fit.
    fn opened(&self) -> Chosen {
        let all = (self.views)(&self.spec(Depth::Full, self.options.detail));
        if let Some((scene, width_px)) = self.fit_unless_hopeless(&all) {
            return Chosen { view: all, scene, notes: Vec::new(), width_px };
        }
        let levels = self.levels(self.options.detail);
        if let Some(folded) = levels.last().filter(|v| !is_closed(v) && **v != all)
            && let Some((scene, width_px)) = self.fit_unless_hopeless(folded)
        {
            let note = "blocks in a row are drawn once, so that the figure fits the page".to_owned();
            return Chosen { view: folded.clone(), scene, notes: vec![note], width_px };
        }
        self.richest(&levels, &[]).unwrap_or_else(|| self.elided(levels))
    }

    fn fit_unless_hopeless(&self, view: &View) -> Option<Fitted> {
        (!self.is_hopeless(view)).then(|| self.fit(view)).flatten()
    }

    /// The depth that was asked for, whether it fits or not.
    fn asked(&self, depth: Depth) -> Chosen {
        let spec = ViewOptions { fold: self.options.fold, ..self.spec(depth, self.options.detail) };
        let view = (self.views)(&spec);
        let mut notes = Vec::new();
        if let Some((scene, width_px)) = self.fit(&view) {
            let deeper = match depth {
                Depth::Levels(n) => Depth::Levels(n.saturating_add(1)),
                Depth::Full => Depth::Full,
            };
            let plain = Chosen { view, scene, notes, width_px };
            if !is_closed(&plain.view) {
                return plain;
            }
            let deeper = (self.views)(&self.spec(deeper, self.options.detail));
            return self.detailed(&plain.view, &[deeper]).unwrap_or(plain);
        }
        let scene = self.scene(&view, &self.draw);
        let scale = self.options.width_px.map_or(1.0, |w| w / scene.size.width).min(1.0);
        let smallest_pt = self.draw.theme.secondary_size * PT * scale;
        let hint = if self.style.opens_all {
            "a larger --width helps"
        } else {
            "a smaller --depth or a larger --width helps"
        };
        if smallest_pt < LEAST_PT {
            notes.push(format!(
                "the figure is {:.1} times wider than asked for, so its smallest type prints at {smallest_pt:.1} pt; \
                 {hint}",
                1.0 / scale
            ));
        }
        let (width, height) = (scene.size.width * scale / 96.0, scene.size.height * scale / 96.0);
        if height > self.page.height / 96.0 + 0.05 {
            notes.push(format!(
                "the figure prints {height:.1} in high, more than the page's {:.1} in{}",
                self.page.height / 96.0,
                if self.options.depth.is_some() { "; --depth auto fits it" } else { "" }
            ));
        } else if self.options.width_px.is_none() && width > self.page.width / 96.0 + 0.05 {
            notes.push(format!(
                "the figure is {width:.1} in wide, more than the page's {:.1} in; --depth auto fits it",
                self.page.width / 96.0
            ));
        }
        Chosen { view, scene, notes, width_px: self.options.width_px }
    }

    /// Views with ever more levels open, up to one that is open or plainly too large; behind that the whole, which
    /// detail figures are cut from.
    fn levels(&self, detail: Detail) -> Vec<View> {
        let mut levels: Vec<View> = Vec::new();
        for depth in 1..=MAX_DEPTH {
            let spec = self.spec(Depth::Levels(depth), detail);
            let next = (self.views)(&ViewOptions { fold: self.options.fold, ..spec });
            if levels.last() == Some(&next) {
                break;
            }
            let (is_open, is_hopeless) = (!is_closed(&next), self.is_hopeless(&next));
            let is_small = boxes(&next) < MAX_WHOLE;
            levels.push(next);
            if is_hopeless && !is_open && is_small {
                levels.push((self.views)(&self.spec(Depth::Full, detail)));
            }
            if is_open || is_hopeless {
                break;
            }
        }
        levels
    }

    /// The deepest of some levels that fits, with detail figures for what is closed where these fit too: cut from views
    /// that say more, or from deeper levels.
    fn richest(&self, levels: &[View], more: &[View]) -> Option<Chosen> {
        for (i, level) in levels.iter().enumerate().rev() {
            if self.is_hopeless(level) {
                continue;
            }
            let Some((scene, width_px)) = self.fit(level) else { continue };
            let plain = Chosen { view: level.clone(), scene, notes: Vec::new(), width_px };
            let is_sketch = self.options.detail == Detail::Sketch;
            let deeper = match more {
                [] if is_sketch => &[],
                [] => &levels[i + 1..],
                more => more,
            };
            let mut chosen = self.detailed(level, deeper).unwrap_or(plain);
            let closed = level.nodes.iter().filter(|n| n.kind == NodeKind::Module).count();
            if closed > 0 && more.is_empty() && !is_sketch {
                let blocks = if closed == 1 { "block is" } else { "blocks are" };
                chosen.notes.push(format!(
                    "{closed} {blocks} closed (--depth {}); --depth full opens everything, --open PATH one of them",
                    i + 1
                ));
            }
            return Some(chosen);
        }
        None
    }

    /// A view with as many detail figures as fit, cut from the deepest view of some or from the next.
    fn detailed(&self, level: &View, deeper: &[View]) -> Option<Chosen> {
        if !self.options.callouts || !self.style.callouts {
            return None;
        }
        let spec = self.spec(Depth::Full, self.options.detail);
        // The whole of a block says more than its parts closed, even without the norms and activations.
        let whole = deeper.last().into_iter().flat_map(|v| [(v, true), (v, false)]);
        let next = deeper.first().filter(|_| deeper.len() > 1).into_iter().map(|v| (v, true));
        let sources: Vec<(&View, bool)> = whole.chain(next).collect();
        let mut offers: Vec<(usize, Vec<Callout>, bool)> = Vec::new();
        for most in (1..=MAX_CALLOUTS).rev() {
            for &(source, bands) in &sources {
                let details = callouts(self.graph, &spec, level, source, Details { most, bands });
                let enough = details.len() == most || most == MAX_CALLOUTS && !details.is_empty();
                let known = offers.iter().any(|o| o.1 == details);
                if enough && !known && !details.iter().any(|c| self.is_hopeless(&c.view)) {
                    offers.push((details.iter().map(|c| c.explains(level)).sum(), details, bands));
                }
            }
        }
        // What explains most of the model first; a stable sort keeps the better source in front.
        offers.sort_by_key(|(explained, ..)| std::cmp::Reverse(*explained));
        for (_, details, bands) in offers {
            let view = level.clone().with_callouts(details);
            if let Some((scene, width_px)) = self.fit(&view) {
                let note = "detail figures leave out norms and activations, so that they fit the page";
                let notes = (!bands).then(|| note.to_owned()).into_iter().collect();
                return Some(Chosen { view, scene, notes, width_px });
            }
        }
        None
    }

    /// First and last boxes of the shallowest view, as many as fit.
    fn elided(&self, levels: Vec<View>) -> Chosen {
        let spec = self.spec(Depth::Levels(1), Detail::Sketch);
        let all = levels.into_iter().next().unwrap_or_else(|| (self.views)(&spec));
        let length = if matches!(self.draw.direction, Direction::Left | Direction::Right) {
            self.page.width
        } else {
            self.page.height
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pages are small")]
        let many = (length / self.least_scale / PITCH).clamp(1.0, 400.0) as usize;
        let attempt = |what: Elision| -> Option<(View, Scene, Option<f64>)> {
            let view = elide(self.graph, &spec, &all, what);
            self.fit(&view).map(|(scene, width_px)| (view, scene, width_px))
        };
        // As many boxes may be too wide in one way and fit in another.
        let ways = [MANY_PORTS, FEW_PORTS].into_iter().flat_map(|p| [(p, Kept::Ends), (p, Kept::Heaviest)]);
        let mut found = None;
        let mut keep = many;
        while keep > 0 && found.is_none() {
            found = ways.clone().find_map(|(ports, kept)| attempt(Elision { boxes: keep, ports, kept }));
            keep = keep * 2 / 3;
        }
        let mut notes = Vec::new();
        // Where even one box is too wide, its neighbours' words are: what is as long as the page tells more.
        let (view, scene, width_px) = found.unwrap_or_else(|| {
            let view =
                elide(self.graph, &spec, &all, Elision { boxes: many, ports: MANY_PORTS, kept: Kept::Ends });
            let scene = self.scene(&view, &self.draw);
            notes.extend(small_type(&scene, &self.draw));
            (view, scene, self.options.width_px)
        });
        let stand_in = view.nodes.iter().filter(|n| n.is_stand_in()).count();
        let left_out = (boxes(&all) + stand_in).saturating_sub(boxes(&view));
        if boxes(&view) < boxes(&all) {
            notes.push(format!(
                "{left_out} of {} boxes are left out, so that the figure fits the page; --depth 1 draws them all",
                boxes(&all)
            ));
        } else {
            notes.push("modules are closed, so that the figure fits the page; --depth 1 draws all inputs and outputs".to_owned());
        }
        Chosen { view, scene, notes, width_px }
    }

    /// Whether a view cannot fit, told from the number of its boxes alone.
    fn is_hopeless(&self, view: &View) -> bool {
        let least = self.least_scale;
        let (width, height) = (self.page.width / least, self.page.height / least);
        let across = matches!(self.draw.direction, Direction::Left | Direction::Right);
        let length = if across { width } else { height };
        let theme = &self.draw.theme;
        let pitch = theme.rank_gap / 2.0 + theme.line_height(theme.label_size);
        #[expect(clippy::cast_precision_loss, reason = "counts of boxes are far below 2^53")]
        let (chain, boxes) = (longest_chain(view) as f64, boxes(view) as f64);
        if self.style.opens_all {
            return boxes * LEAST_TENSOR > width * height;
        }
        chain * pitch > length || boxes * LEAST_AREA > width * height
    }

    /// Draws a view with its numbers.
    fn scene(&self, view: &View, draw: &DrawOptions) -> Scene {
        if !self.finish.has_overlay() {
            return (self.style.draw)(self.graph, view, draw);
        }
        let mut dressed = view.clone();
        self.finish.dress(self.graph, &mut dressed);
        (self.style.draw)(self.graph, &dressed, draw)
    }

    /// Draws a view, if it fits the page at readable type; with less space between boxes where that helps.
    fn fit(&self, view: &View) -> Option<Fitted> {
        match self.fit_with(view, &self.draw) {
            Ok(fitted) => Some(fitted),
            // Less space makes a figure smaller by less than it makes the space.
            Err(scale) if scale < self.least_scale * TIGHT[1] => None,
            Err(_) => self.compact.iter().find_map(|draw| self.fit_with(view, draw).ok()),
        }
    }

    /// Draws a view, or says how far it would have to be scaled down.
    fn fit_with(&self, view: &View, draw: &DrawOptions) -> Result<Fitted, f64> {
        let scene = self.scene(view, draw);
        let scale =
            |s: &Scene| (self.page.width / s.size.width).min(self.page.height / s.size.height).min(1.0);
        let first = scale(&scene);
        if first < self.least_scale - 1e-9 {
            return Err(first);
        }
        let Some(width) = self.options.width_px else {
            let printed = (first < 1.0).then_some(scene.size.width * first);
            return Ok((scene, printed));
        };
        if scene.size.width * first >= width - 0.5 {
            return Ok((scene, Some(width)));
        }
        // Too high for the page at its own size: drawn for a wider page, it prints smaller.
        let wider = DrawOptions { width_px: Some(width / first), ..draw.clone() };
        let scene = self.scene(view, &wider);
        let fits = width / scene.size.width >= self.least_scale - 1e-3
            && scene.size.height * width / scene.size.width <= self.page.height + 1.0;
        if fits { Ok((scene, Some(width))) } else { Err(first) }
    }
}

/// Whether some module is closed.
fn is_closed(view: &View) -> bool {
    view.nodes.iter().any(|n| n.kind == NodeKind::Module)
}

/// How many boxes a view has, frames apart.
fn boxes(view: &View) -> usize {
    view.nodes
        .iter()
        .filter(|n| matches!(n.kind, NodeKind::Layer | NodeKind::Module | NodeKind::Merge | NodeKind::Stub))
        .count()
}
