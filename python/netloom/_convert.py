"""Models in the forms that Netloom writes: the notation and documented JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netloom._network import Network
from netloom._options import Path
from netloom._sources import CaptureOptions, read

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["convert"]


def convert(
    model: Any,
    path: Path | None = None,
    *,
    to: str | None = None,
    plumbing: bool = False,
    **capture: Unpack[CaptureOptions],
) -> str:
    """Write a model as text: in the notation, folded, or as documented JSON; the text is returned.

    A ``path``, whose extension says which unless ``to`` does, is written to; ``to`` is ``"loom"``, which is the default
    without a path, or ``"json"``. ``plumbing`` writes the operators of the file as they are, not the layers they make up.
    ``model`` and how a live one is looked at are as in :func:`netloom.draw`.

    >>> import netloom as nl
    >>> print(nl.convert(b"input x [1, 8]; linear(4) > relu").splitlines()[-1])
    linear(4) > relu
    """
    from pathlib import Path as FilePath

    format = to or (FilePath(path).suffix.lstrip(".") if path is not None else "loom")
    if not format:
        raise ValueError(f"{path} has no extension that names a format: end it in .loom or .json, or say to='loom'")
    # A network that was written in Python is in the notation already, as its author wrote it.
    if format == "loom" and isinstance(model, Network):
        text = model.loom
    else:
        text = read(model, **capture)._core.convert(format, plumbing)
    if not text.endswith("\n"):
        text += "\n"
    if path is not None:
        FilePath(path).write_text(text, encoding="utf-8")
    return text
