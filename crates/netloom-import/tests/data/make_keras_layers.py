"""Makes keras_layers.json.gz: small Keras models as JSON, with what Keras itself says of them.

Needs keras 3 with any back-end: KERAS_BACKEND=torch python make_keras_layers.py
For each model: its architecture, parameters, trainable parameters, and for each layer by path its class, parameters and the shapes it gives out.
"""

import gzip
import json
import math
from pathlib import Path

import keras
from keras import Input, ops
from keras import layers as L

IMAGE, STEPS, VOLUME = (16, 16, 4), (10, 6), (8, 8, 8, 3)


def chain(shape, *layers, dtype=None):
    return keras.Sequential([Input(shape, dtype=dtype), *layers])


def frame():
    return keras.Sequential([Input((16, 16, 3)), L.Conv2D(4, 3), L.Flatten(), L.Dense(7)])


def functional():
    x, y = Input((10, 16)), Input((7, 16))
    yield "mha", keras.Model([x, y], L.MultiHeadAttention(4, 8, value_dim=6, output_shape=20)(x, y))
    x = Input((10, 16))
    yield "gqa", keras.Model(x, L.GroupQueryAttention(8, 4, 2)(x, x))
    x, y = Input((10, 16)), Input((7, 16))
    yield "attention", keras.Model([x, y], [L.Attention(use_scale=True)([x, y]), L.AdditiveAttention()([x, y, y])])
    x, y = Input((10, 16)), Input((10, 16))
    both = [x, y]
    merges = [L.Add()([x, y, x]), *(m()(both) for m in (L.Subtract, L.Multiply, L.Average, L.Maximum, L.Minimum))]
    merges += [L.Concatenate(axis=1)(both), L.Dot(axes=(1, 1))(both), L.Dot(axes=2, normalize=True)(both)]
    yield "merges", keras.Model(both, merges)
    x, y = Input((10, 16)), Input((None, 16))
    _, h, c = L.LSTM(8, return_state=True, return_sequences=True)(x)
    yield "seq2seq", keras.Model([x, y], L.Dense(5)(L.LSTM(8, return_sequences=True)(y, initial_state=[h, c])))
    shared, a, b = L.Dense(4), Input((3,)), Input((3,))
    yield "shared", keras.Model([a, b], L.Concatenate()([shared(a), shared(b)]))
    x = Input((8, 8, 3))
    y = ops.reshape(ops.relu(x * 2.0 + 1.0), (-1, 64, 3))
    w = ops.matmul(ops.transpose(y, (0, 2, 1)), y)
    g = ops.expand_dims(ops.concatenate([w, w], axis=-1)[:, 0], 1)
    left, right = ops.split(ops.softmax(g), 2, axis=-1)
    more = [ops.mean(w, axis=-1, keepdims=True), ops.stack([w, w], axis=1), ops.max(w, axis=(1, 2)), x[:, ::2, 1:-1, ...]]
    yield "operations", keras.Model(x, [left + right, ops.clip(w, 0, 1) - ops.exp(w) / ops.sqrt(ops.abs(w)), *more])


def models():
    yield "conv1d", chain(STEPS, L.Conv1D(5, 3, padding="causal", dilation_rate=2, activation="relu"))
    yield "conv2d", chain(IMAGE, L.Conv2D(8, (3, 5), strides=2, padding="same", groups=2, activation="gelu"))
    yield "conv3d", chain(VOLUME, L.Conv3D(8, 3, strides=(1, 2, 1), use_bias=False))
    yield "conv1d_transpose", chain(STEPS, L.Conv1DTranspose(5, 2, strides=3))
    yield "conv2d_transpose", chain(IMAGE, L.Conv2DTranspose(5, 3, strides=2, padding="same", output_padding=1))
    yield "depthwise", chain(IMAGE, L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2))
    yield "separable", chain(IMAGE, L.SeparableConv2D(7, 3, padding="same", activation="relu"))
    yield "pools1d", chain(STEPS, L.MaxPooling1D(2), L.AveragePooling1D(3, strides=1, padding="same"), L.GlobalMaxPooling1D())
    yield "pools2d", chain(IMAGE, L.MaxPooling2D(3, 2, "same"), L.GlobalAveragePooling2D(keepdims=True))
    yield "adaptive", chain(IMAGE, L.AdaptiveAveragePooling2D((3, 5)))
    yield "einsum", chain(STEPS, L.EinsumDense("...x,xyz->...yz", output_shape=(4, 8), bias_axes="yz"))
    norms = [L.BatchNormalization(scale=False), L.LayerNormalization(), L.GroupNormalization(2), L.RMSNormalization()]
    norms += [L.UnitNormalization(), L.LayerNormalization(axis=[2, 3], center=False), L.BatchNormalization(axis=1)]
    yield "norms", chain(IMAGE, *norms)
    yield "normalization", chain(STEPS, L.Normalization())
    yield "spectral", chain(IMAGE, L.SpectralNormalization(L.Conv2D(8, 3)))
    yield "recurrent", chain(
        STEPS,
        L.SimpleRNN(5, return_sequences=True),
        L.LSTM(6, return_sequences=True, use_bias=False),
        L.GRU(7, return_sequences=True, reset_after=False),
        L.GRU(4, go_backwards=True),
    )
    both = L.Bidirectional(L.LSTM(5), backward_layer=L.SimpleRNN(5, go_backwards=True))
    yield "bidirectional", chain(STEPS, L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="sum"), both)
    yield "cells", chain(STEPS, L.RNN(L.LSTMCell(5), return_sequences=True), L.RNN([L.GRUCell(4), L.LSTMCell(3)]))
    yield "conv_lstm", chain((5, 8, 8, 3), L.ConvLSTM2D(4, 3, return_sequences=True, padding="same"), L.ConvLSTM2D(6, 3))
    yield "distributed", chain((5, 16, 16, 3), L.TimeDistributed(frame()), L.LSTM(3))
    rates = (L.ReLU(6.0), L.ReLU(negative_slope=0.1), L.LeakyReLU(), L.ELU(), L.PReLU(), L.Softmax(axis=1))
    yield "activations", chain(STEPS, *(L.Activation(a) for a in ("relu6", "hard_silu", "hard_sigmoid", "mish")), *rates)
    yield "reshapes", chain(IMAGE, L.Reshape((8, -1)), L.Permute((2, 1)), L.Flatten(), L.RepeatVector(3), L.Reshape((2, 3, -1)))
    sizes = (L.UpSampling2D(2), L.ZeroPadding2D(((1, 2), (3, 4))), L.Cropping2D(((1, 1), (2, 0))))
    yield "sizes", chain(IMAGE, *sizes, L.UpSampling2D((2, 3), interpolation="bilinear"))
    yield "dropouts", chain(IMAGE, L.Dropout(0.1), L.SpatialDropout2D(0.2), L.GaussianNoise(0.1), L.AlphaDropout(0.1), L.Masking())
    yield "images", chain((32, 32, 3), L.Rescaling(1 / 127.5, offset=-1), L.Resizing(24, 20), L.CenterCrop(16, 16), L.RandomFlip())
    yield "embedding", chain((10,), L.Embedding(100, 16, mask_zero=True), L.LSTM(5), dtype="int32")
    yield "categories", chain((10,), L.CategoryEncoding(7, output_mode="multi_hot"), dtype="int32")
    yield from functional()


def rows(model, prefix=""):
    out = []
    for layer in model.layers:
        shapes = [list(t.shape) for t in keras.tree.flatten(layer.output)]
        out.append([prefix + layer.name, type(layer).__name__, layer.count_params() if layer.built else 0, shapes])
    return out


facts = []
for name, model in models():
    trainable = sum(math.prod(w.shape) for w in model.trainable_weights)
    facts.append({"name": name, "model": json.loads(model.to_json()), "parameters": model.count_params(), "trainable": trainable, "layers": rows(model)})
with open(Path(__file__).with_name("keras_layers.json.gz"), "wb") as f:
    f.write(gzip.compress(json.dumps(facts, separators=(",", ":")).encode(), mtime=0))
