"""What is registered: formats, styles, themes, outputs."""

from __future__ import annotations

from netloom import _core

__all__ = ["formats", "outputs", "styles", "theme_source", "themes"]


def formats() -> dict[str, str]:
    """The model formats that can be read, by name, each with what it is and the endings of its files.

    >>> import netloom as nl
    >>> "onnx" in nl.formats()
    True
    """
    return {
        name: f"{about} ({', '.join('.' + e for e in endings)})" if endings else about
        for name, about, endings in _core.formats()
    }


def outputs() -> dict[str, str]:
    """The formats a figure can be written in, by name, each with what it is."""
    return dict(_core.outputs())


def styles() -> dict[str, str]:
    """The diagram styles, by name, each with what it is."""
    return dict(_core.styles())


def themes() -> dict[str, str]:
    """The themes, by name, each with what it is."""
    return dict(_core.themes())


def theme_source(name: str) -> str:
    """The file of a theme, to start one's own from.

    >>> import netloom as nl
    >>> "background" in nl.theme_source("light")
    True
    """
    return _core.theme_source(name)
