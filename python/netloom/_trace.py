"""What a capture of a live model hands to the engine: bytes it reads like a file, and what is said beside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Captured:
    """A live model, written down.

    ``source`` has the form of a model file (the JSON of torch.export, or of a Keras architecture), so that
    a live model and its file go through one reader. It holds names, shapes and facts about weights, never
    the weights.
    """

    source: bytes
    """The model as JSON in UTF-8; for a scripted model the TorchScript archive itself."""
    name: str
    """A name for the figure: the class of the model, or the name its author gave it."""
    notes: list[str] = field(default_factory=list)
    """What was assumed or left out, one sentence each, for the reader of the figure."""
    failed_at: str | None = None
    """Where the forward pass broke off and why, or None; what ran before is in ``source``."""
    activations: dict[str, Any] | None = None
    """On request, what each module gave out: NumPy arrays keyed ``path``, ``path@1`` for its second call, and
    ``path:1`` for the second of several outputs; for Keras by the name of the layer."""


def framework_of(thing: Any) -> str | None:
    """``"keras"`` or ``"torch"`` for a live model, otherwise None. Imports nothing; on its torch back-end
    a Keras model is both, and counts as Keras."""
    bases = [(c.__module__.split(".")[0], c.__module__, c.__name__) for c in type(thing).__mro__]
    if any(top in ("keras", "tf_keras") and name in ("Layer", "Model") for top, _, name in bases):
        return "keras"
    if any(
        (module, name)
        in (("torch.nn.modules.module", "Module"), ("torch.export.exported_program", "ExportedProgram"))
        for _, module, name in bases
    ):
        return "torch"
    return None


class CaptureError(RuntimeError):
    """A live model could not be captured; the message says what to pass or to change."""
