//! Darknet's `.cfg`: sections in order, each reading the one before it unless it says otherwise.
//!
//! # Source
//! <https://github.com/AlexeyAB/darknet/wiki/CFG-Parameters-in-the-different-layers>

use netloom_graph::{Attribute, DType, Dim, Graph, Node, Shape, TensorId, ValueType};

use crate::assemble::{Filters, Place, Window};
use crate::draft::Draft;
use crate::error::Grouped;
use crate::source::take;
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// The most bytes of a text.
pub const MAX_BYTES: usize = 8 << 20;

/// The most sections; a repetition is written out.
pub const MAX_SECTIONS: usize = 100_000;

/// Darknet as a format.
pub struct Darknet;

impl Format for Darknet {
    fn name(&self) -> &'static str {
        "darknet"
    }

    fn about(&self) -> &'static str {
        "Darknet networks (.cfg), as YOLO 1 to 4 and 7 are written"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["cfg"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let head = take(source, 0, 4096).unwrap_or_default();
        let text = String::from_utf8_lossy(&head);
        let first = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with(['#', ';']));
        match first {
            Some("[net]" | "[network]") => Confidence::Content,
            _ => Confidence::No,
        }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        if source.len() > MAX_BYTES as u64 {
            return Err(Error::limit(format!(
                "expected a text of at most {} bytes, found {}",
                Grouped(MAX_BYTES as u64),
                Grouped(source.len())
            )));
        }
        let bytes = take(source, 0, MAX_BYTES)?;
        let sections = sections(&String::from_utf8_lossy(&bytes))?;
        let name = source.name().rsplit_once('.').map_or(source.name(), |(stem, _)| stem);
        build(name, &sections)
    }
}

/// One `[section]` with its settings.
struct Section {
    kind: String,
    line: usize,
    settings: Vec<(String, String)>,
}

impl Section {
    fn word(&self, name: &str) -> Option<&str> {
        self.settings.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn int(&self, name: &str, default: i64) -> i64 {
        self.word(name).and_then(|w| w.parse().ok()).unwrap_or(default)
    }

    fn ints(&self, name: &str) -> Vec<i64> {
        let words = self.word(name).unwrap_or_default().split(',');
        words.filter_map(|w| w.trim().parse().ok()).collect()
    }
}

fn sections(text: &str) -> Result<Vec<Section>, Error> {
    let mut out: Vec<Section> = Vec::new();
    let mut start = 0;
    for (i, line) in text.split('\n').enumerate() {
        let span = start..start + line.len();
        start = span.end + 1;
        let bare = line.split(['#', ';']).next().unwrap_or_default().trim();
        if bare.is_empty() {
            continue;
        }
        if let Some(kind) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if out.len() >= MAX_SECTIONS {
                return Err(Error::limit(format!(
                    "expected at most {} sections",
                    Grouped(MAX_SECTIONS as u64)
                )));
            }
            out.push(Section { kind: kind.trim().to_lowercase(), line: i + 1, settings: Vec::new() });
        } else if let (Some((name, value)), Some(section)) = (bare.split_once('='), out.last_mut()) {
            section.settings.push((name.trim().to_owned(), value.trim().to_owned()));
        } else {
            let message = format!("line {}: expected `[section]` or `name=value`, found `{bare}`", i + 1);
            return Err(Error::syntax(span, message));
        }
    }
    Ok(out)
}

struct Reader {
    draft: Draft,
    /// What each section made.
    made: Vec<TensorId>,
}

impl Reader {
    /// What another section made, by its number, counted from here when negative.
    fn at(&self, section: &Section, index: i64) -> Result<TensorId, Error> {
        let here = i64::try_from(self.made.len()).unwrap_or(i64::MAX);
        let absolute = if index < 0 { here.saturating_add(index) } else { index };
        let at = usize::try_from(absolute).ok().filter(|i| *i < self.made.len()).ok_or_else(|| {
            Error::new(
                ErrorKind::Damaged { offset: 0 },
                format!("line {}: expected one of the {here} sections before, found {index}", section.line),
            )
        })?;
        Ok(self.made[at])
    }
}

fn build(name: &str, sections: &[Section]) -> Result<Graph, Error> {
    let Some((net, layers)) = sections.split_first() else {
        return Err(Error::new(
            ErrorKind::NotThisFormat,
            "expected sections of a Darknet network, found none",
        ));
    };
    let mut draft = Draft::new("darknet", name);
    let side = |name: &str| net.word(name).and_then(|w| w.parse().ok()).map_or(Dim::Unknown, Dim::Known);
    let recurrent = net.word("inputs").is_some() && net.word("height").is_none();
    let dims = match recurrent {
        true => vec![Dim::symbol("batch"), side("inputs")],
        false => {
            vec![Dim::symbol("batch"), Dim::Known(net.int("channels", 3)), side("height"), side("width")]
        }
    };
    let input = draft.input("data", ValueType::tensor(DType::Float32, Shape::Ranked(dims)))?;
    let mut reader = Reader { draft, made: Vec::new() };
    let mut last = input;
    for (i, section) in layers.iter().enumerate() {
        let name = format!("{}_{i}", section.kind);
        last = reader.layer(section, &name, last)?;
        reader.made.push(last);
    }
    let heads = layers.iter().zip(&reader.made).filter(|(s, _)| is_head(s)).map(|(_, id)| *id);
    let mut results: Vec<TensorId> = heads.collect();
    if results.is_empty() {
        results.push(last);
    }
    for id in results {
        reader.draft.graph.mark_output(id);
    }
    Ok(reader.draft.finish())
}

/// Whether a section gives results.
fn is_head(section: &Section) -> bool {
    matches!(
        section.kind.as_str(),
        "yolo" | "region" | "detection" | "gaussian_yolo" | "cost" | "iseg" | "seg"
    )
}

impl Reader {
    fn layer(&mut self, section: &Section, name: &str, input: TensorId) -> Result<TensorId, Error> {
        let module = self.draft.graph.root();
        let place = Place { module, name };
        let first = [Some(input)];
        let size = section.int("size", 1).max(1);
        let stride = section.int("stride", 1).max(1);
        Ok(match section.kind.as_str() {
            "convolutional" | "conv" | "deconvolutional" | "local" => {
                let pad = if section.int("pad", 0) != 0 { size / 2 } else { section.int("padding", 0) };
                let strides = [section.int("stride_y", stride), section.int("stride_x", stride)];
                let mut window = Window::square([size; 2], strides, [pad; 2]);
                let dilation = section.int("dilation", 1);
                if dilation > 1 {
                    window.dilations = vec![dilation; 2];
                    window.pads = vec![dilation.saturating_mul(size / 2); 4];
                }
                let normalised = section.int("batch_normalize", 0) != 0;
                let filters = Filters {
                    outputs: section.int("filters", 1),
                    groups: section.int("groups", 1),
                    bias: !normalised,
                    transposed: section.kind == "deconvolutional",
                };
                let mut at = self.draft.conv(place, input, &window, filters)?;
                if normalised {
                    let norm = format!("{name}.norm");
                    at = self.draft.batch_norm(Place { name: &norm, module }, at, true)?;
                }
                self.activate(section, name, at, "logistic")?
            }
            "connected" => {
                let at = self.draft.dense(place, input, section.int("output", 1), true)?;
                self.activate(section, name, at, "logistic")?
            }
            "avgpool" if section.word("size").is_none() => {
                self.draft.op(place, "GlobalAveragePool", &first, vec![], 1)?[0]
            }
            "maxpool" | "max" | "local_avgpool" | "avgpool" => {
                let size = section.int("size", stride).max(1);
                let padding = section.int("padding", size - 1);
                let mut window = Window::square([size; 2], [stride; 2], [0; 2]);
                window.pads = vec![padding / 2, padding / 2, padding - padding / 2, padding - padding / 2];
                let op = if section.kind.starts_with("max") { "MaxPool" } else { "AveragePool" };
                self.draft.op(place, op, &first, window.attributes(), 1)?[0]
            }
            "route" => {
                let mut parts = Vec::new();
                for index in section.ints("layers") {
                    parts.push(Some(self.at(section, index)?));
                }
                let joined = match parts.as_slice() {
                    [Some(one)] => *one,
                    _ => self.draft.op(place, "Concat", &parts, vec![("axis", Attribute::Int(1))], 1)?[0],
                };
                let groups = section.int("groups", 1);
                if groups > 1 {
                    let outputs = usize::try_from(groups).unwrap_or(1).min(64);
                    let attributes =
                        vec![("axis", Attribute::Int(1)), ("num_outputs", Attribute::Int(groups))];
                    let split = format!("{name}.split");
                    let made = self.draft.op(
                        Place { name: &split, module },
                        "Split",
                        &[Some(joined)],
                        attributes,
                        outputs,
                    )?;
                    let wanted = usize::try_from(section.int("group_id", 0)).unwrap_or(0);
                    made.get(wanted).copied().unwrap_or(joined)
                } else {
                    joined
                }
            }
            "shortcut" | "sam" | "scale_channels" => {
                let mut parts = vec![Some(input)];
                for index in section.ints("from") {
                    parts.push(Some(self.at(section, index)?));
                }
                let op = match (section.kind.as_str(), parts.len()) {
                    ("shortcut", ..=2) => "Add",
                    ("shortcut", _) => "Sum",
                    _ => "Mul",
                };
                let at = self.draft.op(place, op, &parts, vec![], 1)?[0];
                self.activate(section, name, at, "linear")?
            }
            "upsample" => {
                let scales = netloom_graph::Value::floats(vec![1.0, 1.0, f64_of(stride), f64_of(stride)]);
                let scales = self.draft.constant(&format!("{name}.scales"), DType::Float32, scales)?;
                let mode = vec![("mode", Attribute::String("nearest".to_owned()))];
                self.draft.op(place, "Resize", &[Some(input), None, Some(scales)], mode, 1)?[0]
            }
            "reorg" | "reorg3d" => {
                let stride = section.int("stride", 2).max(1);
                self.draft.op(
                    place,
                    "SpaceToDepth",
                    &first,
                    vec![("blocksize", Attribute::Int(stride))],
                    1,
                )?[0]
            }
            "dropout" => self.draft.op(place, "Dropout", &first, vec![], 1)?[0],
            "softmax" => self.draft.op(place, "Softmax", &first, vec![("axis", Attribute::Int(1))], 1)?[0],
            "batchnorm" => self.draft.batch_norm(place, input, true)?,
            "activation" => self.activate(section, name, input, "linear")?,
            "cost" => input,
            // Heads of detectors, recurrent layers and what forks add: known by name, with their settings.
            kind => {
                let node = Node::in_domain("darknet", kind, 0, module);
                let keep = ["classes", "mask", "anchors", "num", "output", "hidden"];
                let words = section.settings.iter().filter(|(n, _)| keep.contains(&n.as_str()));
                let attributes = words.map(|(n, v)| (n.as_str(), Attribute::String(v.clone()))).collect();
                let made = self.draft.worked_out(place, node, &first, attributes, 1)?[0];
                let ty = self.draft.ty(input).clone();
                if is_head(section) {
                    self.draft.graph.tensor_mut(made).ty = ty;
                }
                made
            }
        })
    }

    /// The activation that a section ends in.
    fn activate(
        &mut self,
        section: &Section,
        name: &str,
        input: TensorId,
        default: &str,
    ) -> Result<TensorId, Error> {
        let module = self.draft.graph.root();
        let word = section.word("activation").unwrap_or(default);
        let (op, attributes) = match word {
            "linear" | "none" => return Ok(input),
            "leaky" => ("LeakyRelu", vec![("alpha", Attribute::Float(0.1))]),
            "relu" => ("Relu", vec![]),
            "mish" => ("Mish", vec![]),
            "swish" | "silu" => ("Swish", vec![]),
            "logistic" => ("Sigmoid", vec![]),
            "tanh" => ("Tanh", vec![]),
            "elu" => ("Elu", vec![]),
            "selu" => ("Selu", vec![]),
            "gelu" => ("Gelu", vec![]),
            "hardtan" => ("Clip", vec![]),
            _ => ("", vec![]),
        };
        let own = format!("{name}.{word}");
        let place = Place { module, name: &own };
        if word == "relu6" {
            let node = Node::in_domain("loom", "relu6", 0, module);
            return Ok(self.draft.worked_out(place, node, &[Some(input)], vec![], 1)?[0]);
        }
        if op.is_empty() {
            let node = Node::in_domain("darknet", word, 0, module);
            return Ok(self.draft.worked_out(place, node, &[Some(input)], vec![], 1)?[0]);
        }
        Ok(self.draft.op(place, op, &[Some(input)], attributes, 1)?[0])
    }
}

fn f64_of(n: i64) -> f64 {
    f64::from(i32::try_from(n).unwrap_or(i32::MAX))
}
