//! Diagram styles: ways to draw a view.

use netloom_graph::Graph;
use netloom_layout::Direction;
use netloom_scene::kurbo::Size;
use netloom_scene::{Scene, Theme};

use crate::tensors::Weights;
use crate::view::View;

pub mod auto;
mod blocks;
mod caption;
mod cells;
mod layered;
mod lenet;
mod neurons;
mod rowed;
mod settings;
mod sheet;
mod strip;
mod tree;
mod unet;
mod value;
mod volumes;

pub use auto::{Subject, Suits};
pub use settings::{Setting, Settings, Values};

/// A way to draw a view.
pub struct Style {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it looks like, one sentence without a full stop.
    pub about: &'static str,
    /// What its boxes stand for.
    pub nodes: Nodes,
    /// Whether it shows every layer rather than closed modules, where depth and fold are left to it.
    pub opens_all: bool,
    /// Whether it draws detail figures of closed boxes.
    pub callouts: bool,
    /// Where the data flows to where nothing else is asked.
    pub direction: Direction,
    /// What can be set about it, by name.
    pub settings: &'static [Setting],
    /// How well it suits a model, or `None` where it should not be chosen unasked.
    pub suits: fn(&Subject<'_>) -> Option<Suits>,
    /// Draws.
    pub draw: fn(&Graph, &View, &DrawOptions) -> Scene,
    /// Draws several models side by side, where the style can.
    pub draw_many: Option<fn(&[Model<'_>], &DrawOptions) -> Scene>,
}

/// What the boxes of a style stand for; the arrows stand for the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nodes {
    /// Operators and layers.
    Operators,
    /// Tensors.
    Tensors,
}

/// One of several models in a figure. The keys of views in one figure differ.
pub struct Model<'a> {
    /// The model.
    pub graph: &'a Graph,
    /// What is shown of it.
    pub view: &'a View,
    /// The name to print.
    pub name: String,
}

/// Every style, by name.
pub static STYLES: &[&Style] = &[
    &blocks::STYLE,
    &cells::STYLE,
    &layered::STYLE,
    &lenet::STYLE,
    &neurons::STYLE,
    &strip::STYLE,
    &tree::STYLE,
    &unet::STYLE,
    &volumes::STYLE,
];

/// The style whose boxes open and close, for those who have no use for the others.
pub static LAYERED: &Style = &layered::STYLE;

/// The room that a figure may take where nothing else is asked: two columns of a page, px.
pub const PAGE: Size = Size::new(672.0, 864.0);

/// How to draw.
#[derive(Clone, PartialEq, Debug)]
pub struct DrawOptions {
    /// Colours, type and spacing.
    pub theme: Theme,
    /// Where the data flows to.
    pub direction: Direction,
    /// The width on the page, px; the figure is filled up to it, never shrunk here.
    pub width_px: Option<f64>,
    /// The room on the page, px; detail figures stand where they leave the whole largest.
    pub page: Size,
    /// Whether a legend of the kinds used stands below.
    pub legend: bool,
    /// Whether the name and totals stand below.
    pub caption: bool,
    /// The name to print; empty takes the model's own.
    pub name: String,
    /// Small print under the figure; empty for none.
    pub note: String,
    /// Whether the batch dimension is shown in sizes.
    pub batch: bool,
    /// What is set about the style; every name is one of its settings.
    pub settings: Settings,
    /// Weights to show, where they are given.
    pub weights: Weights,
}

impl DrawOptions {
    /// The defaults with a theme.
    pub fn new(theme: Theme) -> Self {
        Self {
            theme,
            direction: Direction::Down,
            width_px: None,
            page: PAGE,
            legend: true,
            caption: true,
            name: String::new(),
            note: String::new(),
            batch: false,
            settings: Settings::default(),
            weights: Weights::default(),
        }
    }
}

/// The style of that name.
pub fn find(name: &str) -> Option<&'static Style> {
    STYLES.iter().copied().find(|s| s.name == name)
}
