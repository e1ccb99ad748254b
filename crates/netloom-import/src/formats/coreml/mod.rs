//! Core ML models: neural networks in `.mlmodel`, programs in packages.
//!
//! # Source
//! <https://apple.github.io/coremltools/mlmodel/index.html>, `Model.proto`, `NeuralNetwork.proto`, `MIL.proto`

mod fields;
mod layers;
mod network;
mod operations;
mod program;

use netloom_graph::{DType, Dim, Graph, Shape, ValueType};

use self::fields::Fields;
use crate::draft::Draft;
use crate::source::take;
use crate::wire::{Message, Reader};
use crate::{Confidence, Error, ErrorKind, Format, Source};

/// The most models inside one another in a pipeline.
const MAX_PIPELINES: u32 = 8;

/// Core ML as a format.
pub struct CoreMl;

/// Numbers of fields of a model, and what it is then.
const OTHERS: &[(u32, &str)] = &[
    (300, "a linear model"),
    (301, "a support vector machine"),
    (302, "an ensemble of trees"),
    (304, "a probit regression"),
    (400, "a linear classifier"),
    (401, "a support vector machine"),
    (402, "an ensemble of trees"),
    (404, "a nearest-neighbour classifier"),
    (501, "a recommender"),
    (555, "a custom model"),
    (556, "a link to another model"),
    (600, "an encoder of categories"),
    (601, "a filler of missing values"),
    (602, "a joiner of features"),
    (604, "a scaler"),
    (607, "a normaliser"),
    (610, "non-maximum suppression"),
    (900, "an identity"),
    (2000, "a text classifier built into the system"),
    (2002, "image features built into the system"),
    (3000, "a serialised model of the system"),
];

impl Format for CoreMl {
    fn name(&self) -> &'static str {
        "coreml"
    }

    fn about(&self) -> &'static str {
        "Core ML neural networks and programs (.mlmodel, the model of an .mlpackage)"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["mlmodel"]
    }

    fn sniff(&self, source: &dyn Source) -> Confidence {
        let head = take(source, 0, 4).unwrap_or_default();
        // The version, then the description.
        if !matches!(head.as_slice(), [0x08, 1..=60, 0x12, _]) {
            return Confidence::No;
        }
        let mut reader = Reader::new(source);
        let mut root = reader.root();
        let mut numbers = Vec::new();
        while let Ok(Some(field)) = reader.next(&mut root) {
            numbers.push(field.number);
            if numbers.len() > 8 {
                break;
            }
        }
        let known =
            |n: &u32| matches!(n, 200..=202 | 303 | 403 | 500 | 502) || OTHERS.iter().any(|(o, _)| o == n);
        if numbers.iter().any(known) { Confidence::Content } else { Confidence::No }
    }

    fn read(&self, source: &dyn Source) -> Result<Graph, Error> {
        let mut reader = Reader::new(source);
        let root = reader.root();
        let mut draft = Draft::new("coreml", source.name().trim_end_matches(".mlmodel"));
        model(&mut reader, root, &mut draft, 0)?;
        Ok(draft.finish())
    }
}

/// Reads one model; of a pipeline the first network.
fn model(reader: &mut Reader<'_>, message: Message, draft: &mut Draft, depth: u32) -> Result<(), Error> {
    let fields = Fields::read(reader, message)?;
    let version = fields.int(1).unwrap_or(0);
    draft.graph.producer = format!("Core ML specification {version}");
    let description = match fields.message(reader, 2)? {
        Some(m) => Fields::read(reader, m)?,
        None => Fields::default(),
    };
    for number in [500, 403, 303] {
        if let Some(network) = fields.message(reader, number)? {
            let inputs = features(reader, &description, 1)?;
            let outputs = features(reader, &description, 10)?;
            return network::read(reader, network, draft, &inputs, &outputs);
        }
    }
    if let Some(program) = fields.message(reader, 502)? {
        return program::read(reader, program, draft);
    }
    for number in [200, 201, 202] {
        let Some(pipeline) = fields.message(reader, number)? else { continue };
        let mut pipeline = Fields::read(reader, pipeline)?;
        // Classifiers and regressors wrap a plain pipeline.
        if number != 202
            && let Some(inner) = pipeline.message(reader, 1)?
        {
            pipeline = Fields::read(reader, inner)?;
        }
        if depth >= MAX_PIPELINES {
            return Err(Error::limit(format!("pipelines nest more than {MAX_PIPELINES} deep")));
        }
        let models = pipeline.messages(reader, 1)?;
        let n = models.len();
        for part in models {
            let inner = Fields::read(reader, part)?;
            if [500, 403, 303, 502, 200, 201, 202].iter().any(|f| inner.has(*f)) {
                draft.note("", format!("a pipeline of {n} models, of which the first network is shown"));
                return model(reader, part, draft, depth + 1);
            }
        }
    }
    let what =
        OTHERS.iter().find(|(n, _)| fields.has(*n)).map_or("no kind of model that is known", |(_, w)| w);
    Err(Error::new(ErrorKind::UnknownFormat, format!("this Core ML file holds {what}, not a neural network")))
}

/// Names and types of what a model reads (field 1) or gives (field 10).
fn features(
    reader: &mut Reader<'_>,
    description: &Fields,
    number: u32,
) -> Result<Vec<(String, ValueType)>, Error> {
    let mut out = Vec::new();
    for feature in description.messages(reader, number)? {
        let fields = Fields::read(reader, feature)?;
        let ty = match fields.message(reader, 3)? {
            Some(ty) => feature_type(reader, ty)?,
            None => ValueType::Unknown,
        };
        out.push((fields.text(reader, 1)?, ty));
    }
    Ok(out)
}

fn feature_type(reader: &mut Reader<'_>, message: Message) -> Result<ValueType, Error> {
    let fields = Fields::read(reader, message)?;
    if let Some(image) = fields.message(reader, 4)? {
        let image = Fields::read(reader, image)?;
        let side = |n: u32| image.int(n).filter(|s| *s > 0).map_or(Dim::Unknown, Dim::Known);
        // 10 is greyscale, 20 and 30 have three colours.
        let channels = if image.int(3) == Some(10) { 1 } else { 3 };
        return Ok(ValueType::tensor(
            DType::UInt8,
            Shape::Ranked(vec![Dim::Known(channels), side(2), side(1)]),
        ));
    }
    if let Some(array) = fields.message(reader, 5)? {
        let array = Fields::read(reader, array)?;
        let dims = array.ints(reader, 1)?;
        let dtype = match array.int(2) {
            Some(65552) => DType::Float16,
            Some(65600) => DType::Float64,
            Some(131_104) => DType::Int32,
            _ => DType::Float32,
        };
        let dims = dims.into_iter().map(|n| if n > 0 { Dim::Known(n) } else { Dim::Unknown });
        return Ok(ValueType::tensor(dtype, Shape::Ranked(dims.collect())));
    }
    Ok(ValueType::Unknown)
}
