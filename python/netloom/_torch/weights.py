"""Facts about the parameters and buffers of a module, and the tree of its modules."""

from __future__ import annotations

import torch


def facts(model: torch.nn.Module) -> dict[str, dict]:
    """Name of every parameter and buffer, with its type, sizes, whether it is trained, and whose memory it
    shares."""
    out: dict[str, dict] = {}
    first: dict = {}
    for kind, named in (
        ("parameter", model.named_parameters(remove_duplicate=False)),
        ("buffer", model.named_buffers(remove_duplicate=False)),
    ):
        for name, t in named:
            shared = first.setdefault(identity(t), name)
            uninitialised = isinstance(t, torch.nn.parameter.UninitializedTensorMixin)
            out[name] = {
                "dtype": str(t.dtype).removeprefix("torch."),
                "sizes": None if uninitialised else list(t.shape),
                "trainable": kind == "parameter" and t.requires_grad,
                "kind": kind,
                "shared_with": None if shared == name else shared,
            }
    return out


def identity(t: torch.Tensor):
    """What two names of one weight have in common: the object, or the very same view of one memory."""
    if (
        isinstance(t, torch.nn.parameter.UninitializedTensorMixin)
        or t.device.type == "meta"
        or t.layout != torch.strided
        or type(t.data) is not torch.Tensor
    ):
        return id(t)
    address = t.data_ptr() if t.numel() else 0
    return (address, t.dtype, tuple(t.shape), t.stride()) if address else id(t)


def class_of(module: torch.nn.Module) -> str:
    """The full name of a module's class; a parametrised module keeps the class it was made from."""
    cls = type(module)
    if cls.__module__ == "torch.nn.utils.parametrize" and cls.__name__.startswith("Parametrized"):
        cls = cls.__bases__[0]
    return f"{cls.__module__}.{cls.__qualname__}".replace(";", ".").replace(",", ".")


def classes(model: torch.nn.Module) -> dict[str, str]:
    """Path of every module below the model, and the model itself under the empty path, with its class."""
    return {path: class_of(module) for path, module in model.named_modules(remove_duplicate=False)}
