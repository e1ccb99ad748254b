"""Neural networks as figures.

>>> import netloom as nl
>>> figure = nl.draw("examples/resnet18.onnx")
>>> figure.save("/tmp/resnet18.pdf", width="3.25in")
<netloom.Figure of 'resnet18'>

:func:`draw` makes a figure of a model file, a live PyTorch or Keras model, or a :class:`Network` of a few lines;
notebooks show it as it is. :func:`summary` counts, :func:`diff` compares, :func:`read` reads a model once for all of
these.
"""

from __future__ import annotations

from netloom._core import Error
from netloom._diff import Difference, diff
from netloom._figure import Figure, draw
from netloom._lists import formats, outputs, styles, theme_source, themes
from netloom._options import DiffOptions, DrawOptions
from netloom._sources import Model, read
from netloom._summary import Summary, summary

__all__ = [
    "DiffOptions",
    "Difference",
    "DrawOptions",
    "Error",
    "Figure",
    "Model",
    "Summary",
    "diff",
    "draw",
    "formats",
    "outputs",
    "read",
    "styles",
    "summary",
    "theme_source",
    "themes",
]
