"""Writes cnn_qdq.onnx: examples/cnn.loom as post-training quantisation leaves it, without the numbers of its weights.

Every activation passes a QuantizeLinear and a DequantizeLinear; weights are stored as int8 and biases as int32 behind a
DequantizeLinear; ReLUs are gone, as clipping to the quantised range does their work. Needs the onnx package.
"""
import pathlib

import onnx
from onnx import TensorProto, helper

nodes, stored = [], []


def weight(name, dims, dtype):
    tensor = onnx.TensorProto(name=f"{name}_quantized", data_type=dtype, dims=dims)
    # The shape is what counts here; the numbers are in a file that does not exist.
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="no_weights.bin")
    stored.append(tensor)
    nodes.append(helper.make_node("DequantizeLinear", [tensor.name, "scale", "zero" if dtype == TensorProto.INT8 else "zero32"], [name]))
    return name


def rounded(name):
    nodes.append(helper.make_node("QuantizeLinear", [name, "scale", "zero"], [f"{name}_q"]))
    nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", "scale", "zero"], [f"{name}_dq"]))
    return f"{name}_dq"


def op(kind, inputs, name, **settings):
    nodes.append(helper.make_node(kind, inputs, [name], name=name, **settings))
    return rounded(name) if name != "scores" else name


def conv(at, name, before, after):
    parts = [at, weight(f"{name}.weight", [after, before, 3, 3], TensorProto.INT8), weight(f"{name}.bias", [after], TensorProto.INT32)]
    return op("Conv", parts, name, pads=[1, 1, 1, 1], kernel_shape=[3, 3])


def linear(at, name, before, after):
    parts = [at, weight(f"{name}.weight", [after, before], TensorProto.INT8), weight(f"{name}.bias", [after], TensorProto.INT32)]
    return op("Gemm", parts, name, transB=1)


def pool(at, name):
    nodes.append(helper.make_node("MaxPool", [at], [name], name=name, kernel_shape=[2, 2], strides=[2, 2]))
    return name


at = rounded("image")
at = pool(conv(at, "conv1", 3, 32), "pool1")
at = conv(at, "conv2", 32, 64)
at = rounded(pool(conv(at, "conv3", 64, 64), "pool3"))
nodes.append(helper.make_node("Flatten", [at], ["flat"]))
at = linear("flat", "fc1", 4096, 128)
linear(at, "scores", 128, 10)

stored.append(helper.make_tensor("scale", TensorProto.FLOAT, [], [0.05]))
stored.append(helper.make_tensor("zero", TensorProto.INT8, [], [0]))
stored.append(helper.make_tensor("zero32", TensorProto.INT32, [], [0]))
graph = helper.make_graph(
    nodes,
    "cnn",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 32, 32])],
    [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 10])],
    stored,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="cnn_qdq.py")
model.ir_version = 8
pathlib.Path(__file__).with_suffix(".onnx").write_bytes(model.SerializeToString())
