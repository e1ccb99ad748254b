//! A small 2-D drawing kit: text, four primitives with stable keys, themes, a timeline.
//!
//! A [`Scene`] is a tree of [`Group`], [`Path`], [`Text`] and [`Image`] and a timeline over it; [`Scene::at`] gives the
//! [`Frame`] at one instant, and exporters draw frames. The crate knows no neural networks.

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

pub use color::Color;
pub use item::{Dash, Group, Image, Item, Path, Role, Stroke, Text};
pub use key::Key;
pub use kurbo;
pub use scene::{Frame, Scene};
pub use text::{Family, Font, TextRun, TextStyle, Weight};
pub use theme::{Swatch, Theme};
pub use timeline::Timeline;
