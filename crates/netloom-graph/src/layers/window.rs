//! Windows that slide: the arithmetic of convolutions and pools.

use super::Label;
use super::rules::times_text;
use crate::infer::{Infer, InferError};
use crate::{Dim, Node};

/// How a window slides over spatial dimensions: one entry per dimension.
#[derive(Clone, PartialEq, Debug)]
pub struct Window {
    /// Size of the window.
    pub kernel: Vec<Dim>,
    /// Steps between windows, at least 1.
    pub strides: Vec<i64>,
    /// Steps between elements of a window, at least 1.
    pub dilations: Vec<i64>,
    /// Padding before; negative crops.
    pub before: Vec<i64>,
    /// Padding after.
    pub after: Vec<i64>,
    /// How padding is chosen when it is not written.
    pub auto: AutoPad,
    /// Whether a last window that hangs over the end counts.
    pub ceil: bool,
}

/// How padding is chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AutoPad {
    /// As written.
    Explicit,
    /// None.
    Valid,
    /// So that the output has the size of the input divided by the stride, rounded up.
    Same,
}

impl Window {
    /// The window that a node's settings describe.
    ///
    /// # Errors
    /// When a list has the wrong length, or a stride or dilation is not positive.
    pub fn from_settings(cx: &Infer<'_>, kernel: Vec<Dim>) -> Result<Self, InferError> {
        let n = kernel.len();
        let list = |name: &str, default: i64, len: usize| match cx.attributes().ints(name) {
            None => Ok(vec![default; len]),
            Some(v) if v.len() == len => Ok(v.to_vec()),
            Some(v) => Err(InferError::new(format!("expected {len} numbers in `{name}`, found {}", v.len()))),
        };
        let strides = list("strides", 1, n)?;
        let dilations = list("dilations", 1, n)?;
        if let Some(bad) = strides.iter().chain(&dilations).find(|s| **s < 1) {
            return Err(InferError::new(format!(
                "expected strides and dilations of at least 1, found {bad}"
            )));
        }
        let auto = match cx.attributes().string("auto_pad") {
            Some("VALID") => AutoPad::Valid,
            Some("SAME_UPPER" | "SAME_LOWER") => AutoPad::Same,
            _ => AutoPad::Explicit,
        };
        let mut before = if auto == AutoPad::Explicit { list("pads", 0, 2 * n)? } else { vec![0; 2 * n] };
        let after = before.split_off(n);
        let ceil = cx.flag("ceil_mode");
        Ok(Self { kernel, strides, dilations, before, after, auto, ceil })
    }

    /// The spatial dimensions that come out.
    ///
    /// # Errors
    /// When their number differs from the window's, or a window is larger than what it slides over.
    pub fn slide(&self, spatial: &[Dim]) -> Result<Vec<Dim>, InferError> {
        if spatial.len() != self.kernel.len() {
            return Err(InferError::new(format!(
                "expected {} spatial dimensions, found {}",
                self.kernel.len(),
                spatial.len()
            )));
        }
        (0..spatial.len()).map(|i| self.slide_one(&spatial[i], i)).collect()
    }

    fn slide_one(&self, size: &Dim, i: usize) -> Result<Dim, InferError> {
        let (one, stride) = (Dim::Known(1), Dim::Known(self.strides[i]));
        if self.auto == AutoPad::Same {
            return Ok(size.ceil_div(&stride));
        }
        let (before, after) = (Dim::Known(self.before[i]), Dim::Known(self.after[i]));
        let span = self.kernel[i].minus(&one).times(&Dim::Known(self.dilations[i])).plus(&one);
        let room = size.plus(&before).plus(&after).minus(&span);
        if room.as_known().is_some_and(|n| n < 0) {
            return Err(InferError::new(format!(
                "expected a window of at most the padded size, found {span} on {size}"
            )));
        }
        if !self.ceil {
            return Ok(room.floor_div(&stride).plus(&one));
        }
        let out = room.ceil_div(&stride).plus(&one);
        // The last window must begin inside the input or its padding before.
        let (Some(n), Some(size)) = (out.as_known(), size.as_known()) else { return Ok(out) };
        let start = (n - 1).checked_mul(self.strides[i]);
        let inside = size.checked_add(self.before[i]);
        let hangs = matches!((start, inside), (Some(start), Some(inside)) if start >= inside && n > 1);
        Ok(Dim::Known(if hangs { n - 1 } else { n }))
    }
}

/// Adds what a reader needs of a window's settings: stride to the title, padding, dilation and rounding to the details.
pub fn label_window(mut label: Label, node: &Node) -> Label {
    let dims = |v: &[i64]| v.iter().map(|n| Dim::Known(*n)).collect::<Vec<_>>();
    let ints = |name: &str| node.attributes.ints(name);
    if let Some(strides) = ints("strides").filter(|s| s.iter().any(|n| *n != 1)) {
        label.title.push_str(&format!(", /{}", times_text(&dims(strides), true)));
    }
    match node.attributes.string("auto_pad") {
        Some("SAME_UPPER" | "SAME_LOWER") => label = label.with("pad same"),
        _ => {
            if let Some(pads) = ints("pads").filter(|p| p.iter().any(|n| *n != 0)) {
                let (before, after) = pads.split_at(pads.len() / 2);
                label = label.with(if before == after {
                    format!("pad {}", times_text(&dims(before), true))
                } else {
                    format!("pad {} to {}", times_text(&dims(before), false), times_text(&dims(after), false))
                });
            }
        }
    }
    if let Some(dilations) = ints("dilations").filter(|s| s.iter().any(|n| *n != 1)) {
        label = label.with(format!("dil {}", times_text(&dims(dilations), true)));
    }
    if node.attributes.int("ceil_mode").unwrap_or(0) != 0 {
        label = label.with("ceil");
    }
    label
}
