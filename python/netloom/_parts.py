"""Parts of networks: what layers, groups and values have in common, and how they are written in the notation."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Union, overload

__all__ = [
    "Block",
    "Branch",
    "Image",
    "Input",
    "Layer",
    "Op",
    "Part",
    "Repeat",
    "Residual",
    "Sequential",
    "Sketch",
    "Tokens",
    "Value",
    "Writer",
    "is_word",
    "part",
    "walk",
]

#: What may stand where a part is expected: a part, several in a row, or text, which is a sketch.
Like = Union["Part", Sequence["Like"], str]
#: A whole number, or one per dimension.
Sizes = Union[int, Sequence[int]]
#: A dimension: a number, a symbol, or None for what is not known.
Dim = Union[int, str, None]

_RESERVED = frozenset({"block", "false", "input", "model", "more", "output", "same", "shared", "true", "none"})
_clock = itertools.count()


class Part:
    """Something that values flow through: a layer, or several put together.

    Called with values it gives values; called again it is the same part with the same weights, as in PyTorch.
    """

    name: str | None = None

    @overload
    def __call__(self, *values: Value, results: None = None) -> Value: ...
    @overload
    def __call__(self, *values: Value, results: int) -> tuple[Value, ...]: ...
    def __call__(self, *values: Value, results: int | None = None) -> Value | tuple[Value, ...]:
        for value in values:
            if not isinstance(value, Value):
                raise TypeError(f"{self!r} expected values, such as netloom.Input(8), found {type(value).__name__}")
        call = _Call(self, values, results or 1)
        made = tuple(Value(call, i) for i in range(call.results))
        return made[0] if results is None else made

    def _write(self, writer: Writer) -> str:
        """The part as an item of a chain."""
        raise NotImplementedError


class Layer(Part):
    """A layer of the notation, with its settings."""

    #: What the notation calls it.
    notation: ClassVar[str] = ""
    #: How many dimensions a window has, where the class says so.
    spatial: ClassVar[int | None] = None
    _needed: ClassVar[tuple[str, ...]] = ()
    _defaults: ClassVar[Mapping[str, Any]] = {}

    def __init__(
        self, settings: Mapping[str, Any], activation: Like | None = None, name: str | None = None
    ) -> None:
        self.settings = dict(settings)
        self.activation = None if activation is None else _activation(activation)
        self.name = _word(name)

    def _write(self, writer: Writer) -> str:
        given: list[str] = []
        for setting in self._needed:
            given.append(writer.value(setting, self._sized(setting, self.settings[setting])))
        for setting, default in self._defaults.items():
            value = self.settings[setting]
            # `True == 1`: a flag and a number are not the same.
            if value is None or (value == default and type(value) is type(default)):
                continue
            written = writer.value(setting, self._sized(setting, value))
            # A number that a join takes in the place of a value has no name.
            given.append(written if setting == "number" else f"{setting}={written}")
        return self.notation + (f"({', '.join(given)})" if given else "")

    def _sized(self, setting: str, value: Any) -> Any:
        # Windows over one or three dimensions say so; two are what the notation takes for granted.
        if setting == "kernel" and self.spatial in (1, 3) and isinstance(value, int):
            return [value] * (self.spatial or 1)
        return value

    def __repr__(self) -> str:
        shown = [repr(self.settings[s]) for s in self._needed]
        shown += [f"{s}={v!r}" for s in self._defaults if (v := self.settings[s]) != self._defaults[s]]
        if self.activation is not None:
            shown.append(f"activation={self.activation!r}")
        if self.name:
            shown.append(f"name={self.name!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


class Op(Layer):
    """Any other operator that Netloom knows, by its name, with positional settings and named ones.

    >>> import netloom as nl
    >>> print(nl.Network([nl.Input(4), nl.Op("cumulative_sum", 1, reverse=True)]).loom)
    input x [1, 4]
    cumulative_sum(1, reverse=true)
    """

    def __init__(self, operator: str, *positional: Any, name: str | None = None, **settings: Any) -> None:
        super().__init__(settings, None, name)
        self.operator = operator
        self.positional = positional

    def _write(self, writer: Writer) -> str:
        given = [writer.value("", value) for value in self.positional]
        given += [f"{s}={writer.value(s, v)}" for s, v in self.settings.items() if v is not None]
        return self._called(writer) + (f"({', '.join(given)})" if given else "")

    def _called(self, writer: Writer) -> str:
        return self.operator if is_word(self.operator) else writer.value("", self.operator)

    def __repr__(self) -> str:
        shown = [repr(self.operator), *map(repr, self.positional)]
        shown += [f"{s}={v!r}" for s, v in self.settings.items()]
        return f"{type(self).__name__}({', '.join(shown)})"


class Sketch(Op):
    """A box with a text, for what does not exist yet; ``shape`` says what comes out.

    >>> import netloom as nl
    >>> print(nl.Network([nl.Input(128), nl.Sketch("quantum mixing", depth=3, shape=[1, 64])]).loom)
    input x [1, 128]
    "quantum mixing"(depth=3, shape=[1, 64])
    """

    def __init__(
        self, text: str, *, shape: Sequence[Dim] | None = None, name: str | None = None, **settings: Any
    ) -> None:
        super().__init__(text, name=name, **settings, shape=shape)

    def _called(self, writer: Writer) -> str:
        return writer.text(self.operator)


class Sequential(Part):
    """Parts in a row; with a name, a group that figures fold and unfold.

    >>> import netloom as nl
    >>> stem = nl.Sequential(nl.Conv2d(8, 3, pad=1), nl.ReLU(), name="stem")
    >>> print(nl.Network([nl.Image(32, 32), stem, nl.Flatten()]).loom)
    input image [1, 1, 32, 32]
    stem: { conv(8, 3, pad=1) > relu } > flatten
    """

    def __init__(self, *parts: Like, name: str | None = None) -> None:
        self.parts = _parts(parts)
        self.name = _word(name)

    def _write(self, writer: Writer) -> str:
        chain = writer.chain(self.parts)
        return f"{{ {chain} }}" if self.name else chain

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.parts))})"


class Block(Part):
    """Parts in a row that make up something of a kind: ``Block("Bottleneck", ...)``; figures show what kind it is.

    >>> import netloom as nl
    >>> def layer(width):
    ...     return nl.Block("Layer", nl.Residual(nl.Linear(width), nl.ReLU()))
    >>> print(nl.Network([nl.Input(8), nl.Repeat(layer(8), 2, name="body")]).loom)
    input x [1, 8]
    body: Layer { [linear(8) > relu, same] > add } * 2
    """

    def __init__(self, kind: str, *parts: Like, name: str | None = None) -> None:
        if not is_word(kind):
            raise ValueError(f"expected a word for the kind of a block, found {kind!r}")
        self.kind = kind
        self.parts = _parts(parts)
        self.name = _word(name)

    def _write(self, writer: Writer) -> str:
        return f"{self.kind} {{ {writer.chain(self.parts)} }}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([repr(self.kind), *map(repr, self.parts)])})"


class Repeat(Part):
    """A part so many times in a row, each with weights of its own, unless they are ``shared`` by the steps of a loop."""

    def __init__(self, part: Like, times: int, *, shared: bool = False, name: str | None = None) -> None:
        self.part = _part(part)
        self.times = times
        self.shared = shared
        self.name = _word(name)

    def _write(self, writer: Writer) -> str:
        inner = writer.item(self.part)
        # A chain is held together by braces, and so is what has a label of its own.
        is_single = isinstance(self.part, (Layer, Block, Branch)) and writer.label(self.part) is None
        if not is_single or getattr(self.part, "activation", None) is not None:
            inner = f"{{ {inner} }}"
        return f"{inner} * {self.times}{' shared' if self.shared else ''}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.part!r}, {self.times})"


class Branch(Part):
    """Parts side by side, each reading what flows in; the part that follows joins their results. ``[]`` is what flows in.

    >>> import netloom as nl
    >>> net = [nl.Image(8, 8), nl.Branch(nl.Conv2d(4, 1), [nl.MaxPool2d(3, 1, 1), nl.Conv2d(4, 1)]), nl.Concat()]
    >>> print(nl.Network(net).loom)
    input image [1, 1, 8, 8]
    [conv(4, 1), max_pool(3, stride=1, pad=1) > conv(4, 1)] > concat
    """

    def __init__(self, *branches: Like, name: str | None = None) -> None:
        if len(branches) < 2:
            raise ValueError(f"expected two branches or more, found {len(branches)}")
        self.branches = [_part(branch) for branch in branches]
        self.name = _word(name)

    def _write(self, writer: Writer) -> str:
        return f"[{', '.join(writer.item(branch) or 'same' for branch in self.branches)}]"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.branches))})"


class Residual(Part):
    """Parts in a row whose result is added to what flows in, or to what ``shortcut`` makes of it.

    >>> import netloom as nl
    >>> block = nl.Residual(nl.Conv2d(16, 3, pad=1), nl.ReLU(), shortcut=nl.Conv2d(16, 1))
    >>> print(nl.Network([nl.Image(8, 8), block]).loom)
    input image [1, 1, 8, 8]
    [conv(16, 3, pad=1) > relu, conv(16, 1)] > add
    """

    def __init__(self, *parts: Like, shortcut: Like | None = None, name: str | None = None) -> None:
        self.parts = _parts(parts)
        self.shortcut = None if shortcut is None else _part(shortcut)
        self.name = _word(name)

    def _write(self, writer: Writer) -> str:
        shortcut = "same" if self.shortcut is None else writer.item(self.shortcut) or "same"
        chain = f"[{writer.chain(self.parts) or 'same'}, {shortcut}] > add"
        return f"{{ {chain} }}" if self.name else chain

    def __repr__(self) -> str:
        shortcut = f", shortcut={self.shortcut!r}" if self.shortcut is not None else ""
        return f"{type(self).__name__}({', '.join(map(repr, self.parts))}{shortcut})"


class _Call:
    """A part with what it reads."""

    def __init__(self, part: Part | None, inputs: tuple[Value, ...], results: int) -> None:
        self.part = part
        self.inputs = inputs
        self.results = results
        self.at = next(_clock)


class Value:
    """What flows between parts. Arithmetic joins values: ``x + y``, ``x * 0.5``, ``q @ k``."""

    def __init__(self, call: _Call, index: int) -> None:
        self._call = call
        self._index = index

    def __add__(self, other: Value | float) -> Value:
        return _join("add", self, other)

    def __sub__(self, other: Value | float) -> Value:
        return _join("sub", self, other)

    def __mul__(self, other: Value | float) -> Value:
        return _join("mul", self, other)

    def __truediv__(self, other: Value | float) -> Value:
        return _join("div", self, other)

    def __matmul__(self, other: Value) -> Value:
        return _join("matmul", self, other)

    def __repr__(self) -> str:
        return f"<netloom.Value of {self._call.part!r}>" if self._call.part else repr(self)


class Input(Value):
    """What a network reads: its dimensions behind the batch, each a number, a symbol or ``None``.

    >>> import netloom as nl
    >>> print(nl.Network([nl.Input("time", 80, batch="batch", name="speech"), nl.GRU(64)]).loom)
    input speech [batch, time, 80]
    gru(64)
    """

    def __init__(
        self, *shape: Dim, dtype: str = "float32", name: str = "x", batch: Dim | bool = 1
    ) -> None:
        super().__init__(_Call(None, (), 1), 0)
        self.name = _word(name) or "x"
        self.dtype = dtype
        # `True` and `False` say only whether there is a batch.
        self.shape: tuple[Dim, ...] = shape if batch is False else (1 if batch is True else batch, *shape)

    def _declared(self, writer: Writer) -> str:
        dtype = "" if self.dtype == "float32" else f"{self.dtype}"
        shape = f"[{', '.join(writer.dim(d) for d in self.shape)}]"
        return f"input {self.name}: {dtype}{shape}" if dtype else f"input {self.name} {shape}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.shape))}, name={self.name!r})"


class Image(Input):
    """An image of so many rows and columns, with channels before them as PyTorch has them."""

    def __init__(
        self, height: Dim, width: Dim, channels: Dim = 1, *, name: str = "image", batch: Dim | bool = 1
    ) -> None:
        super().__init__(channels, height, width, name=name, batch=batch)


class Tokens(Input):
    """Whole numbers that stand for words, so many in a row."""

    def __init__(self, length: Dim = "time", *, name: str = "tokens", batch: Dim | bool = 1) -> None:
        super().__init__(length, dtype="int64", name=name, batch=batch)


class Writer:
    """Writes parts in the notation, and remembers which text stands for which part."""

    #: Around the text of a part while it is written: no text has them.
    OPEN, NUMBERED, CLOSE = "\ue000", "\ue001", "\ue002"

    def __init__(self, uses: Mapping[int, int], names: Mapping[int, str]) -> None:
        self.parts: list[Part] = []
        self._uses = uses
        self._names = names
        self._labels: dict[int, str] = {}
        self._taken: set[str] = set()

    def chain(self, parts: Sequence[Part]) -> str:
        """Parts in a row."""
        return " > ".join(text for part in parts if (text := self.item(part)))

    def item(self, part: Part) -> str:
        """A part as an item, with its label; a part that was written before is named only."""
        tail = ""
        activation = getattr(part, "activation", None)
        if activation is not None:
            tail = f" > {self.item(activation)}"
        shared = self._uses.get(id(part), 1) > 1
        if shared and id(part) in self._labels:
            return self._marked(part, self._labels[id(part)]) + tail
        label = part.name
        if shared:
            label = self._labels[id(part)] = label or self._fresh(part)
        text = part._write(self)
        if shared and not isinstance(part, (Layer, Block)) and not part.name:
            text = f"{{ {text} }}"
        if label:
            text = f"{label}: {text}"
        return (self._marked(part, text) if text else "") + tail

    def label(self, part: Part) -> str | None:
        """What a part was labelled, if it was."""
        return self._labels.get(id(part)) or part.name

    def value(self, setting: str, value: Any) -> str:
        """The value of a setting."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None:
            return "none"
        if isinstance(value, (int, float)):
            return repr(value)
        if isinstance(value, str):
            return value if setting == "shape" and is_word(value) else self.text(value)
        if isinstance(value, Value):
            return self._names[id(value)]
        if isinstance(value, Sequence):
            dims = setting == "shape"
            return f"[{', '.join(self.dim(v) if dims else self.value(setting, v) for v in value)}]"
        if hasattr(value, "item"):
            return repr(value.item())
        raise TypeError(f"{setting}: expected a number, text or a list of them, found {type(value).__name__}")

    def dim(self, dim: Dim) -> str:
        """A dimension."""
        if dim is None or dim == "?":
            return "?"
        if isinstance(dim, str) and not re.fullmatch(r"[\w\s+*/()-]+", dim):
            raise ValueError(f"expected a number or a symbol for a dimension, found {dim!r}")
        return str(dim)

    def text(self, text: str) -> str:
        """Text in quotes."""
        if '"' in text or "\n" in text:
            raise ValueError(f"expected text in one line without double quotes, found {text!r}")
        return f'"{text}"'

    def _fresh(self, part: Part) -> str:
        kind = part.notation if isinstance(part, Layer) and part.notation else type(part).__name__.lower()
        label = next(n for i in itertools.count(1) if (n := f"{kind}_{i}") not in self._taken)
        self._taken.add(label)
        return label

    def _marked(self, part: Part, text: str) -> str:
        self.parts.append(part)
        return f"{self.OPEN}{len(self.parts) - 1}{self.NUMBERED}{text}{self.CLOSE}"

    def read(self, text: str) -> tuple[str, list[tuple[int, int, Part]]]:
        """The text without marks, and where in it each part stands."""
        out: list[str] = []
        length = 0
        places: list[tuple[int, int, Part]] = []
        started: list[tuple[int, Part]] = []
        for piece in re.split(f"({self.OPEN}\\d+{self.NUMBERED}|{self.CLOSE})", text):
            if piece.startswith(self.OPEN):
                started.append((length, self.parts[int(piece[1:-1])]))
            elif piece == self.CLOSE:
                start, part = started.pop()
                places.append((start, length, part))
            else:
                out.append(piece)
                length += len(piece)
        return "".join(out), places


def part(like: Like) -> Part:
    """The part that something stands for: itself, several in a row, or a sketch of a text."""
    return _part(like)


def _part(like: Like) -> Part:
    if isinstance(like, Part):
        return like
    if isinstance(like, str):
        return Sketch(like)
    if isinstance(like, (list, tuple)):
        return Sequential(*like)
    if isinstance(like, Input):
        raise TypeError(f"{like!r}: an input stands first in a network, nowhere else")
    if isinstance(like, type) and issubclass(like, Part):
        raise TypeError(f"expected a layer, found the class {like.__name__}: write {like.__name__}()")
    raise TypeError(f"expected a layer, a list of layers or a text, found {type(like).__name__}")


def _parts(likes: Sequence[Like]) -> list[Part]:
    if len(likes) == 1 and isinstance(likes[0], (list, tuple)):
        likes = likes[0]
    return [_part(like) for like in likes]


def _activation(like: Like) -> Part:
    # A text is the name of an activation here, not a sketch.
    return Op(like) if isinstance(like, str) else _part(like)


def _join(operator: str, first: Value, second: Value | float) -> Value:
    if isinstance(second, Value):
        return Op(operator)(first, second)
    if isinstance(second, (int, float)):
        return Op(operator, second)(first)
    raise TypeError(f"expected a value or a number, found {type(second).__name__}")


def _word(name: str | None) -> str | None:
    if name is not None and not is_word(name):
        raise ValueError(f"expected a name of letters, digits and `_`, found {name!r}")
    return name


def is_word(text: str) -> bool:
    """Whether a text can stand without quotes."""
    return bool(re.fullmatch(r"[^\W\d]\w*", text)) and text not in _RESERVED


def walk(parts: Sequence[Part]) -> Iterator[Part]:
    """Every part, and the parts of each, where it stands first."""
    waiting = list(reversed(parts))
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        yield part
        if id(part) in seen:
            continue
        seen.add(id(part))
        inner: list[Part] = []
        inner += getattr(part, "parts", [])
        inner += getattr(part, "branches", [])
        inner += [p for n in ("part", "shortcut", "activation") if (p := getattr(part, n, None)) is not None]
        waiting += reversed(inner)
