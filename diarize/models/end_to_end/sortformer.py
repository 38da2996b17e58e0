"""Streaming Sortformer (NeMo's v2 and v2.1, Audar's with eight speakers): torch weights to ONNX.

Mel frames are thinned out eightfold by convolutions. A FastConformer with
relative positions hears them, then a transformer without positions, and one
number a speaker says how surely each speaks. Source: NeMo,
``SortformerEncLabelModel`` with its ``ConformerEncoder``, ``TransformerEncoder``
and ``SortformerModules``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....fusion.errors import CorruptModelError
from ..graph import Graph, Weights, norm, weight
from ..int8 import with_integer_products
from .layers import (
    HEADS,
    angles,
    attend,
    frame_count,
    layer_count,
    layer_norm,
    linear,
    products,
    split_heads,
    swish,
    width_of,
)

if TYPE_CHECKING:
    import onnx

VERSION = 3
"""Raised whenever `build` or `with_integers` would give another graph for the same weights."""
GRAPHS = ("embed", "step")
"""What `build` returns."""

MEL_BANDS = 128
_SLOWEST = 10_000.0


def build(weights: Weights) -> dict[str, onnx.ModelProto]:
    """The graphs of the network, float32, the number of frames free.

    ``embed``: mel [1, mels, 128] -> embeddings [1, ceil(mels / 8), width].
    ``step``: embeddings [1, frames, width], every one of them heard -> speech [1, frames, speakers], 0 to 1.

    Raises:
        CorruptModelError: a tensor is missing or has the wrong shape.
    """
    width = width_of(weights, "encoder.pre_encode.out.bias")
    return {"embed": _embed(weights, width), "step": _step(weights, width)}


def with_integers(graph: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with its products in 8-bit integers."""
    return with_integer_products(graph)


def _embed(weights: Weights, width: int) -> onnx.ModelProto:
    graph = Graph("sortformer_embed")
    image = graph.op("Unsqueeze", graph.input("mel", (1, "mels", MEL_BANDS)), graph.shape(1))
    name = "encoder.pre_encode.conv"
    channels = len(weight(weights, f"{name}.0.bias", None))
    x = graph.op("Relu", _thinned(graph, image, weights, f"{name}.0", channels))
    for depthwise, pointwise in ((2, 3), (5, 6)):
        x = _thinned(graph, x, weights, f"{name}.{depthwise}", channels, apart=True)
        x = graph.op("Relu", _convolved(graph, x, weights, f"{name}.{pointwise}", (channels, channels, 1, 1)))
    inputs = channels * MEL_BANDS // 8
    x = graph.op("Reshape", graph.op("Transpose", x, perm=[0, 2, 1, 3]), graph.shape(1, -1, inputs))
    x = linear(graph, x, weights, "encoder.pre_encode.out", inputs, width)
    return graph.model(x, "embeddings", (1, "frames", width))


def _thinned(graph: Graph, x: str, weights: Weights, name: str, channels: int, *, apart: bool = False) -> str:
    """Every second frame and band; `apart`: each channel by itself."""
    shape, groups = (channels, 1, 3, 3), channels if apart else 1
    return _convolved(graph, x, weights, name, shape, strides=[2, 2], pads=[1, 1, 1, 1], group=groups)


def _convolved(
    graph: Graph, x: str, weights: Weights, name: str, shape: tuple[int, int, int, int], **attributes: object
) -> str:
    kernel, bias = weight(weights, f"{name}.weight", *shape), weight(weights, f"{name}.bias", shape[0])
    return graph.op("Conv", x, graph.constant(kernel), graph.constant(bias), **attributes)


def _step(weights: Weights, width: int) -> onnx.ModelProto:
    graph = Graph("sortformer_step")
    x = graph.input("embeddings", (1, "frames", width))
    distances = _Distances(graph, x, width)
    x = graph.op("Mul", x, graph.constant(np.sqrt(width)))
    for layer in range(layer_count(weights, "encoder.layers.")):
        x = _conformer(graph, x, weights, f"encoder.layers.{layer}", width, distances)
    narrow = width_of(weights, "sortformer_modules.encoder_proj.bias")
    x = linear(graph, x, weights, "sortformer_modules.encoder_proj", width, narrow)
    for layer in range(layer_count(weights, "transformer_encoder.layers.")):
        x = _transformer(graph, x, weights, f"transformer_encoder.layers.{layer}", narrow)
    x = linear(graph, graph.op("Relu", x), weights, "sortformer_modules.first_hidden_to_hidden", narrow, narrow)
    x = linear(graph, graph.op("Relu", x), weights, "sortformer_modules.single_hidden_to_spks", narrow)
    speakers = len(weight(weights, "sortformer_modules.single_hidden_to_spks.bias", None))
    return graph.model(graph.op("Sigmoid", x), "speech", (1, "frames", speakers))


class _Distances:
    """How far frames lie apart, as waves: [1, 2 * frames - 1, width], from the farthest before to the farthest behind.

    With them attention knows for each pair of frames their distance alone.
    """

    def __init__(self, graph: Graph, x: str, width: int) -> None:
        self._graph, one = graph, graph.constant(1, np.int64)
        self._frames = frame_count(graph, x)
        exponents = np.arange(0, width, 2, dtype=np.float32) * np.float32(-np.log(_SLOWEST) / width)
        rates = np.exp(exponents.astype(np.float64))  # of float32, as theirs are; numpy's own exp of them is coarser
        farthest = graph.op("Sub", self._frames, one)
        turns = angles(graph, farthest, graph.op("Neg", self._frames), -1, rates)
        pair = [graph.op("Unsqueeze", graph.op(wave, turns), graph.shape(-1)) for wave in ("Sin", "Cos")]
        self.waves = graph.op("Reshape", graph.op("Concat", *pair, axis=-1), graph.shape(1, -1, width))
        frames = graph.op("Unsqueeze", self._frames, graph.shape(0))
        every = graph.op("Sub", graph.op("Mul", frames, graph.shape(2)), graph.shape(1))
        self._shape = graph.op("Concat", graph.shape(1, HEADS), frames, every, axis=0)
        self._ends = frames

    def by_pair(self, scores: str) -> str:
        """Scores by frame and distance [1, heads, frames, 2 * frames - 1] -> by pairs [1, heads, frames, frames].

        Each row begins one distance later than the one below it: with a column more, a new line of the memory does so.
        """
        graph = self._graph
        padded = graph.op("Pad", scores, graph.shape(0, 0, 0, 1, 0, 0, 0, 0))
        line = graph.op("Reshape", padded, graph.shape(0, 0, -1))
        rest = graph.op("Slice", line, self._ends, graph.shape(np.iinfo(np.int64).max), graph.shape(-1))
        return graph.op("Slice", graph.op("Reshape", rest, self._shape), graph.shape(0), self._ends, graph.shape(-1))


def _conformer(graph: Graph, x: str, weights: Weights, name: str, width: int, distances: _Distances) -> str:
    """Half a feed-forward, attention, convolution, half a feed-forward, each added to what came in."""
    x = graph.op("Add", x, _half_forward(graph, x, weights, name, 1, width))
    heard = layer_norm(graph, x, weights, f"{name}.norm_self_att", width)
    x = graph.op("Add", x, _attention(graph, heard, weights, f"{name}.self_attn", width, distances))
    heard = layer_norm(graph, x, weights, f"{name}.norm_conv", width)
    x = graph.op("Add", x, _convolution(graph, heard, weights, f"{name}.conv", width))
    x = graph.op("Add", x, _half_forward(graph, x, weights, name, 2, width))
    return layer_norm(graph, x, weights, f"{name}.norm_out", width)


def _half_forward(graph: Graph, x: str, weights: Weights, name: str, number: int, width: int) -> str:
    forward = f"{name}.feed_forward{number}"
    inner = len(weight(weights, f"{forward}.linear1.weight", None, width))
    heard = layer_norm(graph, x, weights, f"{name}.norm_feed_forward{number}", width)
    wide = swish(graph, linear(graph, heard, weights, f"{forward}.linear1", width, inner))
    return graph.op("Mul", linear(graph, wide, weights, f"{forward}.linear2", inner, width), graph.constant(0.5))


def _attention(graph: Graph, x: str, weights: Weights, name: str, width: int, distances: _Distances) -> str:
    """By what frames hold and by how far they lie apart, as Transformer-XL has it."""
    size = width // HEADS
    queries, keys, values = (
        split_heads(graph, linear(graph, x, weights, f"{name}.linear_{what}", width, width), width) for what in "qkv"
    )
    apart = split_heads(graph, linear(graph, distances.waves, weights, f"{name}.linear_pos", width, width), width)
    to_content, to_distance = (
        graph.op("Add", queries, graph.constant(weight(weights, f"{name}.pos_bias_{which}", HEADS, size)[:, None]))
        for which in "uv"
    )
    scores = graph.op("Add", products(graph, to_content, keys), distances.by_pair(products(graph, to_distance, apart)))
    mixed = attend(graph, graph.op("Mul", scores, graph.constant(size**-0.5)), values, width)
    return linear(graph, mixed, weights, f"{name}.linear_out", width, width)


def _convolution(graph: Graph, x: str, weights: Weights, name: str, width: int) -> str:
    """Gated, then along time with each channel by itself, its batch normalisation folded in."""
    columns = graph.op("Transpose", x, perm=[0, 2, 1])
    both = _along_time(graph, columns, weights, f"{name}.pointwise_conv1", width, 2 * width)
    first = graph.op("Slice", both, graph.shape(0), graph.shape(width), graph.shape(1))
    second = graph.op("Slice", both, graph.shape(width), graph.shape(2 * width), graph.shape(1))
    gated = graph.op("Mul", first, graph.op("Sigmoid", second))
    kernel = weight(weights, f"{name}.depthwise_conv.weight", width, 1, None)
    scale, shift = norm(weights, f"{name}.batch_norm", width)
    if f"{name}.depthwise_conv.bias" in weights:
        shift = shift + scale * weight(weights, f"{name}.depthwise_conv.bias", width)
    reach, even = divmod(kernel.shape[-1] - 1, 2)
    if even:
        raise CorruptModelError(f"The checkpoint's tensor '{name}.depthwise_conv.weight' reaches to no middle frame.")
    folded = graph.constant(kernel * scale[:, None, None])
    mixed = swish(graph, graph.op("Conv", gated, folded, graph.constant(shift), group=width, pads=[reach, reach]))
    columns = _along_time(graph, mixed, weights, f"{name}.pointwise_conv2", width, width)
    return graph.op("Transpose", columns, perm=[0, 2, 1])


def _along_time(graph: Graph, columns: str, weights: Weights, name: str, inputs: int, outputs: int) -> str:
    """A convolution of one tap over [batch, channels, frames]."""
    given = [graph.constant(weight(weights, f"{name}.weight", outputs, inputs, 1))]
    if f"{name}.bias" in weights:
        given.append(graph.constant(weight(weights, f"{name}.bias", outputs)))
    return graph.op("Conv", columns, *given)


def _transformer(graph: Graph, x: str, weights: Weights, name: str, width: int) -> str:
    """Attention and a feed-forward, each added to what came in and then normalised."""
    attention = f"{name}.first_sub_layer"
    queries, keys, values = (
        split_heads(graph, linear(graph, x, weights, f"{attention}.{what}_net", width, width), width)
        for what in ("query", "key", "value")
    )
    scores = graph.op("Mul", products(graph, queries, keys), graph.constant((width // HEADS) ** -0.5))
    mixed = attend(graph, scores, values, width)
    x = graph.op("Add", x, linear(graph, mixed, weights, f"{attention}.out_projection", width, width))
    x = layer_norm(graph, x, weights, f"{name}.layer_norm_1", width)
    inner = len(weight(weights, f"{name}.second_sub_layer.dense_in.bias", None))
    wide = graph.op("Relu", linear(graph, x, weights, f"{name}.second_sub_layer.dense_in", width, inner))
    x = graph.op("Add", x, linear(graph, wide, weights, f"{name}.second_sub_layer.dense_out", inner, width))
    return layer_norm(graph, x, weights, f"{name}.layer_norm_2", width)
