"""Captures a live PyTorch model: which operators run, in which modules, on which shapes.

The default way runs the forward pass once on tensors that hold nothing, below autograd, and writes down every operator with the modules it
runs in. It gives the graph of torch.export (a test compares them), takes a tenth of its time, and also works for models that
do not export. Where the pass asks for values, it is run again for real; torch.export is the last way and the one for symbolic sizes.
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
from .state import untouched

METHODS = ("auto", "export", "hooks")


def capture(model, *, input=None, input_size=None, input_dtype=None, kwargs=None, method="auto", device="meta", dynamic=None, trace=False) -> Captured:
    """Captures a module.

    ``input`` is an example (a tensor, several in a tuple, named ones in a dict), ``input_size`` one size or several, ``kwargs`` further named
    arguments. With neither, the input is guessed from the first layer and a note says so. ``method`` is ``hooks`` (record one
    pass), ``export`` (torch.export) or ``auto``. ``device="meta"`` computes nothing and allocates nothing; ``device=None`` runs the pass
    on the device of the model. ``dynamic`` are the dynamic shapes of torch.export. ``trace`` keeps what every module gives out.

    # Errors

    CaptureError when no input is known or the method cannot take the model. A pass that fails is not an error: what ran is in
    the result, and ``failed_at`` says where it broke off.
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
        raise CaptureError("expected method 'export' or 'auto' with dynamic shapes, found 'hooks': one recorded pass has the sizes it ran with")
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
        elif type(model).__name__ in ("DataParallel", "DistributedDataParallel") and isinstance(getattr(model, "module", None), torch.nn.Module):
            inner = model.module
            notes.append(f"{type(model).__name__} only spreads the work: the module inside is drawn.")
        else:
            return model, notes
        model = inner


def scripted(model) -> Captured:
    """A scripted module, as the archive TorchScript saves."""
    buffer = io.BytesIO()
    torch.jit.save(model, buffer)
    return Captured(buffer.getvalue(), getattr(model, "original_name", type(model).__name__), ["A scripted module is read from its own code; its shapes are those it states."])


def without_cache(model, named: dict, notes: list[str]) -> dict:
    """A language model gives its logits, not the keys and values it would keep for the next token, unless asked."""
    if getattr(getattr(model, "config", None), "use_cache", None) is True and "use_cache" in example.parameters(model)[0] and "use_cache" not in named:
        if callable(getattr(model, "can_generate", None)) and model.can_generate():
            notes.append("The cache of keys and values is left out; pass kwargs={'use_cache': True} to see it.")
        return {**named, "use_cache": False}
    return named


def guessed(model, kwargs):
    """The first guess that the model takes, and the pass that showed it."""
    reason = "its forward takes no tensors it names" if not example.required(model)[0] else "its first layer does not tell"
    for args, named, note in example.guesses(model):
        named = {**named, **(kwargs or {})}
        done = record(model, args, without_cache(model, named, []), shapes_only=True)
        if done[0].failed is None or asks_for_values(done[0].failed):
            return args, named, note, done
        reason = done[0].failed["message"]
    raise CaptureError(f"cannot guess the input of {type(model).__name__} ({reason}): pass input=, or input_size= such as input_size=(1, 3, 224, 224)")


def asks_for_values(failed: dict) -> bool:
    """Whether a pass broke off only because the tensors held nothing."""
    text = failed["message"].lower()
    return "meta" in text or "notimplemented" in text


def retyped(model, args, named, done, notes, device, trace):
    """Sizes without types: where a table was looked up with fractions, the input was meant as whole numbers."""
    failed = done[0].failed
    if "embedding" not in (failed["op"] or "") and "index" not in failed["message"].lower() and "indices" not in failed["message"].lower():
        return done

    def whole(t):
        return torch.ones(t.shape, dtype=torch.int64) if isinstance(t, torch.Tensor) and t.dim() <= 2 else t

    again = attempt(model, tuple(whole(a) for a in args), {k: whole(v) for k, v in named.items()}, notes, device, trace)
    return again if again[0].failed is None else done


def attempt(model, args, named, notes, device, trace):
    """Records a pass, on shapes alone where that is wanted and works, otherwise for real."""
    on_meta = any(t.device.type == "meta" for t in [*model.parameters(), *model.buffers()])
    first = None
    if device == "meta" or on_meta:
        if trace and on_meta:
            raise CaptureError("expected weights to trace activations, found a model on the meta device")
        if not trace:
            first = record(model, args, named, shapes_only=True)
            if first[0].failed is None or on_meta:
                return first
    second = record(model, args, named, shapes_only=False, keep=trace)
    if second[0].failed is not None and "require grad" in second[0].failed["message"]:
        third = record(model, args, named, shapes_only=False, keep=trace, below_autograd=False)
        second = third if third[0].failed is None else second
    if second[0].failed is None and first is not None:
        notes.append(f"The pass was run for real: {reason_of(first[0].failed)}")
    elif first is not None and len(first[0].nodes) > len(second[0].nodes):
        return first
    return second


def reason_of(failed: dict) -> str:
    """Why shapes alone were not enough, in a sentence."""
    where = f"module {failed['module']}" if failed["module"] else "the model"
    return f"{where} looks at values ({failed['message'].splitlines()[0][:120]})."


def record(model, args, named, *, shapes_only: bool, keep: bool = False, below_autograd: bool = True):
    """One pass: the record, the error that ended it if one did, and the activations if they were asked for."""
    place = next((t.device for t in [*model.parameters(), *model.buffers()]), torch.device("cpu"))
    recorder = Recorder(model, shapes_only=shapes_only, device=place.type)
    activations = {} if keep else None
    if keep:
        recorder.keep = lambda key, out: keep_outputs(activations, key, out)
    error = None
    with untouched(model), quiet(shapes_only), contextlib.ExitStack() as stack:
        for module in model.modules():
            module.__dict__["training"] = False
            module.__dict__.pop("_compiled_call_impl", None)
        weights_in_place(model, recorder, shapes_only)
        target = torch.device("meta") if shapes_only else place
        args, named = user_inputs(model, recorder, args, named, target)
        if below_autograd:
            stack.enter_context(torch._C._AutoDispatchBelowAutograd())
        stack.enter_context(recorder)
        stack.enter_context(recorder.modules())
        try:
            out = model(*args, **named)
        except Exception as caught:
            error, out = caught, None
            if recorder.failed is None:
                recorder.failed = {"module": "", "class": weights.class_of(model), "op": None, "node": None, "message": message_of(caught)}
        else:
            recorder.failed = None
    finish(recorder, out, error)
    return recorder, error, activations


@contextlib.contextmanager
def quiet(exporting: bool):
    """Code that asks whether it is being exported is told so when values are absent: it then takes no branch on them."""
    compiler = torch.compiler
    flags = [n for n in ("_is_compiling_flag", "_is_exporting_flag") if hasattr(compiler, n)] if exporting else []
    before = [getattr(compiler, n) for n in flags]
    import warnings

    try:
        for n in flags:
            setattr(compiler, n, True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for n, v in zip(flags, before):
            setattr(compiler, n, v)


def weights_in_place(model, recorder: Recorder, shapes_only: bool) -> None:
    """Names weights and buffers, and for the time of the pass puts empty tensors, or for buffers copies, in their places."""
    swapped: dict[int, torch.Tensor] = {}
    paths = {id(m): path for path, m in model.named_modules(remove_duplicate=False)}
    first_paths = dict((id(m), path) for path, m in model.named_modules())
    for kind in ("_parameters", "_buffers"):
        for module in model.modules():
            store = module.__dict__.get(kind)
            if not store:
                continue
            path = first_paths[id(module)]
            new = dict(store)
            for name, t in store.items():
                if t is None:
                    continue
                full = f"{path}.{name}" if path else name
                stand_in = swapped.get(id(t))
                if stand_in is None:
                    stand_in = substitute(t, kind == "_parameters", shapes_only)
                    swapped[id(t)] = stand_in
                    if isinstance(t, torch.nn.parameter.UninitializedTensorMixin):
                        recorder.unmade.add(id(stand_in))
                    recorder.twins[id(t)] = (t, stand_in)
                    label = recorder.fresh(("p_" if kind == "_parameters" else "b_") + full.replace(".", "_").lower())
                    arg = {"name": label}
                    if kind == "_parameters":
                        spec = {"parameter": {"arg": arg, "parameter_name": full}}
                    else:
                        spec = {"buffer": {"arg": arg, "buffer_name": full, "persistent": name not in module._non_persistent_buffers_set}}
                    recorder.root(stand_in, label, spec, kind == "_parameters" and t.requires_grad)
                    if stand_in is not t:
                        recorder.roots[id(t)] = (t, label)
                new[name] = stand_in
            module.__dict__[kind] = new
    del paths
    for module in model.modules():
        path = first_paths[id(module)]
        for name, v in list(module.__dict__.items()):
            if name in ("_parameters", "_buffers", "_modules"):
                continue
            if isinstance(v, torch.Tensor):
                recorder.base_names.setdefault(id(v), f"{path}.{name}" if path else name)
                if id(v) in swapped:
                    module.__dict__[name] = swapped[id(v)]
            elif type(v) is list and any(id(x) in swapped for x in v):
                module.__dict__[name] = [swapped.get(id(x), x) for x in v]


def substitute(t: torch.Tensor, is_parameter: bool, shapes_only: bool) -> torch.Tensor:
    """What stands for a weight during the pass. Buffers are copied when the pass is real, since it may write into them."""
    if isinstance(t, torch.nn.parameter.UninitializedTensorMixin):
        # The first call gives it sizes, which the model itself shall still wait for.
        return type(t)(device="meta" if shapes_only else t.device, dtype=t.dtype)
    if shapes_only and t.device.type != "meta":
        like = torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device="meta") if t.layout == torch.strided else t.detach().to("meta")
        return torch.nn.Parameter(like, requires_grad=t.requires_grad) if is_parameter else like
    if is_parameter:
        return t
    return t.detach().clone() if t.device.type != "meta" else torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device="meta")


def user_inputs(model, recorder: Recorder, args, named, target):
    """Names the inputs by the parameters of forward and puts them on the device of the pass."""
    known = list(example.parameters(model)[0])

    def place(v, name):
        if isinstance(v, torch.Tensor):
            moved = v.detach() if v.device == target else torch.empty_strided(v.shape, v.stride(), dtype=v.dtype, device="meta") if target.type == "meta" else v.detach().to(target)
            label = recorder.fresh(name)
            recorder.root(moved, label, {"user_input": {"arg": {"as_tensor": {"name": label}}}})
            return moved
        if isinstance(v, dict):
            return type(v)((k, place(x, f"{name}_{k}")) for k, x in v.items())
        if isinstance(v, (list, tuple)):
            items = [place(x, f"{name}_{i}") for i, x in enumerate(v)]
            return type(v)(*items) if hasattr(v, "_fields") else type(v)(items)
        if v is None or isinstance(v, (bool, int, float, str)):
            argument = schema.argument(v, lambda _: None)
            recorder.inputs.append(argument)
            recorder.input_specs.append({"constant_input": {"name": name, "value": argument}})
        return v

    args = tuple(place(v, known[i] if i < len(known) else f"args_{i}") for i, v in enumerate(args))
    return args, {k: place(v, k) for k, v in named.items()}


def keep_outputs(activations: dict, key: str, out) -> None:
    """Keeps what a module gave out, as arrays."""
    for i, t in enumerate(outputs_of(out)):
        value = t.detach().cpu()
        activations[key if not i else f"{key}:{i}"] = (value.float() if value.dtype == torch.bfloat16 else value).clone().numpy()


def outputs_of(v, depth: int = 0) -> list[torch.Tensor]:
    """All tensors in what a model gives back; of an object of its own class, those among its attributes."""
    if isinstance(v, torch.Tensor):
        return [v]
    if depth > 8 or v is None or isinstance(v, (str, bytes, int, float, torch.nn.Module)):
        return []
    if isinstance(v, dict):
        return [t for x in v.values() for t in outputs_of(x, depth + 1)]
    if isinstance(v, (list, tuple, set)):
        return [t for x in v for t in outputs_of(x, depth + 1)]
    held = [getattr(v, n, None) for n in getattr(type(v), "__slots__", ())] + list(getattr(v, "__dict__", {}).values())
    return [t for x in held for t in outputs_of(x, depth + 1)]


def finish(recorder: Recorder, out, error) -> None:
    """Decides what the graph gives out: the model's results, or after a failure the last value that was made."""
    results = outputs_of(out) if error is None else []
    names = [recorder.name_of(t) for t in results]
    if error is not None:
        node = recorder.failed.get("node")
        names = [node or recorder.last] if node or recorder.last else []
    elif names:
        recorder.nodes = reaching(recorder.nodes, names, in_place=False)
    recorder.outputs = [{"as_tensor": {"name": n}} for n in names]
    for t, name in recorder.roots.values():
        t.__dict__.pop("_netloom_part", None)
        if name not in recorder.tensors and not isinstance(t, torch.nn.parameter.UninitializedTensorMixin):
            recorder.measure(t, name, t.requires_grad)
    spec_names = {s[k]["arg"]["name"]: s[k][f"{k}_name"] for s in recorder.input_specs for k in ("parameter", "buffer") if k in s}
    recorder.sizes = {spec_names[n]: [d["as_int"] for d in recorder.tensors[n]["sizes"]] for n in spec_names if n in recorder.tensors}


def reaching(nodes: list[dict], names: list[str], *, in_place: bool) -> list[dict]:
    """The nodes that results depend on; where names do not follow what is written in place, those that write too. What a pass only prints
    or asserts is no part of the model."""
    wanted, kept = set(names), []
    for node in reversed(nodes):
        made = [r["name"] for o in node["outputs"] for r in tensor_names(o)]
        if any(n in wanted for n in made) or in_place and writes(node):
            kept.append(node)
            wanted.update(r["name"] for i in node["inputs"] for r in tensor_names(i["arg"]))
    return kept[::-1]


def writes(node: dict) -> bool:
    """Whether an operator changes what it is given, by the underscore its name ends in."""
    name = node["target"].split(".")[-2]
    return name.endswith("_") and not name.endswith("__")


def tensor_names(arg: dict) -> list[dict]:
    """The tensors an argument or result of the schema points at."""
    if "as_tensor" in arg:
        return [arg["as_tensor"]]
    if "as_optional_tensors" in arg:
        return [x["as_tensor"] for x in arg["as_optional_tensors"] if "as_tensor" in x]
    return arg.get("as_tensors", [])


def written(recorder: Recorder, name: str, notes: list[str], activations) -> Captured:
    """The record as bytes."""
    failed = recorder.failed
    weight_inputs = [(i, s) for i, s in zip(recorder.inputs, recorder.input_specs) if not ("user_input" in s or "constant_input" in s)]
    given = [(i, s) for i, s in zip(recorder.inputs, recorder.input_specs) if "user_input" in s or "constant_input" in s]
    ordered = weight_inputs + recorder.constants + given
    graph = schema.graph([i for i, _ in ordered], recorder.outputs, recorder.nodes, recorder.tensors)
    signature = {"input_specs": [s for _, s in ordered], "output_specs": [{"user_output": {"arg": o}} for o in recorder.outputs]}
    classes = weights.classes(recorder.model)
    facts = weights.facts(recorder.model)
    for key, fact in facts.items():
        if fact["sizes"] is None:
            fact["sizes"] = recorder.sizes.get(key)
    extra = {"version": 1, "name": name, "weights": facts, "modules": classes, "failed_at": failed, "notes": notes}
    where = None if failed is None else f"{failed['module'] or name}: {failed['message']}"
    return Captured(schema.document(graph, signature, extra, module_paths=list(classes)), name, notes, where, activations)


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
            raise CaptureError(f"torch.export cannot take {type(model).__name__} ({message_of(error)}): use method='hooks', which records one pass") from error
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
    graph, signature, ranges, paths = exporter.program(program)
    results = [r["name"] for o in graph["outputs"] for r in tensor_names(o)]
    if results and not any("sym" in k for n in graph["nodes"] for i in n["inputs"] for k in i["arg"]):
        graph["nodes"] = reaching(graph["nodes"], results, in_place=True)
    if model is not None:
        name, facts, classes = type(model).__name__, weights.facts(model), weights.classes(model)
    else:
        name, facts, classes = "ExportedProgram", {}, {}
        for key, t in program.state_dict.items():
            parameter = isinstance(t, torch.nn.Parameter)
            facts[key] = {"dtype": str(t.dtype).removeprefix("torch."), "sizes": list(t.shape), "trainable": parameter and t.requires_grad, "kind": "parameter" if parameter else "buffer", "shared_with": None}
    extra = {"version": 1, "name": name, "weights": facts, "modules": classes, "failed_at": None, "notes": notes}
    return Captured(schema.document(graph, signature, extra, ranges, paths), name, notes)


__all__ = ["capture", "flat_tensors"]
