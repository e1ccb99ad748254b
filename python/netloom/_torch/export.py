"""The graph of torch.export, written as torch.export.save would write it, without its weights."""

from __future__ import annotations

import operator

import torch

from . import schema


def export(model, args, kwargs, dynamic=None):
    """The exported program of a model."""
    return torch.export.export(model, args, kwargs or None, dynamic_shapes=dynamic, strict=False)


def program(exported) -> tuple[dict, dict, dict, list[str], str | None]:
    """Graph, signature, ranges of symbols, paths of modules and form of results of an exported program, as
    the schema has them."""
    specs = {spec.arg.name: spec for spec in exported.graph_signature.input_specs}
    writer = GraphWriter(exported.graph_module)
    graph = writer.write(exported.graph)
    signature = {
        "input_specs": [input_spec(node, specs) for node in exported.graph.nodes if node.op == "placeholder"],
        "output_specs": [
            output_spec(spec, written)
            for spec, written in zip(exported.graph_signature.output_specs, graph["outputs"])
        ],
    }
    ranges = {
        str(symbol): {"min_val": bound(r.lower), "max_val": bound(r.upper)}
        for symbol, r in exported.range_constraints.items()
    }
    paths = [entry.fqn for entry in exported.module_call_graph]
    return graph, signature, ranges, paths, out_spec(exported)


def out_spec(exported) -> str | None:
    """The form of the results, with the names of dictionaries."""
    try:
        spec = next(e.signature.out_spec for e in exported.module_call_graph if e.fqn == "")
        return torch.utils._pytree.treespec_dumps(spec)
    except Exception:
        # A class without a way to be written down: its parts go without names.
        return None


def bound(v) -> int | None:
    """An end of a range as a number, or None where it is open."""
    try:
        return int(v)
    except (TypeError, ValueError, OverflowError, AttributeError):
        return None


def input_spec(node, specs) -> dict:
    """What an input of the graph is: a weight, a buffer, a constant, or given by the user."""
    spec = specs.get(node.name)
    kind = spec.kind.name if spec else "USER_INPUT"
    arg = {"name": node.name}
    if kind == "PARAMETER":
        return {"parameter": {"arg": arg, "parameter_name": spec.target}}
    if kind == "BUFFER":
        return {
            "buffer": {
                "arg": arg,
                "buffer_name": spec.target,
                "persistent": bool(getattr(spec, "persistent", True)),
            }
        }
    if kind == "CONSTANT_TENSOR":
        return {"tensor_constant": {"arg": arg, "tensor_constant_name": spec.target}}
    value = node.meta.get("val")
    if isinstance(value, torch.Tensor):
        return {"user_input": {"arg": {"as_tensor": arg}}}
    if isinstance(value, torch.SymInt):
        return {"user_input": {"arg": {"as_sym_int": {"as_name": node.name}}}}
    return {"constant_input": {"name": node.name, "value": schema.argument(value, lambda v: None)}}


def output_spec(spec, written) -> dict:
    """What an output of the graph is: a result, or a new value for a buffer."""
    kind = spec.kind.name
    arg = written.get("as_tensor")
    if kind == "BUFFER_MUTATION" and arg:
        return {"buffer_mutation": {"arg": arg, "buffer_name": spec.target}}
    if kind == "USER_INPUT_MUTATION" and arg:
        return {"user_input_mutation": {"arg": arg, "user_input_name": spec.target}}
    return {"user_output": {"arg": written}}


class GraphWriter:
    """Writes the nodes of one graph."""

    def __init__(self, owner):
        self.owner = owner
        self.tensors: dict[str, dict] = {}
        self.sym_ints: dict[str, dict] = {}
        self.same: dict[str, str] = {}

    def write(self, fx_graph) -> dict:
        """The graph as the schema has it."""
        inputs, outputs, nodes, single = [], [], [], False
        for node in fx_graph.nodes:
            if node.op == "placeholder":
                value = node.meta.get("val")
                inputs.append(
                    self.value(node.name, value)
                    if isinstance(value, (torch.Tensor, torch.SymInt))
                    else schema.argument(value, lambda v: None)
                )
            elif node.op == "call_function" and node.target is not operator.getitem:
                nodes.append(self.node(node))
            elif node.op == "output":
                results = node.args[0]
                single = isinstance(results, torch.fx.Node)
                outputs = [self.argument(r) for r in ((results,) if single else results)]
        return schema.graph(inputs, outputs, nodes, self.tensors, self.sym_ints, single)

    def node(self, node) -> dict:
        """One call."""
        target = node.target
        value = node.meta.get("val")
        if isinstance(target, torch._ops.OpOverload):
            name = f"torch.ops.{target._schema.name.replace('::', '.')}.{target._overloadname}"
            inputs = self.declared(target, node)
        else:
            module = getattr(target, "__module__", "").replace("torch._ops", "torch.ops")
            name = f"{module}.{getattr(target, '__name__', target)}"
            inputs = [{"name": "", "arg": self.argument(a), "kind": 1} for a in node.args]
            inputs += [{"name": k, "arg": self.argument(a), "kind": 2} for k, a in node.kwargs.items()]
        single = (
            isinstance(value, torch.Tensor) if isinstance(target, torch._ops.HigherOrderOperator) else None
        )
        return {
            "target": name,
            "inputs": inputs,
            "outputs": self.results(node, value),
            "metadata": metadata(node),
            "is_hop_single_tensor_return": single,
            "name": node.name,
        }

    def declared(self, target, node) -> list[dict]:
        """Arguments under the names the operator declares."""
        out = []
        for i, declared in enumerate(target._schema.arguments):
            if declared.name in node.kwargs:
                value, kind = node.kwargs[declared.name], 2
            elif not declared.kwarg_only and i < len(node.args):
                value, kind = node.args[i], 1
            else:
                continue
            out.append(
                {"name": declared.name, "arg": self.argument(value, lambda d=declared: d.type), "kind": kind}
            )
        return out

    def argument(self, v, type_of=None) -> dict:
        """One argument; a branch of a condition becomes a graph of its own."""
        if isinstance(v, torch.fx.Node) and v.op == "get_attr":
            inner = getattr(v.graph.owning_module or self.owner, v.target, None)
            if isinstance(inner, torch.fx.GraphModule):
                return {"as_graph": {"name": v.target, "graph": GraphWriter(inner).write(inner.graph)}}
            return {"as_string": str(v.target)}
        return schema.argument(v, self.reference, type_of)

    def reference(self, v) -> dict | None:
        """How the schema points at the result of another node."""
        if not isinstance(v, torch.fx.Node):
            return None
        name = self.same.get(v.name, v.name)
        value = v.meta.get("val")
        if isinstance(value, torch.SymInt):
            return {"as_sym_int": {"as_name": name}}
        if isinstance(value, torch.SymBool):
            return {"as_sym_bool": {"as_name": name}}
        if isinstance(value, torch.SymFloat):
            return {"as_sym_float": {"as_name": name}}
        return {"as_tensor": {"name": name}}

    def results(self, node, value) -> list[dict]:
        """What a node makes: each result goes by the name of the node that takes it out."""
        if value is None:
            return []
        declared = node.target._schema.returns if isinstance(node.target, torch._ops.OpOverload) else None
        if not isinstance(value, (list, tuple)):
            return [self.value(node.name, value)]
        names = [f"{node.name}_unused_{i}" for i in range(len(value))]
        for user in node.users:
            if user.target is operator.getitem and isinstance(user.args[1], int):
                if names[user.args[1]].startswith(f"{node.name}_unused_"):
                    names[user.args[1]] = user.name
                else:
                    self.same[user.name] = names[user.args[1]]
        results = [
            self.value(name, v) if v is not None else {"as_none": True} for name, v in zip(names, value)
        ]
        if declared is not None and len(declared) == 1 and all("as_tensor" in r for r in results):
            return [{"as_tensors": [r["as_tensor"] for r in results]}]
        return results

    def value(self, name, value) -> dict:
        """A result, noted with its type and sizes."""
        if isinstance(value, torch.Tensor):
            self.tensors[name] = schema.tensor_meta(value)
            return {"as_tensor": {"name": name}}
        if isinstance(value, torch.SymInt):
            self.sym_ints[name] = schema.size(value)
            return {"as_sym_int": {"as_name": name}}
        if isinstance(value, (list, tuple)):
            return {
                "as_tensors": [
                    self.value(f"{name}_{i}", v).get("as_tensor", {"name": f"{name}_{i}"})
                    for i, v in enumerate(value)
                ]
            }
        return schema.argument(value, lambda v: None)


def metadata(node) -> dict[str, str]:
    """The modules a node runs in, as the file writes them."""
    stack = node.meta.get("nn_module_stack")
    if not stack:
        return {}
    return {
        "nn_module_stack": ";".join(
            f"{key},{path},{cls if isinstance(cls, str) else cls.__module__ + '.' + cls.__qualname__}"
            for key, (path, cls) in stack.items()
        )
    }
