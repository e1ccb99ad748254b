//! Alignment of the operators of two modules: which stands where another stands.

use std::collections::BTreeMap;

use crate::pairing::best;
use crate::{Category, Graph, ModuleId, NodeId, Producer, layers};

/// The most pairs of operators that are weighed, once equal beginnings and ends are set aside.
const MAX_PAIRS: usize = 1 << 18;

/// What two operators that stand for one another gain: for the same operator or the same role; for equal windows; for
/// equal makers of what they read; for equal names.
const GAINS: [u32; 5] = [8, 2, 4, 4, 1];

/// Pairs of operators of two modules in file order, each operator at most once; `None` where the modules are too
/// large and too unlike.
pub(super) fn align(
    graph: &Graph,
    (a, left): (ModuleId, &[NodeId]),
    (b, right): (ModuleId, &[NodeId]),
) -> Option<Vec<(NodeId, NodeId)>> {
    let (words_a, words_b) = (words(graph, a, left), words(graph, b, right));
    let head = words_a.iter().zip(&words_b).take_while(|(x, y)| x.is_like(y)).count();
    let most = words_a.len().min(words_b.len()) - head;
    let tail = words_a.iter().rev().zip(words_b.iter().rev()).take(most).take_while(|(x, y)| x.is_like(y));
    let tail = tail.count();
    let (n, m) = (words_a.len() - head - tail, words_b.len() - head - tail);
    if n.checked_mul(m).is_none_or(|pairs| pairs > MAX_PAIRS) {
        return None;
    }
    let mut places: Vec<(usize, usize)> = (0..head).map(|i| (i, i)).collect();
    let (inner_a, inner_b) = (&words_a[head..head + n], &words_b[head..head + m]);
    places.extend(
        best((inner_a.len(), inner_b.len()), |i, j| u64::from(inner_a[i].gain(&inner_b[j])))
            .into_iter()
            .map(|(i, j)| (head + i, head + j)),
    );
    places.extend((0..tail).map(|i| (head + n + i, head + m + i)));
    Some(places.into_iter().map(|(i, j)| (left[i], right[j])).collect())
}

/// What is compared of an operator.
struct Word<'a> {
    op: (&'a str, &'a str),
    category: Option<Category>,
    /// Spatial sizes of its stored window, if any.
    window: Vec<Option<i64>>,
    /// The operators that make what it reads; empty for what comes from outside the module.
    makers: Vec<&'a str>,
    /// Where it stands within the module.
    path: &'a str,
}

impl Word<'_> {
    fn is_like(&self, other: &Self) -> bool {
        self.op == other.op && self.window == other.window && self.makers == other.makers
    }

    /// How well one stands for the other; 0 where it does not.
    fn gain(&self, other: &Self) -> u32 {
        let [same_op, same_role, window, makers, path] = GAINS;
        let base = match () {
            () if self.op == other.op => same_op,
            () if self.category.is_some_and(plays_a_role) && self.category == other.category => same_role,
            () => return 0,
        };
        base + u32::from(self.window == other.window) * window
            + u32::from(self.makers == other.makers) * makers
            + u32::from(self.path == other.path) * path
    }
}

/// Whether one operator of a category may stand where another stands.
fn plays_a_role(category: Category) -> bool {
    matches!(
        category,
        Category::Conv
            | Category::Linear
            | Category::Norm
            | Category::Activation
            | Category::Pool
            | Category::Attention
    )
}

fn words<'a>(graph: &'a Graph, module: ModuleId, nodes: &[NodeId]) -> Vec<Word<'a>> {
    let own = graph.module(module).path.len();
    let inside: BTreeMap<NodeId, &str> = nodes.iter().map(|n| (*n, graph.node(*n).op.as_str())).collect();
    let word = |id: &NodeId| {
        let node = graph.node(*id);
        let streams = node.inputs.iter().flatten().map(|t| graph.origin(*t)).filter(|t| {
            let tensor = graph.tensor(*t);
            !tensor.is_stored() && tensor.value.is_none()
        });
        let maker = |t| match graph.tensor(t).producer {
            Producer::Node(from, _) => inside.get(&from).copied().unwrap_or_default(),
            _ => "",
        };
        let category = layers::effective(graph, node).map(|l| l.category);
        let weight = node.inputs.iter().flatten().skip(1).map(|t| graph.tensor(graph.origin(*t)));
        let window = match category {
            Some(Category::Conv) => {
                weight.filter(|t| t.is_stored()).find_map(|t| t.ty.shape().dims()?.get(2..))
            }
            _ => None,
        };
        Word {
            op: (&node.domain, &node.op),
            category,
            window: window.unwrap_or_default().iter().map(|d| d.as_known()).collect(),
            makers: streams.map(maker).collect(),
            path: graph.module(node.module).path.get(own..).unwrap_or_default(),
        }
    };
    nodes.iter().map(word).collect()
}
