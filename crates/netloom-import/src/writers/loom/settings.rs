//! What layer of the notation an operator may be, with its settings; whether it is that is found out by building it.

use netloom_graph::{Attribute, Dim, Graph, Node, Producer, TensorId, layers as kinds};

/// The value of a setting.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Setting {
    Int(i64),
    Ints(Vec<i64>),
    Float(f64),
    Text(String),
    Flag(bool),
    Dims(Vec<Dim>),
    Value(TensorId),
}

/// A layer that an operator may be.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub row: &'static str,
    /// What it reads, in order.
    pub reads: Vec<TensorId>,
    pub settings: Vec<(&'static str, Setting)>,
    /// Its weights by name, for those that other layers have too.
    pub weights: Vec<(&'static str, TensorId)>,
}

/// The layer that an operator looks like.
pub(super) fn candidate(graph: &Graph, node: &Node) -> Option<Candidate> {
    let kind = kinds::effective(graph, node)?.name;
    let look = Look { graph, node };
    let input = node.input(0)?;
    let mut reads = vec![input];
    let mut weights = Vec::new();
    let mut row = kind;
    let settings = match kind {
        "conv" => {
            weights = look.weights(&["weight", "bias"]);
            let (name, settings) = look.conv()?;
            row = name;
            settings
        }
        "conv_transpose" => {
            weights = look.weights(&["weight", "bias"]);
            look.conv_transpose()?
        }
        "linear" => {
            weights = look.weights(&["weight", "bias"]);
            look.linear()?
        }
        "embedding" => {
            reads = vec![node.input(1)?];
            weights = vec![("weight", input)];
            let [size, features] = look.known(input)?[..] else { return None };
            vec![("size", Setting::Int(size)), ("features", Setting::Int(features))]
        }
        "gather" => {
            row = "select";
            let index = look.constant(1)?;
            let [index] = index[..] else { return None };
            let axis = node.attributes.int("axis").unwrap_or(0);
            let mut settings = vec![("index", Setting::Int(index))];
            settings.extend((axis != 1).then_some(("axis", Setting::Int(axis))));
            settings
        }
        "batch_norm" | "layer_norm" | "rms_norm" | "group_norm" | "instance_norm" => {
            weights = look.weights(&["weight", "bias", "running_mean", "running_var"]);
            let mut settings = Vec::new();
            if kind == "group_norm" {
                settings.push(("groups", Setting::Int(node.attributes.int("num_groups")?)));
            }
            settings.extend(look.float("epsilon", 1e-5));
            settings
        }
        "max_pool" | "avg_pool" => look.pool(kind == "avg_pool")?,
        "relu" | "sigmoid" | "tanh" | "exp" | "log" | "neg" | "sqrt" | "abs" | "softplus" | "softsign"
        | "mish" | "hard_swish" | "selu" | "relu6" | "global_avg_pool" | "global_max_pool" | "identity" => {
            Vec::new()
        }
        "swish" => {
            row = "silu";
            Vec::new()
        }
        "leaky_relu" => look.float("alpha", 0.01).into_iter().collect(),
        "elu" => look.float("alpha", 1.0).into_iter().collect(),
        "hard_sigmoid" => look.float("alpha", 0.2).into_iter().chain(look.float("beta", 0.5)).collect(),
        "gelu" => match node.attributes.string("approximate") {
            Some("tanh") => vec![("approximate", Setting::Text("tanh".to_owned()))],
            _ => Vec::new(),
        },
        "prelu" => {
            weights = vec![("weight", node.input(1)?)];
            Vec::new()
        }
        "softmax" | "log_softmax" => {
            let axis = look.axis("axis", -1)?;
            (axis != -1).then_some(("axis", Setting::Int(axis))).into_iter().collect()
        }
        "dropout" => {
            let rate = match node.input(1) {
                Some(_) => look.number(1)?,
                None => node.attributes.float("ratio").unwrap_or(0.5),
            };
            let half = (rate - 0.5).abs() < 1e-9;
            (!half).then_some(("rate", Setting::Float(rate))).into_iter().collect()
        }
        "concat" => {
            reads = node.inputs.iter().copied().collect::<Option<_>>()?;
            let axis = look.axis("axis", 1)?;
            (axis != 1).then_some(("axis", Setting::Int(axis))).into_iter().collect()
        }
        "flatten" => Vec::new(),
        "reshape" => {
            let shape = look.graph.tensor(node.input(1)?).value.as_ref()?.as_ints()?.to_vec();
            if shape.iter().any(Dim::is_unknown) || shape.is_empty() {
                return None;
            }
            vec![("shape", Setting::Dims(shape))]
        }
        "expand" => {
            let shape = look.graph.tensor(node.input(1)?).value.as_ref()?.as_ints()?.to_vec();
            vec![("shape", Setting::Dims(shape))]
        }
        "transpose" => match node.attributes.ints("perm") {
            Some(order) => vec![("order", Setting::Ints(order.to_vec()))],
            None => Vec::new(),
        },
        "squeeze" | "unsqueeze" => vec![("axes", one_or_all(look.axes()?))],
        "reduce_mean" | "reduce_sum" | "reduce_max" => {
            let mut settings: Vec<_> = look.axes().map(|a| ("axes", one_or_all(a))).into_iter().collect();
            if node.attributes.int("keepdims").unwrap_or(1) != 0 {
                settings.push(("keep", Setting::Flag(true)));
            }
            settings
        }
        "slice" => look.slice()?,
        "split" => {
            let axis = look.axis("axis", 0)?;
            let parts = i64::try_from(node.outputs.len()).ok()?;
            let mut settings = vec![("parts", Setting::Int(parts))];
            settings.extend((axis != 1).then_some(("axis", Setting::Int(axis))));
            settings
        }
        "resize" => {
            row = "upsample";
            look.upsample()?
        }
        "depth_to_space" => {
            row = "pixel_shuffle";
            vec![("factor", Setting::Int(node.attributes.int("blocksize")?))]
        }
        "attention" => {
            reads = (0..3).map(|i| node.input(i)).collect::<Option<Vec<_>>>()?;
            if reads.windows(2).all(|w| w[0] == w[1]) {
                reads.truncate(1);
            } else if reads[1] == reads[2] {
                reads.truncate(2);
            }
            look.attention()?
        }
        "local_response_norm" => {
            let mut settings = vec![("size", Setting::Int(node.attributes.int("size")?))];
            for (name, default) in [("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0)] {
                settings.extend(look.float(name, default));
            }
            settings
        }
        _ => return None,
    };
    weights.retain(|(_, t)| graph.tensor(*t).is_stored());
    Some(Candidate { row, reads, settings, weights })
}

/// One number alone, several as a list.
fn one_or_all(list: Vec<i64>) -> Setting {
    match list[..] {
        [one] => Setting::Int(one),
        _ => Setting::Ints(list),
    }
}

/// Equal numbers as one, others as a list.
fn even(list: Vec<i64>) -> Setting {
    match list.first() {
        Some(first) if list.iter().all(|n| n == first) => Setting::Int(*first),
        _ => Setting::Ints(list),
    }
}

struct Look<'a> {
    graph: &'a Graph,
    node: &'a Node,
}

impl Look<'_> {
    fn weights(&self, names: &[&'static str]) -> Vec<(&'static str, TensorId)> {
        names.iter().enumerate().filter_map(|(i, n)| Some((*n, self.node.input(i + 1)?))).collect()
    }

    fn known(&self, tensor: TensorId) -> Option<Vec<i64>> {
        self.graph.tensor(tensor).ty.shape().dims()?.iter().map(Dim::as_known).collect()
    }

    fn rank(&self) -> Option<usize> {
        self.graph.tensor(self.node.input(0)?).ty.shape().rank()
    }

    /// The integers of a constant input.
    fn constant(&self, input: usize) -> Option<Vec<i64>> {
        let tensor = self.graph.tensor(self.node.input(input)?);
        let held = match tensor.producer {
            Producer::Stored => true,
            Producer::Node(id, _) => super::call::is_constant(self.graph.node(id)),
            _ => false,
        };
        tensor.value.as_ref().filter(|_| held)?.known_ints()
    }

    fn number(&self, input: usize) -> Option<f64> {
        match self.graph.tensor(self.node.input(input)?).value.as_ref()?.as_floats()? {
            [x] => Some(*x),
            _ => None,
        }
    }

    fn float(&self, name: &'static str, default: f64) -> Option<(&'static str, Setting)> {
        let given = self.node.attributes.float(name)?;
        let close = (given - default).abs() <= default.abs() * 1e-6;
        // Files round to 32 bits.
        #[expect(clippy::cast_possible_truncation, reason = "rounding is meant")]
        let short = (given as f32).to_string().parse().unwrap_or(given);
        (!close).then_some((name, Setting::Float(short)))
    }

    /// An axis counted from the front, or -1 for the last of more than two.
    fn axis(&self, name: &str, default: i64) -> Option<i64> {
        let axis = self.node.attributes.int(name).unwrap_or(default);
        let Some(rank) = self.rank().and_then(|r| i64::try_from(r).ok()) else { return Some(axis) };
        let front = if axis < 0 { axis + rank } else { axis };
        let is_last = front == rank - 1;
        Some(if is_last && (default == -1 || front != default) { -1 } else { front })
    }

    fn axes(&self) -> Option<Vec<i64>> {
        match self.node.attributes.ints("axes") {
            Some(axes) => Some(axes.to_vec()),
            None => self.constant(1),
        }
    }

    fn ints(&self, name: &str, n: usize, default: i64) -> Vec<i64> {
        self.node.attributes.ints(name).map_or_else(|| vec![default; n], <[i64]>::to_vec)
    }

    /// Stride, padding and dilation of a window, but for what is usual.
    fn window(&self, n: usize, stride: &[i64]) -> Vec<(&'static str, Setting)> {
        let mut settings = Vec::new();
        let strides = self.ints("strides", n, 1);
        if strides != stride {
            settings.push(("stride", even(strides)));
        }
        let pads = self.ints("pads", 2 * n, 0);
        if self.node.attributes.string("auto_pad") == Some("SAME_UPPER") {
            settings.push(("pad", Setting::Text("same".to_owned())));
        } else if pads.iter().any(|p| *p != 0) {
            let (before, after) = pads.split_at(n.min(pads.len()));
            settings.push(("pad", if before == after { even(before.to_vec()) } else { even(pads.clone()) }));
        }
        let dilations = self.ints("dilations", n, 1);
        if dilations.iter().any(|d| *d != 1) {
            settings.push(("dilation", even(dilations)));
        }
        settings
    }

    fn conv(&self) -> Option<(&'static str, Vec<(&'static str, Setting)>)> {
        let dims = self.known(self.node.input(1)?)?;
        let [channels, per_group, kernel @ ..] = dims.as_slice() else { return None };
        let groups = self.node.attributes.int("group").unwrap_or(1);
        let window = self.window(kernel.len(), &vec![1; kernel.len()]);
        let bias = self.node.input(2).is_none().then_some(("bias", Setting::Flag(false)));
        let depthwise = groups > 1 && *per_group == 1;
        let mut settings = vec![("kernel", even(kernel.to_vec()))];
        if depthwise {
            settings.extend(window);
            settings.extend((*channels != groups).then_some(("multiplier", Setting::Int(channels / groups))));
            settings.extend(bias);
            return Some(("depthwise_conv", settings));
        }
        settings.insert(0, ("channels", Setting::Int(*channels)));
        settings.extend(window);
        settings.extend((groups != 1).then_some(("groups", Setting::Int(groups))));
        settings.extend(bias);
        Some(("conv", settings))
    }

    fn conv_transpose(&self) -> Option<Vec<(&'static str, Setting)>> {
        let dims = self.known(self.node.input(1)?)?;
        let [_, per_group, kernel @ ..] = dims.as_slice() else { return None };
        let groups = self.node.attributes.int("group").unwrap_or(1);
        let n = kernel.len();
        let mut settings = vec![
            ("channels", Setting::Int(per_group.checked_mul(groups)?)),
            ("kernel", even(kernel.to_vec())),
        ];
        settings.extend(self.window(n, &vec![1; n]));
        let more = self.ints("output_padding", n, 0);
        if more.iter().any(|p| *p != 0) {
            settings.push(("output_pad", even(more)));
        }
        settings.extend((groups != 1).then_some(("groups", Setting::Int(groups))));
        settings.extend(self.node.input(2).is_none().then_some(("bias", Setting::Flag(false))));
        Some(settings)
    }

    fn linear(&self) -> Option<Vec<(&'static str, Setting)>> {
        let weight = self.graph.tensor(self.node.input(1)?);
        if !weight.is_stored() {
            return None;
        }
        let features = self.known(self.node.input(1)?)?;
        let by_row = self.node.attributes.int("transB").unwrap_or(0) != 0;
        let [rows, columns] = features[..] else { return None };
        let mut settings = vec![("features", Setting::Int(if by_row { rows } else { columns }))];
        if self.node.input(2).is_none() {
            settings.push(("bias", Setting::Flag(false)));
        }
        Some(settings)
    }

    fn pool(&self, mean: bool) -> Option<Vec<(&'static str, Setting)>> {
        let kernel = self.node.attributes.ints("kernel_shape")?.to_vec();
        let mut settings = vec![("kernel", even(kernel.clone()))];
        settings.extend(self.window(kernel.len(), &kernel));
        if self.node.attributes.int("ceil_mode").unwrap_or(0) != 0 {
            settings.push(("ceil", Setting::Flag(true)));
        }
        let padded = settings.iter().any(|(n, _)| *n == "pad");
        if mean && padded && self.node.attributes.int("count_include_pad").unwrap_or(0) == 0 {
            settings.push(("count_pad", Setting::Flag(false)));
        }
        Some(settings)
    }

    fn slice(&self) -> Option<Vec<(&'static str, Setting)>> {
        let of = |name: &str, input: usize| {
            let list = self.node.attributes.ints(name).map(<[i64]>::to_vec).or_else(|| self.constant(input));
            list.filter(|l| l.len() == 1).and_then(|l| l.first().copied())
        };
        let (start, end) = (of("starts", 1)?, of("ends", 2)?);
        let axis = of("axes", 3).or_else(|| self.node.input(3).is_none().then_some(0))?;
        let step = of("steps", 4).or_else(|| self.node.input(4).is_none().then_some(1))?;
        let rank = self.rank().and_then(|r| i64::try_from(r).ok());
        let axis = rank.filter(|_| axis < 0).map_or(axis, |r| axis + r);
        let mut settings = Vec::new();
        let is_last = end >= i64::from(i32::MAX);
        if start != 0 || !is_last {
            settings.push(("start", Setting::Int(start)));
        }
        if !is_last {
            settings.push(("end", Setting::Int(end)));
        }
        settings.extend((axis != 1).then_some(("axis", Setting::Int(axis))));
        settings.extend((step != 1).then_some(("step", Setting::Int(step))));
        Some(settings)
    }

    fn upsample(&self) -> Option<Vec<(&'static str, Setting)>> {
        let (from, to) = (self.known(self.node.input(0)?), self.known(self.node.output(0)?));
        let scales = self.node.input(2).and_then(|t| self.graph.tensor(t).value.as_ref()?.as_floats());
        #[expect(clippy::cast_precision_loss, reason = "sizes of images are small")]
        let scale = match (scales, from, to) {
            (Some(scales), ..) if scales.len() > 2 => scales[2],
            (_, Some(from), Some(to)) => *to.get(2)? as f64 / *from.get(2)? as f64,
            _ => return None,
        };
        let mut settings = Vec::new();
        if (scale - 2.0).abs() > 1e-9 {
            settings.push(("scale", Setting::Float(scale)));
        }
        match self.node.attributes.string("mode") {
            None | Some("nearest") => {}
            Some(mode) => settings.push(("mode", Setting::Text(mode.to_owned()))),
        }
        Some(settings)
    }

    fn attention(&self) -> Option<Vec<(&'static str, Setting)>> {
        let attributes = &self.node.attributes;
        let mut settings = vec![("heads", Setting::Int(attributes.int("heads")?))];
        settings.extend(attributes.int("kv_heads").map(|n| ("kv_heads", Setting::Int(n))));
        for name in ["causal", "rotary", "packed"] {
            if attributes.int(name) == Some(1) {
                settings.push((name, Setting::Flag(true)));
            }
        }
        settings.extend(self.node.input(3).map(|t| ("mask", Setting::Value(t))));
        settings.extend(self.node.input(7).map(|t| ("position_bias", Setting::Value(t))));
        if let Some(Attribute::Float(x)) = attributes.get("scale") {
            settings.push(("scale", Setting::Float(*x)));
        }
        settings.extend(attributes.ints("window_size").map(|w| ("window", one_or_all(w.to_vec()))));
        Some(settings)
    }
}
