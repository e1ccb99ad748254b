"""Models in the forms that Netloom writes: the notation and documented JSON."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from netloom._network import Network
from netloom._options import Path
from netloom._sources import CaptureOptions, read

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["convert"]


def convert(model: Any, path: Path | None = None, *, to: str | None = None, **capture: Unpack[CaptureOptions]) -> str:
    """A model in the notation or as documented JSON: written to ``path``, whose extension says which, and returned.

    ``model`` and how a live one is looked at are as in :func:`netloom.draw`; ``to`` is ``"loom"`` or ``"json"``.

    >>> import netloom as nl
    >>> text = nl.convert("examples/resnet18.loom", to="json")
    >>> text.startswith("{")
    True
    """
    format = to or (FilePath(path).suffix.lstrip(".") if path is not None else "")
    if not format:
        raise ValueError("expected a path that ends in .loom or .json, or to='loom' or 'json'")
    # A network that was written in Python is in the notation already, as its author wrote it.
    text = model.loom if format == "loom" and isinstance(model, Network) else read(model, **capture)._core.write(format)
    if not text.endswith("\n"):
        text += "\n"
    if path is not None:
        FilePath(path).write_text(text, encoding="utf-8")
    return text
