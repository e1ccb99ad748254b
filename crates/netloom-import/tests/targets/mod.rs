//! What the fuzz targets run: any bytes end in a result, without a panic, a hang or much memory.
#![allow(dead_code, reason = "each fuzz target and test uses its own part")]

use netloom_graph::{Graph, Producer};
use netloom_import::{Bytes, Source, SourceError, read};

/// Reads bytes as an ONNX file; what comes out holds together.
pub fn onnx_read(data: &[u8]) {
    match read(&Bytes::new("fuzz.onnx", data)) {
        Ok(graph) => check(&graph),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Reads bytes as an ONNX file, infers shapes, counts, lifts and looks for repeats. Lifting keeps what is counted.
pub fn shape_inference(data: &[u8]) {
    if let Ok(mut graph) = read(&Bytes::new("fuzz.onnx", data)) {
        netloom_graph::infer::infer(&mut graph);
        let summary = netloom_graph::summary::summary(&graph);
        assert_eq!(summary.nodes.len(), graph.nodes().len());
        for (_, node) in graph.nodes() {
            if let Some(layer) = node.layer {
                let label = (layer.label)(&graph, node);
                assert!(!label.title.is_empty());
            }
        }
        let lifted = netloom_graph::lift::lift(&graph);
        let after = netloom_graph::summary::summary(&lifted.graph);
        assert_eq!(after.parameters, summary.parameters);
        assert_eq!(after.macs, summary.macs);
        assert_eq!(lifted.stands_for.len(), lifted.graph.nodes().len());
        let _ = netloom_graph::repeats::repeats(&graph);
    }
}

/// A file with a configuration beside it.
struct WithConfig<'a> {
    weights: Bytes<&'a [u8]>,
    config: &'a [u8],
}

impl Source for WithConfig<'_> {
    fn name(&self) -> &'static str {
        "fuzz.safetensors"
    }

    fn len(&self) -> u64 {
        self.weights.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        self.weights.read_at(offset, buf)
    }

    fn sibling(&self, path: &str) -> Option<Box<dyn Source>> {
        (path == "config.json").then(|| Box::new(Bytes::new(path, self.config.to_vec())) as Box<dyn Source>)
    }
}

/// Reads bytes as a safetensors file; what follows a byte 255 is the configuration beside it.
pub fn templates_read(data: &[u8]) {
    let mut parts = data.splitn(2, |b| *b == 255);
    let (weights, config) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match read(&WithConfig { weights: Bytes::new("fuzz.safetensors", weights), config }) {
        Ok(graph) => {
            // Checking links takes time quadratic in the size of a module.
            if graph.nodes().len() < 500 {
                check(&graph);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Reads bytes as a file of Keras, told by its first bytes; what comes out holds together and can be measured.
pub fn keras_read(data: &[u8]) {
    match netloom_import::Format::read(
        &netloom_import::formats::keras::Keras,
        &Bytes::new("fuzz.keras", data),
    ) {
        Ok(mut graph) => {
            // Checking links takes time quadratic in the size of a module.
            if graph.nodes().len() < 2000 {
                check(&graph);
                netloom_graph::infer::infer(&mut graph);
                let _ = netloom_graph::summary::summary(&graph);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Reads bytes as a text in the notation; mistakes are marked inside the text, and graphs survive a trip through JSON.
pub fn loom_read(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match netloom_import::formats::loom::parse(text) {
        Ok(graph) => {
            let json = netloom_import::writers::json::write(&graph);
            // Checking links takes time quadratic in the size of a module.
            if graph.nodes().len() < 500 {
                check(&graph);
                let back =
                    read(&Bytes::new("fuzz.json", json.as_bytes())).expect("what is written can be read");
                assert_eq!(netloom_import::writers::json::write(&back), json);
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(text.get(problem.span.clone()).is_some());
                assert!(problem.render("fuzz.loom", text).starts_with("error: "));
            }
        }
    }
}

/// Reads bytes as one format, by its reader alone, and takes what comes out through inference, lifting and counting.
pub fn format_read(format: &str, name: &str, data: &[u8]) {
    let reader = netloom_import::FORMATS.iter().find(|f| f.name() == format).expect("a registered format");
    let source = Bytes::new(name, data);
    let _ = reader.sniff(&source);
    match reader.read(&source) {
        Ok(mut graph) => {
            if graph.nodes().len() < 500 {
                check(&graph);
            }
            netloom_graph::infer::infer(&mut graph);
            let lifted = netloom_graph::lift::lift(&graph);
            let (before, after) =
                (netloom_graph::summary::summary(&graph), netloom_graph::summary::summary(&lifted.graph));
            assert_eq!(after.parameters, before.parameters);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Reads bytes as whatever they are, archives included.
pub fn any_read(data: &[u8]) {
    match read(&Bytes::new("fuzz", data)) {
        Ok(graph) if graph.nodes().len() < 500 => check(&graph),
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Links hold in both directions, and every id names something.
fn check(graph: &Graph) {
    for (id, node) in graph.nodes() {
        for (position, tensor) in node.inputs.iter().enumerate() {
            if let Some(tensor) = tensor {
                assert!(graph.tensor(*tensor).consumers.contains(&(id, position)));
            }
        }
        for tensor in node.outputs.iter().flatten() {
            assert!(matches!(graph.tensor(*tensor).producer, Producer::Node(..)));
        }
        assert_eq!(graph.module(node.module).nodes.iter().filter(|n| **n == id).count(), 1);
    }
    for (id, module) in graph.modules().skip(1) {
        let parent = module.parent.expect("only the root has no parent");
        assert!(parent < id && graph.module(parent).children.contains(&id));
    }
    for (i, tensor) in graph.inputs.iter().enumerate() {
        assert_eq!(graph.tensor(*tensor).producer, Producer::Input(i));
    }
    for (_, region) in graph.regions() {
        let owner = region.owner.expect("a body belongs to a node");
        assert_eq!(graph.node(owner).region, region.parent);
    }
}
