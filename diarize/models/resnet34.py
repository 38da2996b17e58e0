"""WeSpeaker ResNet34 (the speaker embedding of community-1): torch weights to ONNX.

The network is cut where a mask enters, so that the costly trunk runs once and
any number of masks pool from it. Batch normalisations are folded into the
convolutions before them. Source: pyannote.audio 4, ``models/embedding/wespeaker``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .graph import Graph, Weights, conv_norm, pooling_model, weight
from .int8 import measured_ranges, with_integer_convolutions

if TYPE_CHECKING:
    import onnx

VERSION = 2
"""Raised whenever `build` or `with_integers` would give another graph for the same weights."""
GRAPHS = ("trunk", "pooling")
"""What `build` returns."""

MEL_BANDS = 80
DIMENSION = 256
STRIDE = 8
_CHANNELS = 2560
_BLOCKS = (3, 4, 6, 3)


def build(weights: Weights) -> dict[str, onnx.ModelProto]:
    """The graphs of the network, with free batch and time, float32.

    ``trunk``: fbank [batch, frames, 80], its mean over time already removed, ->
    features [batch, 2560, ceil(frames / 8)].
    ``pooling``: features [batch, 2560, T], weights [batch, masks, T] ->
    embeddings [batch, masks, 256]. A mask of zeros gives the bias of the last layer.

    Raises:
        CorruptModelError: a tensor is missing or has the wrong shape.
    """
    projection = weight(weights, "resnet.seg_1.weight", DIMENSION, 2 * _CHANNELS)
    bias = weight(weights, "resnet.seg_1.bias", DIMENSION)
    return {
        "trunk": _trunk(weights),
        "pooling": pooling_model("resnet34_pooling", _CHANNELS, projection.T, bias),
    }


def with_integers(trunk: onnx.ModelProto) -> onnx.ModelProto:
    """The trunk in 8-bit integers; pooling squares and subtracts, which they cannot do well."""
    return with_integer_convolutions(trunk, measured_ranges("resnet34"))


def _trunk(weights: Weights) -> onnx.ModelProto:
    graph = Graph("resnet34_trunk")
    fbank = graph.input("fbank", ("batch", "frames", MEL_BANDS))
    # Time last: it is the long axis, and the one that vector units run along.
    image = graph.op("Unsqueeze", graph.op("Transpose", fbank, perm=[0, 2, 1]), graph.shape(1))
    x = graph.op("Relu", conv_norm(graph, image, weights, "resnet.conv1", "resnet.bn1", pads=[1, 1, 1, 1]))
    for layer, blocks in enumerate(_BLOCKS, start=1):
        for block in range(blocks):
            x = _block(graph, x, weights, f"resnet.layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1)
    features = graph.op("Reshape", x, graph.shape(0, _CHANNELS, -1))
    return graph.model(features, "features", ("batch", _CHANNELS, "features"))


def _block(graph: Graph, x: str, weights: Weights, name: str, stride: int) -> str:
    pads, strides = [1, 1, 1, 1], [stride, stride]
    out = graph.op("Relu", conv_norm(graph, x, weights, f"{name}.conv1", f"{name}.bn1", pads=pads, strides=strides))
    out = conv_norm(graph, out, weights, f"{name}.conv2", f"{name}.bn2", pads=pads)
    if stride > 1:
        x = conv_norm(graph, x, weights, f"{name}.shortcut.0", f"{name}.shortcut.1", strides=strides)
    return graph.op("Relu", graph.op("Add", out, x))
