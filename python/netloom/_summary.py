"""What a model has: parameters, multiply-adds, shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netloom._sources import Model, read

__all__ = ["Summary", "summary"]


def summary(
    model: Any,
    *,
    depth: int | None = None,
    input: Any = None,
    input_size: Sequence[int] | Sequence[Sequence[int]] | None = None,
    input_dtype: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    method: str = "auto",
    device: str | None = "meta",
    dynamic: Any = None,
) -> Summary:
    """Count the parameters and multiply-adds of a model and list its modules, as deep as ``depth``.

    ``model`` and how a live one is looked at are as in :func:`netloom.draw`.

    >>> import netloom as nl
    >>> counted = nl.summary("examples/resnet18.onnx")
    >>> counted.parameters, counted.macs
    (11680872, 1814073344)
    >>> counted["layers"]["conv"]
    20
    """
    read_model = read(
        model,
        input=input,
        input_size=input_size,
        input_dtype=input_dtype,
        kwargs=kwargs,
        method=method,
        device=device,
        dynamic=dynamic,
    )
    return Summary(read_model, depth)


class Summary(Mapping[str, Any]):
    """Totals, layers and modules of a model: a table when printed, a mapping for scripts.

    The mapping is that of ``netloom summary --json``.
    """

    def __init__(self, model: Model, depth: int | None) -> None:
        self._model = model
        self._depth = depth
        self._json = model._core.summary_json()
        self._values: dict[str, Any] = json.loads(self._json)

    @property
    def parameters(self) -> int | None:
        """The number of learned values."""
        return self._total("parameters")

    @property
    def trainable_parameters(self) -> int | None:
        """Those an optimiser may change; ``None`` where the format does not know."""
        return self._total("trainable_parameters")

    @property
    def macs(self) -> int | None:
        """The number of multiply-adds of one forward pass; ``None`` where a size is not known."""
        return self._total("macs")

    def json(self) -> str:
        """The summary as JSON text."""
        return self._json

    def _total(self, name: str) -> int | None:
        value = self._values["totals"].get(name)
        return value if isinstance(value, int) else None

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __str__(self) -> str:
        return self._model._core.summary_table(self._depth)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        text = str(self).replace("&", "&amp;").replace("<", "&lt;")
        return f'<pre style="font-family:monospace;line-height:1.25">{text}</pre>'
