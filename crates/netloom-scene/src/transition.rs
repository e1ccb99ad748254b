//! From one scene to another: what both have moves, what is new fades in, what is gone fades out.

use std::collections::{BTreeMap, BTreeSet};

use kurbo::{Affine, Rect, Vec2};

use crate::timeline::{Keyframe, Property, Track};
use crate::{Group, Item, Key, Role, Scene, Timeline};

/// A scene that begins looking as `before` ends and, after `duration_secs`, is `after` as it begins.
///
/// Groups are told by their keys. One that both scenes have and that is drawn alike in both moves to its new place; one
/// that is drawn otherwise moves and fades over from its old looks; the others fade in and out. The canvas and the words
/// that describe the scene are those of `after`; neither scene's own timeline is kept.
pub fn transition(before: &Scene, after: &Scene, duration_secs: f64) -> Scene {
    let duration_secs = if duration_secs.is_finite() { duration_secs.max(0.0) } else { 0.0 };
    let old_root = before.at(before.timeline.duration_secs()).root;
    let new = after.at(0.0);
    let mut change = Change {
        old: places(&old_root),
        kept: keys(&new.root),
        tracks: Vec::new(),
        ghosts: Vec::new(),
        duration_secs,
    };
    change.arrive(&new.root);
    change.leave(&old_root);
    let mut root = new.root.clone();
    let mut children: Vec<Item> = Vec::new();
    let back = inverse(root.transform).unwrap_or(Affine::IDENTITY);
    for mut ghost in change.ghosts {
        // They were collected as they stand on the canvas, and hang below the root now.
        ghost.transform = back * ghost.transform;
        children.push(ghost.into());
    }
    children.append(&mut root.children);
    root.children = children;
    Scene {
        size: new.size,
        background: new.background,
        title: new.title,
        desc: new.desc,
        root,
        timeline: Timeline { tracks: change.tracks },
    }
}

/// What is found out on the way.
struct Change<'a> {
    old: BTreeMap<Key, Place<'a>>,
    kept: BTreeSet<Key>,
    tracks: Vec<Track>,
    ghosts: Vec<Group>,
    duration_secs: f64,
}

/// A group and where it is on the canvas.
struct Place<'a> {
    group: &'a Group,
    transform: Affine,
}

impl<'a> Change<'a> {
    /// Tracks for everything in the new tree.
    fn arrive(&mut self, root: &'a Group) {
        // The group, its parent's place, and how far its parent is from its own place at the start.
        let mut stack = vec![(root, Affine::IDENTITY, Vec2::ZERO)];
        while let Some((group, outer, moved)) = stack.pop() {
            let transform = outer * group.transform;
            let mut shift = moved;
            if let Some((old, at)) = self.old.get(&group.key).map(|p| (p.group, p.transform)) {
                let like = alike(old, group, at, transform);
                shift = like.unwrap_or_else(|| centers_apart(old, group, at, transform).unwrap_or(moved));
                if like.is_none() {
                    self.cross_fade(old, group, at, shift);
                }
                self.shift(&group.key, outer, shift - moved);
            } else if !holds_any(group, &|key| self.old.contains_key(key)) {
                self.fade(&group.key, 0.0, group.opacity);
                continue;
            }
            stack.extend(child_groups(group).map(|child| (child, transform, shift)));
        }
    }

    /// Ghosts of everything that only the old tree has.
    fn leave(&mut self, root: &'a Group) {
        let mut stack = vec![(root, Affine::IDENTITY)];
        while let Some((group, outer)) = stack.pop() {
            if !self.kept.contains(&group.key) {
                let rest = without(group, &self.kept);
                self.ghost(rest, outer, Vec2::ZERO);
            }
            stack.extend(
                child_groups(group)
                    .filter(|child| {
                        self.kept.contains(&group.key) || holds_any(child, &|k| self.kept.contains(k))
                    })
                    .map(|child| (child, outer * group.transform)),
            );
        }
    }

    /// The old looks go while the new ones come; both move together.
    fn cross_fade(&mut self, old: &Group, new: &Group, at: Affine, shift: Vec2) {
        let mut ghost = old.clone();
        ghost.children.retain(|item| !matches!(item, Item::Group(_)));
        if !ghost.children.is_empty() {
            let outer = inverse(old.transform).map_or(at, |own| at * own);
            self.ghost(ghost, outer, -shift);
        }
        // A group with others in it must not hide them, so only its leaves fade in.
        if child_groups(new).next().is_none() {
            self.fade(&new.key, 0.0, new.opacity);
        }
    }

    fn ghost(&mut self, mut group: Group, outer: Affine, travel: Vec2) {
        rename(&mut group);
        group.transform = outer * group.transform;
        self.fade(&group.key, group.opacity, 0.0);
        if travel != Vec2::ZERO {
            self.move_from(&group.key, Vec2::ZERO, travel);
        }
        self.ghosts.push(group);
    }

    fn shift(&mut self, key: &Key, outer: Affine, apart: Vec2) {
        // The track moves the group within its parent, whose place may be scaled.
        let Some(back) = inverse(linear(outer)).filter(|_| apart.hypot() > 1e-9) else { return };
        self.move_from(key, (back * apart.to_point()).to_vec2(), Vec2::ZERO);
    }

    fn move_from(&mut self, key: &Key, from: Vec2, to: Vec2) {
        for (property, from, to) in [(Property::X, from.x, to.x), (Property::Y, from.y, to.y)] {
            if from != to {
                self.tracks.push(Track {
                    key: key.clone(),
                    property,
                    keyframes: eased(from, to, self.duration_secs),
                });
            }
        }
    }

    fn fade(&mut self, key: &Key, from: f64, to: f64) {
        let at = |time_secs, value| Keyframe { time_secs, value };
        let keyframes = vec![at(0.0, from), at(self.duration_secs, to)];
        self.tracks.push(Track { key: key.clone(), property: Property::Opacity, keyframes });
    }
}

/// Keyframes that set out and arrive gently; the timeline is straight between them.
fn eased(from: f64, to: f64, duration_secs: f64) -> Vec<Keyframe> {
    const STEPS: u32 = 12;
    (0..=STEPS)
        .map(|step| {
            let part = f64::from(step) / f64::from(STEPS);
            let eased = part * part * (3.0 - 2.0 * part);
            let value = if step == STEPS { to } else { from + (to - from) * eased };
            Keyframe { time_secs: duration_secs * part, value }
        })
        .collect()
}

/// How far the old group is from the new on the canvas, if that is all that tells their own items apart.
fn alike(old: &Group, new: &Group, at: Affine, to: Affine) -> Option<Vec2> {
    let close =
        |a: Affine, b: Affine| a.as_coeffs().iter().zip(b.as_coeffs()).all(|(a, b)| (a - b).abs() < 1e-9);
    if !close(linear(at), linear(to)) || old.opacity.to_bits() != new.opacity.to_bits() {
        return None;
    }
    let own = |g: &'_ Group| {
        g.children.iter().filter(|i| !matches!(i, Item::Group(_))).cloned().collect::<Vec<_>>()
    };
    let (mut before, after) = (own(old), own(new));
    let corner = |items: &[Item]| {
        items.iter().map(Item::bounds).reduce(|a, b| a.union(b)).map(|r| r.origin().to_vec2())
    };
    let local = corner(&after).unwrap_or_default() - corner(&before).unwrap_or_default();
    before.iter_mut().for_each(|item| translate(item, local));
    let same = before.len() == after.len() && before.iter().zip(&after).all(|(a, b)| same(a, b));
    let apart = at.translation() - to.translation() - (linear(to) * local.to_point()).to_vec2();
    same.then_some(apart)
}

fn translate(item: &mut Item, by: Vec2) {
    match item {
        Item::Group(group) => group.transform = Affine::translate(by) * group.transform,
        Item::Path(path) => path.shape.apply_affine(Affine::translate(by)),
        Item::Text(text) => text.origin += by,
        Item::Image(image) => image.rect = image.rect + by,
    }
}

/// Whether two items are drawn alike, rounding aside.
fn same(a: &Item, b: &Item) -> bool {
    let close = |a: Rect, b: Rect| {
        (a.origin() - b.origin()).hypot() < 1e-6 && (a.size() - b.size()).to_vec2().hypot() < 1e-6
    };
    match (a, b) {
        (Item::Path(a), Item::Path(b)) => {
            let points =
                |p: &crate::Path| p.shape.elements().iter().filter_map(|e| e.end_point()).collect::<Vec<_>>();
            a.fill == b.fill
                && a.stroke == b.stroke
                && a.shape.elements().len() == b.shape.elements().len()
                && points(a).iter().zip(points(b)).all(|(a, b)| a.distance(b) < 1e-6)
        }
        (Item::Text(a), Item::Text(b)) => {
            a.run == b.run && a.fill == b.fill && a.origin.distance(b.origin) < 1e-6
        }
        (Item::Image(a), Item::Image(b)) => {
            a.pixels == b.pixels && (a.width, a.height) == (b.width, b.height) && close(a.rect, b.rect)
        }
        _ => false,
    }
}

/// How far the middle of the old looks is from that of the new.
fn centers_apart(old: &Group, new: &Group, at: Affine, to: Affine) -> Option<Vec2> {
    let own = |g: &Group| {
        let items = g.children.iter().filter(|i| !matches!(i, Item::Group(_)));
        items.map(Item::bounds).reduce(|a, b| a.union(b))
    };
    Some(at * own(old)?.center() - to * own(new)?.center())
}

/// A group without the groups that live on elsewhere.
fn without(group: &Group, kept: &BTreeSet<Key>) -> Group {
    let mut rest = group.clone();
    let mut stack = vec![&mut rest];
    while let Some(group) = stack.pop() {
        group.children.retain(|i| !matches!(i, Item::Group(g) if kept.contains(&g.key)));
        stack.extend(group.children.iter_mut().filter_map(|i| match i {
            Item::Group(g) => Some(g),
            _ => None,
        }));
    }
    rest
}

/// Gives everything in a ghost a key of its own, and takes its meaning away: it is only seen to go.
fn rename(ghost: &mut Group) {
    let before = |key: &Key| {
        let piece =
            key.as_str().split_once('#').map_or("before".to_owned(), |(_, piece)| format!("before-{piece}"));
        key.piece(&piece)
    };
    let mut stack = vec![ghost];
    while let Some(group) = stack.pop() {
        group.key = before(&group.key);
        group.role = Role::None;
        group.title.clear();
        group.desc.clear();
        for item in &mut group.children {
            match item {
                Item::Group(child) => stack.push(child),
                Item::Path(path) => path.key = before(&path.key),
                Item::Text(text) => text.key = before(&text.key),
                Item::Image(image) => image.key = before(&image.key),
            }
        }
    }
}

fn places(root: &Group) -> BTreeMap<Key, Place<'_>> {
    let mut all = BTreeMap::new();
    let mut stack = vec![(root, Affine::IDENTITY)];
    while let Some((group, outer)) = stack.pop() {
        let transform = outer * group.transform;
        stack.extend(child_groups(group).map(|child| (child, transform)));
        all.insert(group.key.clone(), Place { group, transform });
    }
    all
}

fn keys(root: &Group) -> BTreeSet<Key> {
    places(root).into_keys().collect()
}

fn holds_any(group: &Group, wanted: &dyn Fn(&Key) -> bool) -> bool {
    let mut stack = vec![group];
    while let Some(group) = stack.pop() {
        if wanted(&group.key) {
            return true;
        }
        stack.extend(child_groups(group));
    }
    false
}

fn child_groups(group: &Group) -> impl Iterator<Item = &Group> {
    group.children.iter().filter_map(|item| match item {
        Item::Group(child) => Some(child),
        _ => None,
    })
}

/// The transform without its translation.
fn linear(transform: Affine) -> Affine {
    transform.with_translation(Vec2::ZERO)
}

fn inverse(transform: Affine) -> Option<Affine> {
    let area = transform.determinant();
    (area.is_finite() && area.abs() > 1e-12).then(|| transform.inverse())
}

#[cfg(test)]
mod tests {
    use kurbo::Size;

    use super::*;
    use crate::figures::rect;
    use crate::{Frame, Theme};

    /// A scene of squares: key, left, width, and children moved with it.
    fn scene(boxes: &[(&str, f64, f64)], inner: &[(&str, &str, f64)]) -> Scene {
        let theme = Theme::light();
        let mut root = Group::new("");
        for &(key, x, width) in boxes {
            let mut group = Group::new(key).with_role(Role::Node);
            group.push(
                rect(format!("{key}#box").as_str(), Rect::new(x, 0.0, x + width, 10.0)).filled(theme.ink),
            );
            for &(_, child, at) in inner.iter().filter(|i| i.0 == key) {
                let mut nested = Group::new(child);
                nested.transform = Affine::translate((at, 20.0)) * Affine::scale(2.0);
                nested.push(
                    rect(format!("{child}#box").as_str(), Rect::new(0.0, 0.0, 5.0, 5.0)).filled(theme.edge),
                );
                group.push(nested);
            }
            root.push(group);
        }
        Scene {
            size: Size::new(200.0, 40.0),
            background: None,
            title: String::new(),
            desc: String::new(),
            root,
            timeline: Timeline::default(),
        }
    }

    /// Where the path of a key is on the canvas.
    fn place(frame: &Frame, key: &str) -> Option<Rect> {
        let mut stack = vec![(&frame.root, Affine::IDENTITY)];
        while let Some((group, outer)) = stack.pop() {
            let at = outer * group.transform;
            for item in &group.children {
                match item {
                    Item::Group(child) => stack.push((child, at)),
                    Item::Path(path) if path.key.as_str() == key => return Some(path.bounds_under(at)),
                    _ => {}
                }
            }
        }
        None
    }

    /// Checks what holds for every transition, and gives it.
    fn check(before: &Scene, after: &Scene) -> Scene {
        let change = transition(before, after, 0.5);
        assert_eq!(change.at(0.5), after.at(0.0), "the end is `after`");
        assert_eq!(change.at(9.0), after.at(0.0));
        let times = [0.3, 0.0, 0.5, 0.1, 0.3];
        let frames: Vec<Frame> = times.iter().map(|t| change.at(*t)).collect();
        for (time, frame) in times.iter().zip(&frames).rev() {
            assert_eq!(change.at(*time), *frame, "a frame depends on its time alone");
        }
        let start = change.at(0.0);
        for key in before.root.children.iter().filter_map(|i| match i {
            Item::Group(g) => Some(format!("{}#box", g.key)),
            _ => None,
        }) {
            let ghost = key.replace("#box", "#before-box");
            let shown =
                place(&start, &key).filter(|_| place(&start, &ghost).is_none()).or(place(&start, &ghost));
            assert_eq!(shown, place(&before.at(0.0), &key), "{key} starts where it was");
        }
        change
    }

    #[test]
    fn what_both_have_moves() {
        let before = scene(&[("a", 0.0, 10.0), ("b", 50.0, 10.0)], &[("a", "c", 0.0)]);
        let after = scene(&[("a", 100.0, 10.0), ("b", 50.0, 10.0)], &[("b", "c", 60.0)]);
        let change = check(&before, &after);
        let middle = change.at(0.25);
        assert_eq!(place(&middle, "a#box").map(|r| r.x0), Some(50.0));
        assert_eq!(place(&change.at(0.0), "c#box"), place(&before.at(0.0), "c#box"));
        assert_eq!(place(&middle, "c#box").map(|r| r.x0), Some(30.0));
        assert_eq!(change.timeline.tracks.len(), 2);
    }

    #[test]
    fn what_one_has_fades() {
        let before = scene(&[("a", 0.0, 10.0), ("gone", 50.0, 10.0)], &[("gone", "c", 0.0)]);
        let after = scene(&[("a", 0.0, 10.0), ("new", 90.0, 10.0)], &[("a", "c", 0.0)]);
        let change = check(&before, &after);
        let middle = change.at(0.25);
        assert!(place(&middle, "gone#before-box").is_some() && place(&middle, "new#box").is_some());
        assert!(
            place(&change.at(0.0), "new#box").is_none()
                && place(&change.at(0.5), "gone#before-box").is_none()
        );
        assert!(place(&middle, "c#before-box").is_none(), "what lives on leaves no ghost");
    }

    #[test]
    fn what_looks_otherwise_fades_over() {
        let before = scene(&[("a", 0.0, 10.0)], &[]);
        let after = scene(&[("a", 100.0, 30.0)], &[]);
        let middle = check(&before, &after).at(0.25);
        let centers = ["a#box", "a#before-box"].map(|key| place(&middle, key).map(|r| r.center().x));
        assert_eq!(centers, [Some(60.0), Some(60.0)]);
    }

    #[test]
    fn any_two_scenes_have_a_transition() {
        let mut seed = 1_u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let mut any = || {
            let mut outer = Vec::new();
            let mut inner = Vec::new();
            for key in ["a", "b", "c", "d"] {
                if random(4) > 0 {
                    outer.push((key, random(100) as f64, 10.0 + 10.0 * random(2) as f64));
                }
            }
            for key in ["e", "f", "g"] {
                inner.push((["a", "b", "c", "none"][random(4) as usize], key, random(100) as f64));
            }
            scene(&outer, &inner)
        };
        for _ in 0..300 {
            check(&any(), &any());
        }
    }

    #[test]
    fn odd_durations_end_at_once() {
        let (before, after) = (scene(&[("a", 0.0, 10.0)], &[]), scene(&[("a", 9.0, 10.0)], &[]));
        for duration in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(transition(&before, &after, duration).at(0.0), after.at(0.0), "{duration}");
        }
    }
}
