//! Loops and branches: their bodies become regions.

use netloom_graph::{Attribute, ModuleKind, Node, RegionId, ValueType};

use super::{Done, Emit};
use crate::Error;
use crate::formats::tensorflow::program::{Body, Op, ValueId};

/// How deep bodies may nest.
const MAX_DEPTH: u32 = 32;

/// Loops and branches.
pub(super) fn emit(cx: &mut Emit<'_>, op: &Op) -> Done {
    match op.kind.as_str() {
        "If" | "StatelessIf" => branch(cx, op),
        "While" | "StatelessWhile" => repeat(cx, op),
        _ => Ok(false),
    }
}

fn body_of<'a>(cx: &Emit<'a>, op: &Op, name: &str) -> Option<&'a Body> {
    let place = op.bodies.iter().find(|(n, _)| *n == name)?.1;
    cx.program.bodies.get(place)
}

/// Makes the nodes of a body inside a new region; what is outside comes back in place afterwards.
fn region(
    cx: &mut Emit<'_>,
    name: &str,
    fill: impl FnOnce(&mut Emit<'_>, RegionId) -> Result<(), Error>,
) -> Result<RegionId, Error> {
    if cx.depth >= MAX_DEPTH {
        return Err(Error::limit(format!("loops and branches nest more than {MAX_DEPTH} deep")));
    }
    let outside = (cx.region, cx.module);
    let module = cx.draft.free_name(cx.module, name);
    let module = cx.draft.module(cx.module, &module, None)?;
    cx.draft.graph.module_mut(module).kind = ModuleKind::Region;
    let region = cx.draft.graph.add_region(name, cx.region, module);
    (cx.region, cx.module) = (Some(region), module);
    cx.depth += 1;
    fill(cx, region)?;
    cx.depth -= 1;
    (cx.region, cx.module) = outside;
    Ok(region)
}

fn own(cx: &mut Emit<'_>, regions: &[RegionId]) {
    let node = netloom_graph::NodeId::new(cx.draft.graph.nodes().len() - 1);
    for region in regions {
        cx.draft.graph.own_region(*region, node);
    }
}

/// Both bodies read what the branch is given.
fn branch(cx: &mut Emit<'_>, op: &Op) -> Done {
    let (Some(yes), Some(no)) = (body_of(cx, op, "then_branch"), body_of(cx, op, "else_branch")) else {
        return Ok(false);
    };
    let inputs = cx.get_all(&op.inputs)?;
    let mut node = Node::new("If", cx.module);
    let mut regions = Vec::new();
    for (name, body) in [("then_branch", yes), ("else_branch", no)] {
        let given = inputs.get(1..).unwrap_or(&[]).to_vec();
        let region = region(cx, name, |cx, region| {
            for (formal, tensor) in body.inputs.iter().zip(given) {
                cx.tensors[*formal] = tensor;
            }
            cx.inside(body, region)
        })?;
        node.attributes.set(name, Attribute::Region(region));
        regions.push(region);
    }
    cx.add(op, node, inputs.into_iter().take(1).collect())?;
    own(cx, &regions);
    Ok(true)
}

/// A loop of the standard set counts and carries its condition along; the condition is asked after each run.
fn repeat(cx: &mut Emit<'_>, op: &Op) -> Done {
    let (Some(condition), Some(body)) = (body_of(cx, op, "cond"), body_of(cx, op, "body")) else {
        return Ok(false);
    };
    let mut inputs = vec![None, None];
    inputs.extend(cx.get_all(&op.inputs)?);
    let region = region(cx, "body", |cx, region| {
        for name in ["iteration", "condition"] {
            let tensor = cx.draft.tensor(name, ValueType::Unknown)?;
            cx.draft.graph.mark_region_input(region, tensor);
        }
        for formal in &body.inputs {
            let known = &cx.program.values[*formal];
            let tensor = cx.draft.tensor(&known.name, known.ty.clone())?;
            cx.draft.graph.mark_region_input(region, tensor);
            cx.tensors[*formal] = Some(tensor);
        }
        cx.within(body)?;
        for (formal, made) in condition.inputs.iter().zip(&body.outputs) {
            cx.tensors[*formal] = Some(cx.get(*made)?);
        }
        cx.within(condition)?;
        for value in condition.outputs.iter().take(1).chain(&body.outputs) {
            let tensor = cx.get(*value)?;
            cx.draft.graph.mark_region_output(region, tensor);
        }
        Ok(())
    })?;
    let mut node = Node::new("Loop", cx.module);
    node.attributes.set("body", Attribute::Region(region));
    cx.add(op, node, inputs)?;
    own(cx, &[region]);
    Ok(true)
}

impl Emit<'_> {
    /// Makes the nodes of a body and its results.
    fn inside(&mut self, body: &Body, region: RegionId) -> Result<(), Error> {
        self.within(body)?;
        for value in &body.outputs {
            let tensor = self.get(*value)?;
            self.draft.graph.mark_region_output(region, tensor);
        }
        Ok(())
    }

    /// Makes the nodes of a body in the module of its region.
    fn within(&mut self, body: &Body) -> Result<(), Error> {
        // A body that several operators share is written out for each of them.
        let made: Vec<ValueId> = body.ops.iter().flat_map(|op| op.outputs.iter().copied()).collect();
        for value in made {
            self.tensors[value] = None;
        }
        let module = self.module;
        self.body(body)?;
        self.module = module;
        Ok(())
    }
}
