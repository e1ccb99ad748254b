"""Writes onnx_backend.bin.gz: the operator test models of the PyPI package `onnx`, and what its shape inference knows.

    python make_onnx_backend.py            # needs onnx (made with 1.23.2) and numpy

Each model loses its declared output types and every value_info, in sub-graphs and functions too; types of inputs stay.
Stored numbers that no shape depends on (floating-point tensors of more than 64 elements, any of more than 4 096) are
overwritten with zeros of the same length, so that they compress. Then `onnx.shape_inference.infer_shapes` runs with
data propagation on exactly the bytes that are stored here.

Where the package has inputs for a case, its reference evaluator runs the model as shipped, and the types of the real
results, of every value of the main graph that it can tell, are written too.

The file, before gzip: for each case, `name`, `model`, `answer`, `results`, each a little-endian u32 length and that
many bytes.
The answer is text, one line per value whose type was inferred: scope, tab, name, tab, type. The scope is empty for
the main graph, else a path of `first output of the owner` `:` `attribute`, joined by `/`. A type is written
`float32[1,n,?]`, `float32` when the rank is unknown, or `seq(..)`, `optional(..)`, `sparse(..)`, `map(key,..)`;
dimensions that the inference named itself (`unk__0`) are `?`. The results are lines of name, tab, type.
"""

import gzip
import pathlib
import struct
import sys
import warnings

import numpy
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

warnings.filterwarnings("ignore")

FLOATS = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16}
NAMES = {"float": "float32", "double": "float64", "float8e4m3fn": "float8e4m3fn"}


def elements(tensor):
    count = 1
    for d in tensor.dims:
        count *= d
    return count


def blank(tensor):
    """Overwrites numbers that no shape depends on."""
    limit = 64 if tensor.data_type in FLOATS else 4096
    if elements(tensor) <= limit:
        return
    if tensor.HasField("raw_data"):
        tensor.raw_data = bytes(len(tensor.raw_data))
    for field in ("float_data", "double_data", "int32_data", "int64_data", "uint64_data"):
        numbers = getattr(tensor, field)
        if len(numbers):
            zeros = [0] * len(numbers)
            del numbers[:]
            numbers.extend(zeros)


def strip_nodes(nodes):
    for node in nodes:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.TENSOR:
                blank(attribute.t)
            if attribute.type == AttributeProto.GRAPH:
                strip(attribute.g)
            for graph in attribute.graphs:
                strip(graph)


def strip(graph):
    del graph.value_info[:]
    for output in graph.output:
        output.ClearField("type")
    for tensor in graph.initializer:
        blank(tensor)
    strip_nodes(graph.node)


def dtype(number):
    name = TensorProto.DataType.Name(number).lower()
    return NAMES.get(name, name)


def shown(ty):
    kind = ty.WhichOneof("value")
    if kind in ("tensor_type", "sparse_tensor_type"):
        tensor = getattr(ty, kind)
        text = dtype(tensor.elem_type) if tensor.elem_type else "?"
        if tensor.HasField("shape"):
            dims = []
            for d in tensor.shape.dim:
                which = d.WhichOneof("value")
                if which == "dim_value":
                    dims.append(str(d.dim_value))
                elif which == "dim_param" and d.dim_param and not d.dim_param.startswith("unk__"):
                    dims.append(d.dim_param)
                else:
                    dims.append("?")
            text += "[" + ",".join(dims) + "]"
        return f"sparse({text})" if kind == "sparse_tensor_type" else text
    if kind == "sequence_type":
        return f"seq({shown(ty.sequence_type.elem_type)})"
    if kind == "optional_type":
        return f"optional({shown(ty.optional_type.elem_type)})"
    if kind == "map_type":
        return f"map({dtype(ty.map_type.key_type)},{shown(ty.map_type.value_type)})"
    return None


def answers(graph, scope, lines):
    """Types of the values that nodes make, in this graph and below."""
    made = {o for n in graph.node for o in n.output if o}
    for value in list(graph.value_info) + list(graph.output):
        if value.name in made and value.HasField("type"):
            text = shown(value.type)
            if text and text != "?":
                lines.append(f"{scope}\t{value.name}\t{text}")
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                owner = next((o for o in node.output if o), "")
                inner = f"{owner}:{attribute.name}"
                answers(attribute.g, f"{scope}/{inner}" if scope else inner, lines)


def type_of(value):
    """The type of a real result; None for what the evaluator holds in a form of its own."""
    if not isinstance(value, numpy.ndarray):
        return None
    kind = TensorProto.STRING if value.dtype.kind in "OUS" else helper.np_dtype_to_tensor_dtype(value.dtype)
    return dtype(kind) + "[" + ",".join(str(d) for d in value.shape) + "]"


def run(model, data_sets):
    """Types of the results of the main graph's nodes when the model runs on the inputs that come with it."""
    if not data_sets:
        return {}
    inputs, outputs = data_sets[0]
    names = [i.name for i in model.graph.input]
    stored = {t.name for t in model.graph.initializer}
    feeds = dict(zip([n for n in names if n not in stored] if len(inputs) < len(names) else names, inputs))
    found = {o.name: type_of(v) for o, v in zip(model.graph.output, outputs)}
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    have = {o.name for o in model.graph.output}
    for node in model.graph.node:
        for name in node.output:
            if name and name not in have:
                open_model.graph.output.append(onnx.ValueInfoProto(name=name))
                have.add(name)
    try:
        evaluator = ReferenceEvaluator(open_model)
        for name, value in zip(evaluator.output_names, evaluator.run(None, feeds)):
            found.setdefault(name, type_of(value))
    except Exception:  # the evaluator does not know every operator; the shipped outputs remain
        pass
    return {name: text for name, text in found.items() if text}


def stored_data(folder):
    """The first data set beside a shipped model."""
    folder = folder / "test_data_set_0"
    if not folder.is_dir():
        return []
    def tensors(kind):
        files = sorted(folder.glob(f"{kind}_*.pb"), key=lambda f: int(f.stem.split("_")[1]))
        return [numpy_helper.to_array(onnx.load_tensor(f)) for f in files]
    try:
        return [(tensors("input"), tensors("output"))]
    except Exception:  # sequences and optionals are stored as other messages
        return []


def cases():
    from onnx.backend.test.case.node import collect_testcases

    yield from ((f"node/{c.name}", c.model, c.data_sets) for c in collect_testcases(None))
    data = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"
    for path in sorted(data.rglob("*.onnx")):
        name = path.relative_to(data).with_suffix("").as_posix().removesuffix("/model")
        yield name, onnx.load(path, load_external_data=False), stored_data(path.parent)


def main():
    out = bytearray()
    count = values = ran = 0
    for name, model, data_sets in sorted(cases(), key=lambda c: c[0]):
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        strip(copy.graph)
        for function in copy.functions:
            del function.value_info[:]
            strip_nodes(function.node)
        stored = copy.SerializeToString(deterministic=True)
        try:
            inferred = onnx.shape_inference.infer_shapes(copy, check_type=False, strict_mode=False, data_prop=True)
        except Exception as error:  # what it cannot answer, it does not answer
            print(f"{name}: {error}", file=sys.stderr)
            inferred = copy
        lines = []
        answers(inferred.graph, "", lines)
        lines = sorted(set(lines))
        results = sorted(f"{value}\t{text}" for value, text in run(model, data_sets).items())
        count, values, ran = count + 1, values + len(lines), ran + len(results)
        for part in (name.encode(), stored, "\n".join(lines).encode(), "\n".join(results).encode()):
            out += struct.pack("<I", len(part)) + part
    target = pathlib.Path(__file__).with_name("onnx_backend.bin.gz")
    target.write_bytes(gzip.compress(bytes(out), 9, mtime=0))
    print(f"{count} cases, {values} values, {ran} results, {len(out)} bytes, {target.stat().st_size} compressed")


if __name__ == "__main__":
    main()
