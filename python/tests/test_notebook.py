"""The notebook of the examples runs, and shows what it says."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

NEEDED = ("nbclient", "nbformat", "ipykernel", "torch", "keras")


def missing() -> list[str]:
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def stored(root: Path) -> Any:
    return json.loads((root / "examples" / "notebook.ipynb").read_text(encoding="utf-8"))


def test_the_notebook_is_stored_without_outputs(root: Path) -> None:
    for cell in stored(root)["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.skipif(bool(missing()) and not os.environ.get("NETLOOM_FRAMEWORKS"), reason=f"needs {missing()}")
def test_the_notebook_shows_its_figures(root: Path) -> None:
    import nbclient
    import nbformat

    notebook = nbformat.read(root / "examples" / "notebook.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(root / "examples")}}
    )
    client.execute()
    if "NETLOOM_NOTEBOOK" in os.environ:
        nbformat.write(notebook, os.environ["NETLOOM_NOTEBOOK"])

    def outputs(beginning: str) -> list[Any]:
        cells = [c for c in notebook.cells if c.cell_type == "code" and beginning in c.source]
        assert len(cells) == 1, beginning
        return [o["data"] for o in cells[0].outputs if "data" in o]

    figures: list[str] = []
    for beginning, words in {
        "nl.draw(resnet,": ["SmallResNet", "conv 3×3, 16", "×3"],
        "nl.draw(encoder": ["encoder", "layers, 6 times", "8 heads × 32"],
        "nl.draw(unet)": ["small_unet", "conv 3×3, 32", "concat"],
        "idea = nl.Network": ["idea", "12 times", "what comes out"],
        "nl.diff(": ["changed", "resnet18 → resnet34"],
    }.items():
        shown = [data["image/svg+xml"] for data in outputs(beginning) if "image/svg+xml" in data]
        assert len(shown) == 1 and shown[0].startswith("<svg"), beginning
        absent = [w for w in words if w not in shown[0]]
        assert not absent, f"{beginning}: {absent}"
        figures += shown
    names = [set(re.findall(r'id="([^"]+)"', svg)) for svg in figures]
    assert all(not a & b for i, a in enumerate(names) for b in names[:i]), "figures of one notebook clash"
    assert "<pre" in outputs("nl.summary(resnet")[0]["text/html"]
    assert "<iframe sandbox=" in outputs("interactive=True")[0]["text/html"]
