//! Remarks at the foot of frames and boxes, and the room that headers of folded blocks need beside the trunk.

use std::collections::BTreeMap;

use netloom_scene::text::shape;
use netloom_scene::{TextRun, Theme};

use super::measure::{BoxText, HEADER_CLEAR};
use crate::view::{NodeKind, View};

/// The most that a header pushes a frame's left side out, px.
const MAX_HEADER_ROOM: f64 = 64.0;

/// The least width of remarks before they are broken into lines, px.
const NOTE_WIDTH: f64 = 72.0;

/// Shapes the remarks of frames, and says how far the left side of each is pushed out for its header and remarks, px.
pub(super) fn in_frames(view: &View, widths: &[f64], boxes: &mut [BoxText], theme: &Theme) -> Vec<f64> {
    let halves = halves(view, widths);
    let mut room = vec![0.0; view.nodes.len()];
    let frames = || view.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Container);
    // Folded blocks of one width that stand in one frame are equal in size, whether they have a remark or not.
    let mut shared: BTreeMap<(Option<usize>, u64), f64> = BTreeMap::new();
    for (i, node) in frames() {
        if node.repeat > 1 && halves[i] > 0.0 {
            let remark = lines(&node.notes, f64::INFINITY, theme).iter().map(|n| n.width).fold(0.0, f64::max);
            let widest = boxes[i].natural.max(remark);
            let own = (widest + 2.0 * HEADER_CLEAR - halves[i]).clamp(0.0, MAX_HEADER_ROOM);
            let most = shared.entry((node.parent, halves[i].to_bits())).or_default();
            *most = most.max(own);
        }
    }
    for (i, node) in frames() {
        if node.repeat > 1 {
            room[i] = shared.get(&(node.parent, halves[i].to_bits())).copied().unwrap_or(0.0);
        }
        let beside = halves[i] + room[i] - HEADER_CLEAR;
        let width = if node.repeat > 1 || halves[i] <= 0.0 { beside.max(NOTE_WIDTH) } else { beside };
        boxes[i].notes = lines(&node.notes, width, theme);
    }
    room
}

/// The height of a box's or frame's remarks, px.
pub(super) fn height(text: &BoxText, theme: &Theme) -> f64 {
    text.notes.iter().map(|n| theme.line_height(n.style.size_px)).sum()
}

/// Remarks in lines of some width, broken between words.
pub(super) fn lines(notes: &[String], width: f64, theme: &Theme) -> Vec<TextRun> {
    let style = theme.secondary_style();
    let mut lines: Vec<TextRun> = Vec::new();
    for note in notes {
        let mut line = String::new();
        for word in note.split(' ') {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if !line.is_empty() && shape(&longer, &style).width > width {
                lines.push(shape(&line, &style));
                line = word.to_owned();
            } else {
                line = longer;
            }
        }
        lines.push(shape(&line, &style));
    }
    lines
}

/// Half the width of each frame's widest box, px; 0 where boxes stand side by side and give room by themselves.
fn halves(view: &View, widths: &[f64]) -> Vec<f64> {
    let (length, _) = crate::view::longest(view);
    let mut half = vec![0.0f64; view.nodes.len()];
    let mut rows = BTreeMap::new();
    for (i, node) in view.nodes.iter().enumerate() {
        let (Some(parent), NodeKind::Layer | NodeKind::Module) = (node.parent, node.kind) else { continue };
        half[parent] = half[parent].max(widths[i] / 2.0);
        *rows.entry((parent, length[i])).or_insert(0usize) += 1;
    }
    for ((parent, _), _) in rows.iter().filter(|(_, n)| **n > 1) {
        half[*parent] = 0.0;
    }
    half
}
