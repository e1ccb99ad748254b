"""Captures of live PyTorch modules: equal to torch.export, and the model is left as it was."""

import json
import os
import random
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402
from netloom import _torch  # noqa: E402
from netloom._torch import shapes  # noqa: E402
from netloom._trace import CaptureError  # noqa: E402
from torch import nn  # noqa: E402


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)) + x, inplace=True)


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = nn.Sequential(nn.Linear(8, 4), nn.Tanh())
        self.head = nn.Linear(4, 1)

    def forward(self, left, right):
        return torch.sigmoid(self.head(torch.abs(self.branch(left) - self.branch(right))))


class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(4, 8)

    def forward(self, x):
        h = x.new_zeros(x.shape[0], 8)
        steps = []
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
            steps.append(h)
        return torch.stack(steps, 1)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.attend = nn.MultiheadAttention(6, 2, batch_first=True)
        self.head = nn.Linear(6, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        x = self.embed(tokens)
        return self.head(x + self.attend(x, x, x, need_weights=False)[0])


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 7, 2, batch_first=True, bidirectional=True)
        self.scale = torch.full((14,), 0.5)

    def forward(self, batch):
        out, (h, c) = self.lstm(batch["x"])
        return {"mean": (out * self.scale).mean(1), "states": [h, c], "none": None}


class Grouped(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv1d(4, 4, 3, padding="same", groups=2) for _ in range(3))
        self.pool = nn.AdaptiveAvgPool1d(1)

    def forward(self, x):
        for layer in self.layers:
            a, b = layer(x).chunk(2, 1)
            x = torch.cat([F.silu(a), b.sigmoid()], 1)
        return self.pool(x).flatten(1)


MODELS = {
    "block": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 3, 2), Block(8), nn.MaxPool2d(2, ceil_mode=True), nn.Flatten(), nn.Linear(392, 2)
        ),
        lambda: torch.rand(1, 3, 29, 29),
    ),
    "shared": (Shared, lambda: (torch.rand(2, 8), torch.rand(2, 8))),
    "loop": (Loop, lambda: torch.rand(2, 3, 4)),
    "tied": (Tied, lambda: torch.ones(1, 5, dtype=torch.int64)),
    "recurrent": (Recurrent, lambda: ({"x": torch.rand(2, 3, 5)},)),
    "grouped": (Grouped, lambda: torch.rand(2, 4, 9)),
    "encoder": (
        lambda: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False
        ),
        lambda: torch.rand(1, 4, 8),
    ),
    "up": (
        lambda: nn.Sequential(
            nn.ConvTranspose2d(2, 4, 4, 2, 1),
            nn.GroupNorm(2, 4),
            nn.LeakyReLU(0.1),
            nn.Upsample(scale_factor=2),
            nn.AvgPool2d(2),
        ),
        lambda: torch.rand(1, 2, 8, 8),
    ),
}


def program(captured):
    return json.loads(captured.source)


def operators(captured):
    """What is compared: operator, modules, sizes of results, and who made what it takes."""
    graph = program(captured)["graph_module"]["graph"]
    maker = {}
    rows = []
    for node in graph["nodes"]:
        if "_assert" in node["target"]:
            continue
        taken = [maker.get(r["name"], "") for i in node["inputs"] for r in references(i["arg"])]
        made = [r for o in node["outputs"] for r in references(o)]
        for r in made:
            maker[r["name"]] = len(rows)
        sizes = [graph["tensor_values"].get(r["name"], {"sizes": None})["sizes"] for r in made]
        rows.append((node["target"], node["metadata"].get("nn_module_stack"), sizes, taken))
    return rows


def references(arg):
    return [arg["as_tensor"]] if "as_tensor" in arg else arg.get("as_tensors", [])


@pytest.mark.parametrize("name", MODELS)
def test_a_recorded_pass_is_the_exported_graph(name):
    build, given = MODELS[name]
    model, example = build().eval(), given()
    recorded = _torch.capture(model, input=example, method="hooks")
    exported = _torch.capture(model, input=example, method="export")
    assert recorded.failed_at is None and recorded.notes == []
    assert operators(recorded) == operators(exported)
    inputs = [set(s) for s in program(recorded)["graph_module"]["signature"]["input_specs"]]
    assert {k for s in inputs for k in s} >= {"parameter", "user_input"} or name == "none"


@pytest.mark.parametrize("name", MODELS)
def test_shape_rules_agree_with_torch(name, monkeypatch):
    build, given = MODELS[name]
    by_rule = shapes.run
    compared = []

    def both(func, args, kwargs):
        ours, theirs = by_rule(func, args, kwargs), func(*args, **kwargs)
        for a, b in zip(_torch.flat_tensors(ours), _torch.flat_tensors(theirs), strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype), func
        compared.append(func)
        return ours

    monkeypatch.setattr(shapes, "run", both)
    assert _torch.capture(build(), input=given()).failed_at is None
    assert compared


def hooks_of(module):
    return [d for k, d in vars(module).items() if "hook" in k and isinstance(d, dict)]


def test_nothing_is_left_behind():
    seen = []

    class Careless(nn.Module):
        def __init__(self, breaks):
            super().__init__()
            self.linear = nn.Linear(4, 4)
            self.norm = nn.BatchNorm1d(4)
            self.breaks = breaks
            self.kept = []
            self.register_buffer("count", torch.zeros(()))

        def forward(self, x):
            y = self.norm(self.linear(x))
            self.cache = y
            self.kept.append(y)
            self.count += 1
            random.random(), torch.rand(1)
            if self.breaks:
                raise ValueError("on purpose")
            return y

    for breaks in (False, True):
        for device in ("meta", None):
            model = Careless(breaks).train()
            model.linear.register_forward_hook(lambda m, a, o: seen.append(o.shape))
            model.linear.weight.requires_grad_(False)
            call, forward = nn.Module.__call__, model.forward
            before = {
                k: (v.clone(), v.requires_grad, id(v))
                for k, v in [*model.named_parameters(), *model.named_buffers()]
            }
            states = random.getstate(), torch.get_rng_state()
            grad, fast = torch.is_grad_enabled(), torch.backends.mha.get_fastpath_enabled()
            captured = _torch.capture(model, input_size=(3, 4), device=device)
            assert nn.Module.__call__ is call and model.forward == forward and "forward" not in vars(model)
            assert [len(d) for m in model.modules() for d in hooks_of(m)].count(1) >= 1
            assert (
                sum(
                    len(d)
                    for m in model.modules()
                    for d in hooks_of(m)
                    if d is not model.linear._forward_hooks
                )
                == 0
            )
            assert len(model.linear._forward_hooks) == 1 and seen
            assert (
                not hasattr(model, "cache") and model.kept == [] and all(m.training for m in model.modules())
            )
            for k, v in [*model.named_parameters(), *model.named_buffers()]:
                old, requires_grad, identity = before[k]
                assert (
                    torch.equal(v, old)
                    and v.requires_grad == requires_grad
                    and id(v) == identity
                    and "_netloom_name" not in vars(v)
                )
            assert (random.getstate(), grad, fast) == (
                states[0],
                torch.is_grad_enabled(),
                torch.backends.mha.get_fastpath_enabled(),
            )
            assert torch.equal(torch.get_rng_state(), states[1])
            assert (captured.failed_at is not None) == breaks
            facts = program(captured)["netloom"]["weights"]
            assert facts["linear.weight"]["trainable"] is False and facts["linear.bias"]["trainable"] is True
            loss = model(torch.rand(3, 4)).sum() if not breaks else None
            if loss is not None:
                loss.backward()


def test_a_failing_pass_shows_what_ran():
    class Wrong(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 3)
            self.head = nn.Sequential(nn.Flatten(), nn.Linear(10, 2))

        def forward(self, x):
            return self.head(self.stem(x).relu())

    captured = _torch.capture(Wrong(), input_size=(1, 3, 8, 8))
    written = program(captured)
    targets = [n["target"].split(".")[-2] for n in written["graph_module"]["graph"]["nodes"]]
    assert targets == ["conv2d", "relu", "flatten", "linear"]
    assert written["netloom"]["failed_at"]["module"] == "head.1" and captured.failed_at.startswith("head.1: ")
    failed = written["netloom"]["failed_at"]["node"]
    assert failed not in written["graph_module"]["graph"]["tensor_values"]
    assert written["graph_module"]["graph"]["outputs"] == [{"as_tensor": {"name": failed}}]


def test_values_decide_the_way():
    class Choosy(nn.Module):
        def __init__(self):
            super().__init__()
            self.big, self.small = nn.Linear(3, 3), nn.Linear(3, 1)

        def forward(self, x):
            print(end="")
            return self.big(x) if x.sum() > 0 else self.small(x)

    for value, path in ((1.0, "big"), (-1.0, "small")):
        captured = _torch.capture(Choosy(), input=torch.full((2, 3), value))
        stacks = [
            n["metadata"]["nn_module_stack"] for n in program(captured)["graph_module"]["graph"]["nodes"]
        ]
        assert any(f",{path}," in s for s in stacks) and len(captured.notes) == 1
        with pytest.raises(CaptureError):
            _torch.capture(Choosy(), input=torch.full((2, 3), value), method="export")


def test_lazy_layers_wait_for_their_sizes():
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
    written = program(_torch.capture(model, input_size=(1, 3, 6, 6)))
    assert [n["target"].split(".")[-2] for n in written["graph_module"]["graph"]["nodes"]] == [
        "conv2d",
        "batch_norm",
        "flatten",
        "linear",
    ]
    assert written["netloom"]["weights"]["3.weight"]["sizes"] == [2, 64]
    assert isinstance(model[3], nn.LazyLinear) and isinstance(
        model[3].weight, nn.parameter.UninitializedParameter
    )
    assert model(torch.rand(1, 3, 6, 6)).shape == (1, 2)


def test_what_leads_nowhere_is_left_out():
    class Talks(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 3)

        def forward(self, x):
            assert x.min() >= 0 and str(x) and x.tolist()
            self.linear(x * 2)
            return self.linear(x)

    nodes = program(_torch.capture(Talks(), input=torch.rand(2, 3)))["graph_module"]["graph"]["nodes"]
    assert [n["target"].split(".")[-2] for n in nodes] == ["linear"]
    assert nodes[0]["metadata"]["nn_module_stack"].split(";")[-1].startswith("L__self__linear@1,linear,")


def test_branches_chosen_by_values_become_graphs():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)

        def forward(self, x):
            return torch.cond(x.sum() > 0, self.a, self.b, (x,))

    nodes = program(_torch.capture(Branches(), input=torch.rand(2, 3)))["graph_module"]["graph"]["nodes"]
    graphs = [i["arg"]["as_graph"]["graph"] for n in nodes for i in n["inputs"] if "as_graph" in i["arg"]]
    assert [[n["target"].split(".")[-2] for n in g["nodes"]] for g in graphs] == [["linear"], ["linear"]]


def test_weights_of_seven_billion_are_not_allocated():
    script = """
import resource, sys, torch
from torch import nn
from netloom import _torch
class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4096, 32, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(4096, 16384), nn.SiLU(), nn.Linear(16384, 4096))
    def forward(self, x):
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return x + self.mlp(x)
with torch.device("meta"):
    model = nn.Sequential(nn.Embedding(32000, 4096), *(Layer() for _ in range(34)), nn.Linear(4096, 32000))
assert sum(p.numel() for p in model.parameters()) > 7e9
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
captured = _torch.capture(model, input_size=(1, 2048))
assert captured.failed_at is None
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert int(done.stdout) <= 300


def test_writes_into_parts_reach_the_whole():
    class Writes(nn.Module):
        def forward(self, x):
            y = torch.zeros(3, 4)
            y[0] = x[0]
            y[:, 1:].mul_(2.0)
            z = x + 1
            z.view(-1).relu_()
            z.t().add_(1.0)
            return y + z

    nodes = program(_torch.capture(Writes(), input=torch.rand(3, 4)))["graph_module"]["graph"]["nodes"]
    maker = {r["name"]: n for n in nodes for o in n["outputs"] for r in references(o)}

    def ancestors(name, seen):
        if name in maker and name not in seen:
            seen.add(name)
            for i in maker[name]["inputs"]:
                for r in references(i["arg"]):
                    ancestors(r["name"], seen)
        return seen

    last = nodes[-1]["outputs"][0]["as_tensor"]["name"]
    reached = {maker[n]["target"].split(".")[-2] for n in ancestors(last, set())}
    assert {
        "zeros",
        "select",
        "copy",
        "select_scatter",
        "mul",
        "slice_scatter",
        "relu",
        "add",
        "transpose",
    } <= reached
    assert nodes[-1]["target"] == "torch.ops.aten.add.Tensor"


@pytest.mark.parametrize(
    "model, shape",
    [
        (lambda: nn.Sequential(nn.Conv2d(1, 6, 5), nn.Flatten(), nn.Linear(6 * 24 * 24, 2)), [1, 1, 28, 28]),
        (lambda: nn.Sequential(nn.Linear(9, 2), nn.ReLU()), [1, 9]),
        (lambda: nn.LSTM(5, 6, batch_first=True), [1, 16, 5]),
        (lambda: nn.Sequential(nn.Embedding(100, 4), nn.Linear(4, 2)), [1, 16]),
        (Shared, [1, 8]),
    ],
)
def test_an_input_is_guessed_and_said(model, shape):
    captured = _torch.capture(model())
    graph = program(captured)["graph_module"]
    given = [
        s["user_input"]["arg"]["as_tensor"]["name"]
        for s in graph["signature"]["input_specs"]
        if "user_input" in s
    ]
    assert all([n["as_int"] for n in graph["graph"]["tensor_values"][g]["sizes"]] == shape for g in given)
    assert captured.notes[0].startswith("No input was given")


def test_what_cannot_be_guessed_is_asked_for():
    class Bare(nn.Module):
        def forward(self, x):
            return x * 2

    with pytest.raises(CaptureError, match="input_size"):
        _torch.capture(Bare())


def test_wrappers_are_looked_through():
    inner = Shared()
    for wrapped, said in ((nn.DataParallel(inner), "DataParallel"), (torch.compile(inner), "compiled")):
        captured = _torch.capture(wrapped, input_size=[(2, 8), (2, 8)])
        assert captured.name == "Shared" and said in captured.notes[0]
    assert _torch.capture(torch.jit.script(nn.Sequential(nn.Linear(2, 2)))).source[:2] == b"PK"


def test_activations_on_request():
    model, x = Shared().eval(), (torch.rand(2, 8), torch.rand(2, 8))
    captured = _torch.capture(model, input=x, trace=True)
    assert set(captured.activations) >= {"", "branch", "branch@1", "branch.0", "head"}
    assert (captured.activations[""] == model(*x).detach().numpy()).all()


def test_results_keep_their_names():
    for method in ("hooks", "export"):
        captured = _torch.capture(Recurrent(), input=({"x": torch.rand(2, 3, 5)},), method=method)
        root = next(c for c in program(captured)["graph_module"]["module_call_graph"] if c["fqn"] == "")
        spec = json.loads(root["signature"]["out_spec"])[1]
        assert (
            json.loads(spec["context"])[:2] == ["mean", "states"]
            and len(spec["children_spec"][1]["children_spec"]) == 2
        )


def test_symbolic_sizes():
    captured = _torch.capture(
        nn.Sequential(nn.Linear(4, 2)), input_size=(3, 4), dynamic=({0: torch.export.Dim("batch")},)
    )
    values = program(captured)["graph_module"]["graph"]["tensor_values"]
    assert values["input"]["sizes"][0]["as_expr"]["hint"] == {"as_int": 3}
    assert len(program(captured)["range_constraints"]) == 1
