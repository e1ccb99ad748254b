//! What the fuzz targets run: any bytes end in a result, without a panic, a hang or much memory.
#![allow(dead_code, reason = "each fuzz target and test uses its own part")]
#![allow(clippy::cast_possible_truncation, reason = "members of archives made here are small")]

use netloom_graph::{Graph, Producer};
use netloom_import::{Bytes, Source, SourceError, read};

/// Reads bytes as an ONNX file; what comes out holds together.
pub fn onnx_read(data: &[u8]) {
    match read(&Bytes::new("fuzz.onnx", data)) {
        Ok(graph) => check(&graph),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Reads bytes as a program of torch.export: its text, or an archive.
pub fn torch_export_read(data: &[u8]) {
    match read(&Bytes::new("fuzz.pt2", data)) {
        Ok(mut graph) => {
            check(&graph);
            netloom_graph::infer::infer(&mut graph);
            let _ = netloom_graph::lift::lift(&graph);
        }
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

/// Reads bytes as a pickle and as a file of weights in its oldest form; neither runs anything.
pub fn pickle_read(data: &[u8]) {
    let source = Bytes::new("fuzz.pkl", data);
    if let Ok(pickle) = netloom_import::pickle::Pickle::read(&source, 0) {
        let _ = pickle.tensor(pickle.root);
    }
    match read(&source) {
        Ok(graph) if graph.nodes().len() < 500 => check(&graph),
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Reads bytes as the code of a TorchScript archive whose one module has no weights, and as a whole archive.
pub fn torchscript_read(data: &[u8]) {
    let objects: &[u8] = b"\x80\x02c__torch__\nNet\n)\x81}X\x08\0\0\0training\x89sb.";
    let mut members = vec![("net/data.pkl", objects), ("net/constants.pkl", b"\x80\x02).")];
    if data.starts_with(b"PK\x03\x04") {
        let _ = read(&Bytes::new("fuzz.pt", data)).map(|graph| graph.nodes().len());
        return;
    }
    members.push(("net/code/__torch__.py", data));
    match read(&Bytes::new("fuzz.pt", stored_zip(&members))) {
        Ok(graph) if graph.nodes().len() < 500 => check(&graph),
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A ZIP archive of members that are not compressed.
pub fn stored_zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let (offset, len) = (out.len() as u32, data.len() as u32);
        let mut crc = !0_u32;
        for byte in *data {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
            }
        }
        let mut facts = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        facts.extend((!crc).to_le_bytes());
        facts.extend(len.to_le_bytes());
        facts.extend(len.to_le_bytes());
        facts.extend((name.len() as u16).to_le_bytes());
        facts.extend([0, 0]);
        out.extend(b"PK\x03\x04");
        out.extend(&facts);
        out.extend(name.as_bytes());
        out.extend(*data);
        list.extend(b"PK\x01\x02\x14\0");
        list.extend(&facts);
        list.extend([0; 10]);
        list.extend(offset.to_le_bytes());
        list.extend(name.as_bytes());
    }
    let (start, size) = (out.len() as u32, list.len() as u32);
    out.extend(list);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([(members.len() as u16).to_le_bytes(); 2].concat());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// Reads bytes as a TensorFlow file; what comes out holds together.
pub fn tensorflow_read(data: &[u8]) {
    format_read("tensorflow", "fuzz.pb", data);
}

/// Reads bytes as a TensorFlow Lite file; its mark is put in, as a fuzzer need not find it.
pub fn tflite_read(data: &[u8]) {
    let mut bytes = data.to_vec();
    if let Some(mark) = bytes.get_mut(4..8) {
        mark.copy_from_slice(b"TFL3");
    }
    format_read("tflite", "fuzz.tflite", &bytes);
}

/// Lays a text out: a text that is laid out stays as it is, and means what it meant.
pub fn loom_format(data: &[u8]) {
    use netloom_import::formats::loom;
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(laid_out) = loom::format(text) else { return };
    assert_eq!(loom::format(&laid_out).as_ref(), Ok(&laid_out));
    let json = |text: &str| loom::parse(text).map(|g| netloom_import::writers::json::write(&g)).ok();
    assert_eq!(json(text), json(&laid_out));
}

/// Reads bytes as a text in the notation or as an ONNX file and writes the graph in the notation: what is written can be
/// laid out, and where the graph came from a text, it can be read and has the same parameters and operators.
pub fn loom_write(data: &[u8]) {
    use netloom_import::{formats::loom, writers};
    let parsed = std::str::from_utf8(data).ok().and_then(|text| loom::parse(text).ok());
    let Some(mut graph) = parsed.or_else(|| read(&Bytes::new("fuzz.onnx", data)).ok()) else { return };
    if graph.nodes().len() > 2000 || graph.modules().len() > 2000 {
        return;
    }
    netloom_graph::infer::infer(&mut graph);
    let text = writers::loom::write(&graph);
    assert_eq!(loom::format(&text).as_ref(), Ok(&text));
    if graph.format == "loom" && graph.diagnostics.is_empty() {
        let Ok(back) = loom::parse(&text) else { return };
        let held = |g: &Graph| g.nodes().filter(|(_, n)| n.op == "Constant").count();
        assert_eq!(back.nodes().len() - held(&back), graph.nodes().len() - held(&graph), "{text}");
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
