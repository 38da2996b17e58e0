"""Nemotron-3-Diarization: the weights that transformers saves, to ONNX.

Eight mel frames become one of embeddings, and each of the network's last frames
eight of speech again. Between them lies a transformer with rotary positions.
Source: transformers, ``models/nemotron3_diarization``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..graph import Graph, Weights, weight
from ..int8 import with_integer_products
from .layers import (
    HEADS,
    angles,
    attend,
    frame_count,
    gelu,
    layer_count,
    layer_norm,
    linear,
    products,
    split_heads,
    width_of,
)

if TYPE_CHECKING:
    import onnx

VERSION = 2
"""Raised whenever `build` or `with_integers` would give another graph for the same weights."""
GRAPHS = ("embed", "step", "silence")
"""What `build` returns."""

MEL_BANDS = 128
STACK = 8
"""Mel frames in a frame of embeddings, and frames of speech that become of it."""
_THETA = 10_000.0


def build(weights: Weights) -> dict[str, onnx.ModelProto]:
    """The graphs of the network, float32, the number of frames free.

    ``embed``: mel [1, 8 * frames, 128] -> embeddings [1, frames, width]; the caller fills the last eight up with zeros.
    ``step``: embeddings [1, frames, width], every one of them heard -> speech [1, 8 * frames, speakers], 0 to 1.
    ``silence``: nothing -> silence [width], what the network has learnt of it.

    Raises:
        CorruptModelError: a tensor is missing or has the wrong shape.
    """
    width = width_of(weights, "model.audio_tower.layer_norm.weight")
    return {"embed": _embed(weights, width), "step": _step(weights, width), "silence": _silence(weights, width)}


def with_integers(graph: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with its products in 8-bit integers."""
    return with_integer_products(graph)


def _embed(weights: Weights, width: int) -> onnx.ModelProto:
    graph = Graph("nemotron_embed")
    stacked = graph.op("Reshape", graph.input("mel", (1, "mels", MEL_BANDS)), graph.shape(1, -1, STACK * MEL_BANDS))
    x = linear(graph, stacked, weights, "model.audio_tower.embedder.projection", STACK * MEL_BANDS, width)
    return graph.model(x, "embeddings", (1, "frames", width))


def _silence(weights: Weights, width: int) -> onnx.ModelProto:
    graph = Graph("nemotron_silence")
    return graph.model(graph.constant(weight(weights, "silence_embeds", width)), "silence", (width,))


def _step(weights: Weights, width: int) -> onnx.ModelProto:
    graph = Graph("nemotron_step")
    x = graph.input("embeddings", (1, "frames", width))
    turned = _Rotation(graph, x, width // HEADS)
    x = layer_norm(graph, x, weights, "model.audio_tower.input_layer_norm", width)
    prefix = "model.audio_tower.layers."
    for layer in range(layer_count(weights, prefix)):
        x = _layer(graph, x, weights, f"{prefix}{layer}", width, turned)
    x = layer_norm(graph, x, weights, "model.audio_tower.layer_norm", width)
    speech = graph.op("Sigmoid", _head(graph, x, weights, width))
    speakers = len(weight(weights, "classifier.out_proj.bias", None))
    return graph.model(speech, "speech", (1, "rows", speakers))


class _Rotation:
    """Turns each half of a head's numbers against the other by an angle that grows with the frame."""

    def __init__(self, graph: Graph, x: str, size: int) -> None:
        rates = 1 / _THETA ** (np.arange(0, size, 2, dtype=np.float32) / size)
        turn = angles(graph, graph.constant(0, np.int64), frame_count(graph, x), 1, rates)
        both = graph.op("Concat", turn, turn, axis=-1)
        self._graph, self._half, self._size = graph, size // 2, size
        self._cos, self._sin = graph.op("Cos", both), graph.op("Sin", both)

    def __call__(self, x: str) -> str:
        """[batch, heads, frames, size], turned."""
        graph, last = self._graph, self._graph.shape(-1)
        first = graph.op("Slice", x, graph.shape(0), graph.shape(self._half), last)
        second = graph.op("Slice", x, graph.shape(self._half), graph.shape(self._size), last)
        crossed = graph.op("Concat", graph.op("Neg", second), first, axis=-1)
        return graph.op("Add", graph.op("Mul", x, self._cos), graph.op("Mul", crossed, self._sin))


def _layer(graph: Graph, x: str, weights: Weights, name: str, width: int, turned: _Rotation) -> str:
    heard = layer_norm(graph, x, weights, f"{name}.layer_norm1", width)
    queries, keys, values = (
        split_heads(graph, linear(graph, heard, weights, f"{name}.self_attn.{what}_proj", width, width), width)
        for what in "qkv"
    )
    scale = graph.constant((width // HEADS) ** -0.5)
    scores = graph.op("Mul", products(graph, turned(queries), turned(keys)), scale)
    mixed = attend(graph, scores, values, width)
    x = graph.op("Add", x, linear(graph, mixed, weights, f"{name}.self_attn.o_proj", width, width))
    inner = len(weight(weights, f"{name}.mlp.fc1.bias", None))
    heard = layer_norm(graph, x, weights, f"{name}.layer_norm2", width)
    wide = gelu(graph, linear(graph, heard, weights, f"{name}.mlp.fc1", width, inner))
    return graph.op("Add", x, linear(graph, wide, weights, f"{name}.mlp.fc2", inner, width))


def _head(graph: Graph, x: str, weights: Weights, width: int) -> str:
    """Eight rows of what each speaker scores for every frame."""
    narrow = len(weight(weights, "model.proj.bias", None))
    x = linear(graph, x, weights, "model.proj", width, narrow)
    kernel = weight(weights, "model.upsampler.conv.weight", STACK * narrow, narrow, 3)
    bias = weight(weights, "model.upsampler.conv.bias", STACK * narrow)
    columns = graph.op("Transpose", x, perm=[0, 2, 1])
    finer = graph.op("Conv", columns, graph.constant(kernel), graph.constant(bias), pads=[1, 1])
    x = graph.op("Reshape", graph.op("Transpose", finer, perm=[0, 2, 1]), graph.shape(1, -1, narrow))
    x = graph.op("Relu", linear(graph, graph.op("Relu", x), weights, "classifier.dense", narrow, narrow))
    return linear(graph, x, weights, "classifier.out_proj", narrow)
