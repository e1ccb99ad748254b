//! What boxes say in this style: one name and one line of sizes.

use netloom_graph::Category;
use netloom_scene::Theme;

use super::Choices;
use crate::view::{NodeKind, View};

/// The swatch of blocks of linear layers.
pub(super) const FEED_FORWARD: &str = "feed_forward";

/// Puts the parts of a unit that has a name of its own into one line below that name, and takes away the names of frames
/// where these are not wanted.
pub(super) fn shorten(view: &mut View, choices: Choices, theme: &Theme) {
    for node in &mut view.nodes {
        if node.kind == NodeKind::Container {
            // The name says enough; a class beside it would make the frame wider than its boxes.
            if !choices.shows_titles || !node.title.is_empty() {
                node.subtitle.clear();
            }
            if !choices.shows_titles {
                node.title.clear();
            }
            continue;
        }
        if matches!(node.kind, NodeKind::Input | NodeKind::Output) {
            node.title = node.title.replace('_', " ");
        }
        if node.header.is_empty() {
            continue;
        }
        let plain = |s: &str| s.strip_prefix("linear ").unwrap_or(s).to_owned();
        let first =
            if node.title == "linear" && !node.subtitle.is_empty() { &node.subtitle } else { &node.title };
        let parts: Vec<String> =
            std::iter::once(plain(first)).chain(node.bands.iter().map(|b| plain(&b.title))).collect();
        node.subtitle = parts.join(" · ");
        node.title = std::mem::take(&mut node.header);
        node.bands.clear();
        if node.category == Category::Linear {
            node.look.swatch = node.look.swatch.or_else(|| Some(theme.swatch(FEED_FORWARD)));
        }
    }
}

/// Shortens the names of attentions, so that two columns fit a narrow page.
pub(super) fn abbreviate(view: &mut View) {
    for node in &mut view.nodes {
        if node.title == "masked self-attention" {
            node.title = "masked attention".to_owned();
        }
    }
}
