"""Networks written in Python: for what does not exist yet, and for figures in lectures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

from netloom import _core
from netloom._core import Error
from netloom._parts import Input, Like, Part, Value, Writer, is_word, part, walk
from netloom._sources import Model

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from netloom._figure import Figure
    from netloom._options import DrawOptions, Path
    from netloom._summary import Summary

__all__ = ["Network"]

Outputs = Union[Value, Sequence[Value], Mapping[str, Value]]

#: Chains longer than this go on in the next line.
_COLUMNS = 100


class Network:
    """A network of layers in a row, or of values wired by hand.

    >>> import netloom as nl
    >>> net = nl.Network([
    ...     nl.Image(28, 28), nl.Conv2d(6, kernel=5), nl.MaxPool2d(2), nl.Linear(10, activation="softmax")
    ... ])
    >>> print(net.loom)
    input image [1, 1, 28, 28]
    conv(6, 5) > max_pool(2) > linear(10) > softmax

    Parts are called with values to wire them by hand; a part called twice has its weights once:

    >>> x = nl.Input(3, 32, 32)
    >>> y = nl.Conv2d(8, kernel=3, pad=1)(x)
    >>> print(nl.Network(inputs=x, outputs=nl.ReLU()(y) + y).loom)
    input x [1, 3, 32, 32]
    v1 = x > conv(8, 3, pad=1)
    [v1 > relu, v1] > add

    Anything else that takes a model takes a network: :func:`netloom.draw`, :func:`netloom.summary`,
    :func:`netloom.diff`.
    """

    def __init__(
        self,
        layers: Sequence[Input | Like] | None = None,
        *,
        inputs: Input | Sequence[Input] | None = None,
        outputs: Outputs | None = None,
        name: str | None = None,
    ) -> None:
        if (layers is None) == (outputs is None):
            raise TypeError("expected either layers in a row, or inputs and outputs")
        self.name = name
        if layers is not None:
            self._text, self._places = _of_row(list(layers), name)
        else:
            assert outputs is not None
            self._text, self._places = _of_values(inputs, outputs, name)
        self._model: Model | None = None

    @property
    def loom(self) -> str:
        """The network in the notation."""
        return self._text

    def draw(self, **options: Unpack[DrawOptions]) -> Figure:
        """The same as :func:`netloom.draw` of this network."""
        from netloom._figure import draw

        return draw(self, **options)

    def summary(self, *, depth: int | None = None) -> Summary:
        """The same as :func:`netloom.summary` of this network."""
        from netloom._summary import summary

        return summary(self, depth=depth)

    def save(self, path: Path, **options: Unpack[DrawOptions]) -> None:
        """Write a figure of the network, or the network itself where the path ends in ``.loom``."""
        from netloom._convert import convert

        if str(path).endswith(".loom"):
            convert(self, path)
        else:
            self.draw(**options).save(path)

    def _netloom_model(self) -> Model:
        """The network as it was read, once."""
        if self._model is None:
            try:
                self._model = Model(_core.read(f"{self.name or 'network'}.loom", f"{self._text}\n".encode(), self.name or ""))
            except Error as error:
                raise self._told(error) from None
        return self._model

    def _told(self, error: Error) -> Error:
        """The error with the parts that it is about."""
        lines = self._text.splitlines(keepends=True)
        about: list[str] = []
        for line, column in error.places:
            at = sum(map(len, lines[: line - 1])) + column - 1
            around = [(end - start, part) for start, end, part in self._places if start <= at < end]
            if around:
                innermost = repr(min(around, key=lambda p: p[0])[1])
                if innermost not in about:
                    about.append(innermost)
        if not about:
            return error
        told = Error(f"{', '.join(about)}: {error}")
        told.message = f"{', '.join(about)}: {error.message}"
        told.hints, told.report, told.places, told.is_usage = error.hints, error.report, error.places, error.is_usage
        return told

    def _repr_svg_(self) -> str:
        return self.draw()._repr_svg_()

    def __repr__(self) -> str:
        return f"<netloom.Network {self.name!r}>" if self.name else "<netloom.Network>"


def _of_row(layers: list[Any], name: str | None) -> tuple[str, list[tuple[int, int, Part]]]:
    if not layers or not isinstance(layers[0], Input):
        raise TypeError("expected an input first, such as netloom.Image(28, 28)")
    row = [part(layer) for layer in layers[1:]]
    writer = Writer(Counter(id(p) for p in walk(row)), {})
    lines = [*_model(name, writer), layers[0]._declared(writer)]
    if row:
        lines.append(_broken(writer.chain(row), writer))
    return writer.read("\n".join(lines))


def _of_values(
    inputs: Input | Sequence[Input] | None, outputs: Outputs, name: str | None
) -> tuple[str, list[tuple[int, int, Part]]]:
    named = dict(outputs) if isinstance(outputs, Mapping) else {}
    ends = list(named.values()) or ([outputs] if isinstance(outputs, Value) else list(outputs))  # type: ignore[arg-type]
    calls = _calls(ends)
    given = [inputs] if isinstance(inputs, Input) else list(inputs or [])
    read_from = {v for call in calls for v in [*call.inputs, *_in_settings(call.part)] if isinstance(v, Input)}
    read_from |= {v for v in ends if isinstance(v, Input)}
    missing = [v for v in read_from if v not in given]
    if given and missing:
        raise ValueError(f"{missing[0]!r} is read but not among the inputs")
    given = given or sorted(read_from, key=lambda v: v._call.at)
    names: dict[int, str] = {id(v): v.name for v in given}
    if len(set(names.values())) < len(names):
        raise ValueError(f"expected inputs of different names, found {', '.join(names.values())}")
    uses = Counter(id(v) for call in calls for v in call.inputs)
    uses.update(id(v) for call in calls for v in _in_settings(call.part))
    values: dict[int, list[Value]] = {}
    for value in [v for call in calls for v in [*call.inputs, *_in_settings(call.part)]] + ends:
        known = values.setdefault(id(value._call), [])
        if all(value is not v for v in known):
            known.append(value)
    writer = Writer(Counter(id(p) for p in walk([call.part for call in calls])), names)
    lines = [*_model(name, writer), *(v._declared(writer) for v in given)]
    for label, value in named.items():
        if not isinstance(value, Input):
            names[id(value)] = label
    chains: dict[int, str] = {}
    last = calls[-1] if calls else None
    only_end = ends[0] if len(ends) == 1 and not named else None
    count = 0
    for call in calls:
        assert call.part is not None
        # A value that only this reads is written where it is read; others have names.
        read = [chains.pop(id(v), "") or names[id(v)] for v in call.inputs]
        before = read[0] if len(read) == 1 else f"[{', '.join(read)}]"
        text = " > ".join(t for t in (before if read else "", writer.item(call.part)) if t)
        made = {v._index: v for v in values.get(id(call), [])}
        single = made.get(0) if call.results == 1 else None
        if call is last and single is only_end and single is not None and uses[id(single)] == 0:
            lines.append(_broken(text, writer))
            return writer.read("\n".join(lines))
        inline = single is not None and uses[id(single)] == 1 and id(single) not in names
        if inline and all(single is not e for e in ends) and not _in_any_setting(single, calls):
            chains[id(single)] = text
            continue
        for value in made.values():
            if id(value) not in names:
                count += 1
                names[id(value)] = f"v{count}"
        results = [names[id(made[i])] if i in made else "_" for i in range(call.results)]
        lines.append(f"{', '.join(results)} = {_broken(text, writer)}")
    lines.append(f"output {', '.join(names[id(v)] for v in ends)}")
    return writer.read("\n".join(lines))


def _calls(ends: Sequence[Value]) -> list[Any]:
    """Every call that the ends need, as they were made."""
    found: dict[int, Any] = {}
    waiting = [v._call for v in ends]
    while waiting:
        call = waiting.pop()
        if call.part is None or id(call) in found:
            continue
        found[id(call)] = call
        waiting += [v._call for v in [*call.inputs, *_in_settings(call.part)]]
    return sorted(found.values(), key=lambda call: call.at)


def _in_settings(whole: Part | None) -> list[Value]:
    """Values among the settings of a part, such as a mask."""
    if whole is None:
        return []
    settings = (getattr(p, "settings", {}) for p in walk([whole]))
    return [v for s in settings for v in s.values() if isinstance(v, Value)]


def _in_any_setting(value: Value | None, calls: Sequence[Any]) -> bool:
    return any(value is v for call in calls for v in _in_settings(call.part))


def _model(name: str | None, writer: Writer) -> list[str]:
    if not name:
        return []
    return [f"model {name if is_word(name) else writer.text(name)}"]


def _broken(chain: str, writer: Writer) -> str:
    """A chain in lines of a length to read, broken between items at its outermost level."""
    lines = [""]
    depth, length, start = 0, 0, 0
    pieces: list[str] = []
    plain = re.sub(f"{writer.OPEN}\\d+{writer.NUMBERED}|{writer.CLOSE}", lambda m: "\0" * len(m.group()), chain)
    for i, c in enumerate(plain):
        depth += c in "([{"
        depth -= c in ")]}"
        if depth == 0 and plain.startswith(" > ", i):
            pieces.append(chain[start:i])
            start = i + 3
    pieces.append(chain[start:])
    for piece in pieces:
        visible = len(re.sub(f"{writer.OPEN}\\d+{writer.NUMBERED}|{writer.CLOSE}", "", piece))
        if length and length + visible > _COLUMNS:
            lines.append(f"  > {piece}")
            length = visible
        else:
            lines[-1] += f" > {piece}" if lines[-1] else piece
            length += visible + 3
    return "\n".join(lines)
