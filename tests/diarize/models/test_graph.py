from __future__ import annotations

import numpy as np
import onnx
import pytest

from benchmarks.half import rounded
from diarfuse.diarize.models import campplus, resnet34
from diarfuse.diarize.models.graph import Graph, in_half

HALF, SINGLE = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT


def kinds(values):
    return {value.type.tensor_type.elem_type for value in values}


@pytest.mark.parametrize("network", [campplus, pytest.param(resnet34, marks=pytest.mark.official)])
def test_a_trunk_in_half_precision_looks_the_same_from_outside(network, inputs, runner):
    trunk = network.build(getattr(inputs, f"{network.__name__.rsplit('.', 1)[1]}_weights")())["trunk"]
    before = trunk.SerializeToString(deterministic=True)
    half = in_half(trunk)
    assert trunk.SerializeToString(deterministic=True) == before
    onnx.checker.check_model(half, full_check=True)
    assert half.graph.input == trunk.graph.input
    assert half.graph.output == trunk.graph.output
    assert half.ByteSize() < 0.55 * trunk.ByteSize()
    within = kinds(onnx.shape_inference.infer_shapes(half).graph.value_info)
    assert HALF in within
    assert SINGLE not in within  # nothing computes in float32 on the way
    bands = np.random.default_rng(0).normal(0, 4, (2, 64, 80)).astype(np.float32)
    want, got, really = (runner(graph)(bands) for graph in (trunk, half, rounded(trunk)))
    assert got.dtype == np.float32
    for short in (got, really):
        assert 0 < np.abs(short - want).max() < 0.02 * np.abs(want).max()


def test_rounding_for_the_benchmark_is_what_half_precision_does(runner):
    """Where sums are exact, numpy's float16 gives the same numbers."""
    graph = Graph("small")
    x = graph.input("x", ("batch", 3))
    third = graph.op("Mul", x, graph.constant(1 / 3))
    model = graph.model(graph.op("Sub", graph.op("Add", third, graph.constant(1000.0)), third), "y", ("batch", 3))
    x = np.random.default_rng(0).normal(0, 1, (5, 3)).astype(np.float32)
    third = x.astype(np.float16) * np.float16(1 / 3)
    assert np.array_equal(runner(rounded(model))(x), (third + np.float16(1000)) - third)
