//! Overlays: one number per box, from a file or from the graph, shown as colour, bar or tag.
//!
//! Numbers are given per operator and per module. A box shows those of all it stands for, taken together: closed
//! modules, fused layers and the blocks folded into it.

use std::collections::BTreeMap;

use netloom_graph::{Graph, ModuleId};
use netloom_scene::{Swatch, Theme};

use crate::view::{Badge, Legend, LegendMark, NodeKind, View};

mod gather;
mod measure;
mod scale;

pub use measure::{MEASURES, Measure};
pub use scale::{Axis, Unit, readable};

use scale::Scale;

/// How many colours the scale in the legend has.
const STEPS: u32 = 24;

/// How numbers are shown.
#[derive(Clone, PartialEq, Debug)]
pub struct Overlay {
    /// What is shown: `latency`.
    pub title: String,
    /// What the numbers count.
    pub unit: Unit,
    /// How a box shows its number.
    pub show: Show,
    /// How a box takes the numbers of all it stands for together.
    pub combine: Combine,
    /// How numbers are spread over colours and lengths.
    pub axis: Axis,
    /// The numbers at both ends of the scale; those of the figure where nothing is said.
    pub range: Option<(f64, f64)>,
}

/// Numbers of a graph.
#[derive(Clone, PartialEq, Debug)]
pub enum Values {
    /// What is counted from the graph itself.
    Measured(Measure),
    /// What a file says.
    Given {
        /// One per operator, by index; shorter where the last have none.
        operators: Vec<Option<f64>>,
        /// Those of whole modules.
        modules: BTreeMap<ModuleId, f64>,
    },
}

/// A view and its numbers.
pub struct Dressing<'a> {
    /// The graph that is shown.
    pub graph: &'a Graph,
    /// Its numbers.
    pub values: &'a Values,
    /// What is shown of it.
    pub view: &'a mut View,
}

/// How a box shows its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    /// By its colour.
    Colour,
    /// By a bar with the number.
    Bar,
    /// By the number.
    Badge,
}

/// How several numbers become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Combine {
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The greatest.
    Max,
}

impl Combine {
    /// One number for several; none for none.
    pub fn of(self, values: &[f64]) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of operators are far below 2^53")]
        let n = values.len() as f64;
        match self {
            _ if values.is_empty() => None,
            Self::Sum => Some(values.iter().sum()),
            Self::Mean => Some(values.iter().sum::<f64>() / n),
            Self::Max => values.iter().copied().reduce(f64::max),
        }
    }
}

/// What became of the numbers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dressed {
    /// How many boxes show a number.
    pub boxes: usize,
    /// Modules whose number no box shows, because they are open.
    pub open: Vec<ModuleId>,
}

/// A box without a number: empty, so that on paper it is no grey of the scale either.
pub fn missing_swatch(theme: &Theme) -> Swatch {
    Swatch { fill: theme.background, stroke: theme.missing, text: theme.muted }
}

impl Overlay {
    /// Gives the boxes of views that stand in one figure the looks and the legend that say their numbers; detail
    /// figures included. All share one scale.
    pub fn dress(&self, theme: &Theme, views: &mut [Dressing<'_>]) -> Dressed {
        let mut dressed = Dressed::default();
        let mut found: Vec<Vec<Vec<Option<f64>>>> = Vec::new();
        for Dressing { graph, values, view } in views.iter() {
            let each = std::iter::once(&**view).chain(view.callouts.iter().map(|c| &c.view));
            found.push(each.map(|v| gather::boxes((values, self.combine), graph, view, v)).collect());
            if let Values::Given { modules, .. } = values {
                let told = gather::told(graph, view, modules);
                dressed.open.extend(modules.keys().filter(|m| !told.contains(m)));
            }
        }
        let all: Vec<f64> = found.iter().flatten().flatten().copied().flatten().collect();
        dressed.boxes = all.len();
        let scale = Scale::new(&all, self.axis, self.range);
        let mut missing = false;
        for (Dressing { view, .. }, found) in views.iter_mut().zip(&found) {
            let mut found = found.iter();
            missing |= self.look(theme, &scale, view, found.next().map_or(&[], Vec::as_slice));
            for callout in &mut view.callouts {
                missing |=
                    self.look(theme, &scale, &mut callout.view, found.next().map_or(&[], Vec::as_slice));
            }
        }
        for Dressing { view, values, .. } in views {
            let folded = view.nodes.iter().any(|n| n.repeat > 1)
                || view.callouts.iter().any(|c| !c.times().is_empty());
            let folded = folded && self.combine == Combine::Sum;
            let folded = folded && !matches!(values, Values::Measured(m) if !m.adds());
            let legend = self.legend(theme, &scale, missing, folded);
            view.legend = Some(match (view.legend.take(), legend) {
                (Some(Legend::Beside(mut old)), Legend::Beside(new)) => {
                    old.extend(new);
                    Legend::Beside(old)
                }
                (_, legend) => legend,
            });
        }
        dressed
    }

    /// Gives boxes their looks; says whether some have no number.
    fn look(&self, theme: &Theme, scale: &Scale, view: &mut View, found: &[Option<f64>]) -> bool {
        let mut missing = false;
        for (node, value) in view.nodes.iter_mut().zip(found) {
            let is_box = matches!(node.kind, NodeKind::Layer | NodeKind::Module);
            match (self.show, value) {
                (Show::Colour, _) if node.kind == NodeKind::Container => {
                    // What a frame is would be told by a colour that means something else here.
                    node.look.swatch = Some(theme.swatch(netloom_scene::theme::OTHER));
                }
                (Show::Colour, _) if !is_box => {}
                (Show::Colour, Some(value)) => node.look.swatch = Some(scale.swatch(*value, theme)),
                (Show::Colour, None) => {
                    missing = true;
                    node.look.swatch = Some(missing_swatch(theme));
                }
                (Show::Bar | Show::Badge, Some(value)) if is_box => {
                    let share = (self.show == Show::Bar).then(|| scale.length(*value));
                    let text = self.unit.text(*value);
                    // What the number says need not be said twice.
                    if let Some(rest) = node.subtitle.strip_suffix(&text)
                        && (rest.is_empty() || rest.ends_with(" · "))
                    {
                        node.subtitle = rest.trim_end_matches(" · ").to_owned();
                    }
                    node.look.badge = Some(Badge { text, share, color: theme.muted });
                }
                (Show::Bar | Show::Badge, _) => {}
            }
        }
        missing
    }

    fn legend(&self, theme: &Theme, scale: &Scale, missing: bool, folded: bool) -> Legend {
        let how = match self.combine {
            Combine::Sum if folded => " of all ×N together",
            Combine::Sum => "",
            Combine::Mean => ", mean",
            Combine::Max => ", greatest",
        };
        let title = format!("{}{how}", self.title);
        let (least, greatest) = scale.ends();
        let (least, greatest) = (self.unit.text(least), self.unit.text(greatest));
        let is_log = if scale.is_log() { " (log scale)" } else { "" };
        match self.show {
            Show::Colour => Legend::Scale {
                title: format!("{title}{is_log}"),
                least,
                greatest,
                colors: (0..STEPS)
                    .map(|i| scale.swatch_at(f64::from(i) / f64::from(STEPS - 1), theme).fill)
                    .collect(),
                missing,
            },
            Show::Bar => {
                let longest = self.unit.text(scale.longest());
                let words = format!("{title}{is_log}: whole bar {longest}");
                Legend::Beside(vec![(LegendMark::Bar(theme.muted), words)])
            }
            Show::Badge => {
                let mark = LegendMark::Pill(greatest);
                Legend::Beside(vec![(mark, title)])
            }
        }
    }
}

#[cfg(test)]
mod tests;
