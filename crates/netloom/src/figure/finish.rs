//! What is said about boxes beside the view itself: rules and numbers, made ready for one graph.

use netloom_diagram::overlay::{Dressing, Overlay};
use netloom_diagram::rules::{MAX_RULES, Rule};
use netloom_diagram::view::{View, ViewNode};
use netloom_graph::Graph;
use netloom_graph::lift::Lifted;
use netloom_scene::theme::{self, closest};
use netloom_scene::{Color, Swatch, Theme};

use super::FigureOptions;
use crate::overlay::{Named, resolve};
use crate::{Error, ErrorKind};

/// The most names that are looked through for one that was meant.
const MAX_NAMES: usize = 20_000;

/// Rules and numbers for one graph, and the theme they are shown in.
pub(super) struct Finish {
    pub(super) theme: Theme,
    pub(super) rules: Vec<Rule>,
    /// Modules to open, by path.
    pub(super) open: Vec<String>,
    /// Modules to keep closed, by path.
    pub(super) closed: Vec<String>,
    /// Which rules are about nothing that has a name in the model.
    idle: Vec<bool>,
    overlay: Option<(Overlay, Named)>,
    notes: Vec<String>,
}

impl Finish {
    /// Nothing but the default theme.
    pub(super) fn plain() -> Self {
        Self {
            theme: Theme::light(),
            rules: Vec::new(),
            open: Vec::new(),
            closed: Vec::new(),
            idle: Vec::new(),
            overlay: None,
            notes: Vec::new(),
        }
    }

    /// Reads rules and finds what numbers belong to; `lifted` is what is drawn in the place of the source, if anything.
    pub(super) fn new(
        source: &Graph,
        lifted: Option<&Lifted>,
        options: &FigureOptions,
    ) -> Result<Self, Error> {
        let shown = lifted.map_or(source, |l| &l.graph);
        let mut finish = Self { theme: super::theme(options)?, open: options.open.clone(), ..Self::plain() };
        if options.rules.len() > MAX_RULES {
            let found = options.rules.len();
            return Err(Error::new(
                ErrorKind::Usage,
                format!("expected at most {MAX_RULES} rules, found {found}"),
            ));
        }
        for text in &options.rules {
            let rule = finish.rule(text, options)?;
            finish.idle.push(!rule.finds(shown) && !rule.finds(source));
            if let Some(open) = rule.effects.open {
                let modules = rule.modules(shown).into_iter();
                let paths: Vec<String> = modules.map(|m| shown.module(m).path.clone()).collect();
                let (into, other) = if open {
                    (&mut finish.open, &mut finish.closed)
                } else {
                    (&mut finish.closed, &mut finish.open)
                };
                other.retain(|p| !paths.contains(p));
                into.extend(paths);
            }
            finish.rules.push(rule);
        }
        if let Some(overlay) = &options.overlay {
            let named = resolve(&overlay.numbers, source, lifted, overlay.combine)?;
            let (title, unit) = overlay.says();
            let overlay = Overlay {
                title,
                unit,
                show: overlay.show,
                combine: overlay.combine,
                axis: overlay.axis,
                range: overlay.range,
            };
            finish.notes.extend(named.notes.iter().cloned());
            finish.overlay = Some((overlay, named));
        }
        Ok(finish)
    }

    fn rule(&self, text: &str, options: &FigureOptions) -> Result<Rule, Error> {
        let wrong =
            |message: String| Error::new(ErrorKind::Usage, format!("rule `{}`: {message}", text.trim()));
        let mut rule = Rule::parse(text).map_err(|e| {
            let hint = e.hint.clone();
            wrong(e.to_string()).with_hint(hint)
        })?;
        if let Some(colour) = &rule.effects.colour {
            let names = || self.theme.swatches.keys().map(String::as_str);
            rule.effects.swatch = Some(swatch(colour, &self.theme).ok_or_else(|| {
                let message = format!(
                    "unknown colour `{colour}`: expected one such as #77aadd, or a name of the theme"
                );
                wrong(message)
                    .hint(closest(colour, names()))
                    .with_hint(Some(format!("names are: {}", names().collect::<Vec<_>>().join(", "))))
            })?);
        }
        if let Some(image) = &rule.effects.image {
            let picture = options.pictures.get(image);
            let missing = || wrong(format!("the picture `{image}` was not given"));
            rule.effects.picture = Some(picture.ok_or_else(missing)?.clone());
        }
        Ok(rule)
    }

    /// What is to be said about rules that are about nothing that is drawn or named.
    pub(super) fn idle(&self, graph: &Graph, view: &View) -> Vec<String> {
        let idle = self.rules.iter().zip(&self.idle).filter(|(_, idle)| **idle).map(|(rule, _)| rule);
        // What was found by its title may have been given another by the very rule.
        let found = |r: &Rule, n: &ViewNode| {
            r.select.is_about(graph, n) || r.effects.label.as_ref() == Some(&n.title)
        };
        idle.filter(|r| !view.nodes.iter().any(|n| found(r, n)))
            .map(|r| nothing(r.select.text(), graph))
            .collect()
    }

    /// Whether boxes show numbers.
    pub(super) fn has_overlay(&self) -> bool {
        self.overlay.is_some()
    }

    /// Gives the boxes of a view their numbers, and says what is to be said about rules and numbers.
    pub(super) fn dress(&self, graph: &Graph, view: &mut View) -> Vec<String> {
        dress(std::slice::from_ref(self), std::iter::once((graph, view)))
    }
}

/// Gives the boxes of views that stand in one figure their numbers, on one scale.
pub(super) fn dress<'a>(
    finishes: &'a [Finish],
    views: impl Iterator<Item = (&'a Graph, &'a mut View)>,
) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for note in finishes.iter().flat_map(|f| &f.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    let Some((overlay, _)) = finishes.first().and_then(|f| f.overlay.as_ref()) else { return notes };
    let mut graphs = Vec::new();
    let mut dressings = Vec::new();
    for ((graph, view), finish) in views.zip(finishes) {
        let Some((_, named)) = &finish.overlay else { continue };
        graphs.push(graph);
        dressings.push(Dressing { graph, values: &named.values, view });
    }
    let dressed = overlay.dress(&finishes[0].theme, &mut dressings);
    let path = |m| graphs.first().map(|g: &&Graph| g.module(m).path.clone());
    if let ([graph], Some(first)) = (graphs.as_slice(), dressed.open.first())
        && graph.modules().len() > first.index()
    {
        let more = match dressed.open.len() - 1 {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        notes.push(format!(
            "overlay: the number of {}{more} is not shown, as the module is open; a rule can `close` it",
            path(*first).unwrap_or_default()
        ));
    }
    if dressed.boxes == 0 {
        notes.push("overlay: no box that is drawn has a number".to_owned());
    }
    notes
}

/// The colours that are meant by `#77aadd` or by the name of a swatch.
fn swatch(colour: &str, theme: &Theme) -> Option<Swatch> {
    let plain = || colour.starts_with('#').then(|| Color::parse(colour)).flatten();
    let named = || theme.swatches.contains_key(colour).then(|| theme.swatch(colour));
    plain().map(|fill| netloom_diagram::overlay::readable(fill, theme)).or_else(named)
}

/// That a rule is about nothing, with the name that was probably meant.
fn nothing(selector: &str, graph: &Graph) -> String {
    let modules = graph.modules().map(|(_, m)| m.path.as_str());
    let operators = graph.nodes().map(|(_, n)| n.name.as_str());
    let names = modules.chain(operators).filter(|n| !n.is_empty()).take(MAX_NAMES);
    let near = theme::closest(selector, names).map(|n| format!("; did you mean `{n}`?"));
    format!("rule `{selector}`: nothing of the model is called so{}", near.unwrap_or_default())
}
