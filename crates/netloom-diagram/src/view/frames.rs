//! Takes away frames that say nothing: those inside a folded block, around a few boxes, or around nearly everything.

use std::collections::BTreeMap;

use netloom_graph::Graph;

use super::{Detail, NodeKind, Pass, View, ViewNode, ViewOptions};

pub(super) static PASS: Pass = Pass {
    name: "frames",
    about: "takes away frames inside folded blocks, around few boxes and around all",
    run,
};

/// Frames around at most this many boxes are not worth their line.
const FEW: usize = 2;

/// A frame around this share of all boxes says what the name of the model says.
const NEARLY_ALL: (usize, usize) = (3, 5);

/// Names shorter than this say nothing without the name of the frame around.
const SHORT_NAME: usize = 3;

/// The kind of encoders and decoders.
const CODER: &str = "coder";

/// The kind of networks that are trained against or after each other.
const PLAYER: &str = "player";

fn run(graph: &Graph, options: &ViewOptions, view: &mut View) {
    if options.detail == Detail::Implement || options.plumbing {
        return;
    }
    let n = view.nodes.len();
    let mut boxes = vec![0usize; n];
    let mut inner: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut outermost = Vec::new();
    // Frames stand before what they hold.
    for i in (0..n).rev() {
        let node = &view.nodes[i];
        let own = usize::from(matches!(node.kind, NodeKind::Layer | NodeKind::Module));
        boxes[i] += own;
        if let Some(parent) = node.parent {
            boxes[parent] += boxes[i];
        }
        if node.kind == NodeKind::Container {
            node.parent.map_or(&mut outermost, |p| &mut inner[p]).push(i);
        }
    }
    let all = view.nodes.iter().filter(|n| matches!(n.kind, NodeKind::Layer | NodeKind::Module)).count();
    let mut gone = vec![false; n];
    // Frames of one level, and whether a folded block is around them.
    let mut work = vec![(outermost, false, true)];
    while let Some((mut level, folded, is_page)) = work.pop() {
        loop {
            let kinds = kinds(view, &level, &boxes);
            let says = |i: usize| {
                let node = &view.nodes[i];
                let (peers, most) = kinds[&kind(node)];
                let is_all = is_page
                    && boxes[i] * NEARLY_ALL.1 >= all * NEARLY_ALL.0
                    && !matches!(kind(node).as_str(), CODER | PLAYER);
                node.repeat > 1
                    || asked(graph, options, view, &boxes, i)
                    || !options.compact && !folded && !is_all && peers > 1 && most > FEW
            };
            let (kept, rest): (Vec<usize>, Vec<usize>) = level.iter().partition(|i| says(**i));
            level = kept;
            if rest.is_empty() {
                break;
            }
            for i in rest {
                gone[i] = true;
                for &below in &inner[i] {
                    name_after(view, below, i);
                }
                level.extend(&inner[i]);
            }
            level.sort_unstable();
        }
        for i in level {
            work.push((std::mem::take(&mut inner[i]), folded || view.nodes[i].repeat > 1, false));
        }
    }
    for i in 0..n {
        // Frames stand before what they hold, so the frame around is already the one that stays.
        if let Some(parent) = view.nodes[i].parent.filter(|p| gone[*p]) {
            view.nodes[i].parent = view.nodes[parent].parent;
        }
    }
    view.remove(&gone);
}

/// Whether a frame was opened by name, and is not all that another such frame holds.
fn asked(graph: &Graph, options: &ViewOptions, view: &View, boxes: &[usize], i: usize) -> bool {
    let by_name = |n: usize| {
        let mut paths = view.nodes[n].modules.iter().map(|m| &graph.module(*m).path);
        paths.any(|path| !path.is_empty() && options.open.contains(path))
    };
    let around = view.nodes[i].parent.filter(|p| boxes[*p] == boxes[i]);
    by_name(i) && !around.is_some_and(by_name)
}

/// Gives a frame whose name is short the name of the frame that goes.
fn name_after(view: &mut View, frame: usize, around: usize) {
    let outer = &view.nodes[around].title;
    if view.nodes[frame].title.chars().filter(|c| c.is_alphabetic()).count() < SHORT_NAME && !outer.is_empty()
    {
        view.nodes[frame].title = format!("{outer}.{}", view.nodes[frame].title);
    }
}

/// How many frames there are of each kind, and the most boxes that one holds.
fn kinds(view: &View, level: &[usize], boxes: &[usize]) -> BTreeMap<String, (usize, usize)> {
    let mut kinds: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for &i in level {
        let (count, most) = kinds.entry(kind(&view.nodes[i])).or_insert((0, 0));
        *count += 1;
        *most = boxes[i].max(*most);
    }
    kinds
}

/// What makes frames alike: the name up to its number, encoders and decoders being of one kind, and so are other parts
/// that are known by their counterpart.
fn kind(node: &ViewNode) -> String {
    let name = node.title.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
    let name = name.trim_end_matches(['_', '.']);
    match name {
        "encoder" | "decoder" => CODER.to_owned(),
        "generator" | "discriminator" | "critic" | "actor" | "teacher" | "student" => PLAYER.to_owned(),
        "" => node.subtitle.clone(),
        _ => name.to_owned(),
    }
}
