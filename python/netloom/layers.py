"""The layers of the notation, named as in PyTorch.

Written by python/generate.py from the table in docs/notation.md; change it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netloom._parts import Dim, Layer, Like, Sizes, Value

__all__ = [
    "Abs",
    "AdaptiveAvgPool",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "Add",
    "Attention",
    "AvgPool",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Buffer",
    "Concat",
    "Constant",
    "Conv",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "Dense",
    "DepthwiseConv",
    "Div",
    "Dropout",
    "ELU",
    "Embedding",
    "Exp",
    "Expand",
    "Flatten",
    "GELU",
    "GRU",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "Hardsigmoid",
    "Hardswish",
    "Identity",
    "InstanceNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LSTM",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
    "MaxPool",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Mean",
    "Min",
    "Mish",
    "Mul",
    "MultiHeadAttention",
    "MultiheadAttention",
    "Neg",
    "PReLU",
    "Parameter",
    "PixelShuffle",
    "PositionEmbedding",
    "Pow",
    "RMSNorm",
    "RNN",
    "ReLU",
    "ReLU6",
    "ReduceMax",
    "ReduceMean",
    "ReduceSum",
    "RelativePositionBias",
    "Reshape",
    "SELU",
    "Select",
    "SeparableConv",
    "SiLU",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
    "Upsample",
    "ZeroPad",
]


class Abs(Layer):
    """The absolute value.

    In the notation: ``abs``.
    """

    notation = "abs"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class AdaptiveAvgPool(Layer):
    """Means over as many windows as make a result of the size.

    In the notation: ``adaptive_avg_pool(size=1)``.
    """

    notation = "adaptive_avg_pool"
    _defaults = {"size": 1}

    def __init__(self, size: Sizes = 1, *, name: str | None = None) -> None:
        super().__init__({"size": size}, None, name)


class AdaptiveAvgPool1d(AdaptiveAvgPool):
    """Means over as many windows as make a result of the size over 1 dimension: see :class:`AdaptiveAvgPool`."""

    spatial = 1


class AdaptiveAvgPool2d(AdaptiveAvgPool):
    """Means over as many windows as make a result of the size over 2 dimensions: see :class:`AdaptiveAvgPool`."""

    spatial = 2


class AdaptiveAvgPool3d(AdaptiveAvgPool):
    """Means over as many windows as make a result of the size over 3 dimensions: see :class:`AdaptiveAvgPool`."""

    spatial = 3


class Add(Layer):
    """The sum of values, or of a value and a number.

    In the notation: ``add``.
    """

    notation = "add"
    _defaults = {"number": None}

    def __init__(self, number: float | None = None, *, name: str | None = None) -> None:
        super().__init__({"number": number}, None, name)


class Attention(Layer):
    """The bare product of attention; reads one value (self), two (queries and the rest) or three.

    In the notation: ``attention(heads=1, kv_heads=heads, causal=false, mask=none, rotary=false, position_bias=none, scale=none, window=none, packed=false)``.
    """

    notation = "attention"
    _defaults = {"heads": 1, "kv_heads": None, "causal": False, "mask": None, "rotary": False, "position_bias": None, "scale": None, "window": None, "packed": False}

    def __init__(
        self,
        heads: int = 1,
        kv_heads: int | None = None,
        causal: bool = False,
        mask: Value | None = None,
        rotary: bool = False,
        position_bias: Value | None = None,
        scale: float | None = None,
        window: int | None = None,
        packed: bool = False,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"heads": heads, "kv_heads": kv_heads, "causal": causal, "mask": mask, "rotary": rotary, "position_bias": position_bias, "scale": scale, "window": window, "packed": packed},
            None,
            name,
        )


class AvgPool(Layer):
    """Means over windows.

    In the notation: ``avg_pool(kernel, stride=kernel, pad=0, dilation=1, ceil=false, count_pad=true)``.
    """

    notation = "avg_pool"
    _needed = ("kernel",)
    _defaults = {"stride": None, "pad": 0, "dilation": 1, "ceil": False, "count_pad": True}

    def __init__(
        self,
        kernel: Sizes,
        stride: Sizes | None = None,
        pad: Sizes | str = 0,
        dilation: Sizes = 1,
        ceil: bool = False,
        count_pad: bool = True,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation, "ceil": ceil, "count_pad": count_pad},
            None,
            name,
        )


class AvgPool1d(AvgPool):
    """Means over windows over 1 dimension: see :class:`AvgPool`."""

    spatial = 1


class AvgPool2d(AvgPool):
    """Means over windows over 2 dimensions: see :class:`AvgPool`."""

    spatial = 2


class AvgPool3d(AvgPool):
    """Means over windows over 3 dimensions: see :class:`AvgPool`."""

    spatial = 3


class BatchNorm(Layer):
    """Normalises over the batch.

    In the notation: ``batch_norm(epsilon=1e-5)``.
    """

    notation = "batch_norm"
    _defaults = {"epsilon": 1e-5}

    def __init__(self, epsilon: float = 1e-5, *, name: str | None = None) -> None:
        super().__init__({"epsilon": epsilon}, None, name)


class BatchNorm1d(BatchNorm):
    """Normalises over the batch over 1 dimension: see :class:`BatchNorm`."""

    spatial = 1


class BatchNorm2d(BatchNorm):
    """Normalises over the batch over 2 dimensions: see :class:`BatchNorm`."""

    spatial = 2


class BatchNorm3d(BatchNorm):
    """Normalises over the batch over 3 dimensions: see :class:`BatchNorm`."""

    spatial = 3


class Buffer(Layer):
    """A stored value that is not learned, which reads nothing.

    In the notation: ``buffer(shape, dtype="float32")``.
    """

    notation = "buffer"
    _needed = ("shape",)
    _defaults = {"dtype": "float32"}

    def __init__(self, shape: Sequence[Dim], dtype: str = "float32", *, name: str | None = None) -> None:
        super().__init__({"shape": shape, "dtype": dtype}, None, name)


class Concat(Layer):
    """Values behind one another along an axis.

    In the notation: ``concat(axis=1)``.
    """

    notation = "concat"
    _defaults = {"axis": 1}

    def __init__(self, axis: int = 1, *, name: str | None = None) -> None:
        super().__init__({"axis": axis}, None, name)


class Constant(Layer):
    """A value written out, which reads nothing.

    In the notation: ``constant(value, dtype=none, shape=none)``.
    """

    notation = "constant"
    _needed = ("value",)
    _defaults = {"dtype": None, "shape": None}

    def __init__(
        self,
        value: Any,
        dtype: int | None = None,
        shape: Sequence[Dim] | None = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__({"value": value, "dtype": dtype, "shape": shape}, None, name)


class Conv(Layer):
    """A convolution.

    In the notation: ``conv(channels, kernel, stride=1, pad=0, dilation=1, groups=1, bias=true)``.
    """

    notation = "conv"
    _needed = ("channels", "kernel",)
    _defaults = {"stride": 1, "pad": 0, "dilation": 1, "groups": 1, "bias": True}

    def __init__(
        self,
        channels: int,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        activation: Like | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"channels": channels, "kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation, "groups": groups, "bias": bias},
            activation,
            name,
        )


class Conv1d(Conv):
    """A convolution over 1 dimension: see :class:`Conv`."""

    spatial = 1


class Conv2d(Conv):
    """A convolution over 2 dimensions: see :class:`Conv`."""

    spatial = 2


class Conv3d(Conv):
    """A convolution over 3 dimensions: see :class:`Conv`."""

    spatial = 3


class ConvTranspose(Layer):
    """A transposed convolution.

    In the notation: ``conv_transpose(channels, kernel, stride=1, pad=0, output_pad=0, dilation=1, groups=1, bias=true)``.
    """

    notation = "conv_transpose"
    _needed = ("channels", "kernel",)
    _defaults = {"stride": 1, "pad": 0, "output_pad": 0, "dilation": 1, "groups": 1, "bias": True}

    def __init__(
        self,
        channels: int,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Sizes | str = 0,
        output_pad: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        activation: Like | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"channels": channels, "kernel": kernel, "stride": stride, "pad": pad, "output_pad": output_pad, "dilation": dilation, "groups": groups, "bias": bias},
            activation,
            name,
        )


class ConvTranspose1d(ConvTranspose):
    """A transposed convolution over 1 dimension: see :class:`ConvTranspose`."""

    spatial = 1


class ConvTranspose2d(ConvTranspose):
    """A transposed convolution over 2 dimensions: see :class:`ConvTranspose`."""

    spatial = 2


class ConvTranspose3d(ConvTranspose):
    """A transposed convolution over 3 dimensions: see :class:`ConvTranspose`."""

    spatial = 3


class DepthwiseConv(Layer):
    """A convolution of each channel for itself.

    In the notation: ``depthwise_conv(kernel, stride=1, pad=0, dilation=1, multiplier=1, bias=true)``.
    """

    notation = "depthwise_conv"
    _needed = ("kernel",)
    _defaults = {"stride": 1, "pad": 0, "dilation": 1, "multiplier": 1, "bias": True}

    def __init__(
        self,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Sizes | str = 0,
        dilation: Sizes = 1,
        multiplier: int = 1,
        bias: bool = True,
        *,
        activation: Like | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation, "multiplier": multiplier, "bias": bias},
            activation,
            name,
        )


class Div(Layer):
    """The quotient of two values, or of a value and a number.

    In the notation: ``div``.
    """

    notation = "div"
    _defaults = {"number": None}

    def __init__(self, number: float | None = None, *, name: str | None = None) -> None:
        super().__init__({"number": number}, None, name)


class Dropout(Layer):
    """Leaves values out at random while training.

    In the notation: ``dropout(rate=0.5)``.
    """

    notation = "dropout"
    _defaults = {"rate": 0.5}

    def __init__(self, rate: float = 0.5, *, name: str | None = None) -> None:
        super().__init__({"rate": rate}, None, name)


class ELU(Layer):
    """The exponential linear unit.

    In the notation: ``elu(alpha=1)``.
    """

    notation = "elu"
    _defaults = {"alpha": 1}

    def __init__(self, alpha: float = 1, *, name: str | None = None) -> None:
        super().__init__({"alpha": alpha}, None, name)


class Embedding(Layer):
    """A table of learned vectors, one for each whole number below its size.

    In the notation: ``embedding(size, features)``.
    """

    notation = "embedding"
    _needed = ("size", "features",)

    def __init__(self, size: int, features: int, *, name: str | None = None) -> None:
        super().__init__({"size": size, "features": features}, None, name)


class Exp(Layer):
    """The exponential function.

    In the notation: ``exp``.
    """

    notation = "exp"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Expand(Layer):
    """A value repeated until it has a shape.

    In the notation: ``expand(shape)``.
    """

    notation = "expand"
    _needed = ("shape",)

    def __init__(self, shape: Sequence[Dim], *, name: str | None = None) -> None:
        super().__init__({"shape": shape}, None, name)


class Flatten(Layer):
    """Joins all dimensions from an axis on; the first stays.

    In the notation: ``flatten(axis=1)``.
    """

    notation = "flatten"
    _defaults = {"axis": 1}

    def __init__(self, axis: int = 1, *, name: str | None = None) -> None:
        super().__init__({"axis": axis}, None, name)


class GELU(Layer):
    """The Gaussian error linear unit.

    In the notation: ``gelu(approximate="none")``.
    """

    notation = "gelu"
    _defaults = {"approximate": "none"}

    def __init__(self, approximate: str = "none", *, name: str | None = None) -> None:
        super().__init__({"approximate": approximate}, None, name)


class GRU(Layer):
    """A gated recurrent unit: gives the sequence and, on request, the last state.

    In the notation: ``gru(hidden, layers=1, bidirectional=false, h0=none)``.
    """

    notation = "gru"
    _needed = ("hidden",)
    _defaults = {"layers": 1, "bidirectional": False, "h0": None}

    def __init__(
        self,
        hidden: int,
        layers: int = 1,
        bidirectional: bool = False,
        h0: Value | None = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"hidden": hidden, "layers": layers, "bidirectional": bidirectional, "h0": h0},
            None,
            name,
        )


class GlobalAvgPool(Layer):
    """The mean over all places.

    In the notation: ``global_avg_pool``.
    """

    notation = "global_avg_pool"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class GlobalMaxPool(Layer):
    """The greatest of all places.

    In the notation: ``global_max_pool``.
    """

    notation = "global_max_pool"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class GroupNorm(Layer):
    """Normalises over groups of channels.

    In the notation: ``group_norm(groups, epsilon=1e-5)``.
    """

    notation = "group_norm"
    _needed = ("groups",)
    _defaults = {"epsilon": 1e-5}

    def __init__(self, groups: int, epsilon: float = 1e-5, *, name: str | None = None) -> None:
        super().__init__({"groups": groups, "epsilon": epsilon}, None, name)


class Hardsigmoid(Layer):
    """A sigmoid of straight lines.

    In the notation: ``hard_sigmoid(alpha=0.2, beta=0.5)``.
    """

    notation = "hard_sigmoid"
    _defaults = {"alpha": 0.2, "beta": 0.5}

    def __init__(self, alpha: float = 0.2, beta: float = 0.5, *, name: str | None = None) -> None:
        super().__init__({"alpha": alpha, "beta": beta}, None, name)


class Hardswish(Layer):
    """A swish of straight lines.

    In the notation: ``hard_swish``.
    """

    notation = "hard_swish"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Identity(Layer):
    """What flows in, unchanged.

    In the notation: ``identity``.
    """

    notation = "identity"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class InstanceNorm(Layer):
    """Normalises every channel of every example for itself.

    In the notation: ``instance_norm(epsilon=1e-5)``.
    """

    notation = "instance_norm"
    _defaults = {"epsilon": 1e-5}

    def __init__(self, epsilon: float = 1e-5, *, name: str | None = None) -> None:
        super().__init__({"epsilon": epsilon}, None, name)


class InstanceNorm1d(InstanceNorm):
    """Normalises every channel of every example for itself over 1 dimension: see :class:`InstanceNorm`."""

    spatial = 1


class InstanceNorm2d(InstanceNorm):
    """Normalises every channel of every example for itself over 2 dimensions: see :class:`InstanceNorm`."""

    spatial = 2


class InstanceNorm3d(InstanceNorm):
    """Normalises every channel of every example for itself over 3 dimensions: see :class:`InstanceNorm`."""

    spatial = 3


class LSTM(Layer):
    """A long short-term memory: gives the sequence and, on request, the last states.

    In the notation: ``lstm(hidden, layers=1, bidirectional=false, h0=none, c0=none)``.
    """

    notation = "lstm"
    _needed = ("hidden",)
    _defaults = {"layers": 1, "bidirectional": False, "h0": None, "c0": None}

    def __init__(
        self,
        hidden: int,
        layers: int = 1,
        bidirectional: bool = False,
        h0: Value | None = None,
        c0: Value | None = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"hidden": hidden, "layers": layers, "bidirectional": bidirectional, "h0": h0, "c0": c0},
            None,
            name,
        )


class LayerNorm(Layer):
    """Normalises over the last dimension.

    In the notation: ``layer_norm(epsilon=1e-5)``.
    """

    notation = "layer_norm"
    _defaults = {"epsilon": 1e-5}

    def __init__(self, epsilon: float = 1e-5, *, name: str | None = None) -> None:
        super().__init__({"epsilon": epsilon}, None, name)


class LeakyReLU(Layer):
    """A rectified linear unit with a slope below zero.

    In the notation: ``leaky_relu(alpha=0.01)``.
    """

    notation = "leaky_relu"
    _defaults = {"alpha": 0.01}

    def __init__(self, alpha: float = 0.01, *, name: str | None = None) -> None:
        super().__init__({"alpha": alpha}, None, name)


class Linear(Layer):
    """A matrix product over the last dimension, with a bias.

    In the notation: ``linear(features, bias=true, transposed=false)``.
    """

    notation = "linear"
    _needed = ("features",)
    _defaults = {"bias": True, "transposed": False}

    def __init__(
        self,
        features: int,
        bias: bool = True,
        transposed: bool = False,
        *,
        activation: Like | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__({"features": features, "bias": bias, "transposed": transposed}, activation, name)


class Dense(Linear):
    """A matrix product over the last dimension, with a bias: see :class:`Linear`."""


class LocalResponseNorm(Layer):
    """Normalises over neighbouring channels.

    In the notation: ``local_response_norm(size, alpha=0.0001, beta=0.75, bias=1)``.
    """

    notation = "local_response_norm"
    _needed = ("size",)
    _defaults = {"alpha": 0.0001, "beta": 0.75, "bias": 1}

    def __init__(
        self,
        size: int,
        alpha: float = 0.0001,
        beta: float = 0.75,
        bias: float = 1,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__({"size": size, "alpha": alpha, "beta": beta, "bias": bias}, None, name)


class Log(Layer):
    """The natural logarithm.

    In the notation: ``log``.
    """

    notation = "log"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class LogSoftmax(Layer):
    """The logarithm of the softmax along an axis.

    In the notation: ``log_softmax(axis=-1)``.
    """

    notation = "log_softmax"
    _defaults = {"axis": -1}

    def __init__(self, axis: int = -1, *, name: str | None = None) -> None:
        super().__init__({"axis": axis}, None, name)


class MatMul(Layer):
    """The product of two matrices.

    In the notation: ``matmul``.
    """

    notation = "matmul"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Max(Layer):
    """The greatest of values, place by place.

    In the notation: ``max``.
    """

    notation = "max"
    _defaults = {"number": None}

    def __init__(self, number: float | None = None, *, name: str | None = None) -> None:
        super().__init__({"number": number}, None, name)


class MaxPool(Layer):
    """The greatest in windows.

    In the notation: ``max_pool(kernel, stride=kernel, pad=0, dilation=1, ceil=false)``.
    """

    notation = "max_pool"
    _needed = ("kernel",)
    _defaults = {"stride": None, "pad": 0, "dilation": 1, "ceil": False}

    def __init__(
        self,
        kernel: Sizes,
        stride: Sizes | None = None,
        pad: Sizes | str = 0,
        dilation: Sizes = 1,
        ceil: bool = False,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation, "ceil": ceil},
            None,
            name,
        )


class MaxPool1d(MaxPool):
    """The greatest in windows over 1 dimension: see :class:`MaxPool`."""

    spatial = 1


class MaxPool2d(MaxPool):
    """The greatest in windows over 2 dimensions: see :class:`MaxPool`."""

    spatial = 2


class MaxPool3d(MaxPool):
    """The greatest in windows over 3 dimensions: see :class:`MaxPool`."""

    spatial = 3


class Mean(Layer):
    """The mean of values, place by place.

    In the notation: ``mean``.
    """

    notation = "mean"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Min(Layer):
    """The least of values, place by place.

    In the notation: ``min``.
    """

    notation = "min"
    _defaults = {"number": None}

    def __init__(self, number: float | None = None, *, name: str | None = None) -> None:
        super().__init__({"number": number}, None, name)


class Mish(Layer):
    """The mish activation.

    In the notation: ``mish``.
    """

    notation = "mish"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Mul(Layer):
    """The product of two values, place by place, or of a value and a number.

    In the notation: ``mul``.
    """

    notation = "mul"
    _defaults = {"number": None}

    def __init__(self, number: float | None = None, *, name: str | None = None) -> None:
        super().__init__({"number": number}, None, name)


class MultiHeadAttention(Layer):
    """Attention with its projections; reads one value (self), two (queries and the rest) or three.

    In the notation: ``multi_head_attention(heads=1, kv_heads=heads, causal=false, mask=none, bias=true, rotary=false, position_bias=none)``.
    """

    notation = "multi_head_attention"
    _defaults = {"heads": 1, "kv_heads": None, "causal": False, "mask": None, "bias": True, "rotary": False, "position_bias": None}

    def __init__(
        self,
        heads: int = 1,
        kv_heads: int | None = None,
        causal: bool = False,
        mask: Value | None = None,
        bias: bool = True,
        rotary: bool = False,
        position_bias: Value | None = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"heads": heads, "kv_heads": kv_heads, "causal": causal, "mask": mask, "bias": bias, "rotary": rotary, "position_bias": position_bias},
            None,
            name,
        )


class MultiheadAttention(MultiHeadAttention):
    """Attention with its projections; reads one value (self), two (queries and the rest) or three: see :class:`MultiHeadAttention`."""


class Neg(Layer):
    """The value with the other sign.

    In the notation: ``neg``.
    """

    notation = "neg"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class PReLU(Layer):
    """A rectified linear unit with learned slopes below zero.

    In the notation: ``prelu``.
    """

    notation = "prelu"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Parameter(Layer):
    """A learned value, which reads nothing.

    In the notation: ``parameter(shape, dtype="float32")``.
    """

    notation = "parameter"
    _needed = ("shape",)
    _defaults = {"dtype": "float32"}

    def __init__(self, shape: Sequence[Dim], dtype: str = "float32", *, name: str | None = None) -> None:
        super().__init__({"shape": shape, "dtype": dtype}, None, name)


class PixelShuffle(Layer):
    """Channels turned into places.

    In the notation: ``pixel_shuffle(factor)``.
    """

    notation = "pixel_shuffle"
    _needed = ("factor",)

    def __init__(self, factor: Sizes, *, name: str | None = None) -> None:
        super().__init__({"factor": factor}, None, name)


class PositionEmbedding(Layer):
    """A table of learned vectors, one for each position that flows in.

    In the notation: ``position_embedding(size, features, axis=1)``.
    """

    notation = "position_embedding"
    _needed = ("size", "features",)
    _defaults = {"axis": 1}

    def __init__(self, size: int, features: int, axis: int = 1, *, name: str | None = None) -> None:
        super().__init__({"size": size, "features": features, "axis": axis}, None, name)


class Pow(Layer):
    """A power.

    In the notation: ``pow``.
    """

    notation = "pow"
    _defaults = {"number": None}

    def __init__(self, number: float | None = None, *, name: str | None = None) -> None:
        super().__init__({"number": number}, None, name)


class RMSNorm(Layer):
    """Divides by the root of the mean square over the last dimension.

    In the notation: ``rms_norm(epsilon=1e-5)``.
    """

    notation = "rms_norm"
    _defaults = {"epsilon": 1e-5}

    def __init__(self, epsilon: float = 1e-5, *, name: str | None = None) -> None:
        super().__init__({"epsilon": epsilon}, None, name)


class RNN(Layer):
    """A plain recurrent layer: gives the sequence and, on request, the last state.

    In the notation: ``rnn(hidden, layers=1, bidirectional=false, h0=none)``.
    """

    notation = "rnn"
    _needed = ("hidden",)
    _defaults = {"layers": 1, "bidirectional": False, "h0": None}

    def __init__(
        self,
        hidden: int,
        layers: int = 1,
        bidirectional: bool = False,
        h0: Value | None = None,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"hidden": hidden, "layers": layers, "bidirectional": bidirectional, "h0": h0},
            None,
            name,
        )


class ReLU(Layer):
    """The rectified linear unit.

    In the notation: ``relu``.
    """

    notation = "relu"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class ReLU6(Layer):
    """The rectified linear unit, at most 6.

    In the notation: ``relu6``.
    """

    notation = "relu6"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class ReduceMax(Layer):
    """The greatest along axes.

    In the notation: ``reduce_max(axes=all, keep=false)``.
    """

    notation = "reduce_max"
    _defaults = {"axes": None, "keep": False}

    def __init__(self, axes: Sizes | None = None, keep: bool = False, *, name: str | None = None) -> None:
        super().__init__({"axes": axes, "keep": keep}, None, name)


class ReduceMean(Layer):
    """The mean along axes.

    In the notation: ``reduce_mean(axes=all, keep=false)``.
    """

    notation = "reduce_mean"
    _defaults = {"axes": None, "keep": False}

    def __init__(self, axes: Sizes | None = None, keep: bool = False, *, name: str | None = None) -> None:
        super().__init__({"axes": axes, "keep": keep}, None, name)


class ReduceSum(Layer):
    """The sum along axes.

    In the notation: ``reduce_sum(axes=all, keep=false)``.
    """

    notation = "reduce_sum"
    _defaults = {"axes": None, "keep": False}

    def __init__(self, axes: Sizes | None = None, keep: bool = False, *, name: str | None = None) -> None:
        super().__init__({"axes": axes, "keep": keep}, None, name)


class RelativePositionBias(Layer):
    """A learned number for each head and distance between two positions.

    In the notation: ``relative_position_bias(buckets, heads)``.
    """

    notation = "relative_position_bias"
    _needed = ("buckets", "heads",)

    def __init__(self, buckets: int, heads: int, *, name: str | None = None) -> None:
        super().__init__({"buckets": buckets, "heads": heads}, None, name)


class Reshape(Layer):
    """The same numbers in another shape.

    In the notation: ``reshape(shape)``.
    """

    notation = "reshape"
    _needed = ("shape",)

    def __init__(self, shape: Sequence[Dim], *, name: str | None = None) -> None:
        super().__init__({"shape": shape}, None, name)


class SELU(Layer):
    """The scaled exponential linear unit.

    In the notation: ``selu``.
    """

    notation = "selu"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Select(Layer):
    """One place of an axis, which goes away.

    In the notation: ``select(index, axis=1)``.
    """

    notation = "select"
    _needed = ("index",)
    _defaults = {"axis": 1}

    def __init__(self, index: int, axis: int = 1, *, name: str | None = None) -> None:
        super().__init__({"index": index, "axis": axis}, None, name)


class SeparableConv(Layer):
    """A convolution of each channel for itself, then one of single places.

    In the notation: ``separable_conv(channels, kernel, stride=1, pad=0, dilation=1, bias=true)``.
    """

    notation = "separable_conv"
    _needed = ("channels", "kernel",)
    _defaults = {"stride": 1, "pad": 0, "dilation": 1, "bias": True}

    def __init__(
        self,
        channels: int,
        kernel: Sizes,
        stride: Sizes = 1,
        pad: Sizes | str = 0,
        dilation: Sizes = 1,
        bias: bool = True,
        *,
        activation: Like | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            {"channels": channels, "kernel": kernel, "stride": stride, "pad": pad, "dilation": dilation, "bias": bias},
            activation,
            name,
        )


class SiLU(Layer):
    """The sigmoid linear unit, or swish.

    In the notation: ``silu``.
    """

    notation = "silu"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Sigmoid(Layer):
    """The logistic function.

    In the notation: ``sigmoid``.
    """

    notation = "sigmoid"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Slice(Layer):
    """Places of an axis from a start to an end.

    In the notation: ``slice(start=0, end=last, axis=1, step=1)``.
    """

    notation = "slice"
    _defaults = {"start": 0, "end": None, "axis": 1, "step": 1}

    def __init__(
        self,
        start: int = 0,
        end: int | None = None,
        axis: int = 1,
        step: int = 1,
        *,
        name: str | None = None,
    ) -> None:
        super().__init__({"start": start, "end": end, "axis": axis, "step": step}, None, name)


class Softmax(Layer):
    """Shares that sum to one along an axis.

    In the notation: ``softmax(axis=-1)``.
    """

    notation = "softmax"
    _defaults = {"axis": -1}

    def __init__(self, axis: int = -1, *, name: str | None = None) -> None:
        super().__init__({"axis": axis}, None, name)


class Softplus(Layer):
    """A smooth rectified linear unit.

    In the notation: ``softplus``.
    """

    notation = "softplus"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Softsign(Layer):
    """The softsign activation.

    In the notation: ``softsign``.
    """

    notation = "softsign"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Split(Layer):
    """A value in equal parts along an axis: ``results`` says how many are wanted.

    In the notation: ``split(parts, axis=1)``.
    """

    notation = "split"
    _needed = ("parts",)
    _defaults = {"axis": 1}

    def __init__(self, parts: int, axis: int = 1, *, name: str | None = None) -> None:
        super().__init__({"parts": parts, "axis": axis}, None, name)


class Sqrt(Layer):
    """The square root.

    In the notation: ``sqrt``.
    """

    notation = "sqrt"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Squeeze(Layer):
    """Takes dimensions of size one away.

    In the notation: ``squeeze(axes)``.
    """

    notation = "squeeze"
    _needed = ("axes",)

    def __init__(self, axes: Sizes, *, name: str | None = None) -> None:
        super().__init__({"axes": axes}, None, name)


class Sub(Layer):
    """The difference of two values, or of a value and a number.

    In the notation: ``sub``.
    """

    notation = "sub"
    _defaults = {"number": None}

    def __init__(self, number: float | None = None, *, name: str | None = None) -> None:
        super().__init__({"number": number}, None, name)


class Tanh(Layer):
    """The hyperbolic tangent.

    In the notation: ``tanh``.
    """

    notation = "tanh"

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__({}, None, name)


class Transpose(Layer):
    """The dimensions in another order.

    In the notation: ``transpose(order=reversed)``.
    """

    notation = "transpose"
    _defaults = {"order": None}

    def __init__(self, order: Sizes | None = None, *, name: str | None = None) -> None:
        super().__init__({"order": order}, None, name)


class Unsqueeze(Layer):
    """Adds dimensions of size one.

    In the notation: ``unsqueeze(axes)``.
    """

    notation = "unsqueeze"
    _needed = ("axes",)

    def __init__(self, axes: Sizes, *, name: str | None = None) -> None:
        super().__init__({"axes": axes}, None, name)


class Upsample(Layer):
    """Makes a map larger.

    In the notation: ``upsample(scale=2, mode="nearest")``.
    """

    notation = "upsample"
    _defaults = {"scale": 2, "mode": "nearest"}

    def __init__(self, scale: Sizes = 2, mode: str = "nearest", *, name: str | None = None) -> None:
        super().__init__({"scale": scale, "mode": mode}, None, name)


class ZeroPad(Layer):
    """Zeros around a map.

    In the notation: ``zero_pad(pad)``.
    """

    notation = "zero_pad"
    _needed = ("pad",)

    def __init__(self, pad: Sizes | str, *, name: str | None = None) -> None:
        super().__init__({"pad": pad}, None, name)
