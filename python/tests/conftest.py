"""What all tests share: where the examples are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def example() -> Path:
    return ROOT / "examples" / "resnet18.onnx"


@pytest.fixture
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples of the docs name files from the root on, and write where they please in a folder of their own."""
    monkeypatch.chdir(ROOT)
    assert os.path.exists("examples/resnet18.onnx")
