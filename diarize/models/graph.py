"""A few words for writing an ONNX graph, what two of our networks share, and a graph turned into half precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...fusion.errors import CorruptModelError
from ..arrays import AnyArray

if TYPE_CHECKING:
    import onnx

OPSET = 17
IR_VERSION = 8  # the one that goes with opset 17; onnxruntime 1.19 and later read it

_MOST = np.finfo(np.float32).max
_NORM_EPSILON = 1e-5  # torch's own for a batch normalisation
_IMAGE_KERNEL = 4  # dimensions: out, in, height, width

Weights: TypeAlias = Mapping[str, AnyArray]
Dims: TypeAlias = Sequence[str | int]


class Graph:
    """Nodes in the order they are written; a value is known by its name, a string. float32: ONNX's number for it."""

    def __init__(self, name: str) -> None:
        import onnx  # here, since most runs build no graph

        self.name = name
        self.float32: int = onnx.TensorProto.FLOAT
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []

    def input(self, name: str, dims: Dims) -> str:
        """A float32 input; a dimension given by name may have any size."""
        self._inputs.append(self._onnx.helper.make_tensor_value_info(name, self.float32, list(dims)))
        return name

    def constant(self, values: Any, dtype: Any = np.float32) -> str:
        """A constant tensor: a weight (float32), or a shape or axes (``np.int64``)."""
        name = f"c{len(self._constants)}"
        array = np.ascontiguousarray(values, dtype=dtype).reshape(np.shape(values))
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def shape(self, *sizes: int) -> str:
        """A constant of int64, for shapes, axes and bounds."""
        return self.constant(list(sizes), np.int64)

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one output and return its name."""
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def model(self, output: str, name: str, dims: Dims) -> onnx.ModelProto:
        """The finished model: `output` under the public `name`.

        Raises:
            CorruptModelError: the weights' shapes do not fit each other.
        """
        onnx, helper = self._onnx, self._onnx.helper
        self._nodes.append(helper.make_node("Identity", [output], [name]))
        result = helper.make_tensor_value_info(name, self.float32, list(dims))
        graph = helper.make_graph(self._nodes, self.name, self._inputs, [result], self._constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="diarfuse")
        try:
            onnx.checker.check_model(model, full_check=True)
        except onnx.shape_inference.InferenceError as error:
            text = str(error).splitlines()[0]
            raise CorruptModelError(f"The checkpoint is not the network this pack needs ({text}).") from error
        return model


def in_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A graph of ours computing in float16; its inputs and its output stay float32.

    Beyond 65 504 is infinity; our networks' weights stay below 500, and what they compute of voices below 100.
    """
    import onnx

    half, single = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    short = onnx.ModelProto()
    short.CopyFrom(model)
    graph, named = short.graph, model.graph.node[-1]  # the Identity that gives the output its name
    inputs = {value.name: f"{value.name}_half" for value in graph.input}
    for tensor in graph.initializer:
        if tensor.data_type == single:
            tensor.CopyFrom(
                onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor).astype(np.float16), tensor.name)
            )
    for node in graph.node:
        node.input[:] = [inputs.get(name, name) for name in node.input]
        if node.op_type == "Cast" and node.attribute[0].i == single:
            node.attribute[0].i = half
    graph.node.pop()
    casts = [onnx.helper.make_node("Cast", [long], [cast], to=half) for long, cast in inputs.items()]
    nodes = [*casts, *graph.node, onnx.helper.make_node("Cast", named.input, named.output, to=single)]
    graph.ClearField("node")
    graph.node.extend(nodes)
    return short


def weight(weights: Weights, name: str, *shape: int | None) -> AnyArray:
    """The tensor `name` as float64, for folding; None in `shape` fits any size.

    Raises:
        CorruptModelError: it is missing, has another shape, or holds NaN or infinity.
    """
    found = weights.get(name)
    if found is None:
        raise CorruptModelError(f"The checkpoint has no tensor {name!r}: it is not the network this pack needs.")
    fits = len(found.shape) == len(shape) and all(
        want in (None, is_) for want, is_ in zip(shape, found.shape, strict=True)
    )
    if not fits:
        want = ", ".join("any" if n is None else str(n) for n in shape)
        raise CorruptModelError(f"The checkpoint's tensor {name!r} has shape {found.shape} instead of ({want}).")
    if found.dtype.kind not in "fiu" or not (np.abs(found) <= _MOST).all():
        raise CorruptModelError(f"The checkpoint's tensor {name!r} holds what no float32 can: fetch the model again.")
    return np.asarray(found, dtype=np.float64)


def norm(weights: Weights, name: str, channels: int) -> tuple[AnyArray, AnyArray]:
    """A batch normalisation at inference as ``scale * x + shift``, each float64 (channels,).

    Without ``name.weight`` it is one that has no affine part of its own.
    """
    mean = weight(weights, f"{name}.running_mean", channels)
    variance = weight(weights, f"{name}.running_var", channels)
    scale = 1 / np.sqrt(variance + _NORM_EPSILON)
    if f"{name}.weight" not in weights:
        return scale, -mean * scale
    scale = scale * weight(weights, f"{name}.weight", channels)
    return scale, weight(weights, f"{name}.bias", channels) - mean * scale


def conv_norm(graph: Graph, x: str, weights: Weights, conv: str, bn: str, **attributes: Any) -> str:
    """A 2-d convolution without bias and the batch normalisation behind it, as one convolution.

    A kernel over time alone, (out, in, taps), becomes one of height one.
    """
    of_image = np.ndim(weights.get(f"{conv}.weight", 0)) == _IMAGE_KERNEL
    kernel = weight(weights, f"{conv}.weight", *[None] * (_IMAGE_KERNEL if of_image else _IMAGE_KERNEL - 1))
    outputs, inputs, *taps = kernel.shape
    kernel = kernel.reshape(outputs, inputs, *[1] * (2 - len(taps)), *taps)
    scale, shift = norm(weights, bn, kernel.shape[0])
    return graph.op("Conv", x, graph.constant(kernel * scale[:, None, None, None]), graph.constant(shift), **attributes)


def statistics_pooling(graph: Graph, features: str, weights: str) -> str:
    """Weighted mean and standard deviation over time, as pyannote's ``StatsPool``.

    features: [batch, channels, frames]; weights: [batch, masks, frames], 0 or more.
    The result, [batch, masks, 2 * channels], has all means first. The variance
    is divided by ``v1 - v2 / v1``, v1 and v2 being the sums of weights and of
    their squares: the unbiased estimate where all weights are one. A mask of
    zeros gives zeros, a mask of one frame a deviation of zero. Two passes, as
    upstream: with one frame the divisor is 1e-8, and a difference of sums of
    squares would blow its rounding up.
    """
    tiny = graph.constant(1e-8)
    last = graph.shape(-1)
    v1 = graph.op("Add", graph.op("ReduceSum", weights, last, keepdims=1), tiny)
    v2 = graph.op("ReduceSum", graph.op("Mul", weights, weights), last, keepdims=1)
    columns = graph.op("Transpose", weights, perm=[0, 2, 1])
    sums = graph.op("Transpose", graph.op("MatMul", features, columns), perm=[0, 2, 1])
    mean = graph.op("Div", sums, v1)
    centred = graph.op("Sub", graph.op("Unsqueeze", features, graph.shape(1)), graph.op("Unsqueeze", mean, last))
    squares = graph.op("MatMul", graph.op("Mul", centred, centred), graph.op("Unsqueeze", weights, last))
    divisor = graph.op("Add", graph.op("Sub", v1, graph.op("Div", v2, v1)), tiny)
    variance = graph.op("Div", graph.op("Squeeze", squares, last), divisor)
    return graph.op("Concat", mean, graph.op("Sqrt", variance), axis=-1)


def pooling_model(name: str, channels: int, projection: AnyArray, bias: AnyArray) -> onnx.ModelProto:
    """The graph from features [batch, channels, T] and weights [batch, masks, T] to embeddings [batch, masks, D].

    projection: (2 * channels, D). bias: (D,).
    """
    graph = Graph(name)
    features = graph.input("features", ("batch", channels, "frames"))
    masks = graph.input("weights", ("batch", "masks", "frames"))
    stats = statistics_pooling(graph, features, masks)
    embeddings = graph.op("Add", graph.op("MatMul", stats, graph.constant(projection)), graph.constant(bias))
    return graph.model(embeddings, "embeddings", ("batch", "masks", bias.shape[0]))
