"""Graphs whose heavy parts compute with 8-bit integers: what `fast` mode runs on a CPU.

Convolutions need to know what range their values take. Those ranges are
measured once on voices (`benchmarks.int8_ranges`) and lie in
``int8_ranges.json`` beside this file, so that the same weights give the same
graph everywhere. LSTMs take theirs from the values of each call. Pooling and
projection stay float32: they square and subtract, and lose everything at low
precision. benchmarks/RESULTS.md has the price.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import onnx

Ranges: TypeAlias = Mapping[str, tuple[float, float]]
"""Least and greatest value of a tensor of a graph, by its name."""


def measured_ranges(network: str) -> Ranges:
    """The ranges of a network's convolutions, as `benchmarks.int8_ranges` found them."""
    table = json.loads(Path(__file__).with_name("int8_ranges.json").read_text(encoding="ascii"))
    return {tensor: (low, high) for tensor, (low, high) in table[network].items()}


def with_integer_convolutions(model: onnx.ModelProto, ranges: Ranges) -> onnx.ModelProto:
    """The same network with its convolutions in 8-bit integers.

    Weights have a scale for each output channel and use 7 of their 8 bits, so
    that processors without VNNI, which add pairs in 16 bits, cannot overflow.

    Raises:
        KeyError: a convolution reads or gives a tensor that has no range: the
            builder changed, and the ranges have to be measured again.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantType
    from onnxruntime.quantization.calibrate import TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    names = [node.name for node in model.graph.node if node.op_type == "Conv"]
    clipped = _only_rectified(model)
    bounds = {tensor: (0.0, ranges[tensor][1]) if tensor in clipped else ranges[tensor] for tensor in convolved(model)}
    known = {tensor: (np.float32(low), np.float32(high)) for tensor, (low, high) in bounds.items()}
    with _quiet():
        quantizer = QDQQuantizer(
            _copy(model),
            per_channel=True,
            reduce_range=True,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=TensorsData(CalibrationMethod.MinMax, known),
            nodes_to_quantize=names,
            nodes_to_exclude=[],
            op_types_to_quantize=["Conv"],
            extra_options={},
        )
        quantizer.quantize_model()
    return quantizer.model.model


def with_integer_recurrences(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with all LSTMs but the first in 8-bit integers, their ranges taken from every call.

    The first is the one whose rounding changes most decisions; products change many as well, and are no faster.
    """
    return _measured_at_each_call(
        model, [node.name for node in model.graph.node if node.op_type == "LSTM"][1:], columns=False
    )


def with_integer_products(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network with its products by weights in 8-bit integers, their ranges taken from every call."""
    weights = {tensor.name for tensor in model.graph.initializer}
    products = [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    return _measured_at_each_call(model, [node.name for node in products], columns=True)


def _measured_at_each_call(model: onnx.ModelProto, names: list[str], *, columns: bool) -> onnx.ModelProto:
    """With a scale for each of the `columns` of weights, or for all; unsigned, so that no processor overflows."""
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
    from onnxruntime.quantization.quant_utils import QuantizationMode

    with _quiet():
        quantizer = ONNXQuantizer(
            _copy(model),
            per_channel=columns,
            reduce_range=False,
            mode=QuantizationMode.IntegerOps,
            static=False,
            weight_qType=QuantType.QUInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=None,
            nodes_to_quantize=names,
            nodes_to_exclude=[],
            op_types_to_quantize=["LSTM", "MatMul"],
            extra_options={},
        )
        quantizer.quantize_model()
    return quantizer.model.model


def convolved(model: onnx.ModelProto) -> list[str]:
    """The tensors that convolutions read and give, each once, in the graph's order."""
    nodes = [node for node in model.graph.node if node.op_type == "Conv"]
    return list(dict.fromkeys(name for node in nodes for name in (node.input[0], node.output[0])))


def _only_rectified(model: onnx.ModelProto) -> set[str]:
    """Tensors that only a ReLU reads: what they have below zero need not be told apart."""
    readers: dict[str, set[str]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, set()).add(node.op_type)
    return {name for name, kinds in readers.items() if kinds == {"Relu"}}


def _copy(model: onnx.ModelProto) -> onnx.ModelProto:
    """With the shapes of all values, which the quantizers look for; the caller's stays as it is."""
    import onnx

    return onnx.shape_inference.infer_shapes(model)


@contextmanager
def _quiet() -> Iterator[None]:
    """The quantizers talk through the root logger, of advice that does not concern our users."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
