"""Figures: what they show, how they are saved, what a notebook gets, and what is said when something is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as xml
from pathlib import Path

import netloom as nl
import pytest

MLP = b"input x [1, 8]\nlinear(4) > relu > linear(2)\n"


def test_every_output_is_written_by_its_extension(example: Path, tmp_path: Path) -> None:
    starts = {"svg": b"<svg", "pdf": b"%PDF-", "png": b"\x89PNG", "html": b"<!doctype html>", "json": b"{"}
    figure = nl.draw(example)
    for name in nl.outputs():
        file = tmp_path / f"figure.{name}"
        assert figure.save(file) is figure
        data = file.read_bytes()
        assert len(data) > 200 and data.startswith(starts.get(name, b"")), name
    assert sorted(os.listdir(tmp_path)) == sorted(f"figure.{name}" for name in nl.outputs())
    assert xml.fromstring(figure.svg).tag.endswith("svg")


def test_options_at_the_end_take_the_place_of_those_before(example: Path, tmp_path: Path) -> None:
    figure = nl.draw(example, depth=1, width="5in")
    figure.save(tmp_path / "wide.svg").save(tmp_path / "narrow.svg", width="3.25in")
    wide, narrow = ((tmp_path / f"{name}.svg").read_text() for name in ("wide", "narrow"))
    assert 'width="5in"' in wide and 'width="3.25in"' in narrow
    assert figure.to("svg").decode() == wide, "the figure itself stays as it was"
    assert len(nl.draw(example, depth="full").svg) > len(nl.draw(example, depth=1).svg)
    assert 'width="400"' in nl.draw(example, width=400).svg.replace("px", "")


def test_what_belongs_to_python_is_taken_as_it_is(example: Path) -> None:
    plain = nl.draw(example).svg
    for options in (
        {"rule": {"kind=conv": {"colour": "#12ab56"}}},
        {"rule": ["kind=conv { colour: #12ab56 }"]},
        {"set": {"swatch": {"conv": {"fill": "#12ab56"}}}},
        {"set": ["swatch.conv.fill=#12ab56"]},
    ):
        assert "#12ab56" in nl.draw(example, **options).svg, options
    assert "#12ab56" not in plain
    assert nl.draw(example, overlay={"conv1": 3.5, "fc": 1}, overlay_as="badge").svg != plain
    assert nl.draw(example, overlay="macs", overlay_range=(0, 1e9)).svg != plain
    assert nl.draw(example, legend=False, caption=False, details=False).svg != plain
    assert nl.draw(example, theme="dark").svg != plain
    weights = {"linear.weight": [[0.5, -1.0] * 4] * 4}
    assert nl.draw(MLP, style="neurons", weights=weights).svg != nl.draw(MLP, style="neurons").svg


def test_models_stand_side_by_side(root: Path) -> None:
    models = [root / "examples" / f"resnet{n}.loom" for n in (18, 34)]
    both = nl.draw(models, style="strip")
    assert "resnet18" in both.svg and "resnet34" in both.svg
    assert repr(both) == "<netloom.Figure of 'resnet18', 'resnet34'>"


def test_a_figure_file_is_drawn_with_what_is_said_beside(example: Path, tmp_path: Path) -> None:
    file = tmp_path / "figure.toml"
    file.write_text(f'model = "{example}"\ndepth = 1\ntheme = "dark"\n[set]\n"label.size" = 9\n')
    alike = nl.draw(example, depth=1, theme="dark", set={"label.size": 9})
    assert nl.draw(file).svg == alike.svg
    assert nl.draw(file, theme="print").svg == nl.draw(example, depth=1, theme="print", set={"label.size": 9}).svg
    nl.draw(example, depth=1, rule={"kind=conv": {"colour": "#12ab56"}}).save(file, width="4in")
    assert nl.draw(file).svg == nl.draw(example, depth=1, rule=["kind=conv { colour: #12ab56 }"], width="4in").svg
    with pytest.raises(ValueError, match="expected models and numbers from files"):
        nl.draw(MLP).save(file)
    file.write_text('model = "missing.onnx"\ndept = 1\n')
    with pytest.raises(nl.Error, match="unknown key `dept`"):
        nl.draw(file)


def test_bytes_paths_and_models_are_the_same_model(example: Path) -> None:
    svg = nl.draw(example).svg
    assert nl.draw(str(example)).svg == svg
    assert nl.draw(example.read_bytes(), name="resnet18").svg == svg
    model = nl.read(example)
    assert model.draw().svg == svg and nl.draw(model).svg == svg
    assert model.name == "resnet18"


def test_a_notebook_gets_svg_and_figures_do_not_clash(example: Path) -> None:
    first, second = nl.draw(example), nl.draw(MLP)
    data, _ = first._repr_mimebundle_()
    assert set(data) == {"image/svg+xml", "text/plain"}
    shown = [data["image/svg+xml"], second._repr_svg_()]
    names = [set(re.findall(r'id="([^"]+)"', svg)) | set(re.findall(r"font-family:([^;]+);", svg)) for svg in shown]
    assert all(len(n) > 5 for n in names)
    assert not names[0] & names[1], "two figures of a page name something the same"
    assert first._repr_svg_() == shown[0], "the same figure is the same text every time"
    for svg in shown:
        used = set(re.findall(r'aria-\w+by="([^"]+)"', svg))
        assert used <= set(re.findall(r'id="([^"]+)"', svg))


def test_an_interactive_figure_stands_in_a_frame_of_its_own(example: Path) -> None:
    frame = nl.draw(example)._frame(400)
    assert frame.startswith("<iframe sandbox=") and "allow-same-origin" not in frame
    inside = frame.split('srcdoc="')[1].split('"')[0]
    assert "<" not in inside and "&lt;!doctype html&gt;" in inside


def test_plain_text_is_shown_as_text() -> None:
    figure = nl.draw(MLP, style="text", name="mlp")
    data, _ = figure._repr_mimebundle_()
    assert "image/svg+xml" not in data and "linear 4" in data["text/plain"]
    assert str(figure) == figure.text


def test_mistakes_say_what_to_do(tmp_path: Path, example: Path) -> None:
    def check(said: str, hint: str, **options: object) -> None:
        with pytest.raises(nl.Error) as caught:
            nl.draw(example, **options)  # type: ignore[arg-type]
        assert said in caught.value.message and caught.value.is_usage, caught.value.message
        assert any(hint in h for h in caught.value.hints) or not hint, caught.value.hints
        assert hint in str(caught.value)

    check("unknown style `stirp`", "did you mean `strip`?", style="stirp")
    check("`depth`: expected a number, `full` or `auto`, found `deep`", "", depth="deep")
    check("`overlay_as`: ", "", overlay_as="colors")
    check("unknown theme `lihgt`", "did you mean `light`?", theme="lihgt")
    check("unknown module `layer9`", "", open="layer9")
    check("`width`: expected a unit after `3`", "", width="3")
    with pytest.raises(nl.Error, match="unknown output format"):
        nl.draw(example).save(tmp_path / "figure.bmp")
    with pytest.raises(ValueError, match="no extension"):
        nl.draw(example).save(tmp_path / "figure")
    with pytest.raises(FileNotFoundError):
        nl.draw(tmp_path / "missing.onnx")
    with pytest.raises(nl.Error, match="PNG") as caught:
        nl.draw(b"\x89PNG\r\n\x1a\n and no model")
    assert not caught.value.is_usage
    with pytest.raises(nl.Error) as caught:
        nl.draw(b"input x [1, 8]\nlinaer(3)")
    assert caught.value.report is not None and "2 | linaer(3)" in caught.value.report
    assert caught.value.places == [(2, 1)]
    with pytest.raises(TypeError, match="found int"):
        nl.draw(3)
    with pytest.raises(TypeError, match="input_size: only a live model"):
        nl.draw(example, input_size=(1, 3))
    assert os.listdir(tmp_path) == []


def test_a_summary_is_a_table_and_a_mapping(example: Path) -> None:
    found = nl.summary(example)
    assert found["totals"]["macs"] == found.macs == 1_814_073_344
    assert dict(found) == json.loads(found.json())
    assert "conv" in str(found) and "<pre" in found._repr_html_()
    assert found.trainable_parameters is None, "the format does not say"
    assert len(str(nl.summary(example, depth=1))) < len(str(found))


def test_a_comparison_is_a_report_a_mapping_and_a_figure(root: Path, tmp_path: Path) -> None:
    before, after = (root / "examples" / f"resnet{n}.loom" for n in (18, 34))
    found = nl.diff(before, after)
    assert found and not found.is_equal and found["counts"]["added"] == 56
    assert not nl.diff(before, before) and nl.diff(before, before).is_equal
    assert "<svg" in found._repr_svg_() and "56" in str(found)
    found.save(tmp_path / "diff.svg", width="5in")
    found.save(tmp_path / "diff.json")
    assert json.loads((tmp_path / "diff.json").read_text()) == dict(found)


def test_drawing_lets_other_threads_go_on(example: Path) -> None:
    steps = 0
    done = threading.Event()

    def count() -> None:
        nonlocal steps
        while not done.is_set():
            steps += 1
            time.sleep(0.0005)

    counter = threading.Thread(target=count)
    counter.start()
    before = steps
    nl.draw(example, depth="full").png(scale=3)
    during = steps - before
    done.set()
    counter.join()
    assert during > 3, "nothing else ran while a figure was drawn"


def test_a_figure_can_be_drawn_from_many_threads(example: Path) -> None:
    figure = nl.draw(example)
    expected = figure.svg
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(figure.svg)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
def test_ctrl_c_ends_a_long_drawing() -> None:
    # A network so large that its figure takes longer than the test waits.
    script = (
        "import netloom as nl, os, signal, threading, sys\n"
        # Whoever starts the tests in the background may have told them to hear no interrupts.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "text = 'input x [1, 8]\\n' + 'linear(8) > relu > ' * 120 + 'relu\\n'\n"
        "text = text.splitlines()[0] + '\\n' + '\\n'.join([text.splitlines()[1]] * 30)\n"
        "threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    nl.draw(text.encode(), depth='full', fold='none', plumbing=True)\n"
        "    while True: pass\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted'); sys.stdout.flush(); os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=240)
    assert done.stdout.strip() == "interrupted", done.stderr


def test_nothing_large_is_imported_and_nothing_is_printed() -> None:
    script = "import netloom, sys; print([m for m in ('numpy', 'torch', 'keras', 'IPython') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]" and done.stderr == ""
