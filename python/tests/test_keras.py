"""Captures of live Keras models: what Keras itself would save, and more where a body has to be followed."""

import json
import os

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
from keras import layers as L  # noqa: E402
from netloom import _keras  # noqa: E402
from netloom._trace import CaptureError, framework_of  # noqa: E402


class Residual(L.Layer):
    def __init__(self, units, **kw):
        super().__init__(**kw)
        self.first, self.second = L.Dense(units, activation="relu"), L.Dense(units)
        self.scale = self.add_weight(shape=(), name="scale")

    def call(self, x):
        return x + self.second(self.first(x)) * self.scale


class Body(keras.Model):
    def __init__(self):
        super().__init__(name="body")
        self.stem = L.Dense(16, name="stem")
        self.blocks = [Residual(16, name=f"block{i}") for i in range(2)]
        self.head = keras.Sequential([L.Dense(3)], name="head")

    def call(self, x, training=False):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return keras.ops.softmax(self.head(x))


class Choosy(keras.Model):
    def __init__(self):
        super().__init__()
        self.a, self.b = L.Dense(3), L.Dense(4)

    def call(self, x):
        return self.a(x) if float(keras.ops.convert_to_numpy(x).sum()) > 0 else self.b(x)


def sequential():
    return keras.Sequential(
        [keras.Input((8, 8, 1)), L.Conv2D(4, 3, activation="relu"), L.Flatten(), L.Dense(2)], name="chain"
    )


def functional():
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    inner_in = keras.Input((6,), name="inner_in")
    inner = keras.Model(inner_in, L.Dense(4, name="shared")(inner_in), name="inner")
    return keras.Model(
        [a, b], L.Dense(1, name="out")(L.Concatenate(name="join")([inner(a), inner(b)])), name="twice"
    )


def without(v, *keys):
    if isinstance(v, dict):
        return {k: without(x, *keys) for k, x in v.items() if k not in keys}
    return [without(x, *keys) for x in v] if isinstance(v, list) else v


def layers_of(config):
    return {e.get("name") or e["config"]["name"]: e for e in config["config"]["layers"]}


def makers(entry):
    return [
        t["config"]["keras_history"]
        for call in entry["inbound_nodes"]
        for t in flat(call["args"])
        if t.get("class_name") == "__keras_tensor__"
    ]


def flat(args):
    return [x for a in args for x in (flat(a) if isinstance(a, list) else [a]) if isinstance(x, dict)]


@pytest.mark.parametrize("build", [sequential, functional])
def test_a_graph_is_written_as_keras_writes_it(build):
    model = build()
    captured = json.loads(_keras.capture(model).source)
    assert without(captured, "netloom", "compile_config", "shared_object_id") == without(
        json.loads(model.to_json()), "compile_config", "shared_object_id"
    )
    sizes = [w["shape"] for rows in captured["netloom"]["weights"].values() for w in rows]
    assert sum(_count(s) for s in sizes) == model.count_params()


def _count(shape):
    n = 1
    for s in shape:
        n *= s
    return n


def test_names_of_weights_follow_the_nesting():
    assert set(json.loads(_keras.capture(functional()).source)["netloom"]["weights"]) == {
        "inner/shared",
        "out",
    }


@pytest.mark.parametrize("way", ["given", "built"])
def test_a_body_is_followed(way):
    model = Body()
    if way == "built":
        model(keras.ops.zeros((1, 8)))
        captured = _keras.capture(model)
    else:
        captured = _keras.capture(model, input=(1, 8))
    config = json.loads(captured.source)
    layers = layers_of(config)
    assert captured.notes == [] and list(layers)[1:5] == ["stem", "block0", "block1", "head"]
    assert makers(layers["block1"]) == [["block0", 0, 0]] and layers["block0"]["class_name"] == "Residual"
    inner = layers_of(layers["block0"])
    added = next(e for e in inner.values() if e["class_name"] == "Add")
    assert {m[0] for m in makers(added)} >= {"block0_in"} and len(makers(added)) == 2
    assert [w["name"] for w in config["netloom"]["weights"]["body"]] == ["block0/scale", "block1/scale"]


def test_a_composite_layer_in_a_graph_is_opened():
    x = keras.Input((16,))
    model = keras.Model(x, L.Dense(2, name="out")(Residual(16, name="res")(x)))
    layers = layers_of(json.loads(_keras.capture(model).source))
    assert layers["res"]["class_name"] == "Residual" and makers(layers["out"]) == [["res", 0, 0]]


def test_nothing_is_left_behind():
    model = functional()

    def state():
        return [(x.name, len(x._inbound_nodes), len(x._outbound_nodes)) for x in model._flatten_layers()]

    before = state()
    _keras.capture(model)
    assert state() == before
    body = Body()
    body(keras.ops.zeros((1, 8)))
    counts = [(x.name, len(x._inbound_nodes)) for x in body._flatten_layers()]
    _keras.capture(body)
    assert [(x.name, len(x._inbound_nodes)) for x in body._flatten_layers()] == counts


def test_what_cannot_be_followed_is_listed():
    model = Choosy()
    model(keras.ops.ones((2, 3)))
    captured = _keras.capture(model)
    assert len(layers_of(json.loads(captured.source))) == 2 and len(captured.notes) == 2


def test_shapes_are_taken_or_asked_for():
    chain = keras.Sequential([L.Dense(3), L.Dense(2)])
    first = json.loads(_keras.capture(chain, input=(4, 5)).source)["config"]["layers"][0]
    assert first["class_name"] == "InputLayer" and first["config"]["batch_shape"] == [None, 5]
    assert not chain.built and "no input shape" in _keras.capture(chain).notes[0]

    class Empty(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(CaptureError, match="input="):
        _keras.capture(Empty())


def test_activations_on_request():
    model = functional()
    shapes = {k: v.shape for k, v in _keras.capture(model, trace=True).activations.items()}
    assert shapes["inner"] == shapes["inner@1"] == (1, 4) and shapes["out"] == (1, 1)


def test_frameworks_are_told_apart():
    assert framework_of(sequential()) == "keras" and framework_of("model.onnx") is None
    torch = pytest.importorskip("torch")
    assert framework_of(torch.nn.Linear(1, 1)) == "torch"
