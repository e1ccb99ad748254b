//! From the graph to the documented shape.

use netloom_graph::{
    Attribute, Diagnostic, Dim, Elements, Module, ModuleKind, Node, Producer, Region, Role, Shape, Storage,
    Tensor, TensorId, Value, ValueType,
};

use super::mirror;

pub fn module(module: &Module) -> mirror::Module {
    mirror::Module {
        name: module.name.clone(),
        path: module.path.clone(),
        parent: module.parent.map(|m| m.index()),
        class: module.class.clone(),
        kind: match module.kind {
            ModuleKind::Module => None,
            ModuleKind::Function => Some("function".to_owned()),
            ModuleKind::Region => Some("region".to_owned()),
        },
    }
}

pub fn tensor(tensor: &Tensor) -> mirror::Tensor {
    let plain = dense(&tensor.ty);
    let is_dense = matches!(tensor.ty, ValueType::Tensor { .. } | ValueType::Unknown);
    mirror::Tensor {
        name: tensor.name.clone(),
        ty: (!is_dense).then(|| value_type(&tensor.ty)),
        stored: stored(tensor),
        dtype: plain.dtype,
        shape: plain.shape,
        value: tensor.value.as_ref().map(value),
    }
}

fn stored(tensor: &Tensor) -> Option<mirror::Stored> {
    let Some(weight) = &tensor.weight else {
        return matches!(tensor.producer, Producer::Stored).then(mirror::Stored::default);
    };
    let same = weight.dtype == tensor.ty.dtype() && weight.shape == *tensor.ty.shape();
    let mut out = mirror::Stored {
        sparse: weight.sparse,
        parameter: weight.role.map(|r| r != Role::Buffer),
        trainable: match weight.role {
            Some(Role::Parameter { trainable }) => trainable,
            _ => None,
        },
        dense: (!same).then(|| mirror::Dense {
            dtype: weight.dtype.map(|d| d.name().to_owned()),
            shape: shape(&weight.shape),
        }),
        ..mirror::Stored::default()
    };
    match &weight.storage {
        Storage::Inline { offset, len } => {
            out.offset = Some(*offset);
            out.len = Some(*len);
        }
        Storage::External { location, offset, len } => {
            out.location = Some(location.clone());
            out.offset = Some(*offset);
            out.len = *len;
        }
        Storage::Absent => {}
    }
    Some(out)
}

pub fn node(node: &Node) -> mirror::Node {
    let ids = |ids: &[Option<TensorId>]| ids.iter().map(|t| t.map(|t| t.index())).collect();
    mirror::Node {
        name: node.name.clone(),
        op: node.op.clone(),
        domain: node.domain.clone(),
        opset: node.opset,
        kind: node.kind(),
        module: node.module.index(),
        region: node.region.map(|r| r.index()),
        inputs: ids(&node.inputs),
        outputs: ids(&node.outputs),
        attributes: mirror::Attributes(
            node.attributes.iter().map(|(name, a)| (name.to_owned(), attribute(a))).collect(),
        ),
    }
}

pub fn region(region: &Region) -> mirror::Region {
    mirror::Region {
        name: region.name.clone(),
        parent: region.parent.map(|r| r.index()),
        module: region.module.index(),
        inputs: region.inputs.iter().map(|t| t.index()).collect(),
        outputs: region.outputs.iter().map(|t| t.index()).collect(),
    }
}

pub fn diagnostic(diagnostic: &Diagnostic) -> mirror::Diagnostic {
    mirror::Diagnostic {
        severity: diagnostic.severity.to_string(),
        path: diagnostic.path.clone(),
        message: diagnostic.message.clone(),
    }
}

fn attribute(attribute: &Attribute) -> mirror::Attribute {
    use mirror::{Attribute as Plain, Tagged};
    match attribute {
        Attribute::Int(n) => Plain::Int(*n),
        Attribute::Float(x) if x.is_finite() => Plain::Float(*x),
        Attribute::Float(x) => Plain::Tagged(Tagged::Float(number(*x))),
        Attribute::String(s) => Plain::String(s.clone()),
        Attribute::Ints(v) => Plain::Ints(v.clone()),
        Attribute::Floats(v) if !v.is_empty() && v.iter().all(|x| x.is_finite()) => Plain::Floats(v.clone()),
        Attribute::Floats(v) => Plain::Tagged(Tagged::Floats(v.iter().copied().map(number).collect())),
        Attribute::Strings(v) if !v.is_empty() => Plain::Strings(v.clone()),
        Attribute::Strings(v) => Plain::Tagged(Tagged::Strings(v.clone())),
        Attribute::Tensor(t) => Plain::Tagged(Tagged::Tensor(mirror::Literal {
            dtype: t.dtype.map(|d| d.name().to_owned()),
            shape: shape(&t.shape),
            value: t.value.as_ref().map(value),
            sparse: t.sparse,
        })),
        Attribute::Region(r) => Plain::Tagged(Tagged::Region(r.index())),
        Attribute::Regions(r) => Plain::Tagged(Tagged::Regions(r.iter().map(|r| r.index()).collect())),
        Attribute::Type(t) => Plain::Tagged(Tagged::Type(value_type(t))),
        Attribute::Other(text) => Plain::Tagged(Tagged::Other(text.clone())),
    }
}

fn value_type(ty: &ValueType) -> mirror::Type {
    match ty {
        ValueType::Unknown => mirror::Type::Unknown,
        ValueType::Tensor { .. } => mirror::Type::Dense(dense(ty)),
        ValueType::SparseTensor { .. } => mirror::Type::Sparse(dense(ty)),
        ValueType::Sequence(inner) => mirror::Type::Sequence(Box::new(value_type(inner))),
        ValueType::Optional(inner) => mirror::Type::Optional(Box::new(value_type(inner))),
        ValueType::Map { key, value } => {
            mirror::Type::Map(key.name().to_owned(), Box::new(value_type(value)))
        }
    }
}

fn dense(ty: &ValueType) -> mirror::Dense {
    mirror::Dense { dtype: ty.dtype().map(|d| d.name().to_owned()), shape: shape(ty.shape()) }
}

fn shape(shape: &Shape) -> Option<Vec<mirror::Extent>> {
    shape.dims().map(|dims| dims.iter().map(extent).collect())
}

fn extent(dim: &Dim) -> mirror::Extent {
    match dim {
        Dim::Known(n) => mirror::Extent::Known(*n),
        Dim::Unknown => mirror::Extent::Unknown(()),
        Dim::Expr(_) => mirror::Extent::Expr(dim.to_string()),
    }
}

fn value(value: &Value) -> mirror::Value {
    mirror::Value {
        dims: value.dims.clone(),
        elements: match &value.elements {
            Elements::Ints(e) => mirror::Elements::Ints(e.iter().map(extent).collect()),
            Elements::Floats(e) => mirror::Elements::Floats(e.iter().copied().map(number).collect()),
            Elements::Strings(e) => mirror::Elements::Strings(e.clone()),
        },
    }
}

fn number(x: f64) -> mirror::Number {
    if x.is_finite() {
        return mirror::Number::Finite(x);
    }
    mirror::Number::Other(
        if x.is_nan() {
            "nan"
        } else if x > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned(),
    )
}
