//! SavedModel and MetaGraphDef: which graph, which inputs and outputs, which variables are trained.
//!
//! # Source
//! `saved_model.proto`, `meta_graph.proto` and `saved_object_graph.proto` in
//! <https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf>

use std::collections::BTreeMap;

use netloom_graph::{DType, Shape};

use super::proto::{self, GraphDef, Parser};
use crate::Error;
use crate::wire::{Message, Reader};
use crate::{ErrorKind, Source};

/// A graph with what its file says of it.
#[derive(Default, Debug)]
pub(super) struct Saved {
    /// The graph.
    pub graph: GraphDef,
    /// What wrote it.
    pub version: String,
    /// Named ways to call it.
    pub signatures: BTreeMap<String, Signature>,
    /// Variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// Names of variables by their place among the objects.
    pub objects: BTreeMap<usize, String>,
    /// How many graphs the file holds.
    pub graphs: usize,
    /// Functions of the saved object, with the places of the objects that are bound to them.
    pub functions: Vec<(String, Vec<usize>)>,
}

/// A variable of the saved object.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Variable {
    /// Its dimensions.
    pub shape: Shape,
    /// Its element type.
    pub dtype: Option<DType>,
    /// Whether training changes it.
    pub trainable: bool,
}

/// A named way to call a graph.
#[derive(Default, Clone, Debug)]
pub(super) struct Signature {
    /// Inputs: name outside, name in the graph.
    pub inputs: BTreeMap<String, String>,
    /// Outputs: name outside, name in the graph.
    pub outputs: BTreeMap<String, String>,
}

/// What kind of message a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A SavedModel.
    Saved,
    /// A meta graph.
    Meta,
    /// A graph alone.
    Graph,
}

/// What kind of message a source holds, by its first fields.
pub(super) fn kind(source: &dyn Source) -> Option<Kind> {
    let mut reader = Reader::new(source);
    let mut root = reader.root();
    let whole = root;
    // Graphs may begin with their version or library.
    for _ in 0..4 {
        let field = reader.next(&mut root).ok()??;
        let inside = reader.inside(whole, field);
        match (field.number, inside) {
            (1, Err(_)) => field.int().ok().filter(|v| (0..100).contains(v)).map(|_| ())?,
            (1, Ok(inner)) if is_node(&mut reader, inner) => return Some(Kind::Graph),
            (1, Ok(_)) | (4, Ok(_)) => {}
            (2, Ok(inner)) => {
                let mut at = inner;
                // The fields of a meta graph: its description, then the graph; the graph's begin with nodes.
                while let Ok(Some(field)) = reader.next(&mut at) {
                    let Ok(inside) = reader.inside(inner, field) else { return None };
                    match field.number {
                        1 if is_node(&mut reader, inside) => return Some(Kind::Meta),
                        2 if has_nodes(&mut reader, inside) => return Some(Kind::Saved),
                        1 | 2 | 4 | 7 => {}
                        _ => return None,
                    }
                }
                return None;
            }
            _ => return None,
        }
    }
    None
}

fn has_nodes(reader: &mut Reader<'_>, graph: Message) -> bool {
    let mut at = graph;
    for _ in 0..4 {
        let Ok(Some(field)) = reader.next(&mut at) else { return false };
        match reader.inside(graph, field) {
            Ok(inner) if field.number == 1 => return is_node(reader, inner),
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    false
}

/// Whether a message is a node: a name and the name of an operator.
fn is_node(reader: &mut Reader<'_>, node: Message) -> bool {
    let mut at = node;
    let mut texts = Vec::new();
    for number in [1, 2] {
        match reader.next(&mut at) {
            Ok(Some(field)) if field.number == number => match reader.text(field) {
                Ok(text) => texts.push(text),
                Err(_) => return false,
            },
            _ => return false,
        }
    }
    let name = |b: &u8| b.is_ascii_alphanumeric() || b"_./-\\>".contains(b);
    let op = |b: &u8| b.is_ascii_alphanumeric() || b"_>".contains(b);
    // Settings of ONNX nodes and names of its tensors would follow in the same fields.
    texts.iter().all(|t| !t.is_empty() && t.len() < 4096)
        && texts[0].iter().all(name)
        && texts[1].iter().all(op)
        && (texts[1][0].is_ascii_uppercase() || texts[1][0] == b'_')
}

/// Reads a file of one of the kinds.
///
/// # Errors
/// When a message is damaged, or there is no graph.
pub(super) fn read(source: &dyn Source, kind: Kind) -> Result<Saved, Error> {
    let mut parser = Parser::new(Reader::new(source));
    let root = parser.reader.root();
    let mut saved = Saved::default();
    match kind {
        Kind::Graph => {
            saved.graph = parser.graph(root)?;
            saved.graphs = 1;
        }
        Kind::Meta => {
            meta(&mut parser, root, &mut saved)?;
            saved.graphs = 1;
        }
        Kind::Saved => {
            let mut graphs = Vec::new();
            parser.each(root, |p, m, f| {
                if f.number == 2 {
                    graphs.push(p.reader.inside(m, f)?);
                }
                Ok(())
            })?;
            let mut best = None;
            // Old models come with a graph for training and one for use.
            for graph in &graphs {
                let serves = serves(&mut parser, *graph)?;
                if best.is_none() || serves {
                    best = Some(*graph);
                }
                if serves {
                    break;
                }
            }
            let Some(best) = best else {
                return Err(Error::new(
                    ErrorKind::Damaged { offset: 0 },
                    "expected at least one graph in the SavedModel, found none",
                ));
            };
            meta(&mut parser, best, &mut saved)?;
            saved.graphs = graphs.len();
        }
    }
    Ok(saved)
}

/// Whether a meta graph has the tag `serve`.
fn serves(parser: &mut Parser<'_>, message: Message) -> Result<bool, Error> {
    let mut serves = false;
    parser.each(message, |p, m, f| {
        if f.number == 1 {
            let info = p.reader.inside(m, f)?;
            p.each(info, |p, _, f| {
                if f.number == 4 {
                    serves |= p.text(f)? == "serve";
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(serves)
}

fn meta(parser: &mut Parser<'_>, message: Message, saved: &mut Saved) -> Result<(), Error> {
    parser.each(message, |p, m, f| {
        match f.number {
            1 => {
                let info = p.reader.inside(m, f)?;
                p.each(info, |p, _, f| {
                    if f.number == 5 {
                        saved.version = p.text(f)?;
                    }
                    Ok(())
                })?;
            }
            2 => {
                let graph = p.reader.inside(m, f)?;
                saved.graph = p.graph(graph)?;
            }
            4 => collection(p, m, f, saved)?,
            5 => {
                if let (key, Some((m, f))) = p.entry(m, f)? {
                    let message = p.reader.inside(m, f)?;
                    let signature = signature(p, message)?;
                    saved.signatures.insert(key, signature);
                }
            }
            7 => {
                let objects = p.reader.inside(m, f)?;
                object_graph(p, objects, saved)?;
            }
            _ => {}
        }
        Ok(())
    })
}

fn signature(parser: &mut Parser<'_>, message: Message) -> Result<Signature, Error> {
    let mut signature = Signature::default();
    parser.each(message, |p, m, f| {
        if f.number == 1 || f.number == 2 {
            let (key, value) = p.entry(m, f)?;
            if let Some((m, f2)) = value {
                let info = p.reader.inside(m, f2)?;
                let mut name = String::new();
                p.each(info, |p, _, f| {
                    if f.number == 1 {
                        name = p.text(f)?;
                    }
                    Ok(())
                })?;
                let side = if f.number == 1 { &mut signature.inputs } else { &mut signature.outputs };
                side.insert(key, name);
            }
        }
        Ok(())
    })?;
    Ok(signature)
}

/// Variables of version 1 stand in lists by name of the list.
fn collection(
    parser: &mut Parser<'_>,
    m: Message,
    f: crate::wire::Field,
    saved: &mut Saved,
) -> Result<(), Error> {
    let (key, Some((m, f))) = parser.entry(m, f)? else { return Ok(()) };
    if key != "trainable_variables" && key != "variables" {
        return Ok(());
    }
    let trainable = key == "trainable_variables";
    let lists = parser.reader.inside(m, f)?;
    parser.each(lists, |p, m, f| {
        if f.number != 2 {
            return Ok(());
        }
        let list = p.reader.inside(m, f)?;
        p.each(list, |p, m, f| {
            let variable = p.reader.inside(m, f)?;
            let mut name = String::new();
            p.each(variable, |p, _, f| {
                if f.number == 1 {
                    name = p.text(f)?;
                }
                Ok(())
            })?;
            let name = name.trim_end_matches(":0").to_owned();
            let unknown = Variable { shape: Shape::Unranked, dtype: None, trainable };
            saved.variables.entry(name).or_insert(unknown).trainable |= trainable;
            Ok(())
        })
    })
}

fn object_graph(parser: &mut Parser<'_>, message: Message, saved: &mut Saved) -> Result<(), Error> {
    let mut place = 0;
    parser.each(message, |p, m, f| {
        match f.number {
            1 => {
                let object = p.reader.inside(m, f)?;
                p.each(object, |p, m, f| {
                    if f.number == 7 {
                        let variable = p.reader.inside(m, f)?;
                        let mut name = String::new();
                        let mut known = Variable { shape: Shape::Unranked, dtype: None, trainable: false };
                        p.each(variable, |p, m, f| {
                            match f.number {
                                1 => known.dtype = proto::dtype(f.int()?),
                                2 => {
                                    let shape = p.reader.inside(m, f)?;
                                    known.shape = p.shape(shape)?;
                                }
                                3 => known.trainable = f.int()? != 0,
                                6 => name = p.text(f)?,
                                _ => {}
                            }
                            Ok(())
                        })?;
                        let name = name.trim_end_matches(":0").to_owned();
                        saved.objects.insert(place, name.clone());
                        saved.variables.entry(name).or_insert(known);
                    }
                    Ok(())
                })?;
                place += 1;
            }
            2 => {
                let (name, value) = p.entry(m, f)?;
                let mut bound = Vec::new();
                if let Some((m, f)) = value {
                    let function = p.reader.inside(m, f)?;
                    p.each(function, |p, m, f| {
                        if f.number == 2 {
                            p.reader.ints(m, f, 1 << 16, &mut bound)?;
                        }
                        Ok(())
                    })?;
                }
                let bound = bound.into_iter().map(|n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
                saved.functions.push((name, bound));
            }
            _ => {}
        }
        Ok(())
    })
}
