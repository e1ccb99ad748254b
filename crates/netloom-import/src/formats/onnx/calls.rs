//! Functions of the file, written out at their calls.

use std::collections::BTreeMap;

use netloom_graph::{ModuleKind, Node, Producer, TensorId, ValueType};

use super::build::{Builder, Key, MAX_CALLS, MAX_LEVELS, MAX_WRITTEN_OUT, Place};
use super::names::Name;
use super::schema::{FunctionProto, NodeProto, ValueInfo};
use crate::Error;

impl<'a> Builder<'a> {
    /// Whether a call may be written out; a remark says why not.
    pub fn may_write_out(
        &mut self,
        key: Key,
        (function, weight): (&FunctionProto, usize),
        call: &NodeProto,
    ) -> bool {
        let name = self.names.text(function.name);
        let problem = if self.calls.contains(&key) {
            "calls itself: its call stays a plain node".to_owned()
        } else if self.calls.len() >= MAX_CALLS || self.level >= MAX_LEVELS {
            format!(
                "called more than {MAX_CALLS} functions or {MAX_LEVELS} bodies deep: its call stays a plain node"
            )
        } else if self.written_out.saturating_add(weight) > MAX_WRITTEN_OUT {
            format!(
                "calls of functions add more than {MAX_WRITTEN_OUT} names: further calls stay plain nodes"
            )
        } else if call.outputs.len() > function.outputs.len() {
            format!(
                "expected at most {} outputs of its call, found {}: the call stays a plain node",
                function.outputs.len(),
                call.outputs.len()
            )
        } else {
            return true;
        };
        self.remarks.warn(name, &problem);
        false
    }

    /// Writes a function out at its call: its nodes stand in a module of their own.
    pub fn call(
        &mut self,
        function: &'a FunctionProto,
        key: Key,
        call: &'a NodeProto,
        inputs: &[Option<TensorId>],
        types: &BTreeMap<Name, &'a ValueInfo>,
        place: Place<'_>,
    ) -> Result<(), Error> {
        let class = self.names.text(function.name);
        let own = self.names.text(call.name).rsplit('/').next().filter(|s| !s.is_empty()).unwrap_or(class);
        let module = self.fresh_child(place.module, own, ModuleKind::Function)?;
        self.graph.module_mut(module).class = Some(class.to_owned());

        let settings = self.call_settings(function, call, place);
        let mark = self.undo.len();
        let (frame, opsets) = (self.frame, self.opsets);
        self.frame = self.frames;
        self.frames += 1;
        self.level += 1;
        self.opsets = &function.opsets;
        self.calls.push(key);
        for (i, name) in function.inputs.iter().enumerate() {
            self.bind(*name, inputs.get(i).copied().flatten());
        }
        let inner_types = function.values.iter().map(|v| (v.name, v)).collect();
        let inside = Place { module, call: Some(&settings), scope: &[], ..place };
        self.nodes(&function.nodes, &inner_types, inside, None)?;
        let results = (function.outputs.iter().take(call.outputs.len()))
            .map(|name| self.input(*name))
            .collect::<Result<Vec<_>, _>>()?;
        self.calls.pop();
        self.level -= 1;
        self.frame = frame;
        self.opsets = opsets;
        self.unbind(mark);

        for (name, result) in call.outputs.iter().zip(results) {
            if let (false, Some(result)) = (name.is_empty(), result) {
                self.bind_result(*name, result, types, Place { module, ..place })?;
            }
        }
        Ok(())
    }

    /// Gives the result of a call its outer name.
    fn bind_result(
        &mut self,
        name: Name,
        result: TensorId,
        types: &BTreeMap<Name, &'a ValueInfo>,
        place: Place<'_>,
    ) -> Result<(), Error> {
        let promised = self.lookup(name).flatten();
        let is_promised =
            promised.is_some_and(|t| matches!(self.graph.tensor(t).producer, Producer::Missing));
        if is_promised {
            // Earlier readers hold a tensor already: a node that copies ties both.
            let output = self.output(name, types)?;
            let mut node = Node::in_domain("", "Identity", self.opset(Name::EMPTY), place.module);
            node.region = place.region;
            self.check_room()?;
            self.graph.add_node(node.with_inputs([Some(result)]).with_outputs([Some(output)]));
            return Ok(());
        }
        if self.is_bound_here(name) {
            let text = self.names.text(name);
            self.remarks.warn(
                text,
                "expected one node that makes each value, found another: later readers see the later one",
            );
        }
        let declared = types.get(&name).copied().map_or(ValueType::Unknown, |info| self.declared(info));
        let tensor = self.graph.tensor_mut(result);
        tensor.ty = tensor.ty.or(&declared);
        if matches!(tensor.producer, Producer::Node(..)) {
            self.names.text(name).clone_into(&mut tensor.name);
        }
        self.bind(name, Some(result));
        Ok(())
    }
}
