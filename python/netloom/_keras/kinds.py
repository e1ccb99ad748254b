"""Which kind of model or layer an object is, by the classes it comes from."""

from __future__ import annotations


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
