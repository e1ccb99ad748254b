//! What changes over time: tracks of keyframes over properties of groups, found by key.

use std::collections::BTreeMap;

use kurbo::{Affine, Vec2};

use crate::{Group, Item, Key};

/// Tracks of keyframes; empty for a still picture.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Timeline {
    /// One track per property that changes.
    pub tracks: Vec<Track>,
}

/// How one property of one group changes.
#[derive(Clone, PartialEq, Debug)]
pub struct Track {
    /// The group.
    pub key: Key,
    /// The property.
    pub property: Property,
    /// Values at instants, in order of time. Before the first and after the last the value holds.
    pub keyframes: Vec<Keyframe>,
}

/// A property that can change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Property {
    /// Opacity, 0 to 1.
    Opacity,
    /// Shift to the right, px.
    X,
    /// Shift downward, px.
    Y,
}

/// A value at an instant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Keyframe {
    /// When, in seconds.
    pub time_secs: f64,
    /// The value then.
    pub value: f64,
}

impl Timeline {
    /// When the last change ends, in seconds; 0 for a still picture.
    pub fn duration_secs(&self) -> f64 {
        self.tracks.iter().flat_map(|t| &t.keyframes).map(|k| k.time_secs).fold(0.0, f64::max)
    }

    /// Sets every changing property to its value at `time_secs`. Groups that have faded out are taken away.
    pub fn apply(&self, root: &mut Group, time_secs: f64) {
        if self.tracks.is_empty() {
            return;
        }
        let mut tracks: BTreeMap<&Key, Vec<&Track>> = BTreeMap::new();
        for track in &self.tracks {
            tracks.entry(&track.key).or_default().push(track);
        }
        let faded = |group: &Group| {
            let own = tracks.get(&group.key).into_iter().flatten();
            let mut opacities =
                own.filter(|t| t.property == Property::Opacity).filter_map(|t| t.value(time_secs));
            opacities.next_back().is_some_and(|opacity| opacity <= 0.0)
        };
        let mut stack = vec![root];
        while let Some(group) = stack.pop() {
            group.children.retain(|item| !matches!(item, Item::Group(child) if faded(child)));
            let mut shift = Vec2::ZERO;
            for track in tracks.get(&group.key).into_iter().flatten() {
                let Some(value) = track.value(time_secs) else { continue };
                match track.property {
                    Property::Opacity => group.opacity = value.clamp(0.0, 1.0),
                    Property::X => shift.x += value,
                    Property::Y => shift.y += value,
                }
            }
            group.transform = Affine::translate(shift) * group.transform;
            stack.extend(group.children.iter_mut().filter_map(|item| match item {
                Item::Group(child) => Some(child),
                _ => None,
            }));
        }
    }
}

impl Track {
    /// The value at an instant, straight between keyframes; where several share an instant, the last holds.
    pub fn value(&self, time_secs: f64) -> Option<f64> {
        let after = self.keyframes.iter().position(|k| k.time_secs > time_secs);
        match after {
            Some(0) => self.keyframes.first().map(|k| k.value),
            None => self.keyframes.last().map(|k| k.value),
            Some(i) => {
                let (a, b) = (self.keyframes[i - 1], self.keyframes[i]);
                let part = (time_secs - a.time_secs) / (b.time_secs - a.time_secs);
                Some(a.value + (b.value - a.value) * part)
            }
        }
    }
}
