"""Records every operator that a forward pass really runs, with the modules it runs in, as a program of
torch.export.

The pass runs below autograd, where operators such as `linear` and `layer_norm` are still whole: the same
operators that torch.export keeps. Tensors are followed by identity. What is written in place gets a new
name, and where the written tensor is a part of another, the other gets one too, so that every value has
one maker.
"""

from __future__ import annotations

import contextlib
import threading

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from . import schema, shapes, views
from .weights import class_of

FACTORY_LIMIT = 1 << 24
"""Elements above which a tensor made inside the pass is not filled when only shapes are asked for."""

SKIPPED = {
    "aten::lift_fresh",
    "aten::detach_",
    "aten::_assert_async",
    "prim::device",
    "aten::sym_size",
    "aten::sym_stride",
    "aten::sym_numel",
    "aten::sym_storage_offset",
    "aten::is_same_size",
    "aten::_has_compatible_shallow_copy_type",
    "aten::_local_scalar_dense",
    "aten::is_nonzero",
    "aten::item",
    "aten::resolve_conj",
    "aten::resolve_neg",
    "profiler::_record_function_enter_new",
    "profiler::_record_function_exit",
}
"""Operators that make no new value."""

ALIASES = {"aten::lift_fresh", "aten::lift", "aten::resolve_conj", "aten::resolve_neg"}
"""Operators whose result is their input."""


class Recorder(TorchDispatchMode):
    """The record of one forward pass."""

    supports_higher_order_operators = True

    def __init__(self, model: torch.nn.Module, *, shapes_only: bool, device: str):
        super().__init__()
        self.model = model
        self.shapes_only = shapes_only
        self.device = device
        self.thread = threading.get_ident()
        self.nodes: list[dict] = []
        self.tensors: dict[str, dict] = {}
        self.inputs: list[dict] = []
        self.input_specs: list[dict] = []
        self.constants: list[tuple[dict, dict]] = []
        self.taken: dict[str, int] = {}
        self.roots: dict[int, tuple[torch.Tensor, str]] = {}
        self.unmade: set[int] = set()
        self.twins: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self.base_names: dict[str, str] = {}
        self.paths: dict[int, tuple[str, str]] = {}
        self.calls: dict[str, int] = {}
        self.stack: list[tuple[str, str, str]] = []
        self.last: str | None = None
        self.failed: dict | None = None
        self.keep = None
        for path, module in model.named_modules():
            self.paths[id(module)] = (path, class_of(module))

    @classmethod
    def _should_skip_dynamo(cls):
        # Wrapping the handler for dynamo would import the compiler, which takes longer than the pass.
        return False

    # Modules.

    @contextlib.contextmanager
    def modules(self):
        """While open, calls of modules in this thread are noted. `nn.Module.__call__` is wrapped for that
        time, which sees what hooks would see and needs no hook on the model."""
        original = torch.nn.Module.__call__

        def call(module, *args, **kwargs):
            if threading.get_ident() != self.thread:
                return original(module, *args, **kwargs)
            key = self.enter(module)
            try:
                out = original(module, *args, **kwargs)
            except BaseException as error:
                if self.failed is None and isinstance(error, Exception):
                    path, cls, _ = self.stack[-1]
                    self.failed = {
                        "module": path,
                        "class": cls,
                        "op": None,
                        "node": None,
                        "message": message_of(error),
                    }
                raise
            finally:
                self.stack.pop()
            if self.keep is not None:
                self.keep(key, out)
            return out

        torch.nn.Module.__call__ = call
        try:
            yield
        finally:
            torch.nn.Module.__call__ = original

    def enter(self, module) -> str:
        """Puts a module on the stack and returns the key of this call: its path, with `@n` from the second
        call on."""
        found = self.paths.get(id(module))
        if found is None:
            parent = self.stack[-1][0] if self.stack else ""
            name = type(module).__name__.lower()
            found = (f"{parent}.{name}" if parent else name, class_of(module))
        path, cls = found
        count = self.calls.get(path, 0)
        self.calls[path] = count + 1
        key = path if not count else f"{path}@{count}"
        entry = f"L__self__{key},{path},{cls}"
        above = self.stack[-1][2] + ";" if self.stack else ""
        self.stack.append((path, cls, above + entry))
        return key

    # Names.

    def fresh(self, base: str) -> str:
        """A name nobody has, made from this one."""
        base = "".join(c if c.isalnum() or c == "_" else "_" for c in base) or "value"
        while True:
            count = self.taken.get(base, 0)
            self.taken[base] = count + 1
            if not count:
                return base
            name = f"{base}_{count}"
            if name not in self.taken:
                self.taken[name] = 1
                return name

    def root(self, t: torch.Tensor, name: str, spec: dict, requires_grad: bool = False) -> str:
        """Makes a tensor known that no operator made: a weight or an input."""
        self.roots[id(t)] = (t, name)
        self.measure(t, name, requires_grad)
        self.inputs.append({"as_tensor": {"name": name}})
        self.input_specs.append(spec)
        return name

    def measure(self, t: torch.Tensor, name: str, requires_grad: bool = False) -> None:
        """Notes type and sizes of a value; those of a ragged tensor, or of a lazy weight not yet made,
        stay unknown."""
        with contextlib.suppress(RuntimeError, ValueError, NotImplementedError):
            self.tensors[name] = schema.tensor_meta(t, requires_grad, self.device)

    def name_of(self, t: torch.Tensor) -> str:
        """The name of a tensor's present value. One that nobody has named is a constant of the model."""
        mark = t.__dict__.get("_netloom_name")
        if mark is not None and mark[0] is self:
            return mark[1]
        known = self.roots.get(id(t))
        if known is not None:
            return known[1]
        label = self.base_names.get(id(t), f"lifted_tensor_{len(self.constants)}")
        name = self.fresh("c_" + label.replace(".", "_"))
        self.roots[id(t)] = (t, name)
        self.measure(t, name)
        self.constants.append(
            (
                {"as_tensor": {"name": name}},
                {"tensor_constant": {"arg": {"name": name}, "tensor_constant_name": label}},
            )
        )
        return name

    def rename(self, t: torch.Tensor, name: str) -> None:
        """From now on the tensor goes by this name."""
        known = self.roots.get(id(t))
        if known is not None:
            self.roots[id(t)] = (known[0], name)
        else:
            t.__dict__["_netloom_name"] = (self, name)

    def reference(self, v) -> dict | None:
        """How the schema points at a tensor; None for what is none."""
        return {"as_tensor": {"name": self.name_of(v)}} if isinstance(v, torch.Tensor) else None

    # Operators.

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if threading.get_ident() != self.thread:
            return func(*args, **kwargs)
        if not isinstance(func, torch._ops.OpOverload):
            return self.higher(func, args, kwargs)
        name = func._schema.name
        if name in SKIPPED:
            out = self.run(func, args, kwargs)
            if name in ALIASES and isinstance(out, torch.Tensor) and out is not args[0]:
                self.rename(out, self.name_of(args[0]))
            return out
        if (
            self.unmade
            and views.written_arguments(func)
            and all(id(t) in self.unmade for t in views.written(func, args, kwargs))
        ):
            # A lazy layer fills its new weights.
            return self.run(func, args, kwargs)
        arguments = self.arguments(func, args, kwargs)
        try:
            out = self.run(func, args, kwargs)
        except Exception as error:
            if self.failed is None:
                self.fail(func, arguments, error, args, kwargs)
            raise
        # `contiguous`, or dropout when it is off, gives its input back: whoever holds the input means the
        # input, not this.
        if (
            isinstance(out, torch.Tensor)
            and not views.written_arguments(func)
            and any(out is a for a in args)
        ):
            out = out.detach()
        self.record(func, arguments, args, kwargs, out)
        return out

    def higher(self, func, args, kwargs):
        """An operator that takes functions, such as attention with a score of its own: one node with the
        tensors it is given."""
        name = func.name()
        out = func(*args, **kwargs)
        given = [{"name": "", "arg": self.reference(t), "kind": 1} for t in flat_tensors((args, kwargs))]
        results = [{"as_tensor": {"name": self.made(t, name)}} for t in flat_tensors(out)]
        self.write(f"torch.ops.higher_order.{name}", given, results)
        return out

    def arguments(self, func, args, kwargs) -> list[dict]:
        """The arguments by the names the operator gives them; those left to their defaults are left out."""
        out = []
        for i, declared in enumerate(func._schema.arguments):
            if declared.name in kwargs:
                value, kind = kwargs[declared.name], 2
            elif not declared.kwarg_only and i < len(args):
                value, kind = args[i], 1
            else:
                continue
            if isinstance(value, torch.device):
                value = torch.device(self.device)
            out.append(
                {
                    "name": declared.name,
                    "arg": schema.argument(value, self.reference, lambda d=declared: d.type),
                    "kind": kind,
                }
            )
        return out

    def record(self, func, arguments, args, kwargs, out) -> None:
        """Writes the operator down and names what it made."""
        base = func._schema.name.split("::")[-1].strip("_") or "op"
        target = f"torch.ops.{func._schema.name.replace('::', '.')}.{func._overloadname}"
        written = views.written(func, args, kwargs)
        partial = any(views.parent(t) is not None for t in written)
        if partial:
            target = views.functional(func) or target
        outputs = []
        for i, (result, declared) in enumerate(
            zip(
                out if isinstance(out, (tuple, list)) and len(func._schema.returns) > 1 else (out,),
                func._schema.returns,
            )
        ):
            if isinstance(result, torch.Tensor):
                outputs.append({"as_tensor": {"name": self.made(result, base)}})
            elif isinstance(result, (tuple, list)) and all(isinstance(r, torch.Tensor) for r in result):
                outputs.append({"as_tensors": [{"name": self.made(r, "getitem")} for r in result]})
            else:
                outputs.append({"as_none": True})
        unnamed = [t for t in written if not any(t is r for r in flat_tensors(out))]
        for t in unnamed:
            outputs.append({"as_tensor": {"name": self.made(t, base)}})
        if not outputs:
            return
        self.write(target, arguments, outputs)
        for t in written:
            self.write_through(t)
        views.note(func, args, out)

    def write(self, target: str, arguments: list[dict], outputs: list[dict]) -> None:
        """Appends a node, in the module that runs now."""
        for o in outputs:
            if "as_tensor" in o:
                self.last = o["as_tensor"]["name"]
        name = next((o["as_tensor"]["name"] for o in outputs if "as_tensor" in o), target)
        metadata = {"nn_module_stack": self.stack[-1][2]} if self.stack else {}
        self.nodes.append(
            {
                "target": target,
                "inputs": arguments,
                "outputs": outputs,
                "metadata": metadata,
                "is_hop_single_tensor_return": None,
                "name": name,
            }
        )

    def made(self, t: torch.Tensor, base: str) -> str:
        """The name of a new value."""
        name = self.fresh(base)
        self.measure(t, name)
        self.rename(t, name)
        return name

    def write_through(self, t: torch.Tensor) -> None:
        """A part was written: the whole it is a part of has a new value too."""
        while True:
            link = views.parent(t)
            if link is None:
                return
            whole, update = link
            name = self.name_of(t)
            change = update(name)
            if change is None:
                self.rename(whole, name)
                t = whole
                continue
            target, named = change
            arguments = [
                {
                    "name": n,
                    "arg": {"as_tensor": {"name": self.name_of(whole)}} if v is views.WHOLE else v,
                    "kind": 1,
                }
                for n, v in named
            ]
            name = self.fresh(target.split(".")[-2])
            self.measure(whole, name)
            self.write(target, arguments, [{"as_tensor": {"name": name}}])
            self.rename(whole, name)
            t = whole

    def fail(self, func, arguments, error, args, kwargs) -> None:
        """The operator did not run: it stands in the graph with what it was given, and its result has no
        shape."""
        name = self.fresh(func._schema.name.split("::")[-1].strip("_") or "op")
        path, cls, _ = self.stack[-1] if self.stack else ("", class_of(self.model), "")
        given = [list(t.shape) for t in flat_tensors((args, kwargs))]
        self.failed = {
            "module": path,
            "class": cls,
            "op": str(func),
            "node": name,
            "inputs": given,
            "message": message_of(error),
        }
        self.write(
            f"torch.ops.{func._schema.name.replace('::', '.')}.{func._overloadname}",
            arguments,
            [{"as_tensor": {"name": name}}],
        )

    def run(self, func, args, kwargs):
        """Runs the operator, or only finds the shape of what it makes."""
        if not self.shapes_only:
            return func(*args, **kwargs)
        tensors = flat_tensors((args, kwargs))
        if not any(t.device.type == "meta" for t in tensors):
            if not tensors and shapes.factory_elements(func, args) > FACTORY_LIMIT:
                kwargs = {**kwargs, "device": torch.device("meta")}
            return func(*args, **kwargs)
        if any(t.device.type != "meta" for t in tensors):
            written = views.written(func, args, kwargs)
            if any(t.device.type != "meta" for t in written):
                # A constant takes on values that nobody computes: its shape stays.
                return written[0]
            args, kwargs = moved(args, self.twin), moved(kwargs, self.twin)
        if kwargs.get("device") is not None:
            kwargs = {**kwargs, "device": torch.device("meta")}
        args = tuple(torch.device("meta") if isinstance(a, torch.device) else a for a in args)
        return shapes.run(func, args, kwargs)

    def twin(self, t: torch.Tensor) -> torch.Tensor:
        """A tensor of the same shape that holds nothing."""
        if t.device.type == "meta":
            return t
        known = self.twins.get(id(t))
        if known is not None and known[0] is t:
            return known[1]
        out = torch.empty_strided(t.shape, t.stride(), dtype=t.dtype, device="meta")
        self.twins[id(t)] = (t, out)
        return out


def flat_tensors(v) -> list[torch.Tensor]:
    """All tensors in arguments or results of an operator."""
    if isinstance(v, torch.Tensor):
        return [v]
    if isinstance(v, dict):
        v = v.values()
    elif not isinstance(v, (list, tuple)):
        return []
    return [t for x in v for t in flat_tensors(x)]


def moved(v, place):
    """The same arguments, with every tensor put elsewhere."""
    if isinstance(v, torch.Tensor):
        return place(v)
    if isinstance(v, dict):
        return {k: moved(x, place) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return (
            type(v)(moved(x, place) for x in v) if type(v) in (list, tuple) else [moved(x, place) for x in v]
        )
    return v


def message_of(error: BaseException) -> str:
    """The first lines of an error, without the trace that C++ appends."""
    text = str(error).split("\nException raised from")[0].strip()
    return f"{type(error).__name__}: {text[:500]}" if text else type(error).__name__
