"""The JSON that torch.export writes for a program, made from tensors and values that only need shapes and
types.

# Source

https://github.com/pytorch/pytorch/blob/main/torch/_export/serde/schema.py
"""

from __future__ import annotations

import json
import math
from typing import Any

import torch

MAJOR, MINOR = 8, 20

SCALAR_TYPES = {
    getattr(torch, name): number
    for name, number in {
        "uint8": 1,
        "int8": 2,
        "int16": 3,
        "int32": 4,
        "int64": 5,
        "float16": 6,
        "float32": 7,
        "float64": 8,
        "complex32": 9,
        "complex64": 10,
        "complex128": 11,
        "bool": 12,
        "bfloat16": 13,
        "uint16": 28,
        "float8_e4m3fn": 29,
        "float8_e5m2": 30,
        "float8_e4m3fnuz": 31,
        "float8_e5m2fnuz": 32,
        "float8_e8m0fnu": 33,
        "uint32": 34,
        "uint64": 35,
    }.items()
    if hasattr(torch, name)
}
LAYOUTS = {
    torch.sparse_coo: 1,
    torch.sparse_csr: 2,
    torch.sparse_csc: 3,
    torch.sparse_bsr: 4,
    torch.sparse_bsc: 5,
    torch.strided: 7,
}
MEMORY_FORMATS = {
    torch.contiguous_format: 1,
    torch.channels_last: 2,
    torch.channels_last_3d: 3,
    torch.preserve_format: 4,
}
EMPTY_LISTS = {
    "bool": "as_bools",
    "int": "as_ints",
    "SymInt": "as_ints",
    "float": "as_floats",
    "number": "as_floats",
    "str": "as_strings",
}


def document(
    graph: dict,
    signature: dict,
    extra: dict,
    ranges: dict | None = None,
    module_paths: list[str] = (),
    out_spec: str | None = None,
) -> bytes:
    """The whole file: the graph, its signature, and Netloom's own key beside them."""
    outer = {"inputs": [], "outputs": [], "in_spec": "", "out_spec": out_spec} if out_spec else None
    program = {
        "graph_module": {
            "graph": graph,
            "signature": signature,
            "module_call_graph": [
                {"fqn": path, "signature": outer if path == "" else None} for path in module_paths
            ],
            "metadata": {},
            "treespec_namedtuple_fields": {},
        },
        "opset_version": {"aten": 10},
        "range_constraints": ranges or {},
        "schema_version": {"major": MAJOR, "minor": MINOR},
        "verifiers": ["TRAINING"],
        "torch_version": str(torch.__version__),
        "netloom": extra,
    }
    return json.dumps(program, separators=(",", ":"), allow_nan=False).encode()


def graph(
    inputs: list,
    outputs: list,
    nodes: list,
    tensors: dict,
    sym_ints: dict | None = None,
    single: bool = False,
) -> dict:
    """A graph of the schema; a branch of a condition is one too."""
    return {
        "inputs": inputs,
        "outputs": outputs,
        "nodes": nodes,
        "tensor_values": tensors,
        "sym_int_values": sym_ints or {},
        "sym_bool_values": {},
        "is_single_tensor_return": single,
        "custom_obj_values": {},
        "sym_float_values": {},
    }


def tensor_meta(t: torch.Tensor, requires_grad: bool | None = None, device: str | None = None) -> dict:
    """Type, sizes and place of a tensor; the bytes are not looked at."""
    return {
        "dtype": SCALAR_TYPES.get(t.dtype, 0),
        "sizes": [size(s) for s in t.shape],
        "requires_grad": t.requires_grad if requires_grad is None else requires_grad,
        "device": {"type": device or t.device.type, "index": None},
        "strides": strides(t),
        "storage_offset": {"as_int": 0},
        "layout": LAYOUTS.get(t.layout, 0),
    }


def strides(t: torch.Tensor) -> list:
    """The strides of a tensor, or none where its layout has none."""
    return [size(s) for s in t.stride()] if t.layout == torch.strided else []


def size(s: Any) -> dict:
    """One length: a number, or an expression of symbols with the value it had in the example."""
    if type(s) is int:
        return {"as_int": s}
    node = getattr(s, "node", None)
    expression = getattr(node, "expr", None)
    if expression is None:
        return {"as_int": int(s)}
    if getattr(expression, "is_number", False):
        return {"as_int": int(expression)}
    hint = getattr(node, "hint", None)
    return {"as_expr": {"expr_str": str(expression), "hint": None if hint is None else {"as_int": int(hint)}}}


def number(v: float) -> float | str:
    """A float as JSON can hold it."""
    if math.isfinite(v):
        return v
    return "NaN" if math.isnan(v) else "Infinity" if v > 0 else "-Infinity"


def argument(v: Any, name_of, type_of=None) -> dict:
    """One value passed to an operator. ``name_of`` gives the reference for a tensor or a traced value, or
    None for what is plain; ``type_of`` gives the type the operator declares, asked for only when a list
    is empty."""
    if v is None:
        return {"as_none": True}
    reference = name_of(v)
    if reference is not None:
        return reference
    kind = type(v)
    if kind is bool:
        return {"as_bool": v}
    if kind is int:
        return {"as_int": v}
    if kind is float:
        return {"as_float": number(v)}
    if kind is str:
        return {"as_string": v}
    if kind is complex:
        return {"as_complex": {"real": number(v.real), "imag": number(v.imag)}}
    if isinstance(v, torch.dtype):
        return {"as_scalar_type": SCALAR_TYPES.get(v, 0)}
    if isinstance(v, torch.device):
        return {"as_device": {"type": v.type, "index": v.index}}
    if isinstance(v, torch.memory_format):
        return {"as_memory_format": MEMORY_FORMATS.get(v, 0)}
    if isinstance(v, torch.layout):
        return {"as_layout": LAYOUTS.get(v, 0)}
    if isinstance(v, (list, tuple)):
        return sequence(v, name_of, type_of)
    if isinstance(v, dict):
        return {"as_string_to_argument": {str(k): argument(x, name_of) for k, x in v.items()}}
    return {"as_string": str(v)}


def sequence(v, name_of, type_of=None) -> dict:
    """A list as the schema has it: of one kind, or of tensors some of which are absent."""
    if not v:
        declared = (
            str(type_of() if type_of else "Tensor").replace("Optional[", "").replace("List[", "").strip("[]")
        )
        return {EMPTY_LISTS.get(declared, "as_tensors"): []}
    references = [None if x is None else name_of(x) for x in v]
    if any(r is not None and "as_tensor" in r for r in references):
        if all(r is not None for r in references):
            return {"as_tensors": [r["as_tensor"] for r in references]}
        return {
            "as_optional_tensors": [
                {"as_none": True} if r is None else {"as_tensor": r["as_tensor"]} for r in references
            ]
        }
    if any(r is not None and "as_sym_int" in r for r in references):
        return {
            "as_sym_ints": [
                r["as_sym_int"] if r is not None else {"as_int": int(x)} for x, r in zip(v, references)
            ]
        }
    kinds = {type(x) for x in v}
    for kind, key in ((bool, "as_bools"), (int, "as_ints"), (str, "as_strings")):
        if kinds == {kind}:
            return {key: list(v)}
    if kinds <= {int, float}:
        return {"as_floats": [number(float(x)) for x in v]}
    if kinds == {type(None)}:
        return {"as_optional_tensors": [{"as_none": True} for _ in v]}
    if all(isinstance(x, (list, tuple)) for x in v):
        if all(type(y) is int for x in v for y in x):
            return {"as_int_lists": [list(x) for x in v]}
        return {"as_strings": [str(list(x)) for x in v]}
    return {"as_strings": [str(x) for x in v]}
