//! A small 2-D drawing kit: text, four primitives with stable keys, themes, a timeline.
//!
//! A [`Scene`] is a tree of [`Group`], [`Path`], [`Text`] and [`Image`] and a timeline over it; [`Scene::at`] gives the
//! [`Frame`] at one instant, and exporters draw frames. The crate knows no neural networks.
//!
//! - [`theme`]: every colour, width and size; [`theme::find`], [`Theme::parse`], [`Theme::set`].
//! - [`text`]: [`text::shape`] gives a [`TextRun`] of placed glyphs, [`text::ellipsize`] and [`text::wrap`] make text fit,
//!   [`text::outline`] draws a glyph, [`text::used`] and [`text::subset`] cut the embedded fonts to what a frame shows.
//! - [`figures`]: boxes, bands, arrows, labels, pills as primitives.
//! - [`transition`]: from one scene to another, by key.
//! - [`lint`]: what is wrong with a frame.
//!
//! ```
//! use netloom_scene::figures::{label_at, rounded_rect, route, tip};
//! use netloom_scene::kurbo::{Point, Rect, Size};
//! use netloom_scene::lint::{LintOptions, lint};
//! use netloom_scene::{Group, Role, Scene, Theme, Timeline, text};
//!
//! let theme = Theme::light();
//! let mut root = Group::new("figure");
//! for (key, label, y) in [("a", "7×7, 64, /2", 12.0), ("b", "max-pool", 60.0)] {
//!     let swatch = theme.swatch(if key == "a" { "conv" } else { "pool" });
//!     let rect = Rect::new(12.0, y, 112.0, y + 24.0);
//!     let mut node = Group::new(key).with_role(Role::Node).with_title(label);
//!     let outline = rounded_rect(format!("{key}#box").as_str(), rect, theme.box_radius);
//!     node.push(outline.filled(swatch.fill).stroked(swatch.stroke, theme.box_stroke));
//!     let run = text::shape(label, &theme.label_style());
//!     node.push(label_at(format!("{key}#title").as_str(), run, rect.center(), swatch.text));
//!     root.push(node);
//! }
//! let points = [Point::new(62.0, 36.0), Point::new(62.0, 60.0)];
//! let mut edge = Group::new("a>b").with_role(Role::Edge { from: "a".into(), to: "b".into() });
//! edge.push(route("a>b#line", &points, theme.route_radius, theme.tip_length * 0.8).stroked(theme.edge, theme.edge_stroke));
//! edge.push(tip("a>b#tip", &points, theme.tip_length, theme.tip_width).filled(theme.edge));
//! root.push(edge);
//!
//! let scene = Scene {
//!     size: Size::new(124.0, 96.0),
//!     background: Some(theme.background),
//!     title: "Two layers".to_owned(),
//!     desc: "A convolution and a max-pool after it.".to_owned(),
//!     root,
//!     timeline: Timeline::default(),
//! };
//! let frame = scene.at(0.0);
//! assert!(lint(&frame, &LintOptions::default()).is_clean());
//!
//! // What an exporter embeds: one small font per face used.
//! let used = text::used(frame.texts().iter().map(|t| &t.run));
//! assert_eq!(used.len(), 1);
//! assert!(text::subset(&used[0])?.len() < 10_000);
//! # Ok::<(), text::SubsetError>(())
//! ```

mod bounds;
pub mod color;
pub mod figures;
pub mod item;
pub mod key;
pub mod lint;
pub mod scene;
pub mod text;
pub mod theme;
pub mod timeline;
mod transition;

pub use color::Color;
pub use item::{Dash, Group, Image, Item, Path, Role, Stroke, Text};
pub use key::Key;
pub use kurbo;
pub use scene::{Frame, Scene};
pub use text::{Family, Font, TextRun, TextStyle, Weight};
pub use theme::{Swatch, Theme};
pub use timeline::Timeline;
pub use transition::transition;
