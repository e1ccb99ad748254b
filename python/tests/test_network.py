"""Networks written in Python: the notation they stand for, and what is said of mistakes."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import netloom as nl
import pytest
from netloom import layers


def check(net: nl.Network, expected: str) -> None:
    """A network is written as expected, and what is written can be read and drawn."""
    assert net.loom.replace("\n  >", " >") == expected.strip().replace("\n  >", " >")
    assert net.draw().svg.startswith("<svg")


def test_layers_in_a_row() -> None:
    check(
        nl.Network(
            [
                nl.Image(28, 28),
                nl.Conv2d(6, kernel=5, activation="tanh"),
                nl.AvgPool2d(2),
                [nl.Conv2d(16, 5), nl.Tanh()],
                nl.Flatten(),
                nl.Linear(10, bias=False, name="head", activation=nl.Softmax()),
            ],
            name="LeNet",
        ),
        """
model LeNet
input image [1, 1, 28, 28]
conv(6, 5) > tanh > avg_pool(2) > conv(16, 5) > tanh > flatten > head: linear(10, bias=false) > softmax
""",
    )


def test_what_is_not_said_is_not_written() -> None:
    check(
        nl.Network([nl.Image(32, 24, 3), nl.Conv2d(8, (3, 5), 2, "same", bias=True), nl.MaxPool2d(2, stride=1)]),
        """
input image [1, 3, 32, 24]
conv(8, [3, 5], stride=2, pad="same") > max_pool(2, stride=1)
""",
    )
    check(
        nl.Network([nl.Input(4, 100, name="wave"), nl.Conv1d(8, 9), nl.MaxPool1d(2)]),
        "input wave [1, 4, 100]\nconv(8, [9]) > max_pool([2])",
    )
    check(
        nl.Network([nl.Input(1, 8, 8, 8), nl.Conv3d(8, 3)]),
        "input x [1, 1, 8, 8, 8]\nconv(8, [3, 3, 3])",
    )


def test_groups_repeats_residuals_and_branches() -> None:
    def bottleneck(width: int) -> nl.Block:
        return nl.Block("Bottleneck", nl.Residual(nl.Conv2d(width, 1), nl.ReLU(), nl.Conv2d(16, 1)))

    check(
        nl.Network(
            [
                nl.Image(8, 8, 16),
                nl.Repeat(bottleneck(4), 3, name="stage"),
                nl.Repeat([nl.Conv2d(16, 1), nl.ReLU()], 2, shared=True),
                nl.Branch(nl.Conv2d(4, 1), [], nl.Sequential(nl.MaxPool2d(3, 1, 1), nl.Conv2d(4, 1), name="pool")),
                nl.Concat(),
                "what comes next",
            ]
        ),
        """
input image [1, 16, 8, 8]
stage: Bottleneck { [conv(4, 1) > relu > conv(16, 1), same] > add } * 3 > { conv(16, 1) > relu } * 2 shared
  > [conv(4, 1), same, pool: { max_pool(3, stride=1, pad=1) > conv(4, 1) }] > concat > "what comes next"
""",
    )


def test_values_are_wired_by_hand() -> None:
    tokens, image = nl.Tokens(77, name="text"), nl.Image(8, 8, 3)
    words = nl.Embedding(1000, 32)(tokens)
    memory, state = nl.GRU(32)(words, results=2)
    places = nl.Transpose([0, 2, 1])(nl.Flatten(2)(nl.Conv2d(32, 1)(image)))
    seen = nl.MultiHeadAttention(4)(memory, places)
    check(
        nl.Network(inputs=[image, tokens], outputs={"seen": seen * 0.5 + memory, "state": state}),
        """
input image [1, 3, 8, 8]
input text: int64[1, 77]
v1, state = text > embedding(1000, 32) > gru(32)
seen = [[v1, image > conv(32, 1) > flatten(axis=2) > transpose(order=[0, 2, 1])] > multi_head_attention(heads=4) > mul(0.5), v1] > add
output seen, state
""",
    )


def test_a_part_called_twice_has_its_weights_once() -> None:
    tower = nl.Sequential(nl.Linear(16), nl.ReLU(), name="tower")
    left, right = nl.Input(32, name="left"), nl.Input(32, name="right")
    net = nl.Network(outputs=nl.Abs()(tower(left) - tower(right)))
    check(
        net,
        """
input left [1, 32]
input right [1, 32]
[left > tower: { linear(16) > relu }, right > tower] > sub > abs
""",
    )
    assert net.summary().parameters == 32 * 16 + 16
    twice = nl.Linear(8)
    assert nl.Network([nl.Input(8), twice, twice]).summary().parameters == 72


def test_masks_and_symbols() -> None:
    x = nl.Input("time", 32, batch="batch")
    mask = nl.Input("time", "time", name="mask", batch="batch")
    y = nl.Attention(heads=4, mask=mask)(x)
    check(
        nl.Network(outputs=nl.Reshape(["batch", -1])(y)),
        """
input x [batch, time, 32]
input mask [batch, time, time]
x > attention(heads=4, mask=mask) > reshape([batch, -1])
""",
    )


def test_every_layer_of_the_notation_is_a_class(root: Path) -> None:
    subprocess.run([sys.executable, root / "python" / "generate.py", "--check"], check=True)
    for name in layers.__all__:
        cls = getattr(layers, name)
        assert issubclass(cls, nl.Layer) and cls.__doc__ and getattr(nl, name) is cls
        parameters = list(inspect.signature(cls).parameters.values())
        values = {p.name: 2 for p in parameters if p.default is inspect.Parameter.empty}
        shown = repr(cls(**values))
        assert shown.startswith(f"{name}("), shown


def test_mistakes_name_the_part() -> None:
    def check(net: nl.Network, said: str) -> None:
        with pytest.raises(nl.Error) as caught:
            net.draw()
        assert caught.value.message.startswith(said), caught.value.message

    row = [nl.Image(8, 8), nl.Sequential(nl.Conv2d(4, 3), nl.Conv2d(6, kernel=11))]
    check(nl.Network(row), "Conv2d(6, 11): ")
    x = nl.Input(3, 8, 8)
    check(nl.Network(outputs=nl.Conv2d(4, 3, groups=2, name="stem")(x)), "Conv2d(4, 3, groups=2, name='stem'): ")
    check(nl.Network([nl.Input(4), nl.Op("cumulative_summ", 1)]), "Op('cumulative_summ', 1): ")

    for wrong, said in [
        (lambda: nl.Network([nl.Conv2d(4, 3)]), "expected an input first"),
        (lambda: nl.Network([nl.Image(8, 8), nl.ReLU]), r"write ReLU\(\)"),
        (lambda: nl.Network([nl.Image(8, 8), 3]), "expected a layer, a list of layers or a text, found int"),
        (lambda: nl.ReLU()(3), "expected values"),
        (lambda: nl.Network([nl.Image(8, 8)], outputs=x), "either layers in a row, or inputs and outputs"),
        (lambda: nl.Linear(3, name="a b"), "expected a name of letters"),
        (lambda: nl.Network(inputs=nl.Image(8, 8), outputs=nl.ReLU()(x)), "is read but not among the inputs"),
        (lambda: nl.Branch(nl.ReLU()), "expected two branches or more"),
    ]:
        with pytest.raises((TypeError, ValueError), match=said):
            wrong()


def test_a_network_is_saved_as_a_figure_or_as_text(tmp_path: Path) -> None:
    net = nl.Network([nl.Input(8), nl.Linear(4)], name="tiny")
    net.save(tmp_path / "tiny.loom")
    net.save(tmp_path / "tiny.svg", width="3in")
    assert (tmp_path / "tiny.loom").read_text() == net.loom + "\n"
    assert not nl.diff(net, tmp_path / "tiny.loom")
    assert 'width="3in"' in (tmp_path / "tiny.svg").read_text()
