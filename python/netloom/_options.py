"""Options of figures: what they are called and take in Python, and how they are said in the words of the command."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict, Union

#: Where a file is.
Path = Union[str, os.PathLike[str]]
#: A plain value.
Plain = Union[str, int, float, bool]
#: Rules as text, or effects by what they are about.
Rules = Union[str, Sequence[str], Mapping[str, Mapping[str, Plain]]]

__all__ = ["DiffOptions", "DrawOptions", "said"]


class DrawOptions(TypedDict, total=False):
    """What can be said about a figure: the options of ``netloom draw``, with the same words and defaults."""

    style: str
    """Diagram style, see :func:`netloom.styles`; ``"auto"`` takes the one that suits the model best."""
    nodes: Literal["ops", "tensors"] | None
    """What boxes stand for, where the style is ``"auto"``."""
    theme: Path
    """Theme, see :func:`netloom.themes`, or a theme file of one's own."""
    depth: int | Literal["auto", "full"] | str
    """How many levels of modules are open; ``"auto"`` for as many as fit the page at readable type."""
    detail: Literal["sketch", "paper", "implement"]
    """How much is said."""
    open: str | Sequence[str]
    """Paths of modules to open too, such as ``"layer1.0"``."""
    fold: Literal["none", "identical", "similar"]
    """Which blocks in a row are drawn once with a count."""
    pattern: str | Sequence[str]
    """Layers to draw as one box, such as ``"ConvBnRelu = Conv > BatchNorm > Relu"``."""
    set: Mapping[str, Any] | Sequence[str] | None
    """What is set about the style, such as ``{"scale": "sqrt"}``, or the theme, such as ``{"label.size": 10}``."""
    weights: Path | Mapping[str, Any] | None
    """Weights to show where the style can: names of tensors with rows of numbers, or a JSON file of them."""
    direction: Literal["tb", "bt", "lr", "rl"] | None
    """Where the data flows to; the style's own direction by default."""
    width: str | float | None
    """Width on the page, such as ``"3.25in"``; a number is in px."""
    height: str | float | None
    """Height of the page; what does not fit is folded, unless ``depth`` says how deep."""
    scale: float
    """Pixels per px of a PNG."""
    dpi: float | None
    """Resolution of a PNG in dots per inch; takes the place of ``scale``."""
    text: Literal["text", "outlines"]
    """How text is written into SVG."""
    name: str | None
    """Name to print under the figure."""
    note: str | None
    """Small print under the figure."""
    overlay: str | Path | Mapping[str, float] | None
    """Numbers at boxes: ``"params"``, ``"macs"``, ``"memory"``, ``"size"``, names with values, or a CSV or JSON file."""
    overlay_as: Literal["colour", "bar", "badge"]
    """How boxes show their numbers."""
    overlay_by: Literal["sum", "mean", "max"]
    """How a box takes the numbers of all it stands for together."""
    overlay_scale: Literal["linear", "log"]
    """How numbers are spread over colours and lengths."""
    overlay_range: tuple[float, float] | None
    """The numbers at both ends of the scale."""
    rule: Rules
    """What is said about boxes: ``"kind=conv { colour: #77aadd }"`` or ``{"kind=conv": {"colour": "#77aadd"}}``."""
    legend: bool
    """Whether a legend stands below."""
    details: bool
    """Whether detail figures show what closed blocks hold."""
    caption: bool
    """Whether name and totals stand below."""
    plumbing: bool
    """Whether the operators of the file are shown as they are."""
    batch: bool
    """Whether sizes show the batch dimension."""
    ascii: bool
    """Plain text in ASCII only."""


class DiffOptions(TypedDict, total=False):
    """What can be said about the figure of a comparison: the options of ``netloom diff``."""

    style: str
    theme: Path
    depth: int | Literal["auto", "full"] | str
    detail: Literal["sketch", "paper", "implement"]
    direction: Literal["tb", "bt", "lr", "rl"] | None
    width: str | float | None
    height: str | float | None


def said(options: Mapping[str, Any]) -> tuple[list[tuple[str, list[str]]], dict[str, bytes]]:
    """Options as the command takes them, and files on no disk that these name."""
    words: list[tuple[str, list[str]]] = []
    files: dict[str, bytes] = {}
    for name, value in options.items():
        if value is None:
            continue
        if name in ("overlay", "weights") and isinstance(value, Mapping):
            # A name that no file has: it ends in what says how to read it.
            file = f"<{name}>.json"
            files[file] = _json(name, value)
            words.append((name, [file]))
        elif name in ("width", "height") and not isinstance(value, str):
            words.append((name, [f"{_plain(name, value)}px"]))
        elif name == "overlay_range":
            least, most = value
            words.append((name, [f"{_plain(name, least)}..{_plain(name, most)}"]))
        elif name == "set":
            words.append((name, list(_settings("", value)) if isinstance(value, Mapping) else _texts(name, value)))
        elif name == "rule" and isinstance(value, Mapping):
            words.append((name, [_rule(selector, effects) for selector, effects in value.items()]))
        else:
            words.append((name, _texts(name, value)))
    return words, files


def _texts(name: str, value: Any) -> list[str]:
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes, os.PathLike)):
        return [_plain(name, item) for item in value]
    return [_plain(name, value)]


def _plain(name: str, value: Any) -> str:
    """A plain value as it would be typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    # Numbers of NumPy and the like.
    if hasattr(value, "item"):
        return str(value.item())
    raise TypeError(f"{name}: expected text or a number, found {type(value).__name__}")


def _settings(prefix: str, settings: Mapping[str, Any]) -> Iterable[str]:
    for name, value in settings.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _settings(f"{path}.", value)
        elif isinstance(value, bool):
            yield f"{path}={'yes' if value else 'no'}"
        else:
            yield f"{path}={', '.join(_texts(path, value))}"


def _rule(selector: str, effects: Mapping[str, Plain]) -> str:
    body = []
    for name, value in effects.items():
        if value is True:
            body.append(name)
        elif value is not False:
            text = _plain(name, value).replace("\\", "\\\\").replace('"', '\\"')
            body.append(f'{name}: "{text}"')
    return f"{selector} {{ {'; '.join(body)} }}"


def _json(name: str, values: Mapping[str, Any]) -> bytes:
    def plain(value: Any) -> Any:
        # Arrays of any framework, and its numbers.
        for method in ("tolist", "item"):
            if hasattr(value, method):
                return getattr(value, method)()
        raise TypeError(f"{name}: expected numbers, found {type(value).__name__}")

    return json.dumps(values, default=plain).encode()
