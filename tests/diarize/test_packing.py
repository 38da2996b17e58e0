"""Stretches laid end to end in one row get what each gets alone."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize.models import campplus, resnet34
from diarfuse.diarize.models.graph import in_half
from diarfuse.diarize.packing import GAP, KNOWN, MEANS, MEMBERS, PART, means_of, packed
from diarfuse.diarize.runtime import Session

LENGTHS = [7, 401, 1, 200, 16, 150]


@pytest.fixture(scope="module", params=[campplus, pytest.param(resnet34, marks=pytest.mark.official)])
def network(request, inputs):
    """The module of an embedding network, and its trunk of seeded weights."""
    name = request.param.__name__.rsplit(".", 1)[1]
    return request.param, request.param.build(getattr(inputs, f"{name}_weights")())["trunk"]


def laid(pieces, stride, size):
    """The inputs of a packed graph, and where each piece lies in the features."""
    fbank, known, places, at = np.zeros((1, size, 80), np.float32), np.zeros((1, 1, 1, size), np.float32), [], 0
    for piece in pieces:
        fbank[0, at : at + len(piece)], known[..., at : at + len(piece)] = piece, 1
        places.append((at // stride, -(-len(piece) // stride)))
        at += -(-len(piece) // stride) * stride + GAP
    return fbank, known, places


def test_each_stretch_gets_what_it_gets_alone(network):
    module, trunk = network
    rng = np.random.default_rng(0)
    pieces = [rng.normal(0, 1, (length, 80)).astype(np.float32) for length in LENGTHS]
    model = packed(trunk)
    fbank, known, places = laid(pieces, module.STRIDE, 1024)
    starts, lengths = zip(*places, strict=True)
    means = means_of(lengths, starts, 1024 // module.STRIDE) if module is campplus else ()
    assert [value.name for value in model.graph.input] == ["fbank", KNOWN, MEANS, MEMBERS][: 2 + len(means)]
    plain, row = Session(trunk.SerializeToString()), Session(model.SerializeToString())(fbank, known, *means)
    for piece, (at, length) in zip(pieces, places, strict=True):
        alone = plain(piece[None])
        assert alone.shape[2] == length
        np.testing.assert_allclose(row[:, :, at : at + length], alone, rtol=0, atol=2e-5 * np.abs(alone).max())


def test_the_graph_knows_no_size_but_those_of_its_inputs(network):
    """Nothing that a device would have to be asked back for, and no convolution that products can do."""
    module, trunk = network
    kinds = [node.op_type for node in packed(trunk).graph.node]
    assert "Shape" not in kinds
    assert kinds.count("Conv") == (13 if module is campplus else 36)


def test_it_computes_in_half_precision_too(network):
    model = in_half(packed(network[1]))
    onnx.checker.check_model(model, full_check=True)
    assert {value.type.tensor_type.elem_type for value in model.graph.input} == {onnx.TensorProto.FLOAT}


@given(st.lists(st.integers(1, 350), min_size=1, max_size=5), st.integers(0, 9))
def test_means_are_those_of_a_stretch_and_of_its_parts(lengths, apart):
    starts = np.cumsum([0, *(length + apart for length in lengths[:-1])])
    frames = int(starts[-1]) + lengths[-1] + 3
    means, members = means_of(lengths, starts.tolist(), frames)
    x = np.random.default_rng(0).normal(0, 1, frames)
    found = (x @ means) @ members
    for start, length in zip(starts, lengths, strict=True):
        stretch = x[start : start + length]
        for first in range(0, length, PART):
            part = stretch[first : first + PART]
            here = slice(start + first, start + first + len(part))
            np.testing.assert_allclose(found[here], stretch.mean() + part.mean(), rtol=0, atol=1e-5)
    nobody = members.sum(axis=0) == 0
    assert nobody.sum() == frames - sum(lengths)
    assert not means[nobody].any()
