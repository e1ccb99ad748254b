"""Captures a live Keras 3 model on any back-end, without running it: the architecture as Keras writes it to `config.json`.

Models made of a graph of layers (Sequential, Functional, nested) are written by Keras itself. The body of a subclassed model is called once on
symbolic tensors, which shows its graph; where a body does not allow that, its layers are listed with their shapes and no connections.

# Source

https://github.com/keras-team/keras/blob/master/keras/src/saving/serialization_lib.py
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from ._trace import Captured, CaptureError

NESTING = 32
"""How deep models may lie in one another."""
CONSTANT = 16
"""Elements up to which a constant between layers is written with its values."""


def capture(model, *, trace=False, input=None) -> Captured:
    """Captures a model or layer. ``input`` (arrays, or shapes as tuples, batch first) is needed only where the model was never built;
    ``trace`` runs the model on it, or on zeros, and keeps what each layer gives out.

    # Errors

    CaptureError when the model has neither a graph nor shapes from which to find one.
    """
    if type(model).__module__.split(".")[0] == "tf_keras" or not hasattr(model, "get_build_config"):
        return Captured(model.to_json().encode(), model.name, ["A model of Keras 2 is read by its architecture alone."])
    notes: list[str] = []
    with untouched(model):
        config = written(model, input, notes)
        activations = traced(model, input) if trace else None
    config["netloom"] = {"version": 1, "name": model.name, "class": type(model).__name__, "weights": weights(model), "notes": notes}
    return Captured(json.dumps(config, separators=(",", ":"), default=plain).encode(), model.name, notes, None, activations)


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


def serialized(thing) -> dict | None:
    """What Keras writes for a model or layer, or None where it cannot (a layer without get_config, an argument of its own kind)."""
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


def is_sequential(thing) -> bool:
    """Whether it is a chain of layers."""
    return has_base(thing, "Sequential")


def is_functional(thing) -> bool:
    """Whether it is a graph of layers."""
    return has_base(thing, "Functional") and bool(getattr(thing, "inputs", None))


def has_base(thing, name: str) -> bool:
    return any(c.__name__ == name and c.__module__.startswith("keras.") for c in type(thing).__mro__)


def is_composite(op) -> bool:
    """A layer of the user's own that has layers inside and says so by its body only."""
    if type(op).__module__.startswith("keras.") or is_sequential(op) or is_functional(op):
        return False
    return any(True for _ in inner_layers(op))


def inner_layers(op):
    """Layers that a layer holds, without those that only count or measure."""
    return (x for x in getattr(op, "_layers", None) or [] if hasattr(x, "call") and not has_base(x, "Metric"))


def opened(model, config: dict, depth: int) -> None:
    """Composite layers in what Keras wrote get their own graph, which a file cannot show."""
    by_name = {op.name: op for op in model.operations}
    moved: set[str] = set()
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
                moved.add(op.name)
    if moved:
        renumbered(config["config"], moved)


def renumbered(v, names: set[str]) -> None:
    """Counts the calls of these layers from one, as Keras does for a Functional model inside another, whose call 0 is its own graph."""
    stack = [v["input_layers"], v["output_layers"], *(e.get("inbound_nodes", []) for e in v["layers"])]
    while stack:
        x = stack.pop()
        if isinstance(x, list) and len(x) == 3 and isinstance(x[0], str) and x[0] in names and isinstance(x[1], int):
            x[1] += 1
        elif isinstance(x, list):
            stack += x
        elif isinstance(x, dict):
            stack += x.values()



def inside(op, depth: int) -> dict | None:
    """The graph of a composite layer: its body called on symbolic tensors of the shapes it has been called with."""
    import keras

    nodes = [n for n in getattr(op, "_inbound_nodes", []) if n.input_tensors]
    if not nodes or depth > NESTING:
        return None
    arguments = nodes[0].arguments
    fresh: dict[int, Any] = {}

    def replace(x):
        if isinstance(x, keras.KerasTensor):
            if id(x) not in fresh:
                fresh[id(x)] = keras.Input(batch_shape=x.shape, dtype=x.dtype, name=f"{op.name}_in{len(fresh) or ''}")
            return fresh[id(x)]
        return x

    try:
        args = keras.tree.map_structure(replace, arguments.args)
        kwargs = keras.tree.map_structure(replace, arguments.kwargs)
        outputs = op.call(*args, **kwargs)
        return graph_entry(op.name, list(fresh.values()), keras.tree.flatten(outputs), op, depth + 1)
    except Exception:
        return None


def subclassed(model, input, notes) -> dict:
    """A model whose graph only its body knows."""
    import keras

    given = symbolic(model, input)
    if given is None:
        known = "; ".join(f"{x.name}" for x in list(inner_layers(model))[:4])
        if not known:
            raise CaptureError(f"expected a built model or its input, found {type(model).__name__} that was never called: pass input=, such as input=(1, 28, 28, 1)")
        return listed(model, notes)
    args, kwargs = given
    try:
        outputs = model.call(*args, **kwargs)
        inputs = [t for t in keras.tree.flatten((args, kwargs)) if isinstance(t, keras.KerasTensor)]
        return graph_entry(model.name, inputs, [t for t in keras.tree.flatten(outputs) if isinstance(t, keras.KerasTensor)], model, 0)
    except Exception as error:
        notes.append(f"The body of {type(model).__name__} cannot be followed on symbolic tensors ({first_line(error)}).")
        return listed(model, notes)


def symbolic(model, input) -> tuple[tuple, dict] | None:
    """Symbolic inputs: of the shapes given, or of those the model was built with; None where nothing is known."""
    import keras

    def made(v, name):
        if isinstance(v, dict):
            return {k: made(x, str(k)) for k, x in v.items()}
        if isinstance(v, (tuple, list)) and not is_shape(v):
            return type(v)(made(x, f"{name}{i}") for i, x in enumerate(v))
        shape, dtype = spec(v)
        return keras.Input(batch_shape=shape, dtype=dtype, name=name)

    if input is not None:
        return (made(input, "input"),), {}
    build = (model.get_build_config() or {}) if model.built else {}
    shapes = build.get("shapes_dict")
    if shapes:
        names = [k.removesuffix("_shape") for k in shapes]
        return (), {n: made(deep_tuple(v), n) for n, v in zip(names, shapes.values())}
    shape = build.get("input_shape")
    return ((made(deep_tuple(shape), "input"),), {}) if shape else None


def deep_tuple(v):
    """Lists as tuples, all the way down."""
    return tuple(deep_tuple(x) for x in v) if isinstance(v, (list, tuple)) else {k: deep_tuple(x) for k, x in v.items()} if isinstance(v, dict) else v


def is_shape(v) -> bool:
    """Whether a sequence is the sizes of one tensor."""
    return bool(v) and all(n is None or isinstance(n, int) for n in v)


def spec(v) -> tuple[tuple, str]:
    """Shape and type of an array or of a shape."""
    if isinstance(v, (tuple, list)):
        return tuple(v), "float32"
    return tuple(None if n is None else int(n) for n in v.shape), str(getattr(v, "dtype", "float32")).removeprefix("torch.").split("'")[-2 if "'" in str(v.dtype) else -1]


def specs(input) -> list[tuple[tuple, str]]:
    """Shapes and types of all inputs."""
    if isinstance(input, dict):
        return [s for v in input.values() for s in specs(v)]
    if isinstance(input, (tuple, list)) and not is_shape(input):
        return [s for v in input for s in specs(v)]
    return [spec(input)]


def listed(model, notes) -> dict:
    """The layers of a model with no connections between them, each with the shape it was built for."""
    notes.append("Its layers are listed in the order they were made; how they are connected is not known.")
    layers = [entry(op, 0) for op in inner_layers(model)]
    for item in layers:
        item.setdefault("inbound_nodes", [])
    return frame(model.name, layers, [], [], model)


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
        item["inbound_nodes"] = [{"args": argument(list(c.arguments.args), history), "kwargs": argument(dict(c.arguments.kwargs), history)} for c in calls if c.input_tensors]
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
    config = {"name": name, "trainable": bool(getattr(owner, "trainable", True)), "layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {"module": "keras.src.models.functional", "class_name": "Functional", "config": config, "registered_name": type(owner).__name__, "build_config": {"input_shape": None}}


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
        config.update({k: v for k, v in vars(op).items() if not k.startswith("_") and isinstance(v, (bool, int, float, str))})
    shape = getattr(op, "_build_shapes_dict", None) or {}
    return {"module": type(op).__module__, "class_name": type(op).__name__, "config": config, "registered_name": type(op).__name__,
            "build_config": {"input_shape": next(iter(shape.values()), None)}}


def sequential_entry(model, depth: int) -> dict:
    """A chain as Keras writes it."""
    layers = [entry(op, depth + 1) for op in getattr(model, "_layers", model.layers) if hasattr(op, "call")]
    shape = getattr(model, "input_shape", None) if getattr(model, "inputs", None) else None
    config = {"name": model.name, "trainable": bool(model.trainable), "layers": layers}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None, "build_config": {"input_shape": shape}}


def input_entry(shape, dtype, name) -> dict:
    """The layer that stands for an input."""
    config = {"batch_shape": [None, *shape[1:]], "dtype": dtype, "sparse": False, "ragged": False, "name": name, "optional": False}
    return {"module": "keras.layers", "class_name": "InputLayer", "config": config, "registered_name": None}


def argument(v, history):
    """An argument of a call: tensors by who made them, the rest as it is."""
    import keras

    if isinstance(v, keras.KerasTensor):
        return {"class_name": "__keras_tensor__", "config": {"shape": list(v.shape), "dtype": str(v.dtype), "keras_history": history(v)}}
    if isinstance(v, dict):
        return {str(k): argument(x, history) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [argument(x, history) for x in v]
    if v is None or isinstance(v, (bool, int, float, str)):
        return v
    if isinstance(v, keras.Variable):
        return {"class_name": "__keras_variable__", "config": {"name": v.path, "shape": list(v.shape), "dtype": str(v.dtype)}}
    if hasattr(v, "shape") and hasattr(v, "dtype"):
        small = getattr(v, "size", CONSTANT + 1)
        values = v.tolist() if isinstance(small, int) and small <= CONSTANT and hasattr(v, "tolist") else None
        return {"class_name": "__tensor__", "config": {"value": values, "dtype": str(v.dtype)}}
    return str(v)


def weights(model) -> dict[str, list[dict]]:
    """Weights of every layer, by the names of the models and layers that lead to it."""
    out: dict[str, list[dict]] = {}
    seen: set[int] = set()
    stack = [(layer, layer.name) for layer in reversed(list(model_layers(model)))] or [(model, model.name)]
    if model_layers(model):
        own(model, model.name, out, seen)
    while stack:
        layer, path = stack.pop()
        inner = list(model_layers(layer))
        if inner and path.count("/") < NESTING:
            own(layer, path, out, seen)
            stack += [(x, f"{path}/{x.name}") for x in reversed(inner)]
        else:
            facts(layer, layer.weights, path, out, seen)
    return out


def model_layers(layer) -> list:
    """Layers shown inside a model or composite layer; none for a layer of Keras, whatever it is made of."""
    if is_sequential(layer) or is_functional(layer):
        return [x for x in layer.layers if x is not layer]
    if has_base(layer, "Model") or is_composite(layer):
        return list(inner_layers(layer))
    return []


def own(layer, path, out, seen) -> None:
    """Weights that a model holds beside its layers."""
    held = {id(w) for x in model_layers(layer) for w in x.weights}
    facts(layer, [w for w in layer.weights if id(w) not in held], path, out, seen)


def facts(layer, variables, path, out, seen) -> None:
    """Name, shape, type of weights and whether they are trained; a weight of two layers is counted at the first."""
    trained = {id(w) for w in layer.trainable_weights}
    rows = []
    for w in variables:
        if id(w) in seen:
            continue
        seen.add(id(w))
        name = w.path.split(f"{layer.name}/", 1)[-1]
        rows.append({"name": name, "shape": [int(n) for n in w.shape], "dtype": str(w.dtype), "trainable": id(w) in trained})
    if rows:
        out.setdefault(path, []).extend(rows)


def traced(model, input) -> dict[str, Any]:
    """What every layer gives out for an input, as NumPy arrays; zeros where no input was given."""
    import keras
    import numpy

    if not getattr(model, "inputs", None):
        raise CaptureError(f"expected a graph of layers to trace, found {type(model).__name__}: only Sequential and Functional models are traced")
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
    before = [(op, name, list(getattr(op, name))) for op in ops.values() for name in ("_inbound_nodes", "_outbound_nodes") if isinstance(getattr(op, name, None), list)]
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
