"""Our ONNX graphs as CoreML programs: the same weights, operator by operator, through coremltools' MIL builder.

Only the operators that our own graphs use are known; another is refused by
name. The program computes in float32 wherever it runs, unless asked otherwise.
It is made on any system; only macOS can run it. Source: coremltools 9,
``converters/mil/mil/ops/defs``; ONNX's operators, opset 17.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import onnx
from onnx import numpy_helper

from ...fusion.errors import CorruptModelError, MissingExtraError
from ..arrays import AnyArray

VERSION = 1
"""Raised whenever `save_program` would give another program for the same graph."""

Size: TypeAlias = int | tuple[int, int]
"""A dimension: fixed, or from a least to a largest size."""
Shapes: TypeAlias = Mapping[str, Sequence[Size]]
Values: TypeAlias = Sequence[Any]
Attributes: TypeAlias = Mapping[str, Any]
Operator: TypeAlias = Callable[[Any, Values, Attributes], Any]
"""From MIL's builder, a node's inputs (MIL variables or arrays) and its attributes to a MIL variable."""


def save_program(graph: onnx.ModelProto, target: Path, shapes: Shapes, *, half: bool = False) -> None:
    """Write `graph` as the folder `target`, an ``.mlpackage`` that must not exist yet.

    Args:
        graph: one of ours, in floats.
        target: ends in ``.mlpackage``.
        shapes: of each input; CoreML wants bounds where ONNX has a free dimension.
        half: compute in float16.

    Raises:
        MissingExtraError: coremltools is not installed.
        CorruptModelError: the graph holds an operator that none of ours has.
    """
    tools = coremltools()
    inputs = [tools.TensorType(name, shape=_shape(tools, sizes), dtype=np.float32) for name, sizes in shapes.items()]
    with contextlib.redirect_stderr(io.StringIO()):  # bars for each of its passes
        model = tools.convert(
            _program(graph.graph, shapes),
            inputs=inputs,
            convert_to="mlprogram",
            minimum_deployment_target=tools.target.iOS16,
            compute_precision=tools.precision.FLOAT16 if half else tools.precision.FLOAT32,
            skip_model_load=True,
        )
        model.save(str(target))


def coremltools() -> ModuleType:
    """The library, without what it says about other libraries at its import."""
    logger = logging.getLogger("coremltools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        import coremltools
    except ImportError as error:
        raise MissingExtraError("CoreML", "coremltools", "coreml") from error
    finally:
        logger.setLevel(level)
    found: ModuleType = coremltools
    return found


def _shape(tools: ModuleType, sizes: Sequence[Size]) -> Any:
    """`sizes` as coremltools wants them for an input."""
    return tools.Shape(tuple(n if isinstance(n, int) else tools.RangeDim(*n) for n in sizes))


def _program(graph: Any, shapes: Shapes) -> Any:
    """The MIL program: one function from the graph's inputs to its one output."""
    from coremltools import target
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.mil import Function, Placeholder, Program, get_new_symbol

    inputs = {
        name: Placeholder([size if isinstance(size, int) else get_new_symbol() for size in sizes])
        for name, sizes in shapes.items()
    }
    values: dict[str, Any] = {tensor.name: _constant(tensor) for tensor in graph.initializer}
    with Function(inputs, opset_version=target.iOS16) as function:
        values.update(function.inputs)
        for node in graph.node:
            values[node.output[0]] = _operation(Builder, node, [values[name] for name in node.input])
        name = graph.output[0].name
        function.set_outputs([Builder.identity(x=values[name], name=name)])
    program = Program()
    program.add_function("main", function)
    return program


def _constant(tensor: Any) -> AnyArray:
    values = numpy_helper.to_array(tensor)
    return np.asarray(values, np.int32) if values.dtype == np.int64 else np.asarray(values)  # MIL has no int64


def _operation(builder: Any, node: Any, inputs: Values) -> Any:
    write = _OPERATORS.get(node.op_type)
    if write is None:
        raise CorruptModelError(f"No network of ours has the operator {node.op_type!r}: CoreML cannot have it.")
    return write(builder, inputs, {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute})


def _binary(name: str) -> Operator:
    return lambda mb, values, _: getattr(mb, name)(x=values[0], y=values[1])


def _unary(name: str) -> Operator:
    return lambda mb, values, _: getattr(mb, name)(x=values[0])


def _divide(mb: Any, values: Values, _: Attributes) -> Any:
    whole = np.asarray(values[1]).dtype == np.int32 if isinstance(values[1], np.ndarray) else False
    return (mb.floor_div if whole else mb.real_div)(x=values[0], y=values[1])


def _leaky_relu(mb: Any, values: Values, attributes: Attributes) -> Any:
    """An alpha of -1 is the absolute value."""
    return mb.abs(x=values[0]) if attributes["alpha"] == -1 else mb.leaky_relu(x=values[0], alpha=attributes["alpha"])


def _sum(mb: Any, values: Values, attributes: Attributes) -> Any:
    return mb.reduce_sum(x=values[0], axes=values[1], keep_dims=bool(attributes["keepdims"]))


def _mean(mb: Any, values: Values, attributes: Attributes) -> Any:
    return mb.reduce_mean(x=values[0], axes=attributes["axes"], keep_dims=bool(attributes["keepdims"]))


def _reshape(mb: Any, values: Values, _: Attributes) -> Any:
    """ONNX's 0 keeps a dimension: its size where that is known, else the one -1 that a shape may have."""
    sizes = [
        kept if size == 0 and isinstance(kept, int) else -1 if size == 0 else int(size)
        for size, kept in zip(values[1], [*values[0].shape, *[0] * len(values[1])], strict=False)
    ]
    return mb.reshape(x=values[0], shape=sizes)


def _convolution(mb: Any, values: Values, attributes: Attributes) -> Any:
    """Two-dimensional; ONNX has the pads in front before those behind, MIL by axis."""
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    bias = {"bias": values[2]} if len(values) > len(("x", "weight")) else {}
    return mb.conv(
        x=values[0],
        weight=values[1],
        strides=attributes.get("strides", [1, 1]),
        dilations=attributes.get("dilations", [1, 1]),
        pad_type="custom",
        pad=[top, bottom, left, right],
        **bias,
    )


def _max_pool(mb: Any, values: Values, attributes: Attributes) -> Any:
    sizes, strides = attributes["kernel_shape"], attributes["strides"]
    return mb.max_pool(x=values[0], kernel_sizes=sizes, strides=strides, pad_type="valid")


def _instance_norm(mb: Any, values: Values, attributes: Attributes) -> Any:
    x, scale, bias = values
    return mb.instance_norm(x=x, gamma=scale, beta=bias, epsilon=np.float32(attributes["epsilon"]))


def _batch_norm(mb: Any, values: Values, attributes: Attributes) -> Any:
    x, scale, bias, mean, variance = values
    epsilon = np.float32(attributes["epsilon"])
    return mb.batch_norm(x=x, mean=mean, variance=variance, gamma=scale, beta=bias, epsilon=epsilon)


def _lstm(mb: Any, values: Values, attributes: Attributes) -> Any:
    """Bidirectional, from zeros. ONNX's gates are input, output, forget, cell; MIL's input, forget, output, cell.

    ONNX's result is [frames, direction, batch, hidden], MIL's [frames, batch, both directions].
    """
    x, inputs, recurrent, biases = values
    hidden = attributes["hidden_size"]
    batch = mb.gather(x=mb.shape(x=x), indices=[1], axis=0)
    zeros = mb.fill(shape=mb.concat(values=[batch, [2 * hidden]], axis=0), value=np.float32(0))
    sides = {}
    for side, end in enumerate(("", "_back")):
        sides[f"weight_ih{end}"] = _gates(inputs[side])
        sides[f"weight_hh{end}"] = _gates(recurrent[side])
        sides[f"bias{end}"] = _gates(biases[side].reshape(2, -1).sum(axis=0))
    both = mb.lstm(x=x, initial_h=zeros, initial_c=zeros, direction="bidirectional", output_sequence=True, **sides)[0]
    frames = x.shape[0]
    split = mb.reshape(x=both, shape=[frames, -1, 2, hidden])
    return mb.transpose(x=split, perm=[0, 2, 1, 3])


def _gates(rows: AnyArray) -> AnyArray:
    """Rows from ONNX's order (input, output, forget, cell) to MIL's (input, forget, output, cell)."""
    first, output, forget, cell = np.split(rows, 4)
    return np.concatenate([first, forget, output, cell])


_OPERATORS: Mapping[str, Operator] = {
    "Add": _binary("add"),
    "BatchNormalization": _batch_norm,
    "Cast": lambda mb, values, _: mb.cast(x=values[0], dtype="fp32"),
    "Concat": lambda mb, values, attributes: mb.concat(values=values, axis=attributes["axis"]),
    "Conv": _convolution,
    "Div": _divide,
    "Equal": _binary("equal"),
    "Gather": lambda mb, values, _: mb.gather(x=values[0], indices=values[1], axis=0),
    "Identity": _unary("identity"),
    "InstanceNormalization": _instance_norm,
    "LSTM": _lstm,
    "LeakyRelu": _leaky_relu,
    "LogSoftmax": lambda mb, values, _: mb.sub(
        x=values[0], y=mb.reduce_log_sum_exp(x=values[0], axes=[-1], keep_dims=True)
    ),
    "MatMul": _binary("matmul"),
    "MaxPool": _max_pool,
    "Mul": _binary("mul"),
    "Range": lambda mb, values, _: mb.range_1d(start=values[0], end=values[1], step=values[2]),
    "Reciprocal": lambda mb, values, _: mb.real_div(x=np.float32(1), y=values[0]),
    "ReduceMean": _mean,
    "ReduceSum": _sum,
    "Relu": _unary("relu"),
    "Reshape": _reshape,
    "Shape": _unary("shape"),
    "Sigmoid": _unary("sigmoid"),
    "Sqrt": _unary("sqrt"),
    "Squeeze": lambda mb, values, _: mb.squeeze(x=values[0], axes=values[1]),
    "Sub": _binary("sub"),
    "Transpose": lambda mb, values, attributes: mb.transpose(x=values[0], perm=attributes["perm"]),
    "Unsqueeze": lambda mb, values, _: mb.expand_dims(x=values[0], axes=values[1]),
}
