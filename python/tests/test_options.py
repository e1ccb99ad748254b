"""What can be said in Python is what the command takes: the same words and the same defaults."""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_type_hints

import netloom as nl
import pytest
from netloom import _core
from netloom._options import DiffOptions, DrawOptions

#: Options of the command that say where a result goes or how much is told, which in Python are methods and values.
APART = {"output", "to", "save-figure", "verbose", "json", "help", "watch"}


@pytest.mark.parametrize(
    "verb, given",
    [("draw", DrawOptions.__annotations__), ("diff", DiffOptions.__annotations__)],
)
def test_every_option_of_a_command_is_one_of_python(verb: str, given: dict[str, Any]) -> None:
    options = {name for name, *_ in _core.options(verb)} - APART
    python = {name.removeprefix("no-").replace("-", "_") for name in options}
    assert python == set(given)


def test_defaults_are_those_of_the_command() -> None:
    parameters = inspect.signature(nl.draw).parameters
    assert set(DrawOptions.__annotations__) <= set(parameters)
    for name, _, default, _, is_flag, is_list in _core.options("draw"):
        if name in APART:
            continue
        found = parameters[name.removeprefix("no-").replace("-", "_")].default
        if is_flag:
            assert found is name.startswith("no-"), name
        elif is_list:
            assert not found, name
        else:
            assert ("" if found is None else str(found).removesuffix(".0")) == default.removesuffix(".0"), name


def test_words_of_an_option_are_those_of_the_command() -> None:
    hints = get_type_hints(nl.draw)
    checked = 0
    for name, _, _, words, is_flag, _ in _core.options("draw"):
        if not words or is_flag or name in APART:
            continue
        hint = hints[name.replace("-", "_")]
        literals = {w for h in (hint, *get_args(hint)) for w in get_args(h) if isinstance(w, str)}
        assert literals == set(words), name
        checked += 1
    assert checked >= 8


def test_all_is_by_name_after_the_model() -> None:
    for verb in (nl.draw, nl.summary):
        kinds = [p.kind for p in inspect.signature(verb).parameters.values()]
        assert kinds[0] is inspect.Parameter.POSITIONAL_OR_KEYWORD
        assert set(kinds[1:]) == {inspect.Parameter.KEYWORD_ONLY}


def test_lists_are_those_of_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    for verb in ("formats", "outputs", "styles", "themes"):
        assert _core.run(["netloom", verb]) == 0
        said = [line.split()[0] for line in capfd.readouterr().out.splitlines() if not line.startswith(" ")]
        assert said == list(getattr(nl, verb)()), verb


def test_the_command_leaves_as_it_does_elsewhere(capfd: pytest.CaptureFixture[str], root: Any) -> None:
    examples = root / "examples"

    def check(code: int, *words: str) -> str:
        assert _core.run(["netloom", *words]) == code, words
        return "".join(capfd.readouterr())

    assert "Usage" in check(2)
    assert "netloom" in check(0, "--version")
    assert "did you mean `light`?" in check(2, "draw", f"{examples}/resnet18.onnx", "--theme", "lihgt")
    assert "cannot read" in check(1, "draw", f"{examples}/missing.onnx")
    assert "conv 7×7" in check(0, "draw", f"{examples}/resnet18.onnx")
    check(0, "diff", f"{examples}/resnet18.loom", f"{examples}/resnet18.loom")
    check(1, "diff", f"{examples}/resnet18.loom", f"{examples}/resnet34.loom")
