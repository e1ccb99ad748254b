"""Shapes of what operators make, without computing anything.

The commonest operators have their rule here. Torch's own shape functions are right for all others, but
many are written in Python over SymPy: the first of them takes a second to import, and each takes a tenth
of a millisecond, which is most of what a capture would cost. A test compares every rule with torch.
"""

from __future__ import annotations

import math

import torch

aten = torch.ops.aten
RULES: dict = {}


def run(func, args, kwargs):
    """The result of an operator on tensors that hold nothing: by a rule, or else by torch."""
    rule = RULES.get(func)
    if rule is not None:
        out = rule(*args, **kwargs)
        if out is not None:
            return out
    return func(*args, **kwargs)


def factory_elements(func, args) -> int:
    """How many elements an operator without tensors would make, as far as its first argument says."""
    if args and isinstance(args[0], (list, tuple)) and all(isinstance(n, int) for n in args[0]):
        return math.prod(args[0])
    if func._schema.name == "aten::arange":
        numbers = [a for a in args if isinstance(a, (int, float))]
        return (
            int(abs(numbers[1] - numbers[0])) if len(numbers) > 1 else int(abs(numbers[0])) if numbers else 0
        )
    return 0


def rule(*names: str):
    """Registers a rule for operators by name; a rule returns None where it does not apply."""

    def register(f):
        for name in names:
            packet, _, overload = name.partition(".")
            found = getattr(getattr(aten, packet, None), overload or "default", None)
            if found is not None:
                RULES[found] = f
        return f

    return register


def empty(shape, like: torch.Tensor) -> torch.Tensor:
    """A contiguous tensor of this shape."""
    return torch.empty(shape, dtype=like.dtype, device="meta")


def like(x: torch.Tensor) -> torch.Tensor:
    """A tensor of the same shape, type and order of axes in memory. (`empty_like` would import SymPy.)"""
    if x.is_contiguous() or 0 in x.stride():
        return torch.empty(x.shape, dtype=x.dtype, device="meta")
    return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device="meta")


def plain(*tensors) -> bool:
    """Whether all are of one floating type."""
    kind = tensors[0].dtype
    return kind.is_floating_point and all(t.dtype == kind for t in tensors[1:])


@rule(
    *(
        "relu sigmoid tanh silu gelu hardswish hardsigmoid elu selu celu leaky_relu hardtanh relu6 mish softplus exp sqrt rsqrt sin cos log erf abs neg square "
        "reciprocal logsigmoid hardshrink softshrink dropout feature_dropout alpha_dropout clamp clamp_min clamp_max"
    ).split(),
    "pow.Tensor_Scalar",
    "softmax.int",
    "log_softmax.int",
)
def unary(x, *rest, **options):
    if (
        x.dtype.is_floating_point
        and options.get("dtype") is None
        and not any(isinstance(r, torch.dtype) for r in rest)
    ):
        return like(x)
    return None


@rule(
    *"relu_ sigmoid_ tanh_ silu_ gelu_ hardswish_ hardsigmoid_ elu_ selu_ leaky_relu_ hardtanh_ relu6_ mish_ dropout_ exp_ clamp_ zero_".split(),
    "mul_.Scalar",
    "add_.Scalar",
    "fill_.Scalar",
)
def unary_in_place(x, *_, **__):
    return x


@rule(
    "add.Tensor",
    "sub.Tensor",
    "mul.Tensor",
    "div.Tensor",
    "maximum",
    "minimum",
    "add.Scalar",
    "sub.Scalar",
    "mul.Scalar",
    "div.Scalar",
    "rsub.Scalar",
    "pow.Tensor_Tensor",
)
def binary(a, b, **_):
    if not isinstance(a, torch.Tensor) or not a.dtype.is_floating_point:
        return None
    if not isinstance(b, torch.Tensor):
        return None if isinstance(b, complex) else like(a)
    if a.dtype != b.dtype:
        return None
    if a.shape == b.shape:
        return like(a)
    shape = broadcast(a.shape, b.shape)
    return (
        None
        if shape is None
        else like(a)
        if shape == a.shape
        else like(b)
        if shape == b.shape
        else empty(shape, a)
    )


@rule("add_.Tensor", "sub_.Tensor", "mul_.Tensor", "div_.Tensor")
def binary_in_place(a, b, **_):
    if not isinstance(b, torch.Tensor):
        return a if a.dtype.is_floating_point and not isinstance(b, complex) else None
    return a if plain(a, b) and broadcast(a.shape, b.shape) == a.shape else None


def broadcast(a, b):
    """The shape two shapes spread to, or None where they do not fit."""
    out = []
    for i in range(1, max(len(a), len(b)) + 1):
        m, n = a[-i] if i <= len(a) else 1, b[-i] if i <= len(b) else 1
        if m != n and m != 1 and n != 1:
            return None
        out.append(n if m == 1 else m)
    return torch.Size(reversed(out))


@rule("linear")
def linear(x, weight, bias=None):
    if (
        weight.dim() != 2
        or x.dim() < 1
        or x.shape[-1] != weight.shape[1]
        or not plain(x, weight, *(() if bias is None else (bias,)))
    ):
        return None
    return empty((*x.shape[:-1], weight.shape[0]), x)


@rule("matmul", "bmm", "mm")
def matmul(a, b):
    if a.dim() < 2 or b.dim() < 2 or a.shape[-1] != b.shape[-2] or not plain(a, b):
        return None
    batch = broadcast(a.shape[:-2], b.shape[:-2])
    return None if batch is None else empty((*batch, a.shape[-2], b.shape[-1]), a)


@rule("addmm")
def addmm(bias, a, b, **_):
    if (
        bias.dim() != 1
        or a.dim() != 2
        or b.dim() != 2
        or a.shape[1] != b.shape[0]
        or bias.shape[0] != b.shape[1]
        or not plain(a, b, bias)
    ):
        return None
    return empty((a.shape[0], b.shape[1]), a)


@rule("conv1d", "conv2d", "conv3d", "conv1d.padding", "conv2d.padding", "conv3d.padding")
def conv(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    n = weight.dim() - 2
    if (
        x.dim() != n + 2
        or x.shape[1] != weight.shape[1] * groups
        or not plain(x, weight, *(() if bias is None else (bias,)))
    ):
        return None
    stride, dilation = spread(stride, n), spread(dilation, n)
    if padding == "same":
        shape = x.shape[2:]
    else:
        padding = [0] * n if padding == "valid" else spread(padding, n)
        shape = [
            (s + 2 * p - d * (k - 1) - 1) // t + 1
            for s, k, t, p, d in zip(x.shape[2:], weight.shape[2:], stride, padding, dilation)
        ]
    return None if min(shape) < 1 else laid_out((x.shape[0], weight.shape[0], *shape), x, weight)


def laid_out(shape, x, weight=None):
    """An image with channels last where its source is; otherwise contiguous."""
    if (
        len(shape) == 4
        and x.dim() == 4
        and not x.is_contiguous()
        and x.is_contiguous(memory_format=torch.channels_last)
    ):
        return torch.empty(shape, dtype=x.dtype, device="meta", memory_format=torch.channels_last)
    return empty(shape, x)


@rule("conv_transpose1d", "conv_transpose2d.input", "conv_transpose3d.input")
def conv_transpose(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    n = weight.dim() - 2
    if (
        x.dim() != n + 2
        or x.shape[1] != weight.shape[0]
        or not plain(x, weight, *(() if bias is None else (bias,)))
    ):
        return None
    options = zip(
        x.shape[2:], weight.shape[2:], *(spread(v, n) for v in (stride, padding, output_padding, dilation))
    )
    shape = [(s - 1) * t - 2 * p + d * (k - 1) + o + 1 for s, k, t, p, o, d in options]
    return None if min(shape) < 1 else laid_out((x.shape[0], weight.shape[1] * groups, *shape), x)


def spread(v, n: int) -> list[int]:
    """One number for each of n axes."""
    return [v] * n if isinstance(v, int) else list(v) * n if len(v) == 1 else list(v)


@rule("batch_norm", "instance_norm", "group_norm", "layer_norm", "rms_norm")
def norm(x, *rest, **_):
    given = [t for t in rest if isinstance(t, torch.Tensor)]
    if not plain(x, *given):
        return None
    return like(x)


@rule("max_pool2d", "max_pool1d", "max_pool3d")
def max_pool(x, kernel_size, stride=(), padding=0, dilation=1, ceil_mode=False):
    return pool(x, kernel_size, stride, padding, dilation, ceil_mode)


@rule("avg_pool2d", "avg_pool1d", "avg_pool3d")
def avg_pool(x, kernel_size, stride=(), padding=0, ceil_mode=False, *_, **__):
    return pool(x, kernel_size, stride, padding, 1, ceil_mode)


def pool(x, kernel_size, stride, padding, dilation, ceil_mode):
    """The windows of a pooling; none may start beyond its input."""
    n = x.dim() - 2
    if n not in (1, 2, 3) or len(spread(kernel_size, n)) != n:
        return None
    kernel, padding, dilation = spread(kernel_size, n), spread(padding, n), spread(dilation, n)
    stride = kernel if isinstance(stride, (list, tuple)) and not stride else spread(stride, n)
    shape = []
    for s, k, t, p, d in zip(x.shape[2:], kernel, stride, padding, dilation):
        room = s + 2 * p - d * (k - 1) - 1
        windows = (room + (t - 1 if ceil_mode else 0)) // t + 1
        if ceil_mode and (windows - 1) * t >= s + p:
            windows -= 1
        shape.append(windows)
    return None if min(shape) < 1 else laid_out((*x.shape[:2], *shape), x)


@rule("adaptive_avg_pool2d", "adaptive_avg_pool1d", "adaptive_avg_pool3d")
def adaptive_pool(x, output_size):
    n = len(output_size)
    return laid_out((*x.shape[:2], *output_size), x) if x.dim() == n + 2 else None


@rule("embedding")
def embedding(weight, indices, *_, **__):
    if weight.dim() != 2 or indices.dtype not in (torch.int64, torch.int32):
        return None
    return empty((*indices.shape, weight.shape[1]), weight)


@rule("cat")
def cat(tensors, dim=0):
    first = tensors[0]
    if not all(t.dtype == first.dtype and t.dim() == first.dim() for t in tensors) or not first.dim():
        return None
    dim %= first.dim()
    if any(t.shape[i] != n for t in tensors for i, n in enumerate(first.shape) if i != dim):
        return None
    shape = list(first.shape)
    shape[dim] = sum(t.shape[dim] for t in tensors)
    return laid_out(shape, first)


@rule("stack")
def stack(tensors, dim=0):
    first = tensors[0]
    if not all(t.dtype == first.dtype and t.shape == first.shape for t in tensors):
        return None
    shape = list(first.shape)
    shape.insert(dim % (len(shape) + 1), len(tensors))
    return empty(shape, first)


@rule("scaled_dot_product_attention")
def attention(q, k, v, *_, **__):
    if not plain(q, k, v) or q.dim() != 4 or k.dim() != 4:
        return None
    return empty((*q.shape[:-1], v.shape[-1]), q)


@rule("mean.dim", "sum.dim_IntList", "amax", "amin")
def reduce(x, dim=None, keepdim=False, **options):
    if not x.dtype.is_floating_point or dim is None or options.get("dtype") is not None:
        return None
    axes = {d % x.dim() for d in ([dim] if isinstance(dim, int) else dim)} or set(range(x.dim()))
    return empty([1 if i in axes else n for i, n in enumerate(x.shape) if keepdim or i not in axes], x)


@rule("lstm.input", "gru.input", "rnn_tanh.input", "rnn_relu.input")
def recurrent(x, state, params, has_biases, num_layers, dropout, train, bidirectional, batch_first):
    if x.dim() != 3:
        return None
    states = state if isinstance(state, (list, tuple)) else (state,)
    out = empty((*x.shape[:2], states[0].shape[-1] * (2 if bidirectional else 1)), x)
    return (out, *(like(s) for s in states))


@rule("gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
def cell(x, state, *_):
    return like(state) if plain(x, state) else None


@rule("lstm_cell")
def lstm_cell(x, state, *_):
    return tuple(like(s) for s in state) if plain(x, *state) else None


@rule("masked_fill.Scalar")
def masked_fill(x, mask, value):
    return like(x) if broadcast(x.shape, mask.shape) == x.shape else None


@rule(
    "eq.Tensor",
    "ne.Tensor",
    "lt.Tensor",
    "le.Tensor",
    "gt.Tensor",
    "ge.Tensor",
    "eq.Scalar",
    "ne.Scalar",
    "lt.Scalar",
    "le.Scalar",
    "gt.Scalar",
    "ge.Scalar",
    "logical_and",
    "logical_or",
    "logical_not",
)
def comparison(a, b=None):
    shape = broadcast(a.shape, b.shape) if isinstance(b, torch.Tensor) else a.shape
    return None if shape is None else torch.empty(shape, dtype=torch.bool, device="meta")


@rule("__and__.Tensor", "__or__.Tensor", "bitwise_and.Tensor", "bitwise_or.Tensor")
def bits(a, b):
    return comparison(a, b) if a.dtype == b.dtype == torch.bool else None


@rule("where.self", "where.ScalarOther", "where.ScalarSelf", "where.Scalar")
def where(condition, a, b):
    given = [t for t in (a, b) if isinstance(t, torch.Tensor)]
    if not given or not plain(*given):
        return None
    shape = condition.shape
    for t in given:
        shape = shape and broadcast(shape, t.shape)
    return None if shape is None else empty(shape, given[0])
