//! What stands in a part, as statements: chains, branches and named values.

use std::collections::{BTreeMap, BTreeSet};

use netloom_graph::TensorId;

use super::tokens::{Token, Tokens, listed, text};

/// One thing that reads values and makes others: an operator or a part.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// How it is written, without parentheses.
    pub head: Tokens,
    /// Values that flow in from the left.
    pub flows: Vec<TensorId>,
    /// What stands in the parentheses.
    pub arguments: Vec<Tokens>,
    /// What stands behind them: a body.
    pub tail: Tokens,
    /// Values that are named in arguments or body.
    pub named: Vec<TensorId>,
    /// What it makes; `None` for what nobody reads.
    pub results: Vec<Option<TensorId>>,
    /// Whether what flows in may stand in parentheses too.
    pub is_layer: bool,
}

/// One line.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Line {
    /// The names given to results.
    pub names: Vec<Option<TensorId>>,
    /// Whether it is an `output` line.
    pub is_output: bool,
    /// The items of its chain.
    pub chain: Vec<Tokens>,
}

/// The lines of a body.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Body {
    /// What flows in.
    pub primary: Option<TensorId>,
    /// Whether what flows in needs a name inside.
    pub names_primary: bool,
    pub lines: Vec<Line>,
    /// Values that are named inside, other than the primary, and come from outside.
    pub outside: Vec<TensorId>,
    /// What comes out.
    pub results: Vec<TensorId>,
}

/// How a value is made, while it has no name.
#[derive(Clone, Debug)]
struct Chain {
    source: Option<TensorId>,
    items: Vec<Tokens>,
    /// Values named inside.
    named: Vec<TensorId>,
}

struct Builder {
    /// How often each value is still to be read.
    uses: BTreeMap<TensorId, usize>,
    /// How values are made that have no name yet.
    pending: BTreeMap<TensorId, Chain>,
    current: Option<TensorId>,
    primary: Option<TensorId>,
    /// Values with a name, or from outside.
    known: BTreeMap<TensorId, bool>,
    names_primary: bool,
    lines: Vec<Line>,
}

/// Writes steps as lines. What flows in is what the text would name first, so that a text read and written again is the
/// same.
pub(super) fn lines_from(
    steps: &[Step],
    is_outside: &dyn Fn(TensorId) -> bool,
    results: &[TensorId],
) -> Body {
    let plain = lines(steps, None, results);
    let named: Vec<TensorId> = plain.lines.iter().flat_map(|l| l.names.iter().flatten()).copied().collect();
    let mut results = results.to_vec();
    results.sort_by_key(|t| named.iter().position(|n| n == t).unwrap_or(usize::MAX));
    let results = &results[..];
    let first = plain.lines.iter().flat_map(|l| l.chain.iter().flatten()).find_map(|t| match t {
        Token::Value(t) => Some(*t).filter(|t| is_outside(*t)),
        _ => None,
    });
    lines(steps, first, results)
}

/// Writes steps as lines. `results` is what the body gives.
pub(super) fn lines(steps: &[Step], primary: Option<TensorId>, results: &[TensorId]) -> Body {
    let mut uses: BTreeMap<TensorId, usize> = BTreeMap::new();
    for step in steps {
        for tensor in step.flows.iter().chain(&step.named) {
            *uses.entry(*tensor).or_default() += 1;
        }
    }
    for tensor in results {
        *uses.entry(*tensor).or_default() += 1;
    }
    let mut builder = Builder {
        uses,
        pending: BTreeMap::new(),
        current: primary,
        primary,
        known: BTreeMap::new(),
        names_primary: false,
        lines: Vec::new(),
    };
    for step in steps {
        builder.step(step);
    }
    builder.finish(results);
    let made: Vec<TensorId> = steps.iter().flat_map(|s| s.results.iter().flatten()).copied().collect();
    let mut outside: Vec<TensorId> =
        builder.known.keys().copied().filter(|t| Some(*t) != primary && !made.contains(t)).collect();
    outside.dedup();
    Body {
        primary,
        names_primary: builder.names_primary,
        lines: builder.lines,
        outside,
        results: results.to_vec(),
    }
}

impl Builder {
    fn uses(&self, tensor: TensorId) -> usize {
        self.uses.get(&tensor).copied().unwrap_or(0)
    }

    /// The chain of a value that nothing else reads.
    fn take(&mut self, tensor: TensorId) -> Option<Chain> {
        if self.uses(tensor) == 1 { self.pending.remove(&tensor) } else { None }
    }

    /// The chain of a value, or one that begins with its name.
    fn chain(&mut self, tensor: TensorId) -> Chain {
        self.take(tensor).unwrap_or(Chain { source: Some(tensor), items: Vec::new(), named: Vec::new() })
    }

    fn step(&mut self, step: &Step) {
        let nothing = || Chain { source: None, items: Vec::new(), named: Vec::new() };
        let (mut chain, named) = match step.flows.as_slice() {
            [] => (nothing(), &[][..]),
            [one] => (self.chain(*one), &[][..]),
            many => self.join(many, step.is_layer),
        };
        let mut arguments = step.arguments.clone();
        if !named.is_empty() {
            let names = named.iter().map(|t| vec![Token::Value(*t)]);
            arguments = names.chain(arguments).collect();
            chain.named.extend(named);
        }
        chain.named.extend(&step.named);
        let mut item = step.head.clone();
        if !arguments.is_empty() {
            item.push(text("("));
            item.extend(listed(arguments));
            item.push(text(")"));
        }
        item.extend(step.tail.clone());
        chain.items.push(item);
        match step.results.as_slice() {
            [Some(one)] => {
                self.pending.insert(*one, chain);
            }
            several => {
                self.line(several.to_vec(), chain);
                for result in several.iter().flatten() {
                    self.known.insert(*result, true);
                }
                self.current = None;
            }
        }
    }

    /// Several values side by side: branches from one value where they are that, else names. The second result is what
    /// is to be named in the parentheses.
    fn join<'a>(&mut self, flows: &'a [TensorId], may_name: bool) -> (Chain, &'a [TensorId]) {
        let branches: Vec<Chain> = flows.iter().map(|t| self.chain(*t)).collect();
        let bare = |c: &Chain| c.items.is_empty();
        let named: Vec<TensorId> = branches.iter().flat_map(|c| c.named.iter().copied()).collect();
        if let Some(fork) = branches[0].source
            && branches.iter().all(|c| c.source == Some(fork))
            && !branches.iter().all(bare)
        {
            let left = self.uses(fork).saturating_sub(branches.len()) + 1;
            self.uses.insert(fork, left);
            let mut chain = self.chain(fork);
            chain.items.push(bracket(&branches, Some(fork)));
            chain.named.extend(named);
            return (chain, &[]);
        }
        if may_name && branches.iter().all(bare) {
            return (Chain { source: None, items: Vec::new(), named }, flows);
        }
        if may_name && branches[1..].iter().all(bare) {
            let mut branches = branches;
            let mut first = branches.swap_remove(0);
            first.named.extend(named);
            return (first, &flows[1..]);
        }
        let named = branches.iter().filter_map(|c| c.source).chain(named).collect();
        (Chain { source: None, items: vec![bracket(&branches, None)], named }, &[])
    }

    /// Gives names to values before a line that names them.
    fn name(&mut self, tensors: &[TensorId]) {
        // Innermost first, without recursion: chains of names can be long.
        let mut work: Vec<(TensorId, bool)> = tensors.iter().rev().map(|t| (*t, false)).collect();
        // Values that wait for each other exist in broken files only; the one that was met first stays a name.
        let mut waiting = BTreeSet::new();
        while let Some((tensor, ready)) = work.pop() {
            if self.known.contains_key(&tensor) || (!ready && waiting.contains(&tensor)) {
                continue;
            }
            waiting.insert(tensor);
            let Some(chain) = self.pending.get(&tensor) else {
                self.known.insert(tensor, false);
                if Some(tensor) == self.primary {
                    self.names_primary = true;
                }
                continue;
            };
            if ready {
                if let Some(chain) = self.pending.remove(&tensor) {
                    self.push(vec![Some(tensor)], chain);
                    self.known.insert(tensor, true);
                    self.current = Some(tensor);
                }
                continue;
            }
            let needs: Vec<TensorId> = chain.named.iter().copied().chain(chain.source).collect();
            work.push((tensor, true));
            let current = self.current;
            work.extend(
                needs
                    .into_iter()
                    .filter(|t| Some(*t) != current || chain_names(chain, *t))
                    .map(|t| (t, false)),
            );
        }
    }

    fn line(&mut self, names: Vec<Option<TensorId>>, chain: Chain) {
        let mut needs = chain.named.clone();
        needs.extend(chain.source.filter(|s| Some(*s) != self.current || self.pending.contains_key(s)));
        self.name(&needs);
        self.push(names, chain);
    }

    fn push(&mut self, names: Vec<Option<TensorId>>, chain: Chain) {
        let mut items = chain.items;
        if let Some(source) = chain.source
            && (Some(source) != self.current || items.is_empty())
        {
            if let std::collections::btree_map::Entry::Vacant(entry) = self.known.entry(source) {
                entry.insert(false);
                self.names_primary |= Some(source) == self.primary;
            }
            items.insert(0, vec![Token::Value(source)]);
        } else if chain.source.is_some() && items.first().is_some_and(takes_values) {
            items.insert(0, vec![text("same")]);
        }
        self.lines.push(Line { names, is_output: false, chain: items });
    }

    fn finish(&mut self, results: &[TensorId]) {
        // What nobody reads comes before the result.
        let unread: Vec<TensorId> = self.pending.keys().copied().filter(|t| self.uses(*t) == 0).collect();
        for tensor in unread {
            if let Some(chain) = self.pending.remove(&tensor) {
                self.line(Vec::new(), chain);
                self.current = None;
            }
        }
        match results {
            [] => {}
            [one] => {
                if let Some(chain) = self.take(*one) {
                    self.line(Vec::new(), chain);
                } else if self.pending.contains_key(one) {
                    self.name(&[*one]);
                    let is_last = self.lines.last().is_some_and(|l| l.names == [Some(*one)]);
                    if !is_last {
                        self.output(results);
                    }
                } else {
                    self.name(&[*one]);
                    self.output(results);
                }
            }
            several => {
                self.name(several);
                self.output(several);
            }
        }
        self.drop_last_name(results);
    }

    /// The last line needs no name where it gives the only result and nothing reads the name.
    fn drop_last_name(&mut self, results: &[TensorId]) {
        if let ([one], Some(line)) = (results, self.lines.last_mut())
            && line.names == [Some(*one)]
            && !line.is_output
        {
            line.names.clear();
        }
    }

    fn output(&mut self, results: &[TensorId]) {
        let chain = listed(results.iter().map(|t| vec![Token::Value(*t)]).collect());
        self.lines.push(Line { names: Vec::new(), is_output: true, chain: vec![chain] });
    }
}

/// Whether a chain needs the name of a value even where it is the current one.
fn chain_names(chain: &Chain, tensor: TensorId) -> bool {
    chain.named.contains(&tensor)
}

/// Whether a call names values in its parentheses, so that it takes none from the line above by itself.
pub(super) fn takes_values(item: &Tokens) -> bool {
    if item.iter().any(|t| matches!(t, Token::Body(_)))
        || matches!(item.first(), Some(Token::Text(s)) if s == "[")
    {
        return false;
    }
    // What stands behind `weight=` says which tensor a weight is, not what is read.
    item.iter().enumerate().any(|(i, token)| {
        let is_named =
            matches!(i.checked_sub(1).and_then(|j| item.get(j)), Some(Token::Text(s)) if s.ends_with('='));
        match token {
            Token::Value(_) => !is_named,
            Token::Text(s) => {
                let stored = ["parameter(", "buffer(", "constant("].iter().any(|w| s.starts_with(w));
                (s == "none" || stored) && !is_named
            }
            _ => false,
        }
    })
}

/// Branches in brackets; those from the value that flows in begin without it.
fn bracket(branches: &[Chain], fork: Option<TensorId>) -> Tokens {
    bracket_of(branches.iter().map(|c| branch(c, fork)).collect())
}

fn bracket_of(branches: Vec<Tokens>) -> Tokens {
    let mut out = vec![text("[")];
    out.extend(listed(branches));
    out.push(text("]"));
    out
}

fn branch(chain: &Chain, fork: Option<TensorId>) -> Tokens {
    let mut items = chain.items.clone();
    if let Some(source) = chain.source {
        if Some(source) != fork {
            items.insert(0, vec![Token::Value(source)]);
        } else if items.first().is_none_or(takes_values) {
            items.insert(0, vec![text("same")]);
        }
    }
    let mut out = Vec::new();
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(text(" > "));
        }
        out.extend(item);
    }
    out
}
