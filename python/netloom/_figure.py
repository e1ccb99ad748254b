"""Figures: drawn once, shown and saved in any format."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from netloom import _core
from netloom._options import DrawOptions, Path, Rules, said
from netloom._sources import Model, read

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from typing_extensions import Unpack

__all__ = ["Figure", "draw"]

#: What an interactive figure is high in a notebook, px, unless asked for otherwise.
_FRAME_PX = 560


def draw(
    model: Any,
    *,
    style: str = "auto",
    nodes: Literal["ops", "tensors"] | None = None,
    theme: Path = "light",
    depth: int | Literal["auto", "full"] | str = "auto",
    detail: Literal["sketch", "paper", "implement"] = "paper",
    open: str | Sequence[str] = (),
    fold: Literal["none", "identical", "similar"] = "similar",
    pattern: str | Sequence[str] = (),
    set: Mapping[str, Any] | Sequence[str] | None = None,
    weights: Path | Mapping[str, Any] | None = None,
    direction: Literal["tb", "bt", "lr", "rl"] | None = None,
    width: str | float | None = None,
    height: str | float | None = None,
    scale: float = 2.0,
    dpi: float | None = None,
    text: Literal["text", "outlines"] = "text",
    name: str | None = None,
    note: str | None = None,
    overlay: str | Path | Mapping[str, float] | None = None,
    overlay_as: Literal["colour", "bar", "badge"] = "colour",
    overlay_by: Literal["sum", "mean", "max"] = "sum",
    overlay_scale: Literal["linear", "log"] = "linear",
    overlay_range: tuple[float, float] | None = None,
    rule: Rules = (),
    legend: bool = True,
    details: bool = True,
    caption: bool = True,
    plumbing: bool = False,
    batch: bool = False,
    ascii: bool = False,
    input: Any = None,
    input_size: Sequence[int] | Sequence[Sequence[int]] | None = None,
    input_dtype: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    method: Literal["auto", "export", "hooks"] = "auto",
    device: str | None = "meta",
    dynamic: Any = None,
    trace: bool = False,
) -> Figure:
    """Draw a model.

    ``model`` is a path, the bytes of a file, a ``torch.nn.Module``, ``torch.export.ExportedProgram`` or
    ``torch.jit.ScriptModule``, a Keras model, an ``onnx.ModelProto``, a :class:`netloom.Network` or a
    :class:`netloom.Model`; a list of them stands side by side, where the style can. A path that ends in ``.toml`` describes
    a whole figure, as for the command.

    What can be said about a figure is what ``netloom draw`` takes, in the same words; see
    :class:`netloom.DrawOptions`. The rest says how a live PyTorch model is looked at: by an example ``input``, or by its
    shape, ``input_size``, with ``input_dtype``; with further named arguments, ``kwargs``; by exporting it or by watching
    it run, ``method``; on the ``"meta"`` device, where nothing is computed or allocated; with ``dynamic`` dimensions left
    as symbols; with activations kept, ``trace``.

    >>> import netloom as nl
    >>> figure = nl.draw("examples/resnet18.onnx", depth=2, width="3.25in")
    >>> figure.svg.startswith("<svg")
    True

    Raises :class:`netloom.Error` when the model cannot be read or an option does not exist.
    """
    # What is as the command has it need not be said.
    usual = draw.__kwdefaults__ or {}
    said_here = {name: value for name, value in locals().items() if name in DrawOptions.__annotations__}
    options = {name: value for name, value in said_here.items() if value is not usual[name]}
    capture = {
        "input": input,
        "input_size": input_size,
        "input_dtype": input_dtype,
        "kwargs": kwargs,
        "method": method,
        "device": device,
        "dynamic": dynamic,
        "trace": trace,
    }
    if isinstance(model, (str, os.PathLike)) and os.fspath(model).endswith(".toml"):
        os.stat(model)
        return Figure(lambda said: _core.draw_file(model, *said), [], options)
    models = [read(m, **capture) for m in (model if isinstance(model, (list, tuple)) else [model])]
    return Figure(lambda said: _core.draw([m._core for m in models], *said), models, options)


class Figure:
    """A figure: shown by a notebook as it is, saved in any format.

    Made by :func:`netloom.draw`.

    >>> import netloom as nl
    >>> figure = nl.draw(b"input x [1, 8]; linear(4) > relu > linear(2)", name="mlp")
    >>> figure
    <netloom.Figure of 'mlp'>
    >>> print(figure.text.splitlines()[0])
    mlp · 46 parameters · 40 MACs
    """

    def __init__(
        self,
        made: Callable[[tuple[list[tuple[str, list[str]]], dict[str, bytes]]], _core.Drawing],
        models: Sequence[Model],
        options: Mapping[str, Any],
    ) -> None:
        self._made = made
        self._models = list(models)
        self._options = dict(options)
        self._drawing = made(said(self._options))
        # What is wrong with an option is told where it stands, not where the figure is shown.
        self._notes = [] if self._options.get("style") == "text" else self._drawing.draw()

    @property
    def models(self) -> tuple[Model, ...]:
        """The models it shows."""
        return tuple(self._models)

    @property
    def notes(self) -> list[str]:
        """Remarks on the figure and its model: which style was taken and why, what was folded, what is odd."""
        return [*self._notes, *(note for model in self._models for note in model.notes)]

    @property
    def svg(self) -> str:
        """The figure as SVG."""
        return self._drawing.write("svg").decode()

    @property
    def text(self) -> str:
        """The figure as lines of plain text, for a terminal."""
        return self._drawing.write("txt").decode()

    def png(self, **options: Unpack[DrawOptions]) -> bytes:
        """The figure as PNG; ``scale`` or ``dpi`` say how fine."""
        return self.to("png", **options)

    def html(self, **options: Unpack[DrawOptions]) -> str:
        """The figure as one page for a browser, to open and close modules, search and point at; it needs no network."""
        return self.to("html", **options).decode()

    def to(self, format: str, **options: Unpack[DrawOptions]) -> bytes:
        """The figure in any format of :func:`netloom.outputs`, with options in the place of those it was drawn with.

        >>> import netloom as nl
        >>> nl.draw("examples/resnet18.loom").to("pdf", width="3.25in")[:5]
        b'%PDF-'
        """
        return self._with(options).write(format)

    def save(self, path: Path, *, to: str | None = None, **options: Unpack[DrawOptions]) -> Figure:
        """Write the figure to a file, whose extension names the format unless ``to`` does; returns the figure.

        Options take the place of those it was drawn with: ``figure.save("figure.pdf", width="3.25in")``. The file
        appears whole or not at all. A path that ends in ``.toml`` gets a description of the figure of model files, to be
        drawn again by :func:`netloom.draw` and ``netloom draw``.
        """
        from pathlib import Path as FilePath

        file = FilePath(path)
        format = to or file.suffix.lstrip(".")
        if not format:
            raise ValueError(f"{file} has no extension that names a format: add one, or say to='svg'")
        data = self._file(file, options) if format == "toml" else self._with(options).write(format)
        unfinished = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        try:
            unfinished.write_bytes(data)
            unfinished.replace(file)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        return self

    def display(self, *, interactive: bool = False, height: int = _FRAME_PX) -> None:
        """Show the figure in a notebook now; ``interactive`` shows the page of :meth:`html` in a frame of ``height`` px."""
        from IPython.display import display

        display(_Page(self._frame(height)) if interactive else self)  # type: ignore[no-untyped-call]

    def _with(self, options: Mapping[str, Any]) -> _core.Drawing:
        """The drawing with other options."""
        changed = {**self._options, **options}
        return self._drawing if changed == self._options else self._made(said(changed))

    def _file(self, path: FilePath, options: Mapping[str, Any]) -> bytes:
        """The file that describes the figure."""
        words, files = said({**self._options, **options})
        models = [model._path for model in self._models if model._path is not None]
        if files or not models or len(models) < len(self._models):
            raise ValueError("expected models and numbers from files: a file that describes a figure names them")
        return _core.figure_text(models, words, path).encode()

    def _frame(self, height: int) -> str:
        """The page in a frame that shares nothing with the notebook around it."""
        # An origin of its own: neither side reads the other.
        page = self.html().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
        return (
            f'<iframe sandbox="allow-scripts allow-downloads" srcdoc="{page}" width="100%" height="{height}" '
            'style="border:0" loading="lazy" title="Interactive figure"></iframe>'
        )

    def _repr_svg_(self) -> str:
        svg = self._drawing.write("svg")
        # Figures of one notebook share a page: what two of them name must not be named the same.
        return self._drawing.write("svg", f"nl-{zlib.crc32(svg):08x}-").decode()

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        data = {"text/plain": repr(self)}
        if self._options.get("style") == "text":
            data["text/plain"] = self.text
        else:
            data["image/svg+xml"] = self._repr_svg_()
        return data, {}

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        names = [self._options.get("name") or model.name for model in self._models]
        if not names:
            return "<netloom.Figure>"
        return f"<netloom.Figure of {', '.join(repr(name) if name else 'a model' for name in names)}>"


class _Page:
    """What a notebook shows as HTML."""

    def __init__(self, html: str) -> None:
        self._html = html

    def _repr_html_(self) -> str:
        return self._html
