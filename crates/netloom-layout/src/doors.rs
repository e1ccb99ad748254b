//! Doors: gates in the side of a container, through which a by-pass runs level into what it leads to.

use crate::clean::{Clean, NONE};
use crate::cut::Piece;
use crate::place::HEAVY;
use crate::problem::{Problem, Role, Solution};
use crate::{EdgeKind, LayoutInput, Side};

/// Rounds in which doors of a container may move to the other side before those in the way are closed for good.
const MOVES: usize = 2;

/// A net that comes into a container through a door.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    pub net: u32,
    pub right: bool,
    /// The child of the container it leads to.
    to: u32,
    moved: bool,
    /// Whether a port says where it is.
    given: bool,
}

/// The nets that may come into a container through a door, sorted: by-passes to one thing only, which the flow enters
/// from above. One net per side of what it leads to, the first at the right. Into a box comes only what
/// `forks` tells. `wish` tells of a net
/// whether its door is to be at the right, at the left or closed. `open` tells of the containers inside
/// whether a net comes into them through a door.
pub(crate) fn doors(
    input: &LayoutInput,
    clean: &Clean,
    own: &[u32],
    pieces: &[Piece],
    forks: impl Fn(u32) -> bool,
    wish: impl Fn(u32) -> Option<Option<bool>>,
    open: impl Fn(usize, u32) -> Option<bool>,
) -> Vec<Door> {
    let piece = |i: u32| &pieces[i as usize];
    let mut on_trunk: Vec<u32> = (own.iter().map(|&i| piece(i)))
        .filter(|p| p.from != NONE && p.to != NONE && input.edges[p.edge as usize].weight >= HEAVY)
        .map(|p| p.to)
        .collect();
    on_trunk.sort_unstable();
    let mut found: Vec<Door> = Vec::new();
    for net in own.chunk_by(|a, b| piece(*a).net == piece(*b).net) {
        let mut entering = net.iter().map(|&i| piece(i)).filter(|p| p.from == NONE);
        let Some(first) = entering.next() else { continue };
        let same = |p: &Piece| (p.to, p.to_port) == (first.to, first.to_port);
        if first.to == NONE || !entering.all(same) {
            continue;
        }
        // Into a merge everything may come from the side that is not the trunk, into a box by-passes, and what joins
        // the trunk there.
        let edge = &input.edges[first.edge as usize];
        let merge = edge.weight < HEAVY
            && (input.nodes[first.to as usize].merge || on_trunk.binary_search(&first.to).is_ok());
        // A port in a side is entered level.
        let port = input.nodes[first.to as usize].ports.get(first.to_port as usize).map(|p| p.side);
        let port = port.filter(|_| !clean.is_container(first.to as usize));
        let aside = clean.is_container(first.to as usize)
            || matches!(port, Some(Side::Left | Side::Right))
            || (net.iter().map(|&i| piece(i)).filter(|p| p.from == NONE))
                .all(|p| input.edges[p.edge as usize].kind == EdgeKind::Skip)
            || (merge && edge.kind == EdgeKind::Flow);
        if !aside {
            continue;
        }
        let wish = wish(first.net);
        if wish == Some(None) {
            continue;
        }
        let side = if clean.is_container(first.to as usize) {
            open(first.to as usize, first.net)
        } else {
            let into = input.nodes[first.to as usize].merge || forks(first.net);
            match port {
                None => into.then_some(true),
                Some(Side::Right) => Some(true),
                Some(Side::Left) => Some(false),
                Some(_) => None,
            }
        };
        if let Some(right) = side {
            found.push(Door { net: first.net, right, to: first.to, moved: false, given: port.is_some() });
        }
    }
    if found.is_empty() {
        return found;
    }
    // What the flow enters from above, from within the container or by the trunk.
    let flow = |p: &Piece| p.to != NONE && found.binary_search_by_key(&p.net, |d| d.net).is_err();
    let mut entered: Vec<u32> = (own.iter().map(|&i| piece(i)))
        .filter(|p| flow(p) && input.edges[p.edge as usize].kind == EdgeKind::Flow)
        .map(|p| p.to)
        .collect();
    entered.sort_unstable();
    found.retain(|d| entered.binary_search(&d.to).is_ok());
    // A leaf has two sides, and ports may take them.
    let mut ports: Vec<u32> = found.iter().filter(|d| d.given).map(|d| d.to).collect();
    ports.sort_unstable();
    found.retain(|d| d.given || ports.binary_search(&d.to).is_err());
    let mut by_target: Vec<(u32, usize)> = (found.iter().enumerate())
        .filter(|(_, d)| !d.given && !clean.is_container(d.to as usize))
        .map(|(i, d)| (d.to, i))
        .collect();
    by_target.sort_unstable();
    let mut close = vec![false; found.len()];
    for same in by_target.chunk_by(|a, b| a.0 == b.0) {
        let first = wish(found[same[0].1].net).flatten().unwrap_or(true);
        for (k, &(_, i)) in same.iter().enumerate() {
            found[i].right = (k == 0) == first;
            close[i] = k > 1;
        }
    }
    let mut kept = close.iter().map(|c| !c);
    found.retain(|_| kept.next().unwrap_or(true));
    found
}

/// Moves or closes the doors with something in their way; whether any was. `gate` gives the item of a door.
pub(crate) fn unblock(
    doors: &mut Vec<Door>,
    clean: &Clean,
    problem: &Problem,
    solution: &Solution,
    round: usize,
    gate: impl Fn(u32) -> Option<usize>,
) -> bool {
    let blocked: Vec<bool> =
        doors.iter().map(|d| gate(d.net).is_some_and(|item| blocked(problem, solution, item))).collect();
    if !blocked.contains(&true) {
        return false;
    }
    let targets: Vec<(u32, bool)> = doors.iter().map(|d| (d.to, d.right)).collect();
    let mut in_the_way = blocked.into_iter();
    doors.retain_mut(|door| {
        if !in_the_way.next().unwrap_or(false) {
            return true;
        }
        let free = !door.given
            && !targets.contains(&(door.to, !door.right))
            && !clean.is_container(door.to as usize);
        door.right = !door.right;
        free && round < MOVES && !std::mem::replace(&mut door.moved, true)
    });
    true
}

/// Whether the line from a door crosses a box or another line.
fn blocked(problem: &Problem, solution: &Solution, door: usize) -> bool {
    let Some(link) = problem.links.iter().position(|l| l.source.item as usize == door) else { return false };
    let course = |i: usize| &solution.points[solution.first[i] as usize..solution.first[i + 1] as usize];
    let own = course(link);
    let (Some(from), Some(to)) = (own.first(), own.last()) else { return false };
    let (low, high, y) = (from.x.min(to.x), from.x.max(to.x), from.y);
    let reach = problem.spacing.lane / 2.0;
    let boxes = problem.items.iter().zip(&solution.corners).any(|(item, corner)| {
        item.role == Role::Box
            && corner.x < high - 1e-6
            && corner.x + item.size.width > low + 1e-6
            && corner.y < y + reach
            && corner.y + item.size.height > y - reach
    });
    let lines = (0..problem.links.len()).filter(|&i| i != link).any(|i| {
        course(i).windows(2).any(|w| {
            let (left, right) = (w[0].x.min(w[1].x), w[0].x.max(w[1].x));
            let (top, bottom) = (w[0].y.min(w[1].y), w[0].y.max(w[1].y));
            left < high && right > low && top < y + 0.1 && bottom > y - 0.1
        })
    });
    boxes || lines
}
