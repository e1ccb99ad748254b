//! Loops of an unknown number of rounds, as operators with a body.

use netloom_graph::{Attribute, DType, Dim, Node, Producer, RegionId, Shape, TensorId, Value, ValueType};

use crate::Error;
use crate::aten::Place;
use crate::draft::Draft;

/// A loop whose body is being written.
pub(super) struct Loop {
    place: Place,
    pub region: RegionId,
    /// The number of the round.
    pub round: TensorId,
    /// What each round gives: the carried values, then those that are stacked.
    pub results: Vec<TensorId>,
}

impl Draft {
    /// Begins the body of a loop.
    pub(super) fn open_loop(&mut self, place: Place) -> Result<Loop, Error> {
        let region = self.graph.add_region("body", place.region, place.module);
        let round = self.tensor("round", ValueType::tensor(DType::Int64, Shape::scalar()))?;
        self.graph.mark_region_input(region, round);
        let condition = self.tensor("again", ValueType::tensor(DType::Bool, Shape::scalar()))?;
        self.graph.mark_region_input(region, condition);
        self.graph.mark_region_output(region, condition);
        Ok(Loop { place, region, round, results: Vec::new() })
    }

    /// A value that each round takes from the one before.
    pub(super) fn carry(&mut self, looped: &Loop, name: &str, before: TensorId) -> Result<TensorId, Error> {
        let ty = self.ty(before).clone();
        let formal = self.tensor(name, ty)?;
        self.graph.mark_region_input(looped.region, formal);
        Ok(formal)
    }

    /// Ends the body and adds the loop: carried values after the last round, then stacked ones.
    pub(super) fn close_loop(
        &mut self,
        looped: &Loop,
        rounds: Dim,
        inputs: &[TensorId],
    ) -> Result<Vec<TensorId>, Error> {
        let mut types = Vec::new();
        for (i, result) in looped.results.iter().enumerate() {
            self.graph.mark_region_output(looped.region, *result);
            let ty = self.ty(*result).clone();
            types.push(if i < inputs.len() { ty } else { stacked(&ty, &rounds) });
        }
        let count = match rounds {
            Dim::Unknown => None,
            rounds => Some(self.constant("rounds", DType::Int64, Value::int(rounds))?),
        };
        let mut node = Node::new("Loop", looped.place.module);
        node.region = looped.place.region;
        let mut all = vec![count, None];
        all.extend(inputs.iter().copied().map(Some));
        let outputs = types.into_iter().map(|ty| ("loop", ty)).collect();
        let made = self.node(node, "loop", all, vec![("body", Attribute::Region(looped.region))], outputs)?;
        if let Some(Producer::Node(id, _)) = made.first().map(|t| self.graph.tensor(*t).producer) {
            self.graph.own_region(looped.region, id);
        }
        Ok(made)
    }
}

fn stacked(ty: &ValueType, rounds: &Dim) -> ValueType {
    let shape = match ty.shape().dims() {
        Some(dims) => Shape::Ranked(std::iter::once(rounds.clone()).chain(dims.iter().cloned()).collect()),
        None => Shape::Unranked,
    };
    ValueType::Tensor { dtype: ty.dtype(), shape }
}
