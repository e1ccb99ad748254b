"""Writes python/netloom/layers.py from the table of layers in docs/notation.md, which a test holds to the code.

Run it after a layer was added to the notation: python3 python/generate.py
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "python" / "netloom" / "layers.py"

#: What layers are called in Python where that is not their name with capitals: as PyTorch calls them.
NAMES = {
    "avg_pool": ["AvgPool", "AvgPool1d", "AvgPool2d", "AvgPool3d"],
    "adaptive_avg_pool": ["AdaptiveAvgPool", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d"],
    "batch_norm": ["BatchNorm", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d"],
    "conv": ["Conv", "Conv1d", "Conv2d", "Conv3d"],
    "conv_transpose": ["ConvTranspose", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"],
    "elu": ["ELU"],
    "gelu": ["GELU"],
    "gru": ["GRU"],
    "hard_sigmoid": ["Hardsigmoid"],
    "hard_swish": ["Hardswish"],
    "instance_norm": ["InstanceNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"],
    "leaky_relu": ["LeakyReLU"],
    "linear": ["Linear", "Dense"],
    "lstm": ["LSTM"],
    "matmul": ["MatMul"],
    "max_pool": ["MaxPool", "MaxPool1d", "MaxPool2d", "MaxPool3d"],
    "multi_head_attention": ["MultiHeadAttention", "MultiheadAttention"],
    "prelu": ["PReLU"],
    "relu": ["ReLU"],
    "relu6": ["ReLU6"],
    "rms_norm": ["RMSNorm"],
    "rnn": ["RNN"],
    "selu": ["SELU"],
    "silu": ["SiLU"],
}

#: What layers are, in a sentence.
ABOUT = {
    "abs": "The absolute value",
    "adaptive_avg_pool": "Means over as many windows as make a result of the size",
    "add": "The sum of values, or of a value and a number",
    "attention": "The bare product of attention; reads one value (self), two (queries and the rest) or three",
    "avg_pool": "Means over windows",
    "batch_norm": "Normalises over the batch",
    "buffer": "A stored value that is not learned, which reads nothing",
    "concat": "Values behind one another along an axis",
    "constant": "A value written out, which reads nothing",
    "conv": "A convolution",
    "conv_transpose": "A transposed convolution",
    "depthwise_conv": "A convolution of each channel for itself",
    "div": "The quotient of two values, or of a value and a number",
    "dropout": "Leaves values out at random while training",
    "elu": "The exponential linear unit",
    "embedding": "A table of learned vectors, one for each whole number below its size",
    "exp": "The exponential function",
    "expand": "A value repeated until it has a shape",
    "flatten": "Joins all dimensions from an axis on; the first stays",
    "gelu": "The Gaussian error linear unit",
    "global_avg_pool": "The mean over all places",
    "global_max_pool": "The greatest of all places",
    "group_norm": "Normalises over groups of channels",
    "gru": "A gated recurrent unit: gives the sequence and, on request, the last state",
    "hard_sigmoid": "A sigmoid of straight lines",
    "hard_swish": "A swish of straight lines",
    "identity": "What flows in, unchanged",
    "instance_norm": "Normalises every channel of every example for itself",
    "layer_norm": "Normalises over the last dimension",
    "leaky_relu": "A rectified linear unit with a slope below zero",
    "linear": "A matrix product over the last dimension, with a bias",
    "local_response_norm": "Normalises over neighbouring channels",
    "log": "The natural logarithm",
    "log_softmax": "The logarithm of the softmax along an axis",
    "lstm": "A long short-term memory: gives the sequence and, on request, the last states",
    "matmul": "The product of two matrices",
    "max": "The greatest of values, place by place",
    "max_pool": "The greatest in windows",
    "mean": "The mean of values, place by place",
    "min": "The least of values, place by place",
    "mish": "The mish activation",
    "mul": "The product of two values, place by place, or of a value and a number",
    "multi_head_attention": "Attention with its projections; reads one value (self), two (queries and the rest) or three",
    "neg": "The value with the other sign",
    "parameter": "A learned value, which reads nothing",
    "pixel_shuffle": "Channels turned into places",
    "position_embedding": "A table of learned vectors, one for each position that flows in",
    "pow": "A power",
    "prelu": "A rectified linear unit with learned slopes below zero",
    "reduce_max": "The greatest along axes",
    "reduce_mean": "The mean along axes",
    "reduce_sum": "The sum along axes",
    "relative_position_bias": "A learned number for each head and distance between two positions",
    "relu": "The rectified linear unit",
    "relu6": "The rectified linear unit, at most 6",
    "reshape": "The same numbers in another shape",
    "rms_norm": "Divides by the root of the mean square over the last dimension",
    "rnn": "A plain recurrent layer: gives the sequence and, on request, the last state",
    "select": "One place of an axis, which goes away",
    "selu": "The scaled exponential linear unit",
    "separable_conv": "A convolution of each channel for itself, then one of single places",
    "sigmoid": "The logistic function",
    "silu": "The sigmoid linear unit, or swish",
    "slice": "Places of an axis from a start to an end",
    "softmax": "Shares that sum to one along an axis",
    "softplus": "A smooth rectified linear unit",
    "softsign": "The softsign activation",
    "split": "A value in equal parts along an axis: ``results`` says how many are wanted",
    "sqrt": "The square root",
    "squeeze": "Takes dimensions of size one away",
    "sub": "The difference of two values, or of a value and a number",
    "tanh": "The hyperbolic tangent",
    "transpose": "The dimensions in another order",
    "unsqueeze": "Adds dimensions of size one",
    "upsample": "Makes a map larger",
    "zero_pad": "Zeros around a map",
}

SIZES = {"kernel", "stride", "pad", "output_pad", "dilation", "scale", "factor", "size", "axes", "order"}
#: Settings that are numbers with a fraction, whatever their default is; the flags among them are told by theirs.
FLOATS = {"alpha", "beta", "bias", "epsilon", "rate"}
#: Joins that also take a plain number in the place of their second value.
NUMBERED = {"add", "div", "max", "min", "mul", "pow", "sub"}
#: Settings that are values of the network, such as a mask.
FLOWS = {"mask", "h0", "c0", "position_bias"}
#: Layers whose results usually go through an activation, which may be named with them.
ACTIVE = {"conv", "conv_transpose", "depthwise_conv", "linear", "separable_conv"}

HEADER = '''"""The layers of the notation, named as in PyTorch.

Written by python/generate.py from the table in docs/notation.md; change it there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netloom._parts import Dim, Layer, Like, Sizes, Value

__all__ = [
{names}
]
'''


def main() -> int:
    text = written((ROOT / "docs" / "notation.md").read_text(encoding="utf-8"))
    if "--check" in sys.argv:
        if TARGET.read_text(encoding="utf-8") != text:
            print(f"{TARGET} is not what docs/notation.md says: run python3 python/generate.py", file=sys.stderr)
            return 1
        return 0
    TARGET.write_text(text, encoding="utf-8")
    return 0


def written(guide: str) -> str:
    """The text of the module for a guide to the notation."""
    table = guide.split("## Layers")[1].split("Any other")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    layers = [signature for row in rows for signature in re.findall(r"`([^`]+)`", row.split("|")[2])]
    found = sorted((layer(signature) for signature in layers), key=lambda found: found[0])
    names = sorted(name for names, _ in found for name in names)
    listed = "\n".join(f'    "{name}",' for name in names)
    return HEADER.replace("{names}", listed) + "".join(text for _, text in found)


def layer(signature: str) -> tuple[list[str], str]:
    """The classes of a layer: their names and their text."""
    name, _, inside = signature.rstrip(")").partition("(")
    settings = [s.partition("=")[::2] for s in inside.split(", ") if s]
    needed = [s for s, default in settings if not default]
    optional = [(s, value(default)) for s, default in settings if default]
    if name in NUMBERED:
        optional = [("number", "None")]
    about = ABOUT.get(name) or f"The layer ``{name}`` of the notation"
    names = NAMES.get(name) or ["".join(w.capitalize() for w in name.split("_"))]
    first, *others = names
    head = [f"{s}: {kind(name, s, None)}" for s in needed]
    head += [f"{s}: {kind(name, s, default)} = {default}" for s, default in optional]
    tail = ["activation: Like | None = None"] if name in ACTIVE else []
    tail.append("name: str | None = None")
    arguments = ["self", *head, "*", *tail]
    passed = [f'"{s}": {s}' for s in [*needed, *(s for s, _ in optional)]]
    activation = "activation" if name in ACTIVE else "None"
    lines = [
        f"class {first}(Layer):",
        f'    """{about}.',
        "",
        f"    In the notation: ``{signature}``.",
        '    """',
        "",
        f'    notation = "{name}"',
    ]
    if needed:
        lines.append(f"    _needed = ({''.join(quoted(s) + ', ' for s in needed).rstrip()})")
    if optional:
        defaults = ", ".join(f'"{s}": {default}' for s, default in optional)
        lines.append(f"    _defaults = {{{defaults}}}")
    lines += [
        "",
        *wrapped("    def __init__(", arguments, ") -> None:"),
        *wrapped("        super().__init__(", ["{" + ", ".join(passed) + "}", activation, "name"], ")"),
    ]
    for other in others:
        spatial = re.search(r"([123])d$", other)
        over = f" over {spatial.group(1)} dimension{'s' if spatial.group(1) != '1' else ''}" if spatial else ""
        lines += ["", "", f"class {other}({first}):", f'    """{about}{over}: see :class:`{first}`."""']
        if spatial:
            lines += ["", f"    spatial = {spatial.group(1)}"]
    return names, "\n\n" + "\n".join(lines) + "\n"


def value(default: str) -> str:
    """A default as Python has it; what depends on other settings is None, which leaves it to the notation."""
    if default in ("true", "false"):
        return default.capitalize()
    return default if re.fullmatch(r'-?[\d.e-]+|"[^"]*"', default) else "None"


def kind(layer: str, setting: str, default: str | None) -> str:
    """The type of a setting."""
    if setting in FLOWS:
        return "Value | None"
    if setting == "shape":
        return "Sequence[Dim]" if default is None else "Sequence[Dim] | None"
    if setting == "value":
        return "Any"
    if default in ("True", "False"):
        return "bool"
    if setting == "pad":
        return "Sizes | str"
    if setting in SIZES and layer not in ("embedding", "local_response_norm", "attention", "position_embedding"):
        return "Sizes | None" if default == "None" else "Sizes"
    if default is not None and default.startswith('"'):
        return "str"
    if default == "None":
        return "float | None" if setting in ("scale", "number") else "int | None"
    return "float" if default and "." in default or setting in FLOATS else "int"


def wrapped(before: str, items: list[str], after: str) -> list[str]:
    """One line, or one for each item where that is too long."""
    line = before + ", ".join(items) + after
    if len(line) <= 110:
        return [line]
    indent = " " * (len(before) - len(before.lstrip()))
    return [before, *(f"{indent}    {item}," for item in items), f"{indent}{after}"]


def quoted(text: str) -> str:
    return f'"{text}"'


if __name__ == "__main__":
    sys.exit(main())
