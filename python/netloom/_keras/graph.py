"""Graphs of layers and operations in the form of a Functional model."""

from __future__ import annotations

import contextlib
from typing import Any

from .kinds import is_composite, is_functional, is_sequential

NESTING = 32
"""How deep models may lie in one another."""
CONSTANT = 16
"""Elements up to which a constant between layers is written with its values."""


def serialized(thing) -> dict | None:
    """What Keras writes for a model or layer, or None where it cannot (a layer without get_config, an
    argument of its own kind)."""
    import keras

    try:
        sharing = contextlib.nullcontext()
        with contextlib.suppress(Exception):
            from keras.src.saving.serialization_lib import ObjectSharingScope

            sharing = ObjectSharingScope()
        with sharing:
            out = keras.saving.serialize_keras_object(thing)
    except Exception:
        return None
    # How it is trained is no part of the figure, and may hold functions.
    return {**out, "compile_config": {}} if isinstance(out, dict) and "compile_config" in out else out


def opened(model, config: dict, depth: int) -> None:
    """Composite layers in what Keras wrote get their own graph, which a file cannot show."""
    by_name = {op.name: op for op in model.operations}
    for entry in config["config"]["layers"]:
        op = by_name.get(entry.get("name"))
        if op is None or depth > NESTING:
            continue
        if is_functional(op) and "layers" in entry.get("config", {}):
            opened(op, entry, depth + 1)
        elif is_composite(op):
            inner = inside(op, depth)
            if inner is not None:
                entry.update({k: inner[k] for k in ("module", "class_name", "config", "registered_name")})


def inside(op, depth: int) -> dict | None:
    """The graph of a composite layer: its body called on symbolic tensors of the shapes it has been called
    with."""
    import keras

    nodes = [n for n in getattr(op, "_inbound_nodes", []) if n.input_tensors]
    if not nodes or depth > NESTING:
        return None
    arguments = nodes[0].arguments
    fresh: dict[int, Any] = {}

    def replace(x):
        if isinstance(x, keras.KerasTensor):
            if id(x) not in fresh:
                fresh[id(x)] = keras.Input(
                    batch_shape=x.shape, dtype=x.dtype, name=f"{op.name}_in{len(fresh) or ''}"
                )
            return fresh[id(x)]
        return x

    try:
        args = keras.tree.map_structure(replace, arguments.args)
        kwargs = keras.tree.map_structure(replace, arguments.kwargs)
        outputs = op.call(*args, **kwargs)
        return graph_entry(op.name, list(fresh.values()), keras.tree.flatten(outputs), op, depth + 1)
    except Exception:
        return None


def graph_entry(name: str, inputs, outputs, owner, depth: int) -> dict:
    """A graph of operations as Keras writes a Functional model."""
    order, kept = walked(outputs)
    for t in inputs:
        op, index, _ = t._keras_history
        if id(op) not in {id(o) for o in order}:
            order.insert(0, op)
            kept[id(op)] = [index]
    names: dict[int, str] = {}
    taken: set[str] = set()
    for op in order:
        label, n = op.name, 1
        while label in taken:
            n += 1
            label = f"{op.name}_{n}"
        taken.add(label)
        names[id(op)] = label

    entries = {id(op): entry(op, depth) for op in order}

    def history(t):
        # Call 0 of a Functional model inside another is its own graph.
        op, index, place = t._keras_history
        first = 1 if entries[id(op)]["class_name"] == "Functional" else 0
        return [names[id(op)], kept[id(op)].index(index) + first, place]

    layers = []
    for op in order:
        item = entries[id(op)]
        item["name"] = names[id(op)]
        calls = [op._inbound_nodes[i] for i in kept[id(op)]]
        item["inbound_nodes"] = [
            {
                "args": argument(list(c.arguments.args), history),
                "kwargs": argument(dict(c.arguments.kwargs), history),
            }
            for c in calls
            if c.input_tensors
        ]
        layers.append(item)
    ends = [[history(t) for t in side] for side in (inputs, outputs)]
    return frame(name, layers, *(side[0] if len(side) == 1 else side for side in ends), owner)


def walked(outputs) -> tuple[list, dict[int, list[int]]]:
    """Operations that outputs depend on, makers before users, and which calls of each; without recursion."""
    order, kept, state = [], {}, {}
    stack = [(t._keras_history, False) for t in reversed(outputs)]
    while stack:
        (op, index, _), done = stack.pop()
        key = (id(op), index)
        if done:
            if id(op) not in kept:
                order.append(op)
            kept.setdefault(id(op), []).append(index)
            kept[id(op)].sort()
            continue
        if key in state:
            continue
        state[key] = True
        stack.append(((op, index, 0), True))
        stack += [(t._keras_history, False) for t in reversed(op._inbound_nodes[index].input_tensors)]
    return order, kept


def frame(name, layers, inputs, outputs, owner) -> dict:
    """The outer form of a Functional model."""
    config = {
        "name": name,
        "trainable": bool(getattr(owner, "trainable", True)),
        "layers": layers,
        "input_layers": inputs,
        "output_layers": outputs,
    }
    return {
        "module": "keras.src.models.functional" if is_functional(owner) else type(owner).__module__,
        "class_name": "Functional" if is_functional(owner) else type(owner).__name__,
        "config": config,
        "registered_name": type(owner).__name__,
        "build_config": {"input_shape": None},
    }


def entry(op, depth: int) -> dict:
    """One layer or operation."""
    if depth <= NESTING:
        if is_sequential(op):
            return sequential_entry(op, depth)
        if is_functional(op):
            return graph_entry(op.name, op.inputs, op.outputs, op, depth + 1)
        if is_composite(op):
            inner = inside(op, depth)
            if inner is not None:
                return inner
    whole = serialized(op)
    if whole is not None:
        return whole
    config = {"name": op.name}
    with contextlib.suppress(Exception):
        config.update(
            {
                k: v
                for k, v in vars(op).items()
                if not k.startswith("_") and isinstance(v, (bool, int, float, str))
            }
        )
    shape = getattr(op, "_build_shapes_dict", None) or {}
    return {
        "module": type(op).__module__,
        "class_name": type(op).__name__,
        "config": config,
        "registered_name": type(op).__name__,
        "build_config": {"input_shape": next(iter(shape.values()), None)},
    }


def sequential_entry(model, depth: int) -> dict:
    """A chain as Keras writes it."""
    layers = [entry(op, depth + 1) for op in getattr(model, "_layers", model.layers) if hasattr(op, "call")]
    shape = getattr(model, "input_shape", None) if getattr(model, "inputs", None) else None
    config = {"name": model.name, "trainable": bool(model.trainable), "layers": layers}
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": config,
        "registered_name": None,
        "build_config": {"input_shape": shape},
    }


def input_entry(shape, dtype, name) -> dict:
    """The layer that stands for an input."""
    config = {
        "batch_shape": [None, *shape[1:]],
        "dtype": dtype,
        "sparse": False,
        "ragged": False,
        "name": name,
        "optional": False,
    }
    return {"module": "keras.layers", "class_name": "InputLayer", "config": config, "registered_name": None}


def argument(v, history):
    """An argument of a call: tensors by who made them, the rest as it is."""
    import keras

    if isinstance(v, keras.KerasTensor):
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": list(v.shape), "dtype": str(v.dtype), "keras_history": history(v)},
        }
    if isinstance(v, dict):
        return {str(k): argument(x, history) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [argument(x, history) for x in v]
    if v is None or isinstance(v, (bool, int, float, str)):
        return v
    if isinstance(v, keras.Variable):
        return {
            "class_name": "__keras_variable__",
            "config": {"name": v.path, "shape": list(v.shape), "dtype": str(v.dtype)},
        }
    if hasattr(v, "shape") and hasattr(v, "dtype"):
        small = getattr(v, "size", CONSTANT + 1)
        values = v.tolist() if isinstance(small, int) and small <= CONSTANT and hasattr(v, "tolist") else None
        return {"class_name": "__tensor__", "config": {"value": values, "dtype": str(v.dtype)}}
    return str(v)
