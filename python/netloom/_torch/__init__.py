"""Captures a live PyTorch model: which operators run, in which modules, on which shapes.

The default way runs the forward pass once on tensors that hold nothing, below autograd, and writes down
every operator with the modules it runs in. It gives the graph of torch.export (a test compares them),
takes a tenth of its time, and also works for models that do not export. Where the pass asks for values, it
is run again for real; torch.export is the last way and the one for symbolic sizes.
"""

from __future__ import annotations

import contextlib
import io

import torch

from .._trace import Captured, CaptureError
from . import export as exporter
from . import inputs as example
from . import schema, weights
from .record import Recorder, flat_tensors, message_of
from .results import reaching, tensor_names
from .run import attempt, quiet, record
from .state import untouched

METHODS = ("auto", "export", "hooks")


def capture(
    model,
    *,
    input=None,
    input_size=None,
    input_dtype=None,
    kwargs=None,
    method="auto",
    device="meta",
    dynamic=None,
    trace=False,
) -> Captured:
    """Captures a module.

    ``input`` is an example (a tensor, several in a tuple, named ones in a dict), ``input_size`` one size or
    several, ``kwargs`` further named arguments. With neither, the input is guessed from the first layer and a
    note says so. ``method`` is ``hooks`` (record one pass), ``export`` (torch.export) or ``auto``.
    ``device="meta"`` computes nothing and allocates nothing; ``device=None`` runs the pass on the device of
    the model. ``dynamic`` are the dynamic shapes of torch.export. ``trace`` keeps what every module gives
    out.

    # Errors

    CaptureError when no input is known or the method cannot take the model. A pass that fails is not an
    error: what ran is in the result, and ``failed_at`` says where it broke off.
    """
    if method not in METHODS:
        raise CaptureError(f"expected a method of {', '.join(METHODS)}, found {method!r}")
    if isinstance(model, torch.export.ExportedProgram):
        return from_program(model, None, [])
    if isinstance(model, torch.jit.ScriptModule):
        return scripted(model)
    model, notes = unwrapped(model)
    name = type(model).__name__
    found = example.given(model, input, input_size, input_dtype, kwargs)
    done = None
    if found is None:
        args, named, note, done = guessed(model, kwargs)
        notes.append(note)
    else:
        args, named, said = found
        notes += said
    named = without_cache(model, named, notes)
    if method == "export" or dynamic is not None and method == "auto":
        return exported(model, args, named, dynamic, notes)
    if dynamic is not None:
        raise CaptureError(
            "expected method 'export' or 'auto' with dynamic shapes, found 'hooks': one recorded pass has the sizes it ran with"
        )
    if done is None or done[0].failed is not None or trace or device != "meta":
        done = attempt(model, args, named, notes, device, trace)
    if done[0].failed is not None and input_size is not None and input_dtype is None:
        done = retyped(model, args, named, done, notes, device, trace)
    recorder, error, activations = done
    compiled = type(error).__module__.startswith("torch._dynamo")
    if method == "auto" and (compiled or not recorder.nodes):
        with contextlib.suppress(Exception):
            return exported(model, args, named, None, notes)
    return written(recorder, name, notes, activations)


def unwrapped(model):
    """The module inside wrappers that only change where or how it runs, and what to say about it."""
    notes = []
    while True:
        inner = getattr(model, "_orig_mod", None)
        if isinstance(inner, torch.nn.Module) and type(model).__name__ == "OptimizedModule":
            notes.append("A compiled module is drawn as it was before compilation.")
        elif type(model).__name__ in ("DataParallel", "DistributedDataParallel") and isinstance(
            getattr(model, "module", None), torch.nn.Module
        ):
            inner = model.module
            notes.append(f"{type(model).__name__} only spreads the work: the module inside is drawn.")
        else:
            return model, notes
        model = inner


def scripted(model) -> Captured:
    """A scripted module, as the archive TorchScript saves."""
    buffer = io.BytesIO()
    torch.jit.save(model, buffer)
    return Captured(
        buffer.getvalue(),
        getattr(model, "original_name", type(model).__name__),
        ["A scripted module is read from its own code; its shapes are those it states."],
    )


def without_cache(model, named: dict, notes: list[str]) -> dict:
    """A language model gives its logits, not the keys and values it would keep for the next token, unless
    asked."""
    if (
        getattr(getattr(model, "config", None), "use_cache", None) is True
        and "use_cache" in example.parameters(model)[0]
        and "use_cache" not in named
    ):
        if callable(getattr(model, "can_generate", None)) and model.can_generate():
            notes.append(
                "The cache of keys and values is left out; pass kwargs={'use_cache': True} to see it."
            )
        return {**named, "use_cache": False}
    return named


def guessed(model, kwargs):
    """The first guess that the model takes, and the pass that showed it."""
    reason = (
        "its forward takes no tensors it names"
        if not example.required(model)[0]
        else "its first layer does not tell"
    )
    for args, named, note in example.guesses(model):
        named = {**named, **(kwargs or {})}
        done = record(model, args, without_cache(model, named, []), shapes_only=True)
        if done[0].failed is None or asks_for_values(done[0].failed):
            return args, named, note, done
        reason = done[0].failed["message"]
    raise CaptureError(
        f"cannot guess the input of {type(model).__name__} ({reason}): pass input=, or input_size= "
        "such as input_size=(1, 3, 224, 224)"
    )


def asks_for_values(failed: dict) -> bool:
    """Whether a pass broke off only because the tensors held nothing."""
    text = failed["message"].lower()
    return "meta" in text or "notimplemented" in text


def retyped(model, args, named, done, notes, device, trace):
    """Sizes without types: where a table was looked up with fractions, the input was meant as whole
    numbers."""
    failed = done[0].failed
    if (
        "embedding" not in (failed["op"] or "")
        and "index" not in failed["message"].lower()
        and "indices" not in failed["message"].lower()
    ):
        return done

    def whole(t):
        return torch.ones(t.shape, dtype=torch.int64) if isinstance(t, torch.Tensor) and t.dim() <= 2 else t

    again = attempt(
        model, tuple(whole(a) for a in args), {k: whole(v) for k, v in named.items()}, notes, device, trace
    )
    return again if again[0].failed is None else done


def written(recorder: Recorder, name: str, notes: list[str], activations) -> Captured:
    """The record as bytes."""
    failed = recorder.failed
    weight_inputs = [
        (i, s)
        for i, s in zip(recorder.inputs, recorder.input_specs)
        if not ("user_input" in s or "constant_input" in s)
    ]
    given = [
        (i, s)
        for i, s in zip(recorder.inputs, recorder.input_specs)
        if "user_input" in s or "constant_input" in s
    ]
    ordered = weight_inputs + recorder.constants + given
    graph = schema.graph([i for i, _ in ordered], recorder.outputs, recorder.nodes, recorder.tensors)
    signature = {
        "input_specs": [s for _, s in ordered],
        "output_specs": [{"user_output": {"arg": o}} for o in recorder.outputs],
    }
    classes = weights.classes(recorder.model)
    facts = weights.facts(recorder.model)
    for key, fact in facts.items():
        if fact["sizes"] is None:
            fact["sizes"] = recorder.sizes.get(key)
    extra = {
        "version": 1,
        "name": name,
        "weights": facts,
        "modules": classes,
        "failed_at": failed,
        "notes": notes,
    }
    where = None if failed is None else f"{failed['module'] or name}: {failed['message']}"
    return Captured(
        schema.document(graph, signature, extra, None, list(classes), recorder.out_spec),
        name,
        notes,
        where,
        activations,
    )


def exported(model, args, named, dynamic, notes) -> Captured:
    """The graph torch.export makes of a model."""
    meta = any(t.device.type == "meta" for t in [*model.parameters(), *model.buffers()])
    if meta:
        args, named = (example_on_meta(v) for v in (args, named))
    with untouched(model), quiet(False):
        for module in model.modules():
            module.__dict__["training"] = False
        try:
            program = exporter.export(model, args, named, dynamic)
        except Exception as error:
            raise CaptureError(
                f"torch.export cannot take {type(model).__name__} ({message_of(error)}): use method='hooks', which records one pass"
            ) from error
    return from_program(program, model, notes)


def example_on_meta(v):
    """The same inputs, holding nothing."""
    if isinstance(v, torch.Tensor):
        return torch.empty_strided(v.shape, v.stride(), dtype=v.dtype, device="meta")
    if isinstance(v, dict):
        return {k: example_on_meta(x) for k, x in v.items()}
    return type(v)(example_on_meta(x) for x in v) if isinstance(v, (list, tuple)) else v


def from_program(program, model, notes) -> Captured:
    """An exported program as bytes, with facts about weights from the model where there is one."""
    graph, signature, ranges, paths, out_spec = exporter.program(program)
    results = [r["name"] for o in graph["outputs"] for r in tensor_names(o)]
    if results and not any("sym" in k for n in graph["nodes"] for i in n["inputs"] for k in i["arg"]):
        graph["nodes"] = reaching(graph["nodes"], results, in_place=True)
    if model is not None:
        name, facts, classes = type(model).__name__, weights.facts(model), weights.classes(model)
    else:
        name, facts, classes = "ExportedProgram", {}, {}
        for key, t in program.state_dict.items():
            parameter = isinstance(t, torch.nn.Parameter)
            facts[key] = {
                "dtype": str(t.dtype).removeprefix("torch."),
                "sizes": list(t.shape),
                "trainable": parameter and t.requires_grad,
                "kind": "parameter" if parameter else "buffer",
                "shared_with": None,
            }
    extra = {
        "version": 1,
        "name": name,
        "weights": facts,
        "modules": classes,
        "failed_at": None,
        "notes": notes,
    }
    return Captured(schema.document(graph, signature, extra, ranges, paths, out_spec), name, notes)


__all__ = ["capture", "flat_tensors"]
