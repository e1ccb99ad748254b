"""Writes the seeds in `onnx/`: a spread of the operator test models of the PyPI package `onnx`, smallest first, one per
operator, none above 1 KiB; and a network with bodies and a function. The seeds `bad_*` come from the model corpus.

    python make_onnx.py            # needs onnx (made with 1.23.2) and numpy
"""

import pathlib
import warnings

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).parent / "onnx"
LIMIT = 1024


def backend():
    best = {}
    for case in collect_testcases(None):
        if case.model is None:
            continue
        data = case.model.SerializeToString()
        op = case.model.graph.node[-1].op_type
        if len(data) <= LIMIT and (op not in best or len(data) < len(best[op])):
            best[op] = data
    return best


def network():
    f32 = TensorProto.FLOAT
    value = lambda name, shape: helper.make_tensor_value_info(name, f32, shape)
    weight = numpy_helper.from_array(np.zeros((4, 3, 3, 3), np.float32), "layer1.0.conv1.weight")
    shape = numpy_helper.from_array(np.array([0, -1], np.int64), "shape")
    then = helper.make_graph([helper.make_node("Neg", ["b"], ["t"])], "then", [], [value("t", None)])
    other = helper.make_graph([helper.make_node("F", ["b"], ["e"], domain="my", slope=0.5)], "else", [], [value("e", None)])
    body = helper.make_graph(
        [helper.make_node("Identity", ["k"], ["k2"]), helper.make_node("Add", ["s", "b"], ["s2"])],
        "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("k", TensorProto.BOOL, []),
         value("s", None)],
        [helper.make_tensor_value_info("k2", TensorProto.BOOL, []), value("s2", None)],
    )
    leaky = helper.make_node("LeakyRelu", ["a"], ["r"])
    leaky.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    function = helper.make_function("my", "F", ["a"], ["r"], [leaky], [helper.make_opsetid("", 17)], ["slope"])
    nodes = [
        helper.make_node("Conv", ["x", "layer1.0.conv1.weight"], ["a"], "/layer1/layer1.0/conv1/Conv", pads=[1, 1, 1, 1]),
        helper.make_node("Reshape", ["a", "shape"], ["b"], "/layer1/layer1.0/Reshape"),
        helper.make_node("If", ["c"], ["d"], "/If", then_branch=then, else_branch=other),
        helper.make_node("Loop", ["", "c", "d"], ["y"], "/Loop", body=body),
    ]
    graph = helper.make_graph(
        nodes, "net", [value("x", ["batch", 3, 8, 8]), helper.make_tensor_value_info("c", TensorProto.BOOL, [])],
        [value("y", None)], [weight, shape],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("my", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=[function], ir_version=8).SerializeToString()


OUT.mkdir(exist_ok=True)
for old in OUT.glob("op_*.onnx"):
    old.unlink()
(OUT / "network.onnx").write_bytes(network())
for op, data in backend().items():
    (OUT / f"op_{op}.onnx").write_bytes(data)
