//! Classes of PyTorch as calls of the operators that they are.

use std::collections::BTreeMap;

use netloom_graph::{Dim, TensorId};

use crate::aten::{Arg, Call};
use crate::pickle::{Pickle, Value};

/// The attributes and weights of an object.
pub(super) struct Settings<'a> {
    pub pickle: &'a Pickle,
    pub object: Value,
    pub weights: &'a BTreeMap<String, TensorId>,
}

impl Settings<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        self.pickle.attribute(self.object, name)
    }

    /// A setting as an argument; `None` where it is not there.
    fn arg(&self, name: &str) -> Arg {
        match self.value(name) {
            None | Some(Value::None) => Arg::None,
            Some(Value::Bool(b)) => Arg::Bool(b),
            Some(Value::Int(n)) => Arg::Int(Dim::Known(n)),
            Some(Value::Float(x)) => Arg::Float(x),
            Some(value) => match (self.pickle.ints(value), self.pickle.text(value)) {
                (Some(ints), _) => Arg::Ints(ints.into_iter().map(Dim::Known).collect()),
                (None, Some(text)) => Arg::Str(text.to_owned()),
                (None, None) => Arg::None,
            },
        }
    }

    /// Sizes along all sides; padding may be a word instead.
    fn sizes(&self, name: &str) -> Arg {
        match self.arg(name) {
            Arg::Str(_) => Arg::Ints(vec![Dim::Known(0)]),
            other => other,
        }
    }

    fn flag(&self, name: &str) -> Arg {
        match self.value(name) {
            Some(Value::Bool(b)) => Arg::Bool(b),
            _ => Arg::Bool(false),
        }
    }

    fn weight(&self, name: &str) -> Arg {
        self.weights.get(name).map_or(Arg::None, |t| Arg::Tensor(*t))
    }

    /// The weights of a recurrent layer, layer by layer and direction by direction.
    fn recurrent(&self) -> Arg {
        let mut list = Vec::new();
        for layer in 0.. {
            let before = list.len();
            for suffix in ["", "_reverse"] {
                for kind in ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"] {
                    list.extend(self.weights.get(&format!("{kind}_l{layer}{suffix}")).map(|t| Some(*t)));
                }
            }
            if list.len() == before {
                break;
            }
        }
        Arg::Tensors(list)
    }
}

/// Classes that are one operator although they have parts.
pub(super) fn is_whole(class: &str) -> bool {
    matches!(class, "MultiheadAttention" | "LSTM" | "GRU" | "RNN")
}

/// How many results a class has.
pub(super) fn results(class: &str) -> usize {
    match class {
        "LSTM" => 3,
        "GRU" | "RNN" => 2,
        _ => 1,
    }
}

/// The call that an object of a class makes on its data; without an operator for classes that pass data on, and
/// `None` for unknown ones.
#[expect(clippy::too_many_lines, reason = "one arm for each class")]
pub(super) fn call(class: &str, s: &Settings<'_>, data: TensorId) -> Option<Call> {
    let x = Arg::Tensor(data);
    let (weight, bias) = (s.weight("weight"), s.weight("bias"));
    let known = !matches!(weight, Arg::None);
    let (op, args): (&str, Vec<Arg>) = match class {
        "Identity" => ("", vec![]),
        "Conv1d" | "Conv2d" | "Conv3d" if known => {
            let (stride, padding) = (s.sizes("stride"), s.sizes("padding"));
            let op = match class {
                "Conv1d" => "conv1d",
                "Conv2d" => "conv2d",
                _ => "conv3d",
            };
            (op, vec![x, weight, bias, stride, padding, s.sizes("dilation"), s.arg("groups")])
        }
        "ConvTranspose1d" | "ConvTranspose2d" | "ConvTranspose3d" if known => {
            let op = match class {
                "ConvTranspose1d" => "conv_transpose1d",
                "ConvTranspose2d" => "conv_transpose2d",
                _ => "conv_transpose3d",
            };
            let (stride, padding, more) = (s.sizes("stride"), s.sizes("padding"), s.sizes("output_padding"));
            (op, vec![x, weight, bias, stride, padding, more, s.arg("groups"), s.sizes("dilation")])
        }
        "Linear" | "NonDynamicallyQuantizableLinear" if known => ("linear", vec![x, weight, bias]),
        "Bilinear" if known => ("bilinear", vec![x.clone(), x, weight, bias]),
        "Embedding" if known => ("embedding", vec![weight, x]),
        "BatchNorm1d" | "BatchNorm2d" | "BatchNorm3d" | "SyncBatchNorm" | "FrozenBatchNorm2d" => {
            let (mean, var) = (s.weight("running_mean"), s.weight("running_var"));
            let momentum = s.arg("momentum");
            (
                "batch_norm",
                vec![x, weight, bias, mean, var, Arg::Bool(false), momentum, s.arg("eps"), Arg::Bool(false)],
            )
        }
        "LayerNorm" => ("layer_norm", vec![x, s.arg("normalized_shape"), weight, bias, s.arg("eps")]),
        "RMSNorm" => ("rms_norm", vec![x, s.arg("normalized_shape"), weight, s.arg("eps")]),
        "GroupNorm" => ("group_norm", vec![x, s.arg("num_groups"), weight, bias, s.arg("eps")]),
        "LSTM" | "GRU" | "RNN" => {
            let op = match (class, s.arg("mode")) {
                ("LSTM", _) => "lstm",
                ("GRU", _) => "gru",
                (_, Arg::Str(mode)) if mode == "RNN_RELU" => "rnn_relu",
                _ => "rnn_tanh",
            };
            let start = if class == "LSTM" { Arg::Tensors(Vec::new()) } else { Arg::None };
            let (biases, layers, two) = (s.flag("bias"), s.arg("num_layers"), s.flag("bidirectional"));
            let first = s.flag("batch_first");
            (
                op,
                vec![x, start, s.recurrent(), biases, layers, s.arg("dropout"), Arg::Bool(false), two, first],
            )
        }
        "ReLU" => ("relu", vec![x]),
        "ReLU6" => ("relu6", vec![x]),
        "LeakyReLU" => ("leaky_relu", vec![x, s.arg("negative_slope")]),
        "PReLU" => ("prelu", vec![x, weight]),
        "ELU" => ("elu", vec![x, s.arg("alpha")]),
        "CELU" => ("celu", vec![x, s.arg("alpha")]),
        "SELU" => ("selu", vec![x]),
        "GELU" => {
            let mut call = Call { op: "aten.gelu".to_owned(), args: vec![x], ..Call::default() };
            call.kwargs = vec![("approximate".to_owned(), s.arg("approximate"))];
            return Some(call);
        }
        "SiLU" => ("silu", vec![x]),
        "Mish" => ("mish", vec![x]),
        "Sigmoid" => ("sigmoid", vec![x]),
        "Tanh" => ("tanh", vec![x]),
        "Hardswish" => ("hardswish", vec![x]),
        "Hardsigmoid" => ("hardsigmoid", vec![x]),
        "Hardtanh" => ("hardtanh", vec![x, s.arg("min_val"), s.arg("max_val")]),
        "Softplus" => ("softplus", vec![x, s.arg("beta"), s.arg("threshold")]),
        "LogSigmoid" => ("log_sigmoid", vec![x]),
        "Softmax" => ("softmax", vec![x, s.arg("dim")]),
        "LogSoftmax" => ("log_softmax", vec![x, s.arg("dim")]),
        "Dropout" | "Dropout1d" | "Dropout2d" | "Dropout3d" | "AlphaDropout" => {
            ("dropout", vec![x, s.arg("p"), Arg::Bool(false)])
        }
        "MaxPool1d" | "MaxPool2d" | "MaxPool3d" => {
            let op = match class {
                "MaxPool1d" => "max_pool1d",
                "MaxPool2d" => "max_pool2d",
                _ => "max_pool3d",
            };
            let (stride, padding, dilation) = (s.arg("stride"), s.arg("padding"), s.arg("dilation"));
            (op, vec![x, s.arg("kernel_size"), stride, padding, dilation, s.flag("ceil_mode")])
        }
        "AvgPool1d" | "AvgPool2d" | "AvgPool3d" => {
            let op = match class {
                "AvgPool1d" => "avg_pool1d",
                "AvgPool2d" => "avg_pool2d",
                _ => "avg_pool3d",
            };
            let (stride, padding) = (s.arg("stride"), s.arg("padding"));
            (
                op,
                vec![
                    x,
                    s.arg("kernel_size"),
                    stride,
                    padding,
                    s.flag("ceil_mode"),
                    s.flag("count_include_pad"),
                ],
            )
        }
        "AdaptiveAvgPool1d" => ("adaptive_avg_pool1d", vec![x, s.arg("output_size")]),
        "AdaptiveAvgPool2d" => ("adaptive_avg_pool2d", vec![x, s.arg("output_size")]),
        "AdaptiveAvgPool3d" => ("adaptive_avg_pool3d", vec![x, s.arg("output_size")]),
        "Flatten" => ("flatten", vec![x, s.arg("start_dim"), s.arg("end_dim")]),
        "PixelShuffle" => ("pixel_shuffle", vec![x, s.arg("upscale_factor")]),
        "PixelUnshuffle" => ("pixel_unshuffle", vec![x, s.arg("downscale_factor")]),
        _ => return None,
    };
    let op = if op.is_empty() { String::new() } else { format!("aten.{op}") };
    Some(Call { op, args, ..Call::default() })
}
