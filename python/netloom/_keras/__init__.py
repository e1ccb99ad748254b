"""Captures a live Keras 3 model on any back-end, without running it: the architecture as Keras writes it to
`config.json`.

Models made of a graph of layers (Sequential, Functional, nested) are written by Keras itself. The body of a
subclassed model is called once on symbolic tensors, which shows its graph; where a body does not allow that,
its layers are listed with their shapes and no connections.

# Source

https://github.com/keras-team/keras/blob/master/keras/src/saving/serialization_lib.py
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from .._trace import Captured, CaptureError
from .given import specs, symbolic
from .graph import (
    entry,
    frame,
    graph_entry,
    input_entry,
    opened,
    sequential_entry,
    serialized,
)
from .kinds import inner_layers, is_composite, is_functional, is_sequential
from .weights import weights


def capture(model, *, trace=False, input=None) -> Captured:
    """Captures a model or layer. ``input`` (arrays, or shapes as tuples, batch first) is needed only where
    the model was never built; ``trace`` runs the model on it, or on zeros, and keeps what each layer gives
    out.

    # Errors

    CaptureError when the model has neither a graph nor shapes from which to find one.
    """
    if type(model).__module__.split(".")[0] == "tf_keras" or not hasattr(model, "get_build_config"):
        return Captured(
            model.to_json().encode(), model.name, ["A model of Keras 2 is read by its architecture alone."]
        )
    notes: list[str] = []
    with untouched(model):
        config = written(model, input, notes)
        activations = traced(model, input) if trace else None
    config["netloom"] = {
        "version": 1,
        "name": model.name,
        "class": type(model).__name__,
        "weights": weights(model, config),
        "notes": notes,
    }
    return Captured(
        json.dumps(config, separators=(",", ":"), default=plain).encode(),
        model.name,
        notes,
        None,
        activations,
    )


def written(model, input, notes) -> dict:
    """The architecture, by the first way that works."""
    if is_sequential(model):
        config = serialized(model) or sequential_entry(model, 0)
        first = model.layers[0] if model.layers else None
        if not getattr(model, "inputs", None) and input is not None and type(first).__name__ != "InputLayer":
            shape, dtype = specs(input)[0]
            config["config"]["layers"].insert(0, input_entry(shape, dtype, "input"))
            config["build_config"] = {"input_shape": list(shape)}
        elif not getattr(model, "inputs", None) and not model.built:
            notes.append("The model has no input shape yet: pass input=(1, …), or begin it with keras.Input.")
        return config
    if is_functional(model):
        config = serialized(model)
        if config is None or "layers" not in config.get("config", {}):
            config = graph_entry(model.name, model.inputs, model.outputs, model, 0)
        elif any(is_composite(x) for x in model._flatten_layers()):
            config = json.loads(json.dumps(config, default=plain))
            opened(model, config, 0)
        return config
    return subclassed(model, input, notes)


def subclassed(model, input, notes) -> dict:
    """A model whose graph only its body knows."""
    import keras

    given = symbolic(model, input)
    if given is None:
        known = "; ".join(f"{x.name}" for x in list(inner_layers(model))[:4])
        if not known:
            raise CaptureError(
                f"expected a built model or its input, found {type(model).__name__} that was never called: "
                "pass input=, such as input=(1, 28, 28, 1)"
            )
        return listed(model, notes)
    args, kwargs = given
    try:
        outputs = model.call(*args, **kwargs)
        inputs = [t for t in keras.tree.flatten((args, kwargs)) if isinstance(t, keras.KerasTensor)]
        return graph_entry(
            model.name,
            inputs,
            [t for t in keras.tree.flatten(outputs) if isinstance(t, keras.KerasTensor)],
            model,
            0,
        )
    except Exception as error:
        notes.append(
            f"The body of {type(model).__name__} cannot be followed on symbolic tensors ({first_line(error)})."
        )
        return listed(model, notes)


def listed(model, notes) -> dict:
    """The layers of a model with no connections between them, each with the shape it was built for."""
    notes.append("Its layers are listed in the order they were made; how they are connected is not known.")
    layers = [entry(op, 0) for op in inner_layers(model)]
    for item in layers:
        item.setdefault("inbound_nodes", [])
    return frame(model.name, layers, [], [], model)


def traced(model, input) -> dict[str, Any]:
    """What every layer gives out for an input, as NumPy arrays; zeros where no input was given."""
    import keras
    import numpy

    if not getattr(model, "inputs", None):
        raise CaptureError(
            f"expected a graph of layers to trace, found {type(model).__name__}: only Sequential and Functional models are traced"
        )
    wanted, keys = [], []
    for layer in model.layers:
        for i, node in enumerate(layer._inbound_nodes):
            with contextlib.suppress(Exception):
                for j, t in enumerate(node.outputs):
                    keras.Function(model.inputs, [t])
                    wanted.append(t)
                    keys.append(layer.name + (f"@{i}" if i else "") + (f":{j}" if j else ""))
    given = [v for v in keras.tree.flatten(input) if hasattr(v, "shape")] if input is not None else []
    if len(given) != len(model.inputs):
        given = [numpy.zeros([n or 1 for n in t.shape], dtype=str(t.dtype)) for t in model.inputs]
    results = keras.Function(model.inputs, wanted)([keras.ops.convert_to_tensor(v) for v in given])
    return {k: keras.ops.convert_to_numpy(v) for k, v in zip(keys, results)}


@contextlib.contextmanager
def untouched(model):
    """Calls on symbolic tensors leave records on layers and use up names: both are taken back."""
    ops: dict[int, Any] = {}
    stack = [model]
    while stack:
        op = stack.pop()
        if id(op) in ops:
            continue
        ops[id(op)] = op
        stack += list(getattr(op, "_layers", None) or []) + list(getattr(op, "_operations", None) or [])
    names = None
    with contextlib.suppress(Exception):
        from keras.src.backend.common import global_state

        names = global_state.get_global_attribute("object_name_uids")
    counters = dict(names) if names is not None else None
    before = [
        (op, name, list(getattr(op, name)))
        for op in ops.values()
        for name in ("_inbound_nodes", "_outbound_nodes")
        if isinstance(getattr(op, name, None), list)
    ]
    try:
        yield
    finally:
        for op, name, content in before:
            nodes = getattr(op, name)
            if len(nodes) != len(content):
                nodes[:] = content
        if counters is not None:
            names.clear()
            names.update(counters)


def plain(v):
    """What JSON does not know, as what it knows."""
    if hasattr(v, "tolist"):
        return v.tolist()
    if isinstance(v, (set, frozenset)):
        return sorted(map(str, v))
    return str(v)


def first_line(error: BaseException) -> str:
    """The beginning of an error's message."""
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:160] if str(error).strip() else ''}"
