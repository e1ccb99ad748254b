//! Texts and what they become; mistakes and what is said of them.

use netloom_graph::{Graph, TensorId};

use super::*;

/// One line per node: path, operator, names of what flows in, shapes of its results.
fn listing(graph: &Graph) -> String {
    let name = |t: &TensorId| graph.tensor(*t).name.clone();
    let mut out = String::new();
    for (id, node) in graph.nodes() {
        let inputs: Vec<String> =
            node.inputs.iter().flatten().filter(|t| !graph.tensor(**t).is_stored()).map(name).collect();
        let shapes: Vec<String> =
            node.outputs.iter().flatten().map(|t| graph.tensor(*t).ty.shape().to_string()).collect();
        out += &format!("{} {}({}) {}\n", graph.node_path(id), node.op, inputs.join(", "), shapes.join(", "));
    }
    let outputs: Vec<String> = graph.outputs.iter().map(name).collect();
    out + &format!("→ {}\n", outputs.join(", "))
}

fn read(text: &str) -> Graph {
    parse(text).unwrap_or_else(|problems| {
        let report: Vec<String> = problems.iter().map(|p| p.render("text", text)).collect();
        panic!("{}", report.join("\n"))
    })
}

fn check(text: &str, expected: &str) {
    let trim = |s: &str| s.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert_eq!(trim(&listing(&read(text))), trim(expected), "\n{text}");
}

#[test]
fn chains_hand_on_their_results() {
    check(
        "input x [1, 3, 32, 32]
         conv(8, 3, pad=1) > batch_norm > relu
           > max_pool(2)
         flatten > linear(10)",
        "conv Conv(x) 1×8×32×32
         batch_norm BatchNormalization(conv) 1×8×32×32
         relu Relu(batch_norm) 1×8×32×32
         max_pool MaxPool(relu) 1×8×16×16
         flatten Flatten(max_pool) 1×2048
         linear Gemm(flatten) 1×10
         → linear",
    );
}

#[test]
fn branches_start_from_what_flows_in() {
    check(
        "input x [1, 3, 32, 32]; [conv(3, 3, pad=same) > relu, same] > add > relu",
        "conv Conv(x) 1×3×32×32
         relu Relu(conv) 1×3×32×32
         add Add(relu, x) 1×3×32×32
         relu_1 Relu(add) 1×3×32×32
         → relu_1",
    );
    check(
        "input a [1, 4]; input b [1, 4]
         [a, b > relu, a > tanh] > concat(axis=0) > mul(0.5)",
        "relu Relu(b) 1×4
         tanh Tanh(a) 1×4
         concat Concat(a, relu, tanh) 3×4
         mul Mul(concat) 3×4
         → mul",
    );
}

#[test]
fn names_and_outputs() {
    check(
        "input x [batch, 6, 8]
         a, b, _ = split(3)
         y = a > add(b)
         output y, x > reshape([batch * 6, -1])",
        "split Split(x) batch×2×8, batch×2×8, batch×2×8
         add Add(a, b) batch×2×8
         reshape Reshape(x) 6*batch×8
         → y, reshape",
    );
}

#[test]
fn blocks_labels_and_repetition_make_modules() {
    let text = "input x [1, 8]
        block Layer(n, skip=true) { [linear(n) > relu, same] > add }
        Layer(8); body: Layer(n=8) * 2
        head: { linear(4) > inner: { relu } }
        { relu } * 2; tanh * 2";
    check(
        text,
        "layer/linear Gemm(x) 1×8
         layer/relu Relu(layer.linear) 1×8
         layer/add Add(layer.relu, x) 1×8
         body.0/linear Gemm(layer.add) 1×8
         body.0/relu Relu(body.0.linear) 1×8
         body.0/add Add(body.0.relu, layer.add) 1×8
         body.1/linear Gemm(body.0.add) 1×8
         body.1/relu Relu(body.1.linear) 1×8
         body.1/add Add(body.1.relu, body.0.add) 1×8
         head/linear Gemm(body.1.add) 1×4
         head.inner/relu Relu(head.linear) 1×4
         group.0/relu Relu(head.inner.relu) 1×4
         group.1/relu Relu(group.0.relu) 1×4
         tanh Tanh(group.1.relu) 1×4
         tanh_1 Tanh(tanh) 1×4
         → tanh_1",
    );
    let graph = read(text);
    let modules: Vec<String> =
        graph.modules().map(|(_, m)| format!("{}:{}", m.path, m.class.as_deref().unwrap_or(""))).collect();
    let expected = ":,layer:Layer,body:,body.0:Layer,body.1:Layer,head:,head.inner:,group:,group.0:,group.1:";
    assert_eq!(modules.join(","), expected);
}

#[test]
fn a_label_applied_again_shares_its_weights() {
    let text = "input a [1, 4]; input b [1, 4]
        left = a > tower: { linear(8) > out: linear(2) }
        right = b > tower
        add(left, right)";
    check(
        text,
        "tower/linear Gemm(a) 1×8
         tower.out/linear Gemm(tower.linear) 1×2
         tower_1/linear Gemm(b) 1×8
         tower_1.out/linear Gemm(tower_1.linear) 1×2
         add Add(left, right) 1×2
         → add",
    );
    let graph = read(text);
    let stored: Vec<&str> =
        graph.tensors().filter(|(_, t)| t.is_stored()).map(|(_, t)| t.name.as_str()).collect();
    assert_eq!(stored, ["tower.linear.weight", "tower.linear.bias", "tower.out.weight", "tower.out.bias"]);
}

#[test]
fn blocks_take_values_and_several_inputs() {
    check(
        "input x [1, 2, 8, 8]
         block Up(c, skip) { conv_transpose(c, 2, stride=2) > concat(skip) }
         block Cross { input q, kv; attention(q, kv, heads=2) }
         e = relu
         max_pool(2) > Up(2, e)
         y = flatten(2)
         [y, y] > Cross",
        "relu Relu(x) 1×2×8×8
         max_pool MaxPool(e) 1×2×4×4
         up/conv_transpose ConvTranspose(max_pool) 1×2×8×8
         up/concat Concat(up.conv_transpose, e) 1×4×8×8
         flatten Reshape(up.concat) 1×4×64
         cross/attention attention(y, y, y) 1×4×64
         → cross.attention",
    );
}

#[test]
fn recurrent_layers_give_sequence_and_states() {
    check(
        "input x [b, t, 16]
         y, h, c = lstm(32, layers=2, bidirectional=true)
         z = y > gru(8)",
        "lstm/cell_0 LSTM(x) b×t×2×32
         lstm/sequence_0 Reshape(lstm.cell_0) b×t×64
         lstm/cell_1 LSTM(lstm.sequence_0) b×t×2×32, b×2×32, b×2×32
         lstm/sequence_1 Reshape(lstm.cell_1) b×t×64
         lstm/hidden_1 Reshape(lstm.cell_1.1) b×64
         lstm/state_1 Reshape(lstm.cell_1.2) b×64
         gru/cell GRU(y) b×t×1×8
         gru/sequence Squeeze(gru.cell) b×t×8
         → z",
    );
}

#[test]
fn sketches_stand_for_what_nobody_knows() {
    let text = "input x [n, 4]; \"patch shuffle\"(3, width=2.5, shape=[2 * n, 9]) > Mystery > relu";
    check(
        text,
        "patch_shuffle patch shuffle(x) 2*n×9
         mystery Mystery(patch_shuffle) ?
         relu Relu(mystery) ?
         → relu",
    );
    let graph = read(text);
    let notes: Vec<&str> = graph.diagnostics.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(notes, ["unknown layer `Mystery`: drawn as a sketch, its result unknown"]);
}

#[test]
fn operators_of_the_graph_are_layers_too() {
    check(
        "input x [2, 3]; cumulative_sum(1, reverse=true) > transpose",
        "cumulative_sum CumSum(x) 2×3
         transpose Transpose(cumulative_sum) 3×2
         → transpose",
    );
}

/// Every fixture: name, shapes of the results, learned elements.
macro_rules! fixtures {
    ($($name:literal $shapes:literal $parameters:literal,)*) => {
        &[$(($name, include_str!(concat!("../../../tests/fixtures/", $name, ".loom")), $shapes, $parameters)),*]
    };
}

/// The parameters of ResNet-18 are torchvision's; the others are sums over the layers as written.
const FIXTURES: &[(&str, &str, &str, u64)] = fixtures! {
    "densenet" "1×10" 598_538,
    "inception" "1×480×14×14" 552_432,
    "lenet5" "1×10" 61_706,
    "lstm_classifier" "batch×2" 2_971_842,
    "mask" "batch×time×64" 599_936,
    "mlp" "batch×10" 109_386,
    "resnet18" "1×1000" 11_689_512,
    "seq2seq" "?" 11_090_240,
    "siamese" "batch×1" 105_281,
    "transformer" "batch×time×30000" 16_970_032,
    "unet" "1×1×128×128" 1_927_841,
    "vae" "batch×784, batch×20, batch×20" 652_824,
};

#[test]
fn fixtures_have_their_shapes_and_parameters() {
    for (name, text, shapes, parameters) in FIXTURES {
        let mut graph = read(text);
        let ready = graph.clone();
        netloom_graph::infer::infer(&mut graph);
        assert_eq!(listing(&graph), listing(&ready), "{name}: inference adds nothing");
        assert!(graph.diagnostics.is_empty(), "{name}: {:?}", graph.diagnostics);
        let found: Vec<String> =
            graph.outputs.iter().map(|t| graph.tensor(*t).ty.shape().to_string()).collect();
        assert_eq!(found.join(", "), *shapes, "{name}");
        assert_eq!(netloom_graph::summary::summary(&graph).parameters, *parameters, "{name}");
    }
}

/// Mistakes: the text, what is marked, the message, the hint.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    (
        "input x [1, 3, 9, 9]\ncnov(8, 3)",
        "cnov",
        "unknown layer `cnov`",
        "did you mean `conv`? A name in quotes is drawn as it is",
    ),
    (
        "input x [1, 3, 9, 9]\nBasik(8)\nblock Basic(c) { relu }",
        "Basik",
        "unknown layer `Basik`",
        "did you mean `Basic`? A name in quotes is drawn as it is",
    ),
    (
        "input x [1, 3, 9, 9]\nconv(8, 3, strides=2)",
        "strides",
        "unknown setting `strides` of `conv`",
        "did you mean `stride`?",
    ),
    (
        "input x [1, 3, 9, 9]\nconv(8)",
        "conv(8)",
        "`conv` needs the setting `kernel`",
        "all settings: conv(channels, kernel, stride, pad, dilation, groups, bias)",
    ),
    (
        "input x [1, 3, 9, 9]\nconv(8, \"3\")",
        "\"3\"",
        "expected a whole number of at least 1 for `kernel` of `conv`, found \"3\"",
        "",
    ),
    (
        "input x [1, 3, 9, 9]\nreshape([1, -1], 3)",
        "3",
        "expected at most 1 setting of `reshape`, found one more",
        "all settings: reshape(shape)",
    ),
    (
        "input x [1, 3, 9, 9]\nupsample(2, mode=\"neerest\")",
        "\"neerest\"",
        "expected \"nearest\" or \"linear\" or \"cubic\" for `mode` of `upsample`, found \"neerest\"",
        "did you mean `nearest`?",
    ),
    (
        "input x [1, 3, 9, 9]\nupsample(2, mode=nearest)",
        "nearest",
        "unknown name `nearest`",
        "a size with a name is declared by an input, as in `input x [nearest, 64]`; text stands in quotes: \"nearest\"",
    ),
    (
        "input x [1, 3, 9, 9]\nlinear(8 / 3)",
        "8 / 3",
        "expected a whole number of at least 1 for `features` of `linear`, found 2.6666666666666665",
        "",
    ),
    ("input x: flaot32[1, 3]\nrelu", "flaot32", "unknown element type `flaot32`", "did you mean `float32`?"),
    (
        "input x [1, 3, 9, 9]\nskip = relu\nconv(3, 3) > add(skpi)",
        "skpi",
        "unknown name `skpi`",
        "did you mean `skip`?",
    ),
    (
        "input x [1, 3, 9, 9]\nskip = relu\nconv(3, 3) > skip",
        "skip",
        "expected a layer, found the value `skip`",
        "join it by a layer: `add(skip)` or `concat(skip)`",
    ),
    (
        "input x [1, 3, 9, 9]\nadd(x, relu(x))",
        "(",
        "expected a number, a name or text, found `(`",
        "layers are not nested but chained, `x > relu(…) > …`; a value that is needed twice gets a name, `y = relu(…)`",
    ),
    (
        "input x [1, 3, 9, 9]\nadd",
        "add",
        "`add` expected at least 2 inputs, found 1",
        "name the values, `add(a, b)`, or give branches, `[…, same] > add`",
    ),
    (
        "input x [1, 8]\nconv(8, 3)",
        "conv(8, 3)",
        "`conv` expected an input of batch, channels and space, found 1×8",
        "",
    ),
    (
        "input x [1, 3, 32, 32]\n[conv(3, 3), same] > add",
        "add",
        "expected dimensions that broadcast, found 30 and 32",
        "its inputs are 1×3×30×30, 1×3×32×32; `pad=\"same\"` makes convolutions and pools keep sizes, `conv(n, 1)` changes channels",
    ),
    (
        "input x [1, 3, 9, 9]\nt: conv(4, 3) > conv(8, 3) > t",
        "t",
        "expected to share the weight `t.weight` of 4×3×3×3, found a need for 4×8×3×3",
        "a part that is applied again takes the same number of channels",
    ),
    (
        "input x [1, 3, 9, 9]\na: relu > a: tanh",
        "a",
        "label `a` is used twice",
        "to apply the same part again, with the same weights, write `a` alone; to add to it, `more a: { … }`",
    ),
    ("input x [1, 3, 9, 9]\na, b, c = split(2)", "split(2)", "expected 3 results, found 2", ""),
    ("input x [1, 3, 9, 9]\nA\nblock A { A }", "A", "block `A` contains itself", ""),
    (
        "input x [1, 3, 9, 9]\nA\nblock A(c) { relu }",
        "A",
        "block `A` needs the parameter `c`",
        "give it in parentheses, in order or by name: `A(c)`",
    ),
    (
        "input x [1, 3, 9, 9]\nA\nblock A { y > relu }",
        "y",
        "unknown layer or value `y`",
        "in a block, `same` is what flows in; `input y` gives it a name",
    ),
    (
        "input a [1, 4]\ninput b [1, 4]\nlinear(3)",
        "linear(3)",
        "expected a value to start from, found 2 inputs",
        "begin with the one that is meant, as in `x > relu`",
    ),
    (
        "relu",
        "relu",
        "expected a value to start from, found none",
        "declare one first: `input x [1, 3, 224, 224]`",
    ),
    (
        "",
        "",
        "expected an input and layers, found an empty model",
        "declare one first: `input x [1, 3, 224, 224]`",
    ),
    (
        "input x [1, 3, 9, 9]\nconv(8, 3) relu",
        "relu",
        "expected `>` or the end of the line, found `relu`",
        "layers are chained by `>`",
    ),
    (
        "input x [1, 3, 9, 9]\nconv(8, 3) -> relu",
        "->",
        "expected `>`, found `->`",
        "layers are chained by `>`",
    ),
    (
        "input x [1, 3, 9, 9]\nconv(8, 3\nrelu",
        "relu",
        "expected `,` or `)`, found `relu`",
        "the `(` of line 2 is still open",
    ),
    (
        "input x [1, 3, 9, 9]\nblock A {\nrelu",
        "",
        "expected a statement or `}`, found the end of the text",
        "the `{` of line 2 is still open",
    ),
    (
        "input x [1, 3, 9, 9]\nfor i in range(3)",
        "for",
        "expected a layer, a value, `[` or `{`, found `for`",
        "repeat by `*`: `{ conv(8, 3) > relu } * 4`",
    ),
    (
        "input x [1, 3, 9, 9]\n{ relu * 1000 } * 1000",
        "relu * 1000",
        "expected a network of at most 300 000 parts",
        "repetitions inside one another multiply",
    ),
    ("input x [1, 3, 9, 9]\nrelu * 0", "0", "expected a number of repetitions of at least 1, found 0", ""),
];

#[test]
fn mistakes_are_marked_and_explained() {
    for (text, marked, message, hint) in MISTAKES {
        let problems = parse(text).expect_err(text);
        let first = &problems[0];
        assert_eq!(first.message, *message, "\n{}", first.render("text", text));
        assert_eq!(&text[first.span.clone()], *marked, "\n{}", first.render("text", text));
        assert_eq!(first.hint.as_deref().unwrap_or(""), *hint, "\n{}", first.render("text", text));
    }
}

#[test]
fn several_mistakes_are_told_at_once() {
    let text = "input x [1, 3, 9, 9]\ny = conv(8, 3, strid=2)\ny > relu\nx > lienar(4)\nconcat(x, z)";
    let problems = parse(text).expect_err("three mistakes");
    let lines: Vec<(usize, &str)> =
        problems.iter().map(|p| (p.place(text).line, p.message.as_str())).collect();
    let expected =
        [(2, "unknown setting `strid` of `conv`"), (4, "unknown layer `lienar`"), (5, "unknown name `z`")];
    assert_eq!(lines, expected);
    let text = "input x [1\nrelu > > relu\nlinear(3) )\n{ relu\n] }\ntanh";
    let lines: Vec<usize> = parse(text).expect_err("mistakes").iter().map(|p| p.place(text).line).collect();
    assert_eq!(lines, [2, 3, 5]);
}

#[test]
fn limits_are_told_quickly() {
    let deep =
        |open: &str, close: &str, n: usize| format!("input x [1]\n{}relu{}", open.repeat(n), close.repeat(n));
    let blocks: String = (0..70).map(|i| format!("block A{i} {{ A{} }}\n", i + 1)).collect();
    let doubling: String = (0..40).map(|i| format!("block B{i} {{ B{0} > B{0} }}\n", i + 1)).collect();
    for (text, message) in [
        (deep("{ ", " }", 1000), "expected at most 64 brackets inside one another"),
        (deep("[", "]", 1000), "expected at most 64 brackets inside one another"),
        (
            format!("input x [1]\nlinear({}1)", "(".repeat(1000)),
            "expected at most 64 brackets inside one another",
        ),
        (
            format!("input x [1]\nlinear({}1)", "1+".repeat(1000)),
            "expected at most 256 operators in a statement",
        ),
        (
            format!("input x [1]\nA0\n{blocks}block A70 {{ relu }}"),
            "expected at most 64 parts inside one another",
        ),
        (
            format!("input x [1]\nB0\n{doubling}block B40 {{ relu }}"),
            "expected a network of at most 300 000 parts",
        ),
        ("input x [1]\n[same, same] * 30".to_owned(), "expected at most 256 values side by side, found 512"),
        ("input x [1]\nrelu * 1000000000000".to_owned(), "expected a network of at most 300 000 parts"),
        ("input x [9, 9]\nsplit(1000000000)".to_owned(), "expected a network of at most 300 000 parts"),
        (format!("input x [1]\nadd({}x)", "x, ".repeat(100)), "expected at most 64 items between brackets"),
        (
            format!("input x [1]\n{}: relu", "a".repeat(300)),
            "expected at most 200 bytes of a word, found 300",
        ),
        (
            format!("input x [1]\n{}relu{}", format!("{}: {{ ", "c".repeat(100)).repeat(20), " }".repeat(20)),
            "expected paths of at most 1000 bytes",
        ),
        (
            format!("input x [1]\n{{ {} }} * 10000", "x;".repeat(1000)),
            "expected a network of at most 300 000 parts",
        ),
        (format!("input x [{}1]", "1, ".repeat(100)), "expected at most 64 items between brackets"),
        ("input x [99999999999999999999]".to_owned(), "the number 99999999999999999999 is too large"),
        ("input x [1, 8]\nlinear(9223372036854775807 * 2)".to_owned(), "the result is too large"),
    ] {
        let problems = parse(&text).expect_err(message);
        assert_eq!(problems[0].message, message);
        assert!(problems.len() <= MAX_PROBLEMS);
    }
}

/// Whatever the text: an answer, and marks that lie inside it.
fn check_any(text: &str) {
    if let Err(problems) = parse(text) {
        assert!(!problems.is_empty() && problems.len() <= MAX_PROBLEMS, "{text:?}");
        for problem in problems {
            assert!(text.get(problem.span.clone()).is_some(), "{:?} in {text:?}", problem.span);
            assert!(problem.render("text", text).starts_with("error: "));
        }
    }
}

/// Numbers that look random and are the same in every run (xorshift, Marsaglia 2003).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

#[test]
fn no_text_makes_it_panic() {
    let words = [
        "input",
        "output",
        "block",
        "model",
        "same",
        "true",
        "x",
        "y",
        "A",
        "B",
        "conv",
        "relu",
        "add",
        "concat",
        "lstm",
        "linear",
        "split",
        "reshape",
        "upsample",
        "attention",
        "embedding",
        "flatten",
        "max_pool",
        "float32",
        "int64",
        "h0",
        "axis",
        "stride",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "=",
        ">",
        "*",
        "+",
        "-",
        "/",
        "?",
        ";",
        "\n",
        "\n",
        " ",
        "0",
        "1",
        "2",
        "3",
        "64",
        "-1",
        "1e9",
        "0.5",
        "\"a\"",
        "\"",
        "#",
        "é",
        "9223372036854775807",
        "//",
    ];
    let mut seeded = Seeded(0x9E37_79B9_7F4A_7C15);
    for _ in 0..1500 {
        let n = 1 + seeded.below(40);
        let mut text = String::from(["", "input x [1, 3, 8, 8]\n", "input x [b, t, 4]\n"][seeded.below(3)]);
        for _ in 0..n {
            text += words[seeded.below(words.len())];
            text += ["", " "][seeded.below(2)];
        }
        check_any(&text);
    }
    for (_, fixture, ..) in FIXTURES {
        for _ in 0..30 {
            let mut pieces: Vec<&str> =
                fixture.split_inclusive([' ', '(', ')', ',', '[', ']', '{', '}', '\n']).collect();
            for _ in 0..=seeded.below(3) {
                let at = seeded.below(pieces.len());
                match seeded.below(3) {
                    0 => drop(pieces.remove(at)),
                    1 => pieces.insert(at, words[seeded.below(words.len())]),
                    _ => pieces[at] = words[seeded.below(words.len())],
                }
            }
            check_any(&pieces.concat());
        }
    }
    for _ in 0..1000 {
        let bytes: Vec<u8> =
            (0..seeded.below(60)).map(|_| u8::try_from(seeded.below(256)).unwrap()).collect();
        check_any(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn texts_are_recognised() {
    use crate::{Bytes, read};
    for (name, text, known) in [
        ("net.loom", "# nothing yet\ninput x [1]\nrelu", true),
        ("net", "# a comment\n\nmodel Net\ninput x [1]\nrelu", true),
        ("net", "input x: float32[1, 3] # image\nrelu", true),
        ("net.txt", "block A(c) { relu }\ninput x [1]\nA(3)", true),
        ("letter.txt", "input from the public is welcome", false),
        ("letter.txt", "model trains run on time", false),
    ] {
        let found = read(&Bytes::new(name, text.as_bytes()));
        assert_eq!(found.is_ok(), known, "{text}: {found:?}");
    }
    let error = read(&Bytes::new("net.loom", &b"input x [1, 8]\nlinaer(3)"[..])).expect_err("a mistake");
    assert_eq!(error.to_string(), "line 2, column 1: unknown layer `linaer`");
    assert_eq!(error.kind(), ErrorKind::Syntax { start: 15, end: 21 });
    assert!(error.report().is_some_and(|r| r.contains("\n2 | linaer(3)\n  | ^^^^^^\n")));
    let error = read(&Bytes::new("net.loom", &b"input x \xff"[..])).expect_err("no text");
    assert_eq!(error.to_string(), "not a text in the notation: byte 8 is not UTF-8");
}

const GUIDE: &str = include_str!("../../../../../docs/notation.md");

/// The bodies of the fenced blocks of a language, each with what stands after it.
fn fenced<'a>(text: &'a str, language: &str) -> Vec<(&'a str, &'a str)> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).map(|rest| rest.split_once("```").expect("a closed fence")).collect()
}

#[test]
fn examples_of_the_guide_are_what_they_say() {
    let examples = fenced(GUIDE, "loom");
    assert!(examples.len() >= 10);
    let mut listings = 0;
    for (text, rest) in examples {
        let graph = read(text);
        if let Some(listed) = rest.strip_prefix("\n```listing\n") {
            listings += 1;
            let expected = listed.split_once("```").expect("a closed fence").0;
            let found = listing(&graph);
            assert_eq!(found.rsplit_once("→").expect("outputs").0, expected, "{text}");
        }
    }
    assert_eq!(listings, fenced(GUIDE, "listing").len());
    let text = "input x [1, 3, 8, 8]\nconv(8, 3, strides=2)\n";
    let shown = parse(text).expect_err("a mistake")[0].render("net.loom", text);
    assert_eq!(fenced(GUIDE, "text")[0].0, shown);
}

#[test]
fn the_guide_lists_every_layer_and_limit() {
    let table =
        GUIDE.split_once("## Layers").and_then(|(_, t)| t.split_once("Any other")).expect("a table").0;
    let spans = table.split('`').skip(1).step_by(2).filter(|s| table.contains(&format!("`{s}`")));
    let mut listed: Vec<String> = spans
        .filter(|s| *s != "=")
        .map(|signature| {
            let (name, settings) = signature.split_once('(').unwrap_or((signature, ")"));
            let names: Vec<&str> = settings
                .trim_end_matches(')')
                .split(", ")
                .map(|s| s.split('=').next().unwrap_or(s))
                .collect();
            format!("{name}({})", names.join(", "))
        })
        .collect();
    listed.sort();
    let mut rows: Vec<String> =
        layers::all().map(|r| format!("{}({})", r.name, r.settings.join(", "))).collect();
    rows.sort();
    assert_eq!(listed, rows);

    let limits = GUIDE.split_once("## Limits").expect("limits").1.replace(' ', "");
    for limit in [
        MAX_BYTES,
        MAX_WORD,
        MAX_PATH,
        MAX_ITEMS,
        MAX_NESTING,
        MAX_DEPTH,
        MAX_OPERATORS,
        MAX_FLOW,
        MAX_PARTS,
        MAX_PROBLEMS,
    ] {
        assert!(limits.contains(&format!("|{limit}")), "{limit}");
    }
    for word in RESERVED {
        assert!(GUIDE.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn families_are_in_order() {
    for family in layers::FAMILIES {
        assert!(
            family.is_sorted_by(|a, b| a.name < b.name),
            "{:?}",
            family.iter().map(|r| r.name).collect::<Vec<_>>()
        );
    }
    let mut names: Vec<&str> = layers::all().map(|r| r.name).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
}

#[test]
fn parts_are_named_by_numbers_ranges_and_text() {
    let text = "input x [1, 8]
        layers: { 0: linear(8) > 1..2: { linear(8) > relu } }
        \"odd \\\"name\\\"\": linear(8)
        more layers: { 3: linear(8) }
        [heads: { [0..2: linear(4)] > concat }, same] > concat";
    check(
        text,
        "layers.0/linear Gemm(x) 1×8
         layers.1/linear Gemm(layers.0.linear) 1×8
         layers.1/relu Relu(layers.1.linear) 1×8
         layers.2/linear Gemm(layers.1.relu) 1×8
         layers.2/relu Relu(layers.2.linear) 1×8
         odd \"name\"/linear Gemm(layers.2.relu) 1×8
         layers.3/linear Gemm(odd \"name\".linear) 1×8
         heads.0/linear Gemm(layers.3.linear) 1×4
         heads.1/linear Gemm(layers.3.linear) 1×4
         heads.2/linear Gemm(layers.3.linear) 1×4
         heads/concat Concat(heads.0.linear, heads.1.linear, heads.2.linear) 1×12
         concat Concat(heads.concat, layers.3.linear) 1×20
         → concat",
    );
    assert_eq!(weights(text)[..3], ["layers.0.weight 8×8", "layers.0.bias 8", "layers.1.linear.weight 8×8"]);
}

/// The stored tensors of a text: paths and shapes.
fn weights(text: &str) -> Vec<String> {
    let graph = read(text);
    let stored = graph.tensors().filter(|(_, t)| t.is_stored());
    stored.map(|(_, t)| format!("{} {}", t.name, t.ty.shape())).collect()
}

#[test]
fn weights_have_names_and_may_be_shared() {
    let text = "input tokens: int64[b, t]
        wte: embedding(100, 16) > ln: layer_norm(weight=\"gamma\", bias=\"beta\")
        h: linear(16, transposed=true)
        [linear(100, bias=false, weight=wte), head: linear(100, bias=false, weight=\"wte.weight\")] > add
        cell: linear(100) * 3 shared";
    assert_eq!(
        weights(text),
        [
            "wte.weight 100×16",
            "ln.gamma 16",
            "ln.beta 16",
            "h.weight 16×16",
            "h.bias 16",
            "cell.weight 100×100",
            "cell.bias 100"
        ]
    );
}

#[test]
fn foreign_names_of_layers_and_settings_are_known() {
    check(
        "input x [1, 3, 8, 8]
         Conv2d(16, kernel_size=3, padding=1) > BatchNorm2d > ReLU > MaxPool2d(2) > Flatten
         Dense(10, use_bias=false) > Softmax(dim=1)",
        "conv Conv(x) 1×16×8×8
         batch_norm BatchNormalization(conv) 1×16×8×8
         relu Relu(batch_norm) 1×16×8×8
         max_pool MaxPool(relu) 1×16×4×4
         flatten Flatten(max_pool) 1×256
         linear Gemm(flatten) 1×10
         softmax Softmax(linear) 1×10
         → softmax",
    );
    let problems = parse("input x [1, 3, 8, 8]; Conv2d(3, 64, 3)").expect_err("input channels");
    assert_eq!(
        problems[0].message,
        "`Conv2d` expected only the number of outputs, found that of inputs before it"
    );
}

#[test]
fn operators_of_any_set_have_missing_inputs_bodies_and_constants() {
    let text = "input x [2, 3]; input n: int64[]
        w = constant([[1.5, 2], [3, -inf]])
        table: parameter([3, 4], \"float16\")
        y = \"com.example::Odd\"(x, none, w, table, parameter([7]), mode=\"a\", sizes=[1, 2], texts=[\"u\", \"v\"])
        ok = constant(true)
        z = loop(n, ok, x, body={
            input i: int64[], go: bool[], s: float32[2, 3]
            output go, s > relu
        })
        \"onnx@13::Clip\"(z, none, 6)";
    let graph = read(text);
    let odd = graph.nodes().find(|(_, n)| n.op == "Odd").expect("the odd one").1;
    assert_eq!((odd.domain.as_str(), odd.opset, odd.inputs.len()), ("com.example", 1, 5));
    assert!(odd.inputs[1].is_none());
    assert_eq!(
        odd.attributes.get("texts"),
        Some(&netloom_graph::Attribute::Strings(vec!["u".into(), "v".into()]))
    );
    let (_, region) = graph.regions().next().expect("a body");
    assert_eq!((region.inputs.len(), region.outputs.len(), region.nodes.len()), (3, 2, 1));
    assert_eq!(graph.node(region.owner.expect("an owner")).op, "Loop");
    let clip = graph.nodes().last().expect("the clip").1;
    assert_eq!((clip.op.as_str(), clip.opset, clip.inputs.len()), ("Clip", 13, 3));
    let mut constants = graph.tensors().filter(|(_, t)| t.value.is_some()).map(|(_, t)| t);
    let w = constants.next().expect("w");
    assert_eq!(w.value.as_ref().and_then(|v| v.as_floats()), Some(&[1.5, 2.0, 3.0, f64::NEG_INFINITY][..]));
}

#[test]
fn models_of_language_can_be_written() {
    let llama = "model Llama
        input input_ids: int64[batch, time]
        block Attention(width, heads, kv_heads) {
            input x
            q = x > q_proj: linear(width, bias=false)
            k = x > k_proj: linear(width / heads * kv_heads, bias=false)
            v = x > v_proj: linear(width / heads * kv_heads, bias=false)
            attention(q, k, v, heads, kv_heads, causal=true, rotary=true) > o_proj: linear(width, bias=false)
        }
        block Mlp(width, inner) {
            [gate_proj: linear(inner, bias=false) > silu, up_proj: linear(inner, bias=false)] > mul
            down_proj: linear(width, bias=false)
        }
        block Layer(width, heads, kv_heads, inner) {
            [input_layernorm: rms_norm(1e-5) > self_attn: Attention(width, heads, kv_heads), same] > add
            [post_attention_layernorm: rms_norm(1e-5) > mlp: Mlp(width, inner), same] > add
        }
        \"model\": {
            embed_tokens: embedding(1000, 64)
            layers: Layer(64, 8, 2, 256) * 2
            norm: rms_norm(1e-5)
        }
        lm_head: linear(1000, bias=false)";
    let found = weights(llama);
    assert_eq!(found.len(), 1 + 2 * 9 + 2);
    assert_eq!(found[2], "model.layers.0.self_attn.q_proj.weight 64×64");
    assert_eq!(found[3], "model.layers.0.self_attn.k_proj.weight 16×64");
    assert_eq!(found.last().map(String::as_str), Some("lm_head.weight 1000×64"));
    let t5 = "input ids: int64[batch, time]
        shared: embedding(100, 32) > x: layer_norm
        bias = relative_position_bias(32, 4)
        q = x_out: linear(32)
        attention(q, 4, position_bias=bias)";
    assert!(weights(t5).contains(&"relative_position_bias.weight 32×4".to_owned()));
}

const MISTAKES_PAGE: &str = include_str!("../../../../../docs/notation-errors.md");

/// The page with the message of every mistake as it is now.
fn mistakes_now() -> (String, usize) {
    let mut out = String::new();
    let mut count = 0;
    let mut rest = MISTAKES_PAGE;
    while let Some((before, after)) = rest.split_once("```loom-wrong\n") {
        let (text, after) = after.split_once("```").expect("a closed fence");
        let problems = parse(text).expect_err(text);
        let shown: Vec<String> = problems.iter().map(|p| p.render("net.loom", text)).collect();
        out += &format!("{before}```loom-wrong\n{text}```\n\n```text\n{}```", shown.join("\n"));
        assert!(problems[0].hint.is_some(), "{text}");
        let (_, after) = after.split_once("```text\n").expect("a message below each mistake");
        rest = after.split_once("```").expect("a closed fence").1;
        count += 1;
    }
    (out + rest, count)
}

#[test]
fn the_page_of_mistakes_shows_what_is_said() {
    let (now, count) = mistakes_now();
    assert!(count >= 10, "{count}");
    if std::env::var_os("NETLOOM_BLESS").is_some() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/notation-errors.md");
        #[expect(clippy::disallowed_methods, reason = "a page is written where that is asked for")]
        std::fs::write(page, &now).expect("the page can be written");
        return;
    }
    assert_eq!(now, MISTAKES_PAGE, "run `cargo xtask golden` and read what changed");
    // What is meant stands below each mistake, and is sound.
    let sound = fenced(MISTAKES_PAGE, "loom");
    assert_eq!(sound.len(), count);
    for (text, _) in sound {
        read(text);
    }
}

const GRAMMAR: &str = include_str!("../../../../../docs/grammar.md");

/// The words in capitals of a rule, which the page explains in prose, and those that are rules.
fn symbols(rule: &str) -> Vec<&str> {
    let mut quoted = false;
    let mut out = Vec::new();
    for word in rule.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '-')) {
        let name = word.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '-'));
        if !quoted && !name.is_empty() {
            out.push(name);
        }
        quoted ^= word.ends_with('"');
    }
    out
}

#[test]
fn the_grammar_has_every_rule_and_its_examples_parse() {
    let rules: Vec<(&str, &str)> = fenced(GRAMMAR, "ebnf")
        .iter()
        .flat_map(|(t, _)| t.split_terminator(" .\n"))
        .filter_map(|r| r.split_once(" = "))
        .collect();
    let names: Vec<&str> = rules.iter().map(|(n, _)| n.trim()).collect();
    assert!(names.len() >= 15, "{names:?}");
    for (name, rule) in &rules {
        for symbol in symbols(rule) {
            let is_token = symbol.chars().all(|c| c.is_ascii_uppercase());
            assert!(is_token || names.contains(&symbol), "`{symbol}` in the rule of {name}");
        }
        // Each rule has a section with examples that parse, and that could not be read without it.
        let section = GRAMMAR.split_once(&format!("\n### `{}`\n", name.trim()));
        let section = section.unwrap_or_else(|| panic!("a section on {name}")).1;
        let section = section.split_once("\n### ").map_or(section, |(s, _)| s);
        let examples = fenced(section, "loom");
        assert!(!examples.is_empty(), "an example of {name}");
        for (text, _) in examples {
            read(text);
            assert_eq!(super::format(text).as_deref(), Ok(text), "the layout of an example of {name}");
        }
    }
    // The short grammar of the guide is the same one.
    let spaced = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(spaced(fenced(GUIDE, "ebnf")[0].0), spaced(fenced(GRAMMAR, "ebnf")[0].0));
}

#[test]
fn layouts_keep_the_meaning() {
    let examples = fenced(GUIDE, "loom").into_iter().chain(fenced(GRAMMAR, "loom"));
    for (text, _) in examples {
        // Without any layout, and with too much of it.
        let wide = text.replace(", ", "  ,   ").replace(" > ", "   >  ").replace("    ", "\t");
        for variant in [text.to_owned(), wide] {
            let laid_out =
                super::format(&variant).unwrap_or_else(|p| panic!("{}", p[0].render("text", &variant)));
            assert_eq!(super::format(&laid_out).as_ref(), Ok(&laid_out));
            assert_eq!(listing(&read(&laid_out)), listing(&read(text)), "{variant}");
        }
    }
}
