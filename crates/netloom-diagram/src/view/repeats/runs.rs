//! Equal blocks in a row become one, and so do equal layers where there are several.

use super::Facts;
use super::content::{Content, Level};
use super::equal::{are_equal, end_alike, spot};
use super::merge::{fold as merge, range};
use crate::view::{Detail, NodeKind, View};

/// From how many on equal plain layers in a row are drawn once.
const LEAST_LAYERS: usize = 3;

/// Folds the runs of one level; says whether there were any.
pub(super) fn fold(facts: &Facts<'_>, content: &mut Content, view: &mut View, level: &Level) -> bool {
    let mut changed = false;
    for path in &level.paths {
        let mut start = 0;
        while start < path.len() {
            let mut end = start + 1;
            while end < path.len()
                && are_equal(facts, content, view, level, spot(path, end - 1), spot(path, end))
            {
                end += 1;
            }
            let mut chain = &path[start..end];
            start = end;
            // What follows must read the last copy where the copies read one another.
            if let [first, .., last] = chain
                && !end_alike(content, view, &level.parts[first], &level.parts[last])
            {
                chain = &chain[..chain.len() - 1];
            }
            let least = match view.nodes[chain[0]].kind {
                NodeKind::Module | NodeKind::Container => 2,
                NodeKind::Layer if facts.detail != Detail::Implement => LEAST_LAYERS,
                _ => usize::MAX,
            };
            if chain.len() < least {
                continue;
            }
            let last = chain[chain.len() - 1];
            let title = match view.nodes[last].kind {
                NodeKind::Layer => view.nodes[last].title.clone(),
                _ => range(&view.nodes[chain[0]].title, &view.nodes[last].title),
            };
            merge(content, view, level, chain);
            let node = &mut view.nodes[chain[0]];
            node.title = title;
            node.repeat = u32::try_from(chain.len()).unwrap_or(u32::MAX);
            changed = true;
        }
    }
    changed
}
