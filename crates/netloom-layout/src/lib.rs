//! Sizes in, positions out: layered layout of nested graphs with ports and orthogonal routes.
//!
//! The crate knows rectangles, ports, edges and nesting, and nothing of text, colour or networks. [`layout`] is total:
//! any [`LayoutInput`], however odd, gives a [`Layout`]. It uses no recursion, and equal inputs give equal layouts.
//!
//! # Phases
//! `clean` makes the input sane and `cut` cuts edges at borders; `compound` solves every container from the inside out,
//! with `doors` in its sides for by-passes. Its `satellite`s leave first, chains beside something tall
//! may `stack`; its unlinked `parts` stand side by side. Each is
//! a `level`: `acyclic`, `rank` and `proper` (with `sides`, `runs`) make rows of cells. If the level is a tree of chains,
//! forks and joins (`series`), `exact` places it (with `columns` of `outline`s); if not, or if that crosses, `order` (with
//! `settle`) and `place` (with `ends`, `align`) do, and `lanes`. Last comes `route` (with `tracks`). `count` and
//! [`verify()`] look at the result only.
//!
//! # Rows
//! [`rows()`] places boxes along a path in rows by level, which makes a U of a path down and up again.
//! [`squarify`] shares one rectangle among weights; it stands for itself.

mod acyclic;
mod align;
pub mod clean;
mod columns;
mod compound;
mod count;
mod cut;
mod doors;
mod ends;
mod exact;
pub mod geometry;
pub mod input;
mod lanes;
mod level;
mod order;
mod outline;
pub mod output;
mod parts;
mod place;
mod problem;
mod proper;
mod rank;
mod route;
pub mod rows;
mod runs;
pub mod sample;
mod satellite;
mod series;
mod settle;
mod sides;
mod skyline;
mod stack;
mod tracks;
mod treemap;
pub mod verify;

pub use compound::layout;
pub use geometry::{Insets, Point, Rect, Size};
pub use input::{Direction, Edge, EdgeKind, End, LayoutInput, Node, Port, Side, Spacing};
pub use output::{Layout, Route, Stats};
pub use rows::{RowItem, RowSpacing, RowsInput, RowsLayout, rows};
pub use treemap::squarify;
pub use verify::{Defect, verify};
