"""One forward pass that is recorded: weights, inputs and switches in place before it, everything back
after it."""

from __future__ import annotations

import contextlib
import warnings

import torch

from .._trace import CaptureError
from . import inputs as example
from . import schema, weights
from .record import Recorder, message_of
from .results import finish, keep_outputs
from .state import untouched


def attempt(model, args, named, notes, device, trace):
    """Records a pass, on shapes alone where that is wanted and works, otherwise for real."""
    on_meta = any(t.device.type == "meta" for t in [*model.parameters(), *model.buffers()])
    first = None
    if device == "meta" or on_meta:
        if trace and on_meta:
            raise CaptureError("expected weights to trace activations, found a model on the meta device")
        if not trace:
            first = record(model, args, named, shapes_only=True)
            if on_meta and first[0].failed is not None and "nonzero" in first[0].failed["message"]:
                first = with_all_nonzero(model, args, named, notes) or first
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


def with_all_nonzero(model, args, named, notes):
    """A pass on shapes in which every element that is looked for is found; None where torch has no setting
    for that."""
    try:
        from torch.fx.experimental import _config as config

        before = config.meta_nonzero_assume_all_nonzero
    except (ImportError, AttributeError):
        return None
    try:
        config.meta_nonzero_assume_all_nonzero = True
        found = record(model, args, named, shapes_only=True)
    finally:
        config.meta_nonzero_assume_all_nonzero = before
    if found[0].failed is None:
        notes.append(
            "Weights hold nothing: where the model picks elements by their values, it was taken to pick all."
        )
    return found


def reason_of(failed: dict) -> str:
    """Why shapes alone were not enough, in a sentence."""
    where = f"module {failed['module']}" if failed["module"] else "the model"
    return f"{where} looks at values ({failed['message'].splitlines()[0][:120]})."


def record(model, args, named, *, shapes_only: bool, keep: bool = False, below_autograd: bool = True):
    """One pass: the record, the error that ended it if one did, and the activations if they were asked
    for."""
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
                recorder.failed = {
                    "module": "",
                    "class": weights.class_of(model),
                    "op": None,
                    "node": None,
                    "message": message_of(caught),
                }
        else:
            recorder.failed = None
    finish(recorder, out, error)
    return recorder, error, activations


@contextlib.contextmanager
def quiet(exporting: bool):
    """Code that asks whether it is being exported is told so when values are absent: it then takes no
    branch on them."""
    compiler = torch.compiler
    flags = (
        [n for n in ("_is_compiling_flag", "_is_exporting_flag") if hasattr(compiler, n)] if exporting else []
    )
    before = [getattr(compiler, n) for n in flags]
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
    """Names weights and buffers, and for the time of the pass puts empty tensors, or for buffers copies,
    in their places."""
    swapped: dict[int, torch.Tensor] = {}
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
                    label = recorder.fresh(
                        ("p_" if kind == "_parameters" else "b_") + full.replace(".", "_").lower()
                    )
                    arg = {"name": label}
                    if kind == "_parameters":
                        spec = {"parameter": {"arg": arg, "parameter_name": full}}
                    else:
                        spec = {
                            "buffer": {
                                "arg": arg,
                                "buffer_name": full,
                                "persistent": name not in module._non_persistent_buffers_set,
                            }
                        }
                    recorder.root(stand_in, label, spec, kind == "_parameters" and t.requires_grad)
                    if stand_in is not t:
                        recorder.roots[id(t)] = (t, label)
                new[name] = stand_in
            module.__dict__[kind] = new
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
    """What stands for a weight during the pass. Buffers are copied when the pass is real, since it may
    write into them."""
    if isinstance(t, torch.nn.parameter.UninitializedTensorMixin):
        # The first call gives it sizes, which the model itself shall still wait for.
        return type(t)(device="meta" if shapes_only else t.device, dtype=t.dtype)
    if shapes_only and t.device.type != "meta":
        like = (
            torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device="meta")
            if t.layout == torch.strided
            else t.detach().to("meta")
        )
        return torch.nn.Parameter(like, requires_grad=t.requires_grad) if is_parameter else like
    if is_parameter:
        return t
    return (
        t.detach().clone()
        if t.device.type != "meta"
        else torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device="meta")
    )


def user_inputs(model, recorder: Recorder, args, named, target):
    """Names the inputs by the parameters of forward and puts them on the device of the pass."""
    known = list(example.parameters(model)[0])

    def place(v, name):
        if isinstance(v, torch.Tensor):
            moved = (
                v.detach()
                if v.device == target
                else torch.empty_strided(v.shape, v.stride(), dtype=v.dtype, device="meta")
                if target.type == "meta"
                else v.detach().to(target)
            )
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
