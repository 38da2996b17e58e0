"""CAM++ (the speaker embedding of the campplus pack): torch weights to ONNX.

A small 2-d convolutional head, then three blocks of densely connected time
delay layers. Each of these multiplies its output by a mask made of the mean
over all frames plus the mean over the frame's own segment of 100 frames. The
mask is constant within a segment, so it is computed once a segment, not once a
frame. Source: 3D-Speaker, ``speakerlab/models/campplus``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .graph import Graph, Weights, conv_norm, norm, pooling_model, weight
from .int8 import measured_ranges, with_integer_convolutions

if TYPE_CHECKING:
    import onnx

VERSION = 3
"""Raised whenever `build` or `with_integers` would give another graph for the same weights."""
GRAPHS = ("trunk", "pooling")
"""What `build` returns."""

MEL_BANDS = 80
DIMENSION = 192
STRIDE = 2
_CHANNELS = 512
_GROWTH = 32
_BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers, dilation
_SEGMENT = 100


def build(weights: Weights) -> dict[str, onnx.ModelProto]:
    """The graphs of the network, with free batch and time, float32.

    ``trunk``: fbank [batch, frames, 80], its mean over time already removed, ->
    features [batch, 512, ceil(frames / 2)].
    ``pooling``: features [batch, 512, T], weights [batch, masks, T] ->
    embeddings [batch, masks, 192]. With weights of one it is the network's own
    pooling; the network knows no weights, so they enter as in pyannote's.

    Raises:
        CorruptModelError: a tensor is missing or has the wrong shape.
    """
    dense = weight(weights, "xvector.dense.linear.weight", DIMENSION, 2 * _CHANNELS, 1)[:, :, 0]
    scale, shift = norm(weights, "xvector.dense.nonlinear.batchnorm", DIMENSION)
    projection = (dense * scale[:, None]).T
    return {
        "trunk": _trunk(weights),
        "pooling": pooling_model("campplus_pooling", _CHANNELS, projection, shift),
    }


def with_integers(trunk: onnx.ModelProto) -> onnx.ModelProto:
    """The trunk in 8-bit integers; pooling squares and subtracts, which they cannot do well."""
    return with_integer_convolutions(trunk, measured_ranges("campplus"))


def _trunk(weights: Weights) -> onnx.ModelProto:
    graph = Graph("campplus_trunk")
    fbank = graph.input("fbank", ("batch", "frames", MEL_BANDS))
    image = graph.op("Unsqueeze", graph.op("Transpose", fbank, perm=[0, 2, 1]), graph.shape(1))
    # From here on images of height one: ONNX Runtime's 2-d kernels are faster than its 1-d ones.
    x = graph.op("Reshape", _head(graph, image, weights), graph.shape(0, 320, 1, -1))
    name = "xvector.tdnn"
    x = conv_norm(graph, x, weights, f"{name}.linear", f"{name}.nonlinear.batchnorm", strides=[1, 2], pads=[0, 2, 0, 2])
    x = graph.op("Relu", x)
    segments = _Segments(graph, x)
    channels = 128
    for number, (layers, dilation) in enumerate(_BLOCKS, start=1):
        for layer in range(1, layers + 1):
            name = f"xvector.block{number}.tdnnd{layer}"
            grown = _layer(graph, x, weights, name, channels, dilation=dilation, segments=segments)
            x = graph.op("Concat", x, grown, axis=1)
            channels += _GROWTH
        x = _transit(graph, x, weights, f"xvector.transit{number}", channels)
        channels //= 2
    x = _norm_relu(graph, x, weights, "xvector.out_nonlinear.batchnorm", channels)
    x = graph.op("Squeeze", x, graph.shape(2))
    return graph.model(x, "features", ("batch", _CHANNELS, "features"))


def _head(graph: Graph, image: str, weights: Weights) -> str:
    """The 2-d part, [batch, 1, 80, frames] -> [batch, 32, 10, frames]; strides are along frequency."""
    pads = [1, 1, 1, 1]
    x = graph.op("Relu", conv_norm(graph, image, weights, "head.conv1", "head.bn1", pads=pads))
    for layer in (1, 2):
        for block, stride in ((0, 2), (1, 1)):
            x = _residual(graph, x, weights, f"head.layer{layer}.{block}", stride)
    return graph.op("Relu", conv_norm(graph, x, weights, "head.conv2", "head.bn2", pads=pads, strides=[2, 1]))


def _residual(graph: Graph, x: str, weights: Weights, name: str, stride: int) -> str:
    pads, strides = [1, 1, 1, 1], [stride, 1]
    out = conv_norm(graph, x, weights, f"{name}.conv1", f"{name}.bn1", pads=pads, strides=strides)
    out = conv_norm(graph, graph.op("Relu", out), weights, f"{name}.conv2", f"{name}.bn2", pads=pads)
    if stride > 1:
        x = conv_norm(graph, x, weights, f"{name}.shortcut.0", f"{name}.shortcut.1", strides=strides)
    return graph.op("Relu", graph.op("Add", out, x))


class _Segments:
    """Two matrices for any number of frames T, in n = ceil(T / 100) segments.

    means: [T, n], so that ``x @ means`` is the mean of x over all frames plus
    its mean over each segment (the last one may be short).
    members: [n, T], one where a frame belongs to a segment, so that
    ``y @ members`` repeats each column of y over its segment's frames.
    """

    def __init__(self, graph: Graph, x: str) -> None:
        frames = graph.op("Gather", graph.op("Shape", x), graph.constant(3, np.int64))
        zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
        own = graph.op("Div", graph.op("Range", zero, frames, one), graph.constant(_SEGMENT, np.int64))
        filled = graph.op("Add", frames, graph.constant(_SEGMENT - 1, np.int64))
        numbers = graph.op("Range", zero, graph.op("Div", filled, graph.constant(_SEGMENT, np.int64)), one)
        equal = graph.op("Equal", graph.op("Unsqueeze", numbers, graph.shape(1)), own)
        self.members = graph.op("Cast", equal, to=graph.float32)
        sizes = graph.op("ReduceSum", self.members, graph.shape(1), keepdims=1)
        local = graph.op("Div", self.members, sizes)
        overall = graph.op("Reciprocal", graph.op("Cast", frames, to=graph.float32))
        self.means = graph.op("Transpose", graph.op("Add", local, overall), perm=[1, 0])


def _layer(
    graph: Graph, x: str, weights: Weights, name: str, channels: int, *, dilation: int, segments: _Segments
) -> str:
    x = _norm_relu(graph, x, weights, f"{name}.nonlinear1.batchnorm", channels)
    x = graph.op("Relu", conv_norm(graph, x, weights, f"{name}.linear1", f"{name}.nonlinear2.batchnorm"))
    cam = f"{name}.cam_layer"
    kernel = graph.constant(weight(weights, f"{cam}.linear_local.weight", _GROWTH, 128, 3)[:, :, None])
    local = graph.op("Conv", x, kernel, dilations=[1, dilation], pads=[0, dilation, 0, dilation])
    context = graph.op("MatMul", x, segments.means)
    context = graph.op("Relu", _pointwise(graph, context, weights, f"{cam}.linear1"))
    mask = graph.op("Sigmoid", _pointwise(graph, context, weights, f"{cam}.linear2"))
    return graph.op("Mul", local, graph.op("MatMul", mask, segments.members))


def _pointwise(graph: Graph, x: str, weights: Weights, name: str) -> str:
    """A convolution of one tap, with its bias if it has one."""
    kernel = weight(weights, f"{name}.weight", None, None, 1)
    inputs = [graph.constant(kernel[:, :, None])]
    if f"{name}.bias" in weights:
        inputs.append(graph.constant(weight(weights, f"{name}.bias", kernel.shape[0])))
    return graph.op("Conv", x, *inputs)


def _norm_relu(graph: Graph, x: str, weights: Weights, name: str, channels: int) -> str:
    scale, shift = norm(weights, name, channels)
    still = (graph.constant(np.zeros(channels)), graph.constant(np.ones(channels)))
    return graph.op(
        "Relu", graph.op("BatchNormalization", x, graph.constant(scale), graph.constant(shift), *still, epsilon=0.0)
    )


def _transit(graph: Graph, x: str, weights: Weights, name: str, channels: int) -> str:
    x = _norm_relu(graph, x, weights, f"{name}.nonlinear.batchnorm", channels)
    return _pointwise(graph, x, weights, f"{name}.linear")
