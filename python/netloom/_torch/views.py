"""Which tensors are parts of which, so that writing into a part changes the whole."""

from __future__ import annotations

import functools

import torch

WHOLE = object()
"""Stands for the tensor that is updated, in the arguments of an update."""

RESHAPES = {
    "view",
    "reshape",
    "_unsafe_view",
    "unsqueeze",
    "squeeze",
    "flatten",
    "unflatten",
    "view_as",
    "alias",
    "detach",
    "_reshape_alias",
    "contiguous",
    "to",
    "ravel",
}
"""Views of the same elements in the same order."""


@functools.cache
def written_arguments(func) -> tuple[tuple[int, str], ...]:
    """Place and name of each argument an operator writes into."""
    return tuple(
        (i, a.name)
        for i, a in enumerate(func._schema.arguments)
        if a.alias_info is not None and a.alias_info.is_write
    )


def written(func, args, kwargs) -> list[torch.Tensor]:
    """The tensors an operator writes into."""
    out = []
    for i, name in written_arguments(func):
        v = kwargs.get(name, args[i] if i < len(args) else None)
        out += (
            [v]
            if isinstance(v, torch.Tensor)
            else [t for t in v if isinstance(t, torch.Tensor)]
            if isinstance(v, (list, tuple))
            else []
        )
    return out


@functools.cache
def functional(func) -> str | None:
    """The target that does the same and writes nothing, if there is one."""
    namespace, name = func._schema.name.split("::")
    packet = getattr(getattr(torch.ops, namespace), name.removesuffix("_"), None)
    if not name.endswith("_") or packet is None or func._overloadname not in packet.overloads():
        return None
    return f"torch.ops.{namespace}.{name[:-1]}.{func._overloadname}"


def note(func, args, out) -> None:
    """Remembers for each result that is a view of the first argument what it is a part of."""
    if not args or not isinstance(args[0], torch.Tensor):
        return
    whole = args[0]
    for part in out if isinstance(out, (list, tuple)) else (out,):
        if isinstance(part, torch.Tensor) and part is not whole and shares(part, whole):
            part.__dict__["_netloom_part"] = (whole, func, args[1:])


def shares(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors look at one memory."""
    if a.layout != torch.strided or b.layout != torch.strided:
        return False
    try:
        return a.untyped_storage()._cdata == b.untyped_storage()._cdata
    except (NotImplementedError, RuntimeError):
        return False


def parent(t: torch.Tensor):
    """The tensor that `t` is a view of, and how to write its new value when `t` has one: a function from
    the name of the part to a target and named arguments, or to None where the name serves for both.
    None for a tensor that stands alone."""
    link = t.__dict__.get("_netloom_part")
    if link is None:
        return None
    whole, func, rest = link
    return whole, functools.partial(update, whole, t, func, rest)


def update(whole, part, func, rest, name):
    """Target and arguments of the operator that puts a part back into the whole; None where the part is
    all of it, as it is."""
    if part.shape == whole.shape and part.stride() == whole.stride():
        return None
    kind = func._schema.name.split("::")[-1]
    source = {"as_tensor": {"name": name}}

    def ints(*values):
        return [{"as_int": int(v)} for v in values]

    if kind == "select":
        return "torch.ops.aten.select_scatter.default", list(
            zip(("self", "src", "dim", "index"), (WHOLE, source, *ints(*rest[:2])))
        )
    if kind == "slice":
        names = ("self", "src", "dim", "start", "end", "step")
        values = [{"as_none": True} if v is None else {"as_int": int(v)} for v in rest]
        return "torch.ops.aten.slice_scatter.default", list(zip(names, (WHOLE, source, *values)))
    if kind in RESHAPES and part.numel() == whole.numel():
        return "torch.ops.aten.view.default", [("self", source), ("size", {"as_ints": list(whole.shape)})]
    if kind in ("transpose", "t", "permute", "numpy_T", "mT", "swapaxes") and part.dim() == whole.dim():
        if kind == "permute":
            order = [d % whole.dim() for d in rest[0]]
            back = [order.index(d) for d in range(len(order))]
            return "torch.ops.aten.permute.default", [("self", source), ("dims", {"as_ints": back})]
        dims = rest[:2] if len(rest) >= 2 else (0, 1)
        return "torch.ops.aten.transpose.int", list(zip(("self", "dim0", "dim1"), (source, *ints(*dims))))
    layout = [
        {"as_ints": list(part.shape)},
        {"as_ints": list(part.stride())},
        {"as_int": part.storage_offset()},
    ]
    return "torch.ops.aten.as_strided_scatter.default", list(
        zip(("self", "src", "size", "stride", "storage_offset"), (WHOLE, source, *layout))
    )
