"""What a pass gave out, and which operators led to it."""

from __future__ import annotations

import json

import torch

from .record import Recorder


def keep_outputs(activations: dict, key: str, out) -> None:
    """Keeps what a module gave out, as arrays."""
    for i, t in enumerate(outputs_of(out)):
        value = t.detach().cpu()
        activations[key if not i else f"{key}:{i}"] = (
            (value.float() if value.dtype == torch.bfloat16 else value).clone().numpy()
        )


def outputs_of(v) -> list[torch.Tensor]:
    """All tensors in what a model gives back; of an object of its own class, those among its attributes."""
    return [v] if isinstance(v, torch.Tensor) else [t for _, x in members(v) for t in outputs_of(x)]


def members(v) -> list[tuple[str, object]]:
    """The parts of a collection with their names, where they have any."""
    if v is None or isinstance(v, (str, bytes, int, float, torch.nn.Module, torch.dtype, torch.device)):
        return []
    if isinstance(v, dict):
        return [(str(k), x) for k, x in v.items()]
    if isinstance(v, tuple) and hasattr(v, "_fields"):
        return list(zip(v._fields, v, strict=True))
    if isinstance(v, (list, tuple)):
        return [("", x) for x in v]
    slots = [(n, getattr(v, n, None)) for n in getattr(type(v), "__slots__", ())]
    held = slots + list(getattr(v, "__dict__", {}).items())
    return [(n, x) for n, x in held if isinstance(x, (torch.Tensor, dict, list, tuple))]


def spec_of(v) -> dict:
    """The form of what a model gives back, as torch.export describes it: tensors only, with the names of
    dictionaries."""
    if isinstance(v, torch.Tensor):
        return {"type": None, "context": None, "children_spec": []}
    parts = [(n, x) for n, x in members(v) if outputs_of(x)]
    names = [n for n, _ in parts]
    kind, context = ("builtins.dict", json.dumps(names)) if any(names) else ("builtins.tuple", "null")
    return {"type": kind, "context": context, "children_spec": [spec_of(x) for _, x in parts]}


def finish(recorder: Recorder, out, error) -> None:
    """Decides what the graph gives out: the model's results, or after a failure the last value that was
    made."""
    results = outputs_of(out) if error is None else []
    names = [recorder.name_of(t) for t in results]
    if error is not None:
        node = recorder.failed.get("node")
        names = [node or recorder.last] if node or recorder.last else []
    elif names:
        recorder.nodes = reaching(recorder.nodes, names, in_place=False)
    recorder.out_spec = json.dumps([1, spec_of(out)]) if names and error is None else None
    recorder.outputs = [{"as_tensor": {"name": n}} for n in names]
    for t, name in recorder.roots.values():
        t.__dict__.pop("_netloom_part", None)
        if name not in recorder.tensors and not isinstance(t, torch.nn.parameter.UninitializedTensorMixin):
            recorder.measure(t, name, t.requires_grad)
    spec_names = {
        s[k]["arg"]["name"]: s[k][f"{k}_name"]
        for s in recorder.input_specs
        for k in ("parameter", "buffer")
        if k in s
    }
    recorder.sizes = {
        spec_names[n]: [d["as_int"] for d in recorder.tensors[n]["sizes"]]
        for n in spec_names
        if n in recorder.tensors
    }


def reaching(nodes: list[dict], names: list[str], *, in_place: bool) -> list[dict]:
    """The nodes that results depend on; where names do not follow what is written in place, those that
    write too. What a pass only prints or asserts is no part of the model."""
    wanted, kept = set(names), []
    for node in reversed(nodes):
        made = [r["name"] for o in node["outputs"] for r in tensor_names(o)]
        if any(n in wanted for n in made) or in_place and writes(node):
            kept.append(node)
            wanted.update(r["name"] for i in node["inputs"] for r in tensor_names(i["arg"]))
    return kept[::-1]


def writes(node: dict) -> bool:
    """Whether an operator changes what it is given, by the underscore its name ends in."""
    name = node["target"].split(".")[-2]
    return name.endswith("_") and not name.endswith("__")


def tensor_names(arg: dict) -> list[dict]:
    """The tensors an argument or result of the schema points at."""
    if "as_tensor" in arg:
        return [arg["as_tensor"]]
    if "as_optional_tensors" in arg:
        return [x["as_tensor"] for x in arg["as_optional_tensors"] if "as_tensor" in x]
    return arg.get("as_tensors", [])
