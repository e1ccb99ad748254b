"""Every live model of the corpus is the same model as its files."""

import json
import os
import sys
from pathlib import Path

import pytest

import netloom as nl

CORPUS = Path(os.environ.get("NETLOOM_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "models"))
if not (CORPUS / "models_dev.py").exists():
    pytest.skip(f"no corpus of models at {CORPUS}", allow_module_level=True)
os.environ.setdefault("KERAS_BACKEND", "torch")
sys.path.insert(0, str(CORPUS))

import models_dev  # noqa: E402

TRUTH = json.loads((CORPUS / "truth.json").read_text())["models"]
PYTORCH = [n for n, spec in models_dev.MODELS.items() if spec.framework == "torch"]
KERAS = [n for n, spec in models_dev.MODELS.items() if spec.framework == "keras"]


def figure(model, name):
    """The figure in words: layers, sizes, lines and counts, without the name of the file."""
    return nl.draw(model, name=name).text


def checked(name, counted):
    """Held against what the framework itself counts."""
    truth = TRUTH[name]
    assert counted.parameters == truth["params_total"], name
    assert counted["totals"]["trainable_parameters"] == truth["params_trainable"], name


@pytest.mark.parametrize("name", PYTORCH)
def test_a_module_is_its_file(name):
    pytest.importorskip("torch")
    spec = models_dev.MODELS[name]
    try:
        model, given = spec.build(), spec.inputs()
    except ModuleNotFoundError as missing:
        pytest.skip(f"the model is of {missing.name}, which is not here")
    live = nl.read(model, input=given)
    assert live.failed_at is None
    checked(name, nl.summary(live))
    exported = figure(nl.read(model, input=given, method="export"), name)
    assert figure(live, name) == exported
    file = CORPUS / "torch" / f"{name}.pt2"
    if file.exists():
        assert figure(live, name) == figure(file, name)


@pytest.mark.parametrize("name", KERAS)
def test_a_keras_model_is_its_file(name):
    keras = pytest.importorskip("keras")
    keras.backend.clear_session()
    model = models_dev.MODELS[name].build()
    live = nl.read(model)
    checked(name, nl.summary(live))
    assert figure(live, name) == figure(CORPUS / "keras" / f"{name}.keras", name)
