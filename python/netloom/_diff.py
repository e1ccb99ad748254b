"""What differs between two models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netloom import _core
from netloom._figure import Figure
from netloom._options import DiffOptions, Path
from netloom._sources import CaptureOptions, Model, read

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Difference", "diff"]


def diff(before: Any, after: Any, **capture: Unpack[CaptureOptions]) -> Difference:
    """Compare two models by structure: names, the order of a file and the ways of exporters do not count.

    Models, and how live ones are looked at, are as in :func:`netloom.draw`.

    >>> import netloom as nl
    >>> found = nl.diff("examples/resnet18.loom", "examples/resnet34.loom")
    >>> found.is_equal, found["counts"]["added"]
    (False, 56)
    """
    first, second = read(before, **capture), read(after, **capture)
    return Difference(_core.compare(first._core, second._core), [first, second])


class Difference(Mapping[str, Any]):
    """What differs between two models: a report when printed, a mapping for scripts, a figure on request.

    True where there is any difference, as :attr:`is_equal` is where there is none. The mapping is that of
    ``netloom diff --json``.
    """

    def __init__(self, core: _core.Comparison, models: Sequence[Model]) -> None:
        self._core = core
        self._models = models
        self._json = core.json()
        self._values: dict[str, Any] = json.loads(self._json)

    @property
    def is_equal(self) -> bool:
        """Whether there is no structural difference."""
        return self._core.is_empty()

    def json(self) -> str:
        """What differs as JSON text."""
        return self._json

    def draw(self, **options: Unpack[DiffOptions]) -> Figure:
        """Both models in one figure: what was added, removed and changed."""
        return Figure(lambda said: self._core.draw(said[0]), self._models, options)

    def save(self, path: Path, *, to: str | None = None, **options: Unpack[DiffOptions]) -> Figure:
        """Write the figure, or the report as ``.txt`` or ``.json``, to a file."""
        return self.draw(**options).save(path, to=to)

    def __bool__(self) -> bool:
        return not self.is_equal

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __str__(self) -> str:
        return self._core.text(False)

    def __repr__(self) -> str:
        return str(self)

    def _repr_svg_(self) -> str:
        return self.draw()._repr_svg_()
