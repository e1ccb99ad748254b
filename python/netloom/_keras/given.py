"""Shapes and types of inputs: as given, or as the model was built with."""

from __future__ import annotations


def symbolic(model, input) -> tuple[tuple, dict] | None:
    """Symbolic inputs: of the shapes given, or of those the model was built with; None where nothing is
    known."""
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
    return (
        tuple(deep_tuple(x) for x in v)
        if isinstance(v, (list, tuple))
        else {k: deep_tuple(x) for k, x in v.items()}
        if isinstance(v, dict)
        else v
    )


def is_shape(v) -> bool:
    """Whether a sequence is the sizes of one tensor."""
    return bool(v) and all(n is None or isinstance(n, int) for n in v)


def spec(v) -> tuple[tuple, str]:
    """Shape and type of an array or of a shape."""
    if isinstance(v, (tuple, list)):
        return tuple(v), "float32"
    return tuple(None if n is None else int(n) for n in v.shape), str(
        getattr(v, "dtype", "float32")
    ).removeprefix("torch.").split("'")[-2 if "'" in str(v.dtype) else -1]


def specs(input) -> list[tuple[tuple, str]]:
    """Shapes and types of all inputs."""
    if isinstance(input, dict):
        return [s for v in input.values() for s in specs(v)]
    if isinstance(input, (tuple, list)) and not is_shape(input):
        return [s for v in input for s in specs(v)]
    return [spec(input)]
