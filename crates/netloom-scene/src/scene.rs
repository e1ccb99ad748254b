//! A picture with time in it, and the picture at one instant.

use kurbo::Size;

use crate::{Color, Group, Timeline};

/// A picture that may change over time.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// Size of the canvas, px.
    pub size: Size,
    /// Colour of the page; `None` leaves it transparent.
    pub background: Option<Color>,
    /// What the picture shows, in one line.
    pub title: String,
    /// What the picture shows, in words for someone who does not see it.
    pub desc: String,
    /// Everything drawn, as it is at the start.
    pub root: Group,
    /// What changes.
    pub timeline: Timeline,
}

/// The picture at one instant, no time left in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    /// Size of the canvas, px.
    pub size: Size,
    /// Colour of the page; `None` leaves it transparent.
    pub background: Option<Color>,
    /// What the picture shows, in one line.
    pub title: String,
    /// What the picture shows, in words.
    pub desc: String,
    /// Everything drawn.
    pub root: Group,
}

impl Scene {
    /// The picture at `time_secs`, a pure function: any order of calls gives equal frames.
    pub fn at(&self, time_secs: f64) -> Frame {
        let mut root = self.root.clone();
        self.timeline.apply(&mut root, time_secs);
        Frame {
            size: self.size,
            background: self.background,
            title: self.title.clone(),
            desc: self.desc.clone(),
            root,
        }
    }
}
