//! Which names there are, and what they stand for.

use std::collections::BTreeSet;

use super::{Atom, Pattern};
use crate::{Graph, layers};

/// A name in small letters, without marks between words: `batch_norm` and `BatchNorm` are one.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What a name stands for, or the nearest name that stands for something.
pub(super) fn resolve(graph: &Graph, earlier: &[Pattern], name: &str) -> Result<Atom, Option<String>> {
    let wanted = plain(name);
    let pattern = earlier.iter().rposition(|p| plain(&p.name) == wanted);
    let mut kinds: Vec<&'static str> = layers::all()
        .filter(|l| plain(l.name) == wanted || l.names.iter().any(|(_, n)| plain(n) == wanted))
        .map(|l| l.name)
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let class = classes(graph).iter().position(|c| *c == wanted).filter(|_| kinds.is_empty());
    let is_operator = || graph.nodes().any(|(_, n)| plain(&n.op) == wanted);
    if pattern.is_none() && kinds.is_empty() && class.is_none() && !is_operator() {
        return Err(nearest(graph, earlier, &wanted));
    }
    Ok(Atom { name: wanted, kinds, pattern, class, kernel: None })
}

/// The classes of a graph's modules in small letters, in alphabetical order.
fn classes(graph: &Graph) -> BTreeSet<String> {
    graph.modules().filter_map(|(_, m)| m.class.as_deref()).map(plain).collect()
}

fn nearest(graph: &Graph, earlier: &[Pattern], wanted: &str) -> Option<String> {
    let mut known: BTreeSet<&str> = layers::all().map(|l| l.name).collect();
    known.extend(earlier.iter().map(|p| p.name.as_str()));
    known.extend(graph.modules().filter_map(|(_, m)| m.class.as_deref()));
    known.extend(graph.nodes().map(|(_, n)| n.op.as_str()));
    let near = known.into_iter().map(|k| (distance(wanted, &plain(k)), k)).min()?;
    (near.0 <= 1 + wanted.chars().count() / 3).then(|| near.1.to_owned())
}

/// How many letters must be put in, taken out or changed to make one word of the other (Levenshtein 1966).
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let next = (corner + usize::from(ca != *cb)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row[b.len()]
}
