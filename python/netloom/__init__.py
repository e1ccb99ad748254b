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

from netloom import layers
from netloom._convert import convert
from netloom._core import Error
from netloom._diff import Difference, diff
from netloom._figure import Figure, draw
from netloom._lists import formats, outputs, styles, theme_source, themes
from netloom._network import Network
from netloom._options import DiffOptions, DrawOptions
from netloom._parts import (
    Block,
    Branch,
    Image,
    Input,
    Layer,
    Op,
    Part,
    Repeat,
    Residual,
    Sequential,
    Sketch,
    Tokens,
    Value,
)
from netloom._sources import Model, read
from netloom._summary import Summary, summary
from netloom._trace import CaptureError
from netloom.layers import *

__all__ = [
    *layers.__all__,
    "Block",
    "Branch",
    "CaptureError",
    "DiffOptions",
    "Difference",
    "DrawOptions",
    "Error",
    "Figure",
    "Image",
    "Input",
    "Layer",
    "Model",
    "Network",
    "Op",
    "Part",
    "Repeat",
    "Residual",
    "Sequential",
    "Sketch",
    "Summary",
    "Tokens",
    "Value",
    "convert",
    "diff",
    "draw",
    "formats",
    "layers",
    "outputs",
    "read",
    "styles",
    "summary",
    "theme_source",
    "themes",
]
