//! Links: what a chain is made of, and how two of them are compared.

use super::flow::{Class, Flow};

/// How the branches of a region are joined.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Form {
    /// One operator without branches.
    Plain,
    /// One branch is added to what it started from, or to a projection of that.
    Residual,
    /// One branch is concatenated to what it started from.
    Appended,
    /// Several branches.
    Parallel,
    /// A stream is scaled by something computed from it.
    Gate,
    /// Every part reads all earlier ones.
    Dense,
    /// The same weights are used step by step.
    Unrolled,
}

/// One link of a chain.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// What it holds, producers first; the last is the operator all of it passes.
    pub nodes: Vec<usize>,
    pub form: Form,
    /// Heavy operators of the main branch.
    pub label: Vec<Class>,
    /// The main branch as a chain, where it is one of blocks.
    pub inner: Vec<Link>,
    /// Operators of each step, where it is unrolled.
    pub steps: Vec<Vec<usize>>,
    /// Whether what it starts from is joined as it is.
    pub straight: bool,
    /// Whether the main branch goes down to a lower resolution and comes back.
    pub dips: bool,
    /// Whether its inner chain goes on with the chain it stands in: a second stream runs beside both.
    pub opens: bool,
}

impl Link {
    /// A link that is one operator and what only it reads.
    pub fn plain(nodes: Vec<usize>) -> Self {
        Self {
            nodes,
            form: Form::Plain,
            label: Vec::new(),
            inner: Vec::new(),
            steps: Vec::new(),
            straight: false,
            dips: false,
            opens: false,
        }
    }

    pub fn last(&self) -> usize {
        self.nodes.last().copied().unwrap_or(0)
    }

    pub fn is_plain(&self) -> bool {
        self.form == Form::Plain
    }

    /// Whether it is a block by itself rather than a layer or a dressing of one.
    pub fn is_block(&self, flow: &Flow<'_>) -> bool {
        !matches!(self.form, Form::Plain | Form::Gate)
            && (flow.class[self.last()] == Class::Add && !self.label.is_empty()
                || self.nodes.iter().filter(|n| flow.class[**n].is_heavy()).nth(1).is_some())
    }
}

/// What a link is, for comparison; `None` for what does not count.
pub(super) fn key(flow: &Flow<'_>, link: &Link) -> Option<(Form, Vec<Class>)> {
    let class = flow.class[link.last()];
    match link.form {
        Form::Plain if class == Class::Plumbing => None,
        Form::Plain => Some((Form::Plain, vec![class])),
        Form::Gate if weighs_channels(flow, link) => None,
        // Mixing positions and mixing channels is the same but for the axis.
        Form::Residual if link.label.iter().all(|c| *c == Class::Linear) && transposes(flow, link) => {
            let mut label = link.label.clone();
            label.push(Class::Plumbing);
            Some((Form::Residual, label))
        }
        form => {
            let mut label = link.label.clone();
            if unexpanded(&label).is_some() {
                label.remove(0);
            }
            Some((form, label))
        }
    }
}

/// Whether a link lets positions read one another.
pub(super) fn attends(flow: &Flow<'_>, link: &Link) -> bool {
    link.label.contains(&Class::Attention)
        || link.label.contains(&Class::Product)
            && link.nodes.iter().any(|n| flow.kind(*n) == "softmax")
            && !link.nodes.iter().any(|n| flow.kind(*n) == "top_k")
}

/// Whether a link reads another stream by attention.
pub(super) fn is_crossing(flow: &Flow<'_>, link: &Link) -> bool {
    link.nodes.iter().any(|n| flow.is_cross[*n])
}

fn transposes(flow: &Flow<'_>, link: &Link) -> bool {
    let is_transpose = |n: &usize| flow.kind(*n) == "transpose";
    link.nodes.iter().filter(|n| is_transpose(n)).nth(1).is_some()
}

/// What a block with a depthwise convolution holds without the convolution that makes more channels for it.
pub(super) fn unexpanded(label: &[Class]) -> Option<&[Class]> {
    match label {
        [Class::Pointwise, rest @ ..] if rest.contains(&Class::Depthwise) => Some(rest),
        _ => None,
    }
}

/// Whether a gate scales channels by something that sees no positions, as squeeze-and-excitation does.
pub(super) fn weighs_channels(flow: &Flow<'_>, link: &Link) -> bool {
    let inner = link.nodes.split_last().map_or(&[][..], |(_, inner)| inner);
    inner.iter().all(|n| flow.area(*n).is_none_or(|a| a == 1) || !flow.class[*n].is_heavy())
}
