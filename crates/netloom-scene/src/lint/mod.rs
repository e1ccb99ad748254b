//! Scene lint: what is wrong with a picture, found by looking at it as a reader would.
//!
//! The lint sees only a frame and the roles of its groups, so it can be run on any output. It takes text by its shaped
//! width, boxes by the first path of their group, arrows by the first path of theirs.

mod boxes;
mod canvas;
mod edges;
mod grid;
mod scan;
mod texts;

use std::fmt;

use kurbo::Rect;

use crate::{Frame, Key};
use scan::Scan;

/// What the lint holds a frame to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LintOptions {
    /// The smallest type allowed at the size the figure is shown, pt.
    pub floor_pt: f64,
    /// How large the figure is shown, relative to its own size.
    pub scale: f64,
    /// Space wanted between what is drawn and the edge of the canvas, px.
    pub margin: f64,
    /// The least contrast of text with what is beneath it.
    pub contrast: f64,
}

/// What the lint found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// Everything wrong, sort by sort.
    pub defects: Vec<Defect>,
    /// How many nodes there are.
    pub nodes: usize,
    /// How many containers there are.
    pub containers: usize,
    /// How many lines of text there are.
    pub texts: usize,
    /// How many arrows there are.
    pub edges: usize,
    /// How often two arrows cross.
    pub crossings: usize,
    /// How many bends all arrows have.
    pub bends: usize,
    /// The smallest type at the size the figure is shown, pt; infinite without text.
    pub smallest_pt: f64,
}

/// One thing wrong.
#[derive(Clone, PartialEq, Debug)]
pub struct Defect {
    /// Which rule is broken.
    pub rule: Rule,
    /// What breaks it.
    pub keys: Vec<Key>,
    /// By how much, or in what way; empty where the rule says it all.
    pub detail: String,
    /// Where to look, px.
    pub place: Rect,
}

/// The rules.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// A text stays inside the node or container it belongs to.
    TextInBox,
    /// A text stays on the canvas.
    TextOnCanvas,
    /// No two texts overlap.
    TextsApart,
    /// No text lies on a node it does not belong to.
    TextOffNodes,
    /// No arrow runs through text.
    EdgeOffText,
    /// No arrow runs through a node or container it does not belong to.
    EdgeOffNodes,
    /// No two nodes overlap, and containers are one inside the other or apart.
    NodesApart,
    /// What a container holds is inside it.
    ChildInside,
    /// Type is not smaller than the floor.
    TypeSize,
    /// Text stands out from what is beneath it.
    Contrast,
    /// The canvas is what is drawn and a margin.
    Canvas,
    /// No two items have one key.
    KeysUnique,
    /// Every key leads back to what it stands for.
    KeysResolve,
}

/// More defects of one rule than this are not listed: the first tell as much.
pub const MAX_DEFECTS: usize = 1000;

/// Deviations up to this are taken for rounding, px.
const TOLERANCE: f64 = 0.5;

/// Looks a frame over. Takes less than a second for thousands of nodes.
pub fn lint(frame: &Frame, options: &LintOptions) -> Report {
    let scan = Scan::new(frame);
    let mut report = Report {
        nodes: scan.boxes.iter().filter(|b| !b.container).count(),
        containers: scan.boxes.iter().filter(|b| b.container).count(),
        texts: scan.texts.len(),
        edges: scan.edges.len(),
        smallest_pt: f64::INFINITY,
        ..Report::default()
    };
    texts::check(&scan, frame, options, &mut report);
    boxes::check(&scan, &mut report);
    edges::check(&scan, &mut report);
    canvas::check(&scan, frame, options, &mut report);
    report
}

/// The keys of a frame that `resolve` does not know.
pub fn unresolved(frame: &Frame, resolve: &dyn Fn(&Key) -> bool) -> Report {
    let mut report = Report::default();
    for key in Scan::new(frame).keys.keys().filter(|k| !resolve(k)) {
        report.add(Rule::KeysResolve, &[key], String::new(), Rect::ZERO);
    }
    report
}

impl Default for LintOptions {
    /// Printed at its own size with 6 pt as the floor, 12 px of margin, and the contrast WCAG asks for.
    fn default() -> Self {
        Self { floor_pt: 6.0, scale: 1.0, margin: 12.0, contrast: 4.5 }
    }
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.defects.is_empty()
    }

    /// How many defects of a rule are listed.
    pub fn count(&self, rule: Rule) -> usize {
        self.defects.iter().filter(|d| d.rule == rule).count()
    }

    fn add(&mut self, rule: Rule, keys: &[&Key], detail: String, place: Rect) {
        if self.count(rule) < MAX_DEFECTS {
            self.defects.push(Defect {
                rule,
                keys: keys.iter().map(|k| (*k).clone()).collect(),
                detail,
                place,
            });
        }
    }
}

impl Rule {
    /// What is wrong where the rule is broken.
    pub fn message(self) -> &'static str {
        match self {
            Self::TextInBox => "text outside its box",
            Self::TextOnCanvas => "text outside the canvas",
            Self::TextsApart => "two texts overlap",
            Self::TextOffNodes => "text on a node it does not belong to",
            Self::EdgeOffText => "arrow through text",
            Self::EdgeOffNodes => "arrow through a node it does not belong to",
            Self::NodesApart => "two nodes overlap",
            Self::ChildInside => "node outside its container",
            Self::TypeSize => "type below the floor",
            Self::Contrast => "too little contrast",
            Self::Canvas => "canvas does not fit what is drawn",
            Self::KeysUnique => "key used more than once",
            Self::KeysResolve => "key leads nowhere",
        }
    }
}

impl fmt::Display for Report {
    /// One line of counts, then one line per defect.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nodes, containers, texts, edges, crossings, bends, .. } = self;
        write!(
            f,
            "{nodes} nodes, {containers} containers, {texts} texts, {edges} edges, {crossings} crossings, "
        )?;
        write!(f, "{bends} bends, {} defects", self.defects.len())?;
        self.defects.iter().try_for_each(|defect| write!(f, "\n{defect}"))
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule.message())?;
        for (i, key) in self.keys.iter().enumerate() {
            write!(f, "{} `{key}`", if i == 0 { ":" } else { "," })?;
        }
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        write!(f, " at {:.0}, {:.0}", self.place.center().x, self.place.center().y)
    }
}

#[cfg(test)]
mod tests;
