//! Formats that write settings and no weights: Caffe, Darknet and MXNet, against published counts of parameters.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use netloom_graph::{Graph, summary};
use netloom_import::{Bytes, read};

fn open(name: &str, text: &str) -> Graph {
    let mut graph = read(&Bytes::new(name, text.as_bytes())).unwrap_or_else(|e| panic!("{name}: {e}"));
    netloom_graph::infer::infer(&mut graph);
    graph
}

/// Checks parameters, stored numbers that are no parameters, and the shapes of the results.
#[track_caller]
fn check(name: &str, text: &str, parameters: u64, buffers: u64, outputs: &[&str]) -> Graph {
    let graph = open(name, text);
    let counted = summary::summary(&graph);
    assert_eq!((counted.parameters, counted.buffers), (parameters, buffers), "{name}");
    let found: Vec<String> = graph.outputs.iter().map(|o| graph.tensor(*o).ty.shape().to_string()).collect();
    assert_eq!(found, outputs, "{name}: {:?}", graph.diagnostics);
    graph
}

/// The deployed reference network of Caffe (AlexNet with pooling before normalisation).
fn caffenet() -> String {
    let conv = |n: u32, bottom: &str, outputs: u32, rest: &str| {
        format!(
            "layer {{ name: 'conv{n}' type: 'Convolution' bottom: '{bottom}' top: 'conv{n}' \
             convolution_param {{ num_output: {outputs} {rest} }} }}\n\
             layer {{ name: 'relu{n}' type: 'ReLU' bottom: 'conv{n}' top: 'conv{n}' }}\n"
        )
    };
    let pool = |n: u32, bottom: &str| {
        format!(
            "layer {{ name: 'pool{n}' type: 'Pooling' bottom: '{bottom}' top: 'pool{n}' \
             pooling_param {{ pool: MAX kernel_size: 3 stride: 2 }} }}\n"
        )
    };
    let norm = |n: u32| {
        format!(
            "layer {{ name: 'norm{n}' type: 'LRN' bottom: 'pool{n}' top: 'norm{n}' lrn_param {{ local_size: 5 }} }}\n"
        )
    };
    let dense = |n: u32, bottom: &str, outputs: u32| {
        format!(
            "layer {{ name: 'fc{n}' type: 'InnerProduct' bottom: '{bottom}' top: 'fc{n}' \
             inner_product_param {{ num_output: {outputs} }} }}\n"
        )
    };
    let drop = |n: u32| {
        format!(
            "layer {{ name: 'relu{n}' type: 'ReLU' bottom: 'fc{n}' top: 'fc{n}' }}\n\
             layer {{ name: 'drop{n}' type: 'Dropout' bottom: 'fc{n}' top: 'fc{n}' }}\n"
        )
    };
    [
        "name: 'CaffeNet'\nlayer { name: 'data' type: 'Input' top: 'data' input_param { shape: { dim: 10 dim: 3 dim: 227 dim: 227 } } }\n"
            .to_owned(),
        conv(1, "data", 96, "kernel_size: 11 stride: 4"),
        pool(1, "conv1"),
        norm(1),
        conv(2, "norm1", 256, "pad: 2 kernel_size: 5 group: 2"),
        pool(2, "conv2"),
        norm(2),
        conv(3, "norm2", 384, "pad: 1 kernel_size: 3"),
        conv(4, "conv3", 384, "pad: 1 kernel_size: 3 group: 2"),
        conv(5, "conv4", 256, "pad: 1 kernel_size: 3 group: 2"),
        pool(5, "conv5"),
        dense(6, "pool5", 4096),
        drop(6),
        dense(7, "fc6", 4096),
        drop(7),
        dense(8, "fc7", 1000),
        "layer { name: 'prob' type: 'Softmax' bottom: 'fc8' top: 'prob' }\n".to_owned(),
    ]
    .concat()
}

#[test]
fn caffe() {
    let graph = check("deploy.prototxt", &caffenet(), 60_965_224, 0, &["10×1000"]);
    assert_eq!((graph.format.as_str(), graph.name.as_str()), ("caffe", "CaffeNet"));
    let training = "layer { name: 'd' type: 'Data' top: 'data' top: 'label' include { phase: TRAIN } }\n\
        layer { name: 'd' type: 'Data' top: 'data' top: 'label' include { phase: TEST } transform_param { crop_size: 8 } }\n\
        layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c' convolution_param { num_output: 4 kernel_size: 3 bias_term: false } }\n\
        layer { name: 'bn' type: 'BatchNorm' bottom: 'c' top: 'c' }\n\
        layer { name: 's' type: 'Scale' bottom: 'c' top: 'c' scale_param { bias_term: true } }\n\
        layer { name: 'e' type: 'Eltwise' bottom: 'c' bottom: 'c' top: 'e' }\n\
        layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'e' bottom: 'label' top: 'loss' }\n";
    check("train_val.prototxt", training, 4 * 27 + 8, 8, &["1×4×6×6"]);
}

/// The tiny network of YOLO 3; the counts are those of its published file of weights, which has (35 434 956 - 20) / 4
/// numbers, running statistics included.
fn yolov3_tiny() -> String {
    let conv = |filters: u32, size: u32| {
        format!(
            "[convolutional]\nbatch_normalize=1\nfilters={filters}\nsize={size}\nstride=1\npad=1\nactivation=leaky\n\n"
        )
    };
    let plain = "[convolutional]\nsize=1\nstride=1\npad=1\nfilters=255\nactivation=linear\n\n[yolo]\nmask = 3,4,5\nclasses=80\n\n";
    let pool = |stride: u32| format!("[maxpool]\nsize=2\nstride={stride}\n\n");
    let mut text = "[net]\n# Testing\nbatch=1\nwidth=416\nheight=416\nchannels=3\n\n".to_owned();
    for filters in [16, 32, 64, 128, 256] {
        text += &(conv(filters, 3) + &pool(2));
    }
    text += &(conv(512, 3) + &pool(1) + &conv(1024, 3) + &conv(256, 1) + &conv(512, 3) + plain);
    text += &("[route]\nlayers = -4\n\n".to_owned()
        + &conv(128, 1)
        + "[upsample]\nstride=2\n\n[route]\nlayers = -1, 8\n\n");
    text + &conv(256, 3) + plain
}

#[test]
fn darknet() {
    let filters = 16 + 32 + 64 + 128 + 256 + 512 + 1024 + 256 + 512 + 128 + 256;
    let graph = check(
        "yolov3-tiny.cfg",
        &yolov3_tiny(),
        8_858_734 - 2 * filters,
        // Four more: by how much the upsampling scales each dimension.
        2 * filters + 4,
        &["batch×255×13×13", "batch×255×26×26"],
    );
    assert_eq!((graph.format.as_str(), graph.name.as_str()), ("darknet", "yolov3-tiny"));
}

/// A symbol of MXNet, written as `Symbol.save` writes it.
#[derive(Default)]
struct Symbol(Vec<String>);

impl Symbol {
    fn node(&mut self, op: &str, name: &str, attrs: &[(&str, &str)], inputs: &[usize]) -> usize {
        let attrs: Vec<String> = attrs.iter().map(|(n, v)| format!("{n:?}: {v:?}")).collect();
        let inputs: Vec<String> = inputs.iter().map(|i| format!("[{i}, 0, 0]")).collect();
        self.0.push(format!(
            "{{\"op\": {op:?}, \"name\": {name:?}, \"attrs\": {{{}}}, \"inputs\": [{}]}}",
            attrs.join(", "),
            inputs.join(", ")
        ));
        self.0.len() - 1
    }

    fn conv(&mut self, name: &str, input: usize, filters: u32, kernel: u32, stride: u32, pad: u32) -> usize {
        let weight = self.node("null", &format!("{name}_weight"), &[], &[]);
        let bias = self.node("null", &format!("{name}_bias"), &[], &[]);
        let pair = |n: u32| format!("({n}, {n})");
        let (filters, kernel, stride, pad) = (filters.to_string(), pair(kernel), pair(stride), pair(pad));
        let attrs =
            [("num_filter", filters.as_str()), ("kernel", &kernel), ("stride", &stride), ("pad", &pad)];
        let made = self.node("Convolution", name, &attrs, &[input, weight, bias]);
        self.node("Activation", &format!("relu_{name}"), &[("act_type", "relu")], &[made])
    }

    fn pool(&mut self, name: &str, input: usize) -> usize {
        let attrs = [
            ("kernel", "(3, 3)"),
            ("stride", "(2, 2)"),
            ("pool_type", "max"),
            ("pooling_convention", "full"),
        ];
        self.node("Pooling", name, &attrs, &[input])
    }

    fn text(&self, head: usize) -> String {
        format!(
            "{{\n\"nodes\": [{}],\n\"arg_nodes\": [0],\n\"heads\": [[{head}, 0, 0]]\n}}",
            self.0.join(",\n")
        )
    }
}

/// SqueezeNet 1.1, whose published count is 1 235 496.
fn squeezenet() -> String {
    let mut net = Symbol::default();
    let mut at = net.node("null", "data", &[("__shape__", "(0, 3, 224, 224)")], &[]);
    at = net.conv("conv1", at, 64, 3, 2, 0);
    at = net.pool("pool1", at);
    for (i, (squeeze, expand)) in
        [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]
            .into_iter()
            .enumerate()
    {
        let name = |part: &str| format!("fire{}_{part}", i + 2);
        let narrow = net.conv(&name("squeeze"), at, squeeze, 1, 1, 0);
        let a = net.conv(&name("expand1x1"), narrow, expand, 1, 1, 0);
        let b = net.conv(&name("expand3x3"), narrow, expand, 3, 1, 1);
        at = net.node("Concat", &name("concat"), &[("dim", "1"), ("num_args", "2")], &[a, b]);
        if i == 1 || i == 3 {
            at = net.pool(&format!("pool{}", i + 2), at);
        }
    }
    at = net.node("Dropout", "drop", &[("p", "0.5")], &[at]);
    at = net.conv("conv10", at, 1000, 1, 1, 0);
    at = net.node(
        "Pooling",
        "pool10",
        &[("global_pool", "True"), ("kernel", "(13, 13)"), ("pool_type", "avg")],
        &[at],
    );
    at = net.node("Flatten", "flatten", &[], &[at]);
    let label = net.node("null", "softmax_label", &[], &[]);
    at = net.node("SoftmaxOutput", "softmax", &[], &[at, label]);
    net.text(at)
}

#[test]
fn mxnet() {
    let graph = check("squeezenet-symbol.json", &squeezenet(), 1_235_496, 0, &["batch×1000"]);
    assert_eq!((graph.format.as_str(), graph.name.as_str()), ("mxnet", "squeezenet"));
    assert_eq!(graph.inputs.len(), 1);
}

#[test]
fn mistakes_are_told() {
    for (name, text, message) in [
        ("a.cfg", "[net]\nwidth 8", "line 2: expected `[section]` or `name=value`, found `width 8`"),
        ("a.cfg", "[net]\n[route]\nlayers=5", "line 2: expected one of the 0 sections before, found 5"),
        ("a.prototxt", "layer { top: 'a' ", "line 1: expected a closing `}`, found the end"),
    ] {
        assert_eq!(read(&Bytes::new(name, text.as_bytes())).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn hostile_texts_get_an_answer() {
    for (name, whole) in
        [("a.prototxt", caffenet()), ("a.cfg", yolov3_tiny()), ("a-symbol.json", squeezenet())]
    {
        for cut in (0..whole.len()).step_by(7) {
            let _ = read(&Bytes::new(name, &whole.as_bytes()[..cut])).map(|g| g.nodes().len());
        }
        for (from, to) in
            [("3", "99999999999999999999"), ("1", "-1"), ("2", "9223372036854775807"), ("=", ""), (":", "{")]
        {
            let _ = read(&Bytes::new(name, whole.replace(from, to).into_bytes())).map(|g| g.nodes().len());
        }
    }
}
