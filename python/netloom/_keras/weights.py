"""Facts about the weights of every layer."""

from __future__ import annotations

from .graph import NESTING
from .kinds import has_base, inner_layers, is_composite, is_functional, is_sequential


def weights(model, config: dict) -> dict[str, list[dict]]:
    """Weights of every layer of what was written, by the names of the models and layers that lead to it. What
    a layer with layers inside holds beside them stands with the model's own."""
    opened = set(paths(config))
    out: dict[str, list[dict]] = {}
    seen: set[int] = set()
    stack = [(layer, layer.name) for layer in reversed(model_layers(model))]
    own(model, model.name, "", out, seen)
    while stack:
        layer, path = stack.pop()
        if path in opened:
            own(layer, model.name, f"{path}/", out, seen)
            stack += [(x, f"{path}/{x.name}") for x in reversed(model_layers(layer))]
        else:
            facts(layer, layer.weights, path, "", out, seen)
    return out


def paths(config: dict, above: str = "") -> list[str]:
    """Every model inside a model that was written with its layers."""
    found = []
    for entry in config.get("config", {}).get("layers", []):
        name = entry.get("name") or entry["config"]["name"]
        if "layers" in entry.get("config", {}) and above.count("/") < NESTING:
            found += [f"{above}{name}", *paths(entry, f"{above}{name}/")]
    return found


def model_layers(layer) -> list:
    """Layers shown inside a model or composite layer; none for a layer of Keras, whatever it is made of."""
    if is_sequential(layer) or is_functional(layer):
        return [x for x in layer.layers if x is not layer]
    if has_base(layer, "Model") or is_composite(layer):
        return list(inner_layers(layer))
    return []


def own(layer, path, prefix, out, seen) -> None:
    """Weights that a model holds beside its layers."""
    held = {id(w) for x in model_layers(layer) for w in x.weights}
    facts(layer, [w for w in layer.weights if id(w) not in held], path, prefix, out, seen)


def facts(layer, variables, path, prefix, out, seen) -> None:
    """Name, shape, type of weights and whether they are trained; a weight of two layers is counted at the
    first."""
    trained = {id(w) for w in layer.trainable_weights}
    rows = []
    for w in variables:
        if id(w) in seen:
            continue
        seen.add(id(w))
        name = prefix + w.path.split(f"{layer.name}/", 1)[-1]
        rows.append(
            {
                "name": name,
                "shape": [int(n) for n in w.shape],
                "dtype": str(w.dtype),
                "trainable": id(w) in trained,
            }
        )
    if rows:
        out.setdefault(path, []).extend(rows)
