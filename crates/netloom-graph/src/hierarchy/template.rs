//! Blocks without their short cut: mobile networks leave it out where sizes change.

use super::flow::{Class, Flow};
use super::link::{Form, Link, unexpanded, weighs_channels};

/// Makes links of the plain layers that are what a residual block holds, only without the short cut: mobile networks
/// leave it out where sizes change.
pub(super) fn without_short_cut(flow: &Flow<'_>, links: Vec<Link>) -> Vec<Link> {
    let mut templates: Vec<Vec<Class>> = Vec::new();
    for link in &links {
        let is_template = link.form == Form::Residual
            && (link.label.contains(&Class::Depthwise) || link.label == [Class::Spatial, Class::Pointwise])
            && link.label.last() == Some(&Class::Pointwise)
            && link.label.iter().all(|c| c.is_conv());
        if is_template && !templates.contains(&link.label) {
            templates.push(link.label.clone());
        }
    }
    if templates.is_empty() {
        return links;
    }
    let counts = |l: &Link| l.is_plain() && flow.class[l.last()].is_heavy();
    let is_open = |l: &Link| l.is_plain() || l.form == Form::Gate && weighs_channels(flow, l);
    // From each link, the end of the template if it begins there.
    let ends = |start: usize, label: &[Class]| -> Option<usize> {
        let mut left = label.iter();
        let mut want = left.next()?;
        let mut at = start;
        loop {
            let link = links.get(at).filter(|l| is_open(l))?;
            if counts(link) {
                if flow.class[link.last()] != *want {
                    return None;
                }
                match left.next() {
                    Some(next) => want = next,
                    None => return Some(at + 1),
                }
            } else if at == start {
                return None;
            }
            at += 1;
        }
    };
    let mut made: Vec<Link> = Vec::new();
    let mut at = 0;
    while at < links.len() {
        let found = templates.iter().find_map(|t| ends(at, t).map(|end| (end, t)));
        // The first block of a mobile network has nothing to expand.
        let short = || templates.iter().find_map(|t| ends(at, unexpanded(t)?).map(|end| (end, t)));
        let Some((mut end, template)) = found.or_else(short) else {
            made.push(links[at].clone());
            at += 1;
            continue;
        };
        while links.get(end).is_some_and(|l| l.is_plain() && flow.class[l.last()] == Class::Norm) {
            end += 1;
        }
        let mut link = Link::plain(links[at..end].iter().flat_map(|l| l.nodes.iter().copied()).collect());
        link.form = Form::Residual;
        link.label.clone_from(template);
        made.push(link);
        at = end;
    }
    made
}
