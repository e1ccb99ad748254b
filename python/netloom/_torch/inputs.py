"""What to give a model: examples of the user, tensors of given sizes, or a guess from its first layer."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch

from .._trace import CaptureError

IMAGE_SIDES = (224, 32, 28, 64, 256, 96, 128, 299, 384, 16, 112, 48, 512)
"""Sides of square images that are tried, the likeliest first."""
SIGNAL_LENGTHS = (128, 1024, 16000, 256, 512, 3000, 784, 100, 32)
TOKENS = 16
"""Length of sequences that are guessed."""
INTEGER_WORDS = ("ids", "token", "idx", "index", "indices", "mask", "label", "position")


def given(model, input, input_size, input_dtype, kwargs) -> tuple[tuple, dict, list[str]] | None:
    """Positional and named inputs as the caller described them, with notes; None when nothing was
    described."""
    kwargs = dict(kwargs or {})
    if input is not None and input_size is not None:
        raise CaptureError("expected input or input_size, found both: pass one of them")
    if input is not None:
        args, named = arguments(model, input)
        return args, {**named, **kwargs}, []
    if input_size is not None:
        names = list(required(model)[0])
        if isinstance(input_size, Mapping):
            made = {
                name: sized(size, dtype_for(model, name, size, input_dtype, i))
                for i, (name, size) in enumerate(input_size.items())
            }
            return (), {**made, **kwargs}, []
        sizes = (
            [tuple(input_size)]
            if all(isinstance(n, int) for n in input_size)
            else [tuple(size) for size in input_size]
        )
        dtypes = [
            dtype_for(model, names[i] if i < len(names) else "", size, input_dtype, i)
            for i, size in enumerate(sizes)
        ]
        return tuple(sized(size, dtype) for size, dtype in zip(sizes, dtypes)), kwargs, []
    return ((), kwargs, []) if kwargs and not [n for n in required(model)[0] if n not in kwargs] else None


def arguments(model, example) -> tuple[tuple, dict]:
    """An example as positional and named arguments: a tuple or list gives several, a mapping of parameter
    names gives named ones."""
    if isinstance(example, torch.Tensor):
        return (example,), {}
    if isinstance(example, Mapping) or hasattr(example, "keys") and hasattr(example, "__getitem__"):
        known, open_ended = parameters(model)
        items = {k: tensor(example[k]) for k in example.keys()}
        if items and all(isinstance(k, str) and (k in known or open_ended) for k in items):
            return (), items
        return (items,), {}
    if isinstance(example, (tuple, list)):
        return tuple(tensor(x) for x in example), {}
    return (tensor(example),), {}


def tensor(v: Any) -> Any:
    """An array as a tensor; anything else as it is."""
    if type(v).__module__ == "numpy" and hasattr(v, "shape"):
        return torch.as_tensor(v)
    return v


def parameters(model) -> tuple[dict[str, inspect.Parameter], bool]:
    """The parameters of a model's forward, and whether it takes any name."""
    try:
        found = inspect.signature(model.forward).parameters
    except (TypeError, ValueError):
        return {}, True
    named = {n: p for n, p in found.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    return named, any(p.kind == p.VAR_KEYWORD for p in found.values())


def required(model) -> tuple[list[str], list[str]]:
    """Names of the parameters of forward without a default, and of those with one."""
    named, _ = parameters(model)
    return [n for n, p in named.items() if p.default is p.empty], [
        n for n, p in named.items() if p.default is not p.empty
    ]


def sized(size, dtype) -> torch.Tensor:
    """A tensor of a size: ones for whole numbers, which any table of two rows has, otherwise uniform
    noise."""
    size = tuple(int(n) for n in size)
    if any(n < 0 for n in size):
        raise CaptureError(f"expected sizes of at least 0, found {size}: give the batch a number, such as 1")
    if dtype.is_floating_point or dtype.is_complex:
        return torch.rand(size, generator=torch.Generator().manual_seed(0)).to(dtype)
    return torch.ones(size, dtype=dtype)


def dtype_for(model, name: str, size, declared, place: int) -> torch.dtype:
    """The type of an input: as declared, or whole numbers for what looks like tokens, or the type of the
    weights."""
    if isinstance(declared, Mapping):
        declared = declared.get(name)
    elif isinstance(declared, (list, tuple)):
        declared = declared[place] if place < len(declared) else None
    if isinstance(declared, str):
        found = getattr(torch, declared.removeprefix("torch."), None)
        if not isinstance(found, torch.dtype):
            raise CaptureError(f"expected a type such as 'float32' or 'int64', found {declared!r}")
        return found
    if declared is not None:
        return declared
    if any(word in name.lower() for word in INTEGER_WORDS) and len(tuple(size)) <= 2:
        return torch.int64
    first = first_leaf(model)
    if isinstance(first, (torch.nn.Embedding, torch.nn.EmbeddingBag)) and len(tuple(size)) <= 2:
        return torch.int64
    return floating(model)


def floating(model) -> torch.dtype:
    """The floating type of the first weights."""
    return next(
        (p.dtype for p in model.parameters() if p.dtype.is_floating_point and p.dtype.itemsize >= 2),
        torch.float32,
    )


def leaves(model):
    """Modules that hold weights themselves, in order."""
    return [m for m in model.modules() if next(iter(m._parameters.values()), None) is not None]


def first_leaf(model):
    """The first module that holds weights."""
    return next(iter(leaves(model)), None)


def guesses(model):
    """Inputs worth a try, likeliest first, each with a sentence that says what was assumed."""
    needed, optional = required(model)
    declared = declared_by_library(model, needed + optional)
    if declared is not None:
        yield declared
    if not needed:
        needed = optional[:1]
    dtype = floating(model)
    for shape, kind in guessed_shapes(model):
        values = []
        for name in needed:
            whole = (
                kind is torch.int64 or len(shape) <= 2 and any(word in name.lower() for word in INTEGER_WORDS)
            )
            values.append(sized(shape, torch.int64 if whole else dtype))
        if values:
            described = ", ".join(
                f"{n} {list(v.shape)} {str(v.dtype).removeprefix('torch.')}" for n, v in zip(needed, values)
            )
            yield tuple(values), {}, f"No input was given; assumed {described} from the first layer."


def declared_by_library(model, names):
    """The input a model of transformers or timm says it takes."""
    config = getattr(model, "config", None)
    main = getattr(model, "main_input_name", None)
    size = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None) or {}
    size = size.get("input_size") if isinstance(size, dict) else None
    if isinstance(size, (tuple, list)) and len(size) == 3:
        return (
            (sized((1, *size), floating(model)),),
            {},
            f"No input was given; assumed the model's own size {[1, *size]}.",
        )
    if config is None or main is None or main not in names:
        return None
    inputs = {}
    text = getattr(config, "text_config", config)
    vision = getattr(config, "vision_config", config)
    if "input_ids" in names:
        limit = getattr(text, "max_position_embeddings", None)
        inputs["input_ids"] = torch.ones(
            (1, min(TOKENS, limit) if isinstance(limit, int) and limit > 0 else TOKENS), dtype=torch.int64
        )
    if "decoder_input_ids" in names and getattr(config, "is_encoder_decoder", False):
        inputs["decoder_input_ids"] = torch.ones((1, TOKENS), dtype=torch.int64)
    if "pixel_values" in names:
        side = getattr(vision, "image_size", 224)
        height, width = (side if isinstance(side, (tuple, list)) else (side, side)) if side else (224, 224)
        inputs["pixel_values"] = sized(
            (1, getattr(vision, "num_channels", 3), height, width), floating(model)
        )
    if "input_features" in names:
        length = 2 * getattr(config, "max_source_positions", 1500)
        inputs["input_features"] = sized((1, getattr(config, "num_mel_bins", 80), length), floating(model))
    if "input_values" in names:
        inputs["input_values"] = sized((1, 16000), floating(model))
    if main not in inputs:
        return None
    described = ", ".join(f"{k} {list(v.shape)}" for k, v in inputs.items())
    return (), inputs, f"No input was given; assumed {described} from the model's configuration."


def guessed_shapes(model):
    """Shapes the first layer with weights could take, with the type where it is not that of the weights."""
    nn = torch.nn
    first = first_leaf(model)
    if isinstance(first, (nn.Embedding, nn.EmbeddingBag)):
        yield (1, TOKENS), torch.int64
    elif isinstance(first, nn.ConvTranspose2d):
        for side in (1, 4, 7, 8, 16, 32):
            yield (1, first.in_channels, side, side), None
    elif isinstance(first, nn.Conv2d):
        side = declared_side(model)
        for s in (*((side,) if side else ()), *IMAGE_SIDES):
            yield (1, first.in_channels, s, s), None
    elif isinstance(first, (nn.Conv1d, nn.ConvTranspose1d)):
        for length in SIGNAL_LENGTHS:
            yield (1, first.in_channels, length), None
    elif isinstance(first, (nn.Conv3d, nn.ConvTranspose3d)):
        for shape in (
            (16, 112, 112),
            (16, 224, 224),
            (32, 32, 32),
            (64, 64, 64),
            (8, 32, 32),
            (4, 4, 4),
            (1, 1, 1),
        ):
            yield (1, first.in_channels, *shape), None
    elif isinstance(first, nn.Linear):
        yield (1, first.in_features), None
        yield (1, TOKENS, first.in_features), None
    elif isinstance(first, nn.RNNBase):
        yield ((1, TOKENS) if first.batch_first else (TOKENS, 1)) + (first.input_size,), None
    elif isinstance(first, nn.RNNCellBase):
        yield (1, first.input_size), None
        yield (1, TOKENS, first.input_size), None
    elif isinstance(first, nn.MultiheadAttention):
        yield (1, TOKENS, first.embed_dim), None
    elif isinstance(first, nn.LayerNorm):
        yield (1, TOKENS, *first.normalized_shape), None
        yield (1, *first.normalized_shape), None
    elif isinstance(first, nn.modules.batchnorm._BatchNorm):
        tail = {"BatchNorm2d": [(s, s) for s in IMAGE_SIDES], "BatchNorm3d": [(16, 32, 32)]}.get(
            type(first).__name__, [(), (128,)]
        )
        for shape in tail:
            yield (1, first.num_features, *shape), None
    elif first is not None:
        # A parameter of the model itself, such as a class token, says nothing: look further.
        for module in leaves(model)[1:8]:
            if isinstance(module, (nn.Conv2d, nn.Conv1d, nn.Linear, nn.Embedding)):
                holder = nn.Sequential(module)
                yield from guessed_shapes(holder)
                return


def declared_side(model) -> int | None:
    """The side of the images a model says it takes."""
    for owner in (model, getattr(model, "config", None), getattr(model, "patch_embed", None)):
        for name in ("image_size", "img_size", "input_resolution"):
            side = getattr(owner, name, None)
            side = side[0] if isinstance(side, (tuple, list)) and side else side
            if isinstance(side, int) and side > 0:
                return side
    return None
