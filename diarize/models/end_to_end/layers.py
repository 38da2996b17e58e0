"""What the networks of the streaming Sortformer family are made of, as words for writing a graph.

Arrays are [batch, frames, width] throughout.
"""

from __future__ import annotations

import numpy as np

from ....fusion.errors import CorruptModelError
from ...arrays import AnyArray
from ..graph import Graph, Weights, weight

HEADS = 8
"""Heads of every attention of the family; a checkpoint's tensors have the same shapes for any number of them."""


def layer_count(weights: Weights, prefix: str) -> int:
    """How many layers ``prefix0``, ``prefix1`` ... the weights hold.

    Raises:
        CorruptModelError: none.
    """
    numbers = {name[len(prefix) :].partition(".")[0] for name in weights if name.startswith(prefix)}
    count = next(number for number in range(len(numbers) + 1) if str(number) not in numbers)
    if not count:
        raise CorruptModelError(f"The checkpoint has no tensor {prefix}0...: it is not the network this pack needs.")
    return count


def width_of(weights: Weights, name: str) -> int:
    """The size of the vector `name`.

    Raises:
        CorruptModelError: it is missing, no vector, or cannot be divided between the heads.
    """
    width: int = weight(weights, name, None).size
    if not width or width % HEADS:
        raise CorruptModelError(f"The checkpoint's tensor {name!r} has {width} numbers, no multiple of {HEADS} heads.")
    return width


def linear(graph: Graph, x: str, weights: Weights, name: str, inputs: int, outputs: int | None = None) -> str:
    """A product with the matrix ``name.weight`` (outputs, inputs), and its bias where it has one."""
    matrix = weight(weights, f"{name}.weight", outputs, inputs)
    product = graph.op("MatMul", x, graph.constant(matrix.T))
    if f"{name}.bias" not in weights:
        return product
    return graph.op("Add", product, graph.constant(weight(weights, f"{name}.bias", len(matrix))))


def layer_norm(graph: Graph, x: str, weights: Weights, name: str, width: int) -> str:
    """Each frame with mean 0 and variance 1, then scaled and shifted."""
    scale, shift = (graph.constant(weight(weights, f"{name}.{what}", width)) for what in ("weight", "bias"))
    return graph.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=1e-5)


def swish(graph: Graph, x: str) -> str:
    """``x * sigmoid(x)``."""
    return graph.op("Mul", x, graph.op("Sigmoid", x))


def gelu(graph: Graph, x: str) -> str:
    """The exact one, by the error function."""
    bent = graph.op("Erf", graph.op("Div", x, graph.constant(np.sqrt(2))))
    half = graph.op("Mul", x, graph.constant(0.5))
    return graph.op("Mul", half, graph.op("Add", bent, graph.constant(1.0)))


def split_heads(graph: Graph, x: str, width: int) -> str:
    """[batch, frames, width] -> [batch, heads, frames, width / heads]."""
    return graph.op("Transpose", graph.op("Reshape", x, graph.shape(0, 0, HEADS, width // HEADS)), perm=[0, 2, 1, 3])


def attend(graph: Graph, scores: str, values: str, width: int) -> str:
    """Values [batch, heads, frames, ...] mixed by softmax of scores [batch, heads, frames, frames]; heads joined."""
    mixed = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), values)
    return graph.op("Reshape", graph.op("Transpose", mixed, perm=[0, 2, 1, 3]), graph.shape(0, 0, width))


def products(graph: Graph, queries: str, keys: str) -> str:
    """Every query [batch, heads, frames, size] times every key, [batch, heads, frames, frames]."""
    return graph.op("MatMul", queries, graph.op("Transpose", keys, perm=[0, 1, 3, 2]))


def frame_count(graph: Graph, x: str) -> str:
    """The number of frames, an int64 scalar."""
    return graph.op("Gather", graph.op("Shape", x), graph.constant(1, np.int64))


def angles(graph: Graph, start: str, end: str, step: int, rates: AnyArray) -> str:
    """Positions from `start` up to but not `end` (int64 scalars) times `rates`: [positions, rates]."""
    positions = graph.op("Range", start, end, graph.constant(step, np.int64))
    column = graph.op("Unsqueeze", graph.op("Cast", positions, to=graph.float32), graph.shape(1))
    return graph.op("Mul", column, graph.constant(rates))
