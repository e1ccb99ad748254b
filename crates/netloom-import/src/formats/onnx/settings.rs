//! Settings of nodes, with references to those of the call in a function.

use netloom_graph::attribute::TensorLiteral;
use netloom_graph::{Attribute, Attributes, NodeId};

use super::build::{Builder, MAX_WRITTEN_OUT, Place};
use super::schema::{AttributeProto, AttributeValue, FunctionProto, NodeProto};
use super::tensor::{SparseProto, TensorProto};
use crate::Error;

impl<'a> Builder<'a> {
    pub fn attributes(
        &mut self,
        protos: &'a [AttributeProto],
        owner: NodeId,
        place: Place<'_>,
    ) -> Result<Attributes, Error> {
        let mut attributes = Attributes::new();
        for proto in protos {
            let name = self.names.text(proto.name);
            if let Some(value) = self.attribute(proto, owner, place)? {
                attributes.set(name, value);
            }
        }
        Ok(attributes)
    }

    fn attribute(
        &mut self,
        proto: &'a AttributeProto,
        owner: NodeId,
        place: Place<'_>,
    ) -> Result<Option<Attribute>, Error> {
        if !proto.reference.is_empty() {
            return Ok(self.given(proto, place));
        }
        let name = self.names.text(proto.name);
        Ok(Some(match &proto.value {
            AttributeValue::Graph(body) => Attribute::Region(self.region(body, name, owner, place)?),
            AttributeValue::Graphs(bodies) => Attribute::Regions(
                bodies.iter().map(|body| self.region(body, name, owner, place)).collect::<Result<_, _>>()?,
            ),
            other => match self.plain(other) {
                Some(attribute) => attribute,
                None => {
                    let path = self.graph.node_path(owner);
                    self.remarks.warn(&path, &format!("expected a value of setting '{name}', found none"));
                    return Ok(None);
                }
            },
        }))
    }

    /// The setting of the call that a setting in a function refers to. Long ones are not copied without end.
    fn given(&mut self, proto: &AttributeProto, place: Place<'_>) -> Option<Attribute> {
        let given = place.call?.get(self.names.text(proto.reference))?;
        self.written_out += match given {
            Attribute::String(s) => s.len() / 64,
            Attribute::Ints(v) => v.len() / 8,
            Attribute::Floats(v) => v.len() / 8,
            Attribute::Strings(v) => v.iter().map(|s| 1 + s.len() / 64).sum(),
            Attribute::Tensor(t) => t.value.as_ref().map_or(0, |v| v.len() / 4),
            _ => 0,
        };
        Some(if self.written_out > MAX_WRITTEN_OUT {
            Attribute::Other("a setting given by the call".to_owned())
        } else {
            given.clone()
        })
    }

    /// A setting that holds no body.
    fn plain(&mut self, value: &AttributeValue) -> Option<Attribute> {
        Some(match value {
            AttributeValue::Missing | AttributeValue::Graph(_) | AttributeValue::Graphs(_) => return None,
            AttributeValue::Int(n) => Attribute::Int(*n),
            AttributeValue::Float(x) => Attribute::Float((*x).into()),
            AttributeValue::String(s) => Attribute::String(s.clone()),
            AttributeValue::Ints(v) => Attribute::Ints(v.clone()),
            AttributeValue::Floats(v) => Attribute::Floats(v.clone()),
            AttributeValue::Strings(v) => Attribute::Strings(v.clone()),
            AttributeValue::Tensor(proto) => Attribute::Tensor(Box::new(self.literal(proto))),
            AttributeValue::Sparse(proto) => Attribute::Tensor(Box::new(sparse_literal(proto))),
            AttributeValue::Type(ty) => Attribute::Type(ty.clone()),
            AttributeValue::Other(what) => Attribute::Other((*what).to_owned()),
        })
    }

    fn literal(&mut self, proto: &TensorProto) -> TensorLiteral {
        TensorLiteral {
            dtype: proto.dtype(),
            shape: proto.shape(),
            value: self.siblings.value(proto),
            sparse: false,
        }
    }

    /// The settings that a function's body may refer to: those of the call, then defaults.
    pub fn call_settings(
        &mut self,
        function: &'a FunctionProto,
        call: &'a NodeProto,
        place: Place<'_>,
    ) -> Attributes {
        let mut settings = Attributes::new();
        for proto in function.defaults.iter().chain(&call.attributes) {
            let name = self.names.text(proto.name);
            let value =
                if proto.reference.is_empty() { self.plain(&proto.value) } else { self.given(proto, place) };
            match value {
                Some(value) => settings.set(name, value),
                None if matches!(proto.value, AttributeValue::Graph(_) | AttributeValue::Graphs(_)) => {
                    settings.set(name, Attribute::Other("a body given by the call".to_owned()));
                }
                None => {}
            }
        }
        settings
    }
}

fn sparse_literal(proto: &SparseProto) -> TensorLiteral {
    TensorLiteral { dtype: proto.values.dtype(), shape: proto.shape(), value: None, sparse: true }
}
