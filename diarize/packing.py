"""A trunk's graph for stretches of sound laid end to end: what a GPU is given, in place of a call a stretch.

A GPU prepares each convolution anew for every length that it has not seen, which takes longer than hearing a minute
does. So stretches lie in rows of a few lengths, with `GAP` frames of nothing behind each. Whatever a layer computes
there is made zero before the next convolution looks at it, as if the stretch ended there: each stretch gets what it
gets alone. The means that CAM++ takes over a stretch and over its parts come as matrices (`means_of`). Convolutions
over one row that do not skip become products of matrices, which need no preparing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import AnyArray, Float32
from .models.graph import Graph

if TYPE_CHECKING:
    import onnx

GAP = 8
"""Frames of a filterbank behind each stretch: a trunk frame of ResNet34, which sees no farther past the end."""
KNOWN, MEANS, MEMBERS = "known", "means", "members"
"""The further inputs: 1 where a frame [1, 1, 1, frames] belongs to a stretch, else 0; and what `means_of` gives."""
PART = 100
"""Trunk frames of a part of CAM++'s stretches."""

_TO_THE_END = np.iinfo(np.int64).max


def packed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph of a trunk, ``fbank [1, frames, 80] -> features [1, channels, frames / stride]``, as above.

    Inputs `MEANS` and `MEMBERS` are there where the network takes means.
    """
    return _Packing(model).done()


def means_of(lengths: Sequence[int], starts: Sequence[int], frames: int) -> tuple[Float32, Float32]:
    """What makes means of a row of trunk frames.

    Args:
        lengths: trunk frames of each stretch.
        starts: where in the row each begins.
        frames: trunk frames of the row.

    Returns:
        float32 (frames, parts) and (parts, frames): ``x @ means`` is, for each part of 100 frames of each stretch, the
        mean of x over the stretch plus that over the part; ``y @ members`` gives each frame what its part has.
    """
    parts = [
        (start, length, start + first, min(PART, length - first))
        for start, length in zip(starts, lengths, strict=True)
        for first in range(0, length, PART)
    ]
    means, members = np.zeros((frames, len(parts)), np.float32), np.zeros((len(parts), frames), np.float32)
    for number, (start, length, first, size) in enumerate(parts):
        means[start : start + length, number] = 1 / length
        means[first : first + size, number] += 1 / size
        members[number, first : first + size] = 1
    return means, members


@dataclass(slots=True)
class _Packing:
    """A walk along the graph: every value in it has time as its last axis, which strided convolutions thin out.

    By the names of the old graph's values, weights: the constants; makers: the nodes that make the others; every: of
    how many frames of the filterbank one is left; names: what each is called in the new graph. marks: `KNOWN` at every
    so many frames.
    """

    model: onnx.ModelProto
    graph: Graph = field(default_factory=lambda: Graph("packed"))
    weights: dict[str, AnyArray] = field(default_factory=dict)
    makers: dict[str, Any] = field(default_factory=dict)
    every: dict[str, int] = field(default_factory=dict)
    marks: dict[int, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def done(self) -> onnx.ModelProto:
        """The new graph."""
        import onnx

        old = self.model.graph
        self.weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in old.initializer}
        self.makers = {node.output[0]: node for node in old.node}
        name, bands = old.input[0].name, old.input[0].type.tensor_type.shape.dim[2].dim_value
        self.names[name], self.every[name] = self.graph.input(name, (1, "frames", bands)), 1
        self.marks[1] = self.graph.input(KNOWN, (1, 1, 1, "frames"))
        for node in _needed(old):
            self._add(node)
        result = old.output[0]
        channels = result.type.tensor_type.shape.dim[1].dim_value
        return self.graph.model(self.names[old.node[-1].input[0]], result.name, (1, channels, "features"))

    def _add(self, node: Any) -> None:
        import onnx

        given = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        source, output = node.input[0], node.output[0]
        self.every[output] = self.every[source]
        if node.op_type == "Conv":
            self.names[output] = self._convolution(node, given)
            self.every[output] *= given.get("strides", [1, 1])[1]
        elif node.op_type == "MatMul":
            self.names[output] = self.graph.op("MatMul", self.names[source], self._matrix(node.input[1]))
        elif node.op_type != "Identity":
            self.names[output] = self.graph.op(node.op_type, *map(self._value, node.input), **given)

    def _value(self, name: str) -> str:
        if name not in self.names:
            weight = self.weights[name]
            self.names[name] = self.graph.constant(weight, weight.dtype)
        return self.names[name]

    def _matrix(self, name: str) -> str:
        """The input that stands for a matrix of CAM++'s means: they are transposed there, its members are not."""
        wanted = MEANS if self.makers[name].op_type == "Transpose" else MEMBERS
        if wanted not in self.names:
            dims = ("features", "parts")
            self.names[wanted] = self.graph.input(wanted, dims if wanted == MEANS else dims[::-1])
        return self.names[wanted]

    def _convolution(self, node: Any, given: dict[str, Any]) -> str:
        source, kernel = node.input[0], self.weights[node.input[1]]
        x = self.names[source]
        if kernel.shape[3] > 1:
            x = self.graph.op("Mul", x, self._mark(self.every[source]))
        if kernel.shape[2] == 1 and given.get("strides", [1, 1]) == [1, 1]:
            bias = [self.weights[name] for name in node.input[2:]]
            return self._product(x, kernel, bias, given.get("dilations", [1, 1])[1])
        return self.graph.op("Conv", x, *map(self._value, node.input[1:]), **given)

    def _mark(self, every: int) -> str:
        """`KNOWN` at every so many frames."""
        if every not in self.marks:
            bounds = map(self.graph.shape, (0, _TO_THE_END, 3, every))
            self.marks[every] = self.graph.op("Slice", self.marks[1], *bounds)
        return self.marks[every]

    def _product(self, x: str, kernel: AnyArray, bias: Sequence[AnyArray], apart: int) -> str:
        """A convolution over images of height one, as the product of its weights and shifted copies of `x`."""
        graph, taps = self.graph, kernel.shape[3]
        rows = graph.op("Squeeze", x, graph.shape(2))
        if taps > 1:
            rows = graph.op("Concat", *self._shifted(rows, taps, apart), axis=1)
        matrix = kernel[:, :, 0].transpose(0, 2, 1).reshape(len(kernel), -1)
        made = graph.op("MatMul", graph.constant(matrix), rows)
        for one in bias:
            made = graph.op("Add", made, graph.constant(one[:, None]))
        return graph.op("Unsqueeze", made, graph.shape(2))

    def _shifted(self, rows: str, taps: int, apart: int) -> Iterator[str]:
        """What each tap of a centred kernel sees, zeros beyond both ends."""
        shape, around = self.graph.shape, (taps - 1) * apart
        wide = self.graph.op("Pad", rows, shape(0, 0, around // 2, 0, 0, around // 2))
        for first in range(0, around + 1, apart):
            last = first - around or _TO_THE_END
            yield self.graph.op("Slice", wide, shape(first), shape(last), shape(2))


def _needed(graph: onnx.GraphProto) -> list[Any]:
    """The nodes that a packed graph has as well: not those that make CAM++'s matrices of the number of frames."""
    sizes: set[str] = set()
    for node in graph.node:
        if node.op_type == "Shape" or (node.input and sizes.intersection(node.input) and node.op_type != "MatMul"):
            sizes.update(node.output)
    return [node for node in graph.node if not sizes.intersection(node.output)]
