"""The examples of the README, of docs/python.md and of the docstrings run."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import os
import pkgutil
import re
import shutil
from pathlib import Path
from typing import Any

import netloom
import pytest

PAGES = ("README.md", "docs/python.md")


@pytest.mark.parametrize("page", PAGES)
def test_examples_of_a_page_run_in_order(page: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"^```python ?(\w*)\n(.*?)^```$", (root / page).read_text(encoding="utf-8"), re.M | re.S)
    assert blocks
    shutil.copytree(root / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("figures"))
    monkeypatch.chdir(tmp_path)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    names: dict[str, Any] = {}
    for needed, code in blocks:
        if needed:
            # CI has the frameworks and says so; elsewhere their examples are left out.
            if os.environ.get("NETLOOM_FRAMEWORKS"):
                importlib.import_module(needed)
            elif importlib.util.find_spec(needed) is None:
                continue
        exec(compile(code, page, "exec"), names)
    # Something was drawn, and what was drawn is a picture.
    written = [f for f in tmp_path.iterdir() if f.suffix in (".svg", ".pdf")]
    assert written and all(f.stat().st_size > 1000 for f in written)


def modules() -> list[str]:
    skipped = ("_core", "_torch", "_keras", "__main__")
    found = (m.name for m in pkgutil.iter_modules(netloom.__path__) if m.name not in skipped)
    return ["netloom", *(f"netloom.{name}" for name in found)]


@pytest.mark.parametrize("module", modules())
def test_examples_of_the_docstrings_run(module: str, at_root: None) -> None:
    failed, _ = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert failed == 0


def test_all_that_is_public_is_documented() -> None:
    for name in netloom.__all__:
        thing = getattr(netloom, name)
        assert thing.__doc__ and not thing.__doc__.startswith("dict("), name
        if isinstance(thing, type) and thing.__module__.startswith("netloom."):
            bare = [m for m, v in vars(thing).items() if not m.startswith("_") and callable(v) and not v.__doc__]
            assert not bare, f"{name}: {bare}"
