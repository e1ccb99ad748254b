"""From whatever holds a model to a model that was read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from netloom import _core
from netloom._trace import framework_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from netloom._figure import Figure
    from netloom._options import DrawOptions
    from netloom._summary import Summary
    from netloom._trace import Captured

__all__ = ["CaptureOptions", "Model", "read"]


class CaptureOptions(TypedDict, total=False):
    """How a live model is looked at; files and texts need none of it."""

    input: Any
    """What the model is called with: a tensor, a tuple of positional arguments, or a mapping of named ones."""
    input_size: Sequence[int] | Sequence[Sequence[int]] | None
    """The shape of the input, or of each, in place of an example."""
    input_dtype: Any
    """The element type of inputs given by size, such as ``torch.int64`` or ``"int64"``."""
    kwargs: Mapping[str, Any] | None
    """Named arguments of the call."""
    method: str
    """``"export"``, ``"hooks"`` or ``"auto"``: the first that works."""
    device: str | None
    """Where the model runs to be looked at; ``"meta"`` allocates nothing."""
    dynamic: Any
    """Dimensions that are to stay symbols."""
    trace: bool
    """Whether activations are kept."""


class Model:
    """A model that was read: draw it, sum it up or compare it as often as you like, without reading it again.

    Made by :func:`netloom.read`.

    >>> import netloom as nl
    >>> model = nl.read(b"input x [1, 8]; linear(4) > relu > linear(2)", name="mlp")
    >>> model.name
    'mlp'
    >>> model.summary().parameters
    46
    """

    def __init__(self, core: _core.Model, captured: Captured | None = None) -> None:
        self._core = core
        self._captured = captured
        #: Where it was read from, if from a path.
        self._path: str | os.PathLike[str] | None = None

    @property
    def name(self) -> str:
        """What to call it; empty where nothing says."""
        return self._core.name

    @property
    def notes(self) -> list[str]:
        """Remarks on the model: what is odd about it, what could not be known."""
        return [f"{path}: {text}" if path else text for _, path, text in self._core.remarks()]

    @property
    def failed_at(self) -> str | None:
        """The path of the module in which a live model failed, where it did."""
        return self._captured.failed_at if self._captured else None

    @property
    def activations(self) -> dict[str, Any] | None:
        """Arrays by the names of tensors, where a live model was asked for them."""
        return self._captured.activations if self._captured else None

    def draw(self, **options: Unpack[DrawOptions]) -> Figure:
        """The same as :func:`netloom.draw` of this model."""
        from netloom._figure import draw

        return draw(self, **options)

    def summary(self, *, depth: int | None = None) -> Summary:
        """The same as :func:`netloom.summary` of this model."""
        from netloom._summary import summary

        return summary(self, depth=depth)

    def _repr_svg_(self) -> str:
        return self.draw()._repr_svg_()

    def __repr__(self) -> str:
        return f"<netloom.Model {self.name!r}>" if self.name else "<netloom.Model>"


def read(model: Any, *, name: str | None = None, **capture: Unpack[CaptureOptions]) -> Model:
    """Read a model from whatever holds it, once for all that is done with it.

    ``model`` is a path, the bytes of a file, a ``torch.nn.Module``, ``torch.export.ExportedProgram`` or
    ``torch.jit.ScriptModule``, a Keras model, an ``onnx.ModelProto``, a :class:`netloom.Network`, or what this function
    gave. How a live model is looked at is said as in :func:`netloom.draw`.

    >>> import netloom as nl
    >>> nl.read("examples/resnet18.onnx")
    <netloom.Model 'resnet18'>
    """
    # What is as it is without being said need not be said to a model that is no live one.
    said = {k: v for k, v in capture.items() if k not in _DEFAULTS or v is not _DEFAULTS[k]}
    return _read(model, name, said)


_DEFAULTS: dict[str, Any] = {
    "input": None,
    "input_size": None,
    "input_dtype": None,
    "kwargs": None,
    "method": "auto",
    "device": "meta",
    "dynamic": None,
    "trace": False,
}


def _read(model: Any, name: str | None, capture: Mapping[str, Any]) -> Model:
    unknown = [k for k in capture if k not in _DEFAULTS]
    if unknown:
        raise TypeError(f"read() got an unexpected keyword argument {unknown[0]!r}")
    framework = framework_of(model)
    if framework == "torch":
        from netloom import _torch

        captured = _torch.capture(model, **capture)
        # A scripted model is its own archive.
        file = "model.pt" if captured.source.startswith(b"PK") else "model.pt2.json"
        return _of_capture(captured, file, name)
    if framework == "keras":
        from netloom import _keras

        _only(capture, ("input", "trace"), "only a live PyTorch model is looked at so", model)
        return _of_capture(_keras.capture(model, **capture), "model.keras.json", name)
    _only(capture, (), "only a live model is looked at so", model)
    if isinstance(model, Model):
        return model
    if isinstance(model, (str, os.PathLike)):
        path = os.fspath(model)
        # What is not there has an exception of its own in Python.
        os.stat(path)
        opened = Model(_core.open(path, name))
        opened._path = path
        return opened
    if isinstance(model, (bytes, bytearray, memoryview)):
        return Model(_core.read(name or "model", bytes(model), name or ""))
    if hasattr(type(model), "_netloom_model"):
        written: Model = model._netloom_model()
        return written
    if type(model).__name__ == "ModelProto" and hasattr(model, "SerializeToString"):
        own = name or getattr(getattr(model, "graph", None), "name", "") or ""
        return Model(_core.read("model.onnx", model.SerializeToString(), own))
    raise TypeError(
        f"expected a path, bytes, a PyTorch, Keras or ONNX model, or a netloom.Network, found {_kind(model)}"
    )


def _only(capture: Mapping[str, Any], known: Sequence[str], why: str, model: Any) -> None:
    given = [name for name in capture if name not in known]
    if given:
        raise TypeError(f"{', '.join(given)}: {why}, found {_kind(model)}")


def _of_capture(captured: Captured, file: str, name: str | None) -> Model:
    own = name or captured.name
    # A summary names its source: that of a live model is the model.
    core = _core.read(file.replace("model", own.split(".")[0] or "model", 1), captured.source, own, captured.notes)
    return Model(core, captured)


def _kind(thing: Any) -> str:
    cls = type(thing)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
