"""Features that stay on the device give what those on the host give, with the CPU provider in the device's place."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest

from diarfuse.diarize import held
from diarfuse.diarize.embedding import _RecentFeatures
from diarfuse.diarize.held import SHORTEST_ROW, USUAL_ROW, Handling, HeldFeatures, PackedTrunk, Place, Row, blocks
from diarfuse.diarize.models.graph import Graph, pooling_model
from diarfuse.diarize.packing import GAP
from diarfuse.diarize.runtime import Runtime, Session
from diarfuse.diarize.stretches import Stretch
from diarfuse.fusion.errors import LowMemoryError

CHANNELS, DIMENSION, STRIDE = 6, 4, 8


@pytest.fixture(scope="module")
def pooling():
    rng = np.random.default_rng(0)
    model = pooling_model("pooling", CHANNELS, rng.normal(0, 1, (2 * CHANNELS, DIMENSION)), rng.normal(0, 1, DIMENSION))
    return Session(model.SerializeToString())


@pytest.fixture(scope="module")
def handling(pooling):
    return Handling.on(Runtime("cpu", 1), None, pooling)


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """A small trunk: three convolutions that halve time and bands."""
    rng, graph = np.random.default_rng(0), Graph("trunk")
    x = graph.op("Transpose", graph.input("fbank", ("batch", "frames", 80)), perm=[0, 2, 1])
    x = graph.op("Unsqueeze", x, graph.shape(1))
    for inputs, outputs in ((1, 2), (2, 4), (4, 8)):
        kernel = graph.constant(rng.normal(0, 0.5, (outputs, inputs, 3, 3)))
        bias = graph.constant(rng.normal(0, 1, outputs))
        x = graph.op("Relu", graph.op("Conv", x, kernel, bias, pads=[1, 1, 1, 1], strides=[2, 2]))
    path = tmp_path_factory.mktemp("graphs") / "trunk.onnx"
    features = graph.op("Reshape", x, graph.shape(0, 80, -1))
    path.write_bytes(graph.model(features, "features", ("batch", 80, "features")).SerializeToString())
    return path


@pytest.fixture
def trunk(graph):
    return PackedTrunk(graph, Runtime("cpu", 1), STRIDE)


def value(array):
    """An array as ONNX Runtime's value."""
    return onnxruntime.OrtValue.ortvalue_from_numpy(array, "cpu", 0)


def stretches(rng):
    """Features of stretches with gaps between some, on trunk frames."""
    begin = 0
    for _ in range(rng.integers(0, 8)):
        begin += int(rng.integers(0, 2) * rng.integers(0, 25))
        length = int(rng.integers(1, 20))
        yield begin, rng.normal(0, 1, (CHANNELS, length)).astype(np.float32)
        begin += length


def laid(rng, parts):
    """The same in rows of one to three, numbers between them that nobody may hear."""
    parts = list(parts)
    while parts:
        some, parts = parts[: (count := int(rng.integers(1, 4)))], parts[count:]
        pieces, places, at = [], [], 0
        for begin, part in some:
            places.append((begin, part.shape[1], at))
            pieces += [part, np.full((CHANNELS, 3), 1e3, np.float32)]
            at += part.shape[1] + 3
        row = Row(value(np.concatenate(pieces, axis=1)[None]), at)
        yield from (Place(*place, row) for place in places)


@pytest.mark.parametrize("seed", range(20))
def test_features_on_the_device_pool_as_those_on_the_host(pooling, handling, seed):
    rng = np.random.default_rng(seed)
    parts = list(stretches(rng))
    host = _RecentFeatures(iter(parts), pooling, DIMENSION)
    device = HeldFeatures(laid(rng, parts), handling, DIMENSION)
    requests = []
    for number, first in enumerate(np.sort(rng.integers(0, 90, 80))):  # more than go together
        shape = rng.integers(1, 4), rng.integers(1, 30)
        requests.append((number, int(first), (rng.integers(0, 2, shape) * rng.integers(0, 2, (shape[0], 1)))))
    requests = [(number, first, masks.astype(np.float32)) for number, first, masks in requests]
    wanted, found = list(host.pooled(requests)), list(device.pooled(iter(requests)))
    assert [name for name, _ in found] == list(range(80))
    for (_, want), (_, got) in zip(wanted, found, strict=True):
        assert np.array_equal(np.isnan(got), np.isnan(want))
        assert np.allclose(got, want, rtol=1e-5, atol=1e-5, equal_nan=True)


def test_what_is_behind_is_let_go(handling):
    row = Row(value(np.ones((1, CHANNELS, 10), np.float32)), 10)
    device = HeldFeatures((Place(10 * n, 10, 0, row) for n in range(1000)), handling, DIMENSION)
    for first, _ in device.pooled((first, first, np.ones((1, 30), np.float32)) for first in range(0, 9000, 10)):
        assert device.held[0].begin >= first - 320
        assert len(device.held) <= 40


def test_stretches_go_in_rows_of_a_few_lengths_and_are_heard_as_alone(graph, trunk, monkeypatch):
    monkeypatch.setattr(held, "USUAL_ROW", 2048)
    rng, plain = np.random.default_rng(0), Session(graph)
    lengths = [400, 31, 1, 600, 900, 800]
    pieces = [(100 * n, rng.normal(0, 1, (1, length, 80)).astype(np.float32)) for n, length in enumerate(lengths)]
    places = trunk.through(pieces)
    assert [(place.begin, place.length) for place in places] == [(100 * n, -(-t // 8)) for n, t in enumerate(lengths)]
    assert [place.row.frames * STRIDE for place in places] == [2048] * 5 + [SHORTEST_ROW]
    for (_, bands), place in zip(pieces, places, strict=True):
        alone, row = plain(bands), place.row.features.numpy()
        assert np.allclose(row[:, :, place.at : place.at + place.length], alone, rtol=0, atol=1e-4)
    assert [place.row.frames * STRIDE for place in trunk.through(pieces[1:2])] == [SHORTEST_ROW]


def test_it_is_a_network_as_others_are(graph, trunk):
    bands = np.random.default_rng(0).normal(0, 1, (2, 50, 80)).astype(np.float32)
    for found in (trunk(bands), trunk.on_device(bands).numpy()):
        assert np.allclose(found, Session(graph)(bands), rtol=0, atol=1e-4)


class Cramped:
    """A session that has room for rows of so many frames."""

    def __init__(self, session, room):
        self.session, self.room, self.rows = session, room, []

    def on_device(self, *given):
        self.rows.append(given[0].shape[1])
        if given[0].shape[1] > self.room:
            raise LowMemoryError("There is not enough memory to run the networks.")
        return self.session.on_device(*given)


def test_rows_that_have_no_room_go_in_halves(trunk):
    pieces = [(n, np.ones((1, 900, 80), np.float32)) for n in range(4)]
    together = trunk.through(pieces)
    trunk._session = Cramped(trunk._session, 2048)
    apart = trunk.through(pieces)
    assert trunk._session.rows == [4096, 2048, 2048]
    assert [place[:2] for place in apart] == [place[:2] for place in together]
    trunk._session.room = 0
    with pytest.raises(LowMemoryError):
        trunk.through(pieces[:1])


def test_windows_that_have_no_room_together_are_pooled_in_halves(handling, pooling):
    calls = []

    class CrampedPooling:
        def on_device(self, features, weights):
            calls.append(len(weights))
            if len(weights) > 1:
                raise LowMemoryError("There is not enough memory to run the networks.")
            return pooling.on_device(features, weights)

    rng = np.random.default_rng(0)
    row, numbers = value(rng.normal(0, 1, (1, CHANNELS, 9)).astype(np.float32)), rng.integers(0, 9, (3, 5))
    weights = np.ones((3, 2, 5), np.float32)
    cramped = Handling(None, handling.join, handling.gather, CrampedPooling())
    assert np.array_equal(cramped.pool(row, numbers, weights), handling.pool(row, numbers, weights))
    assert calls == [3, 1, 2, 1, 1]


def test_several_recordings_lie_in_common_rows(trunk):
    """Those that wait while a row is computed go into the next one together, and each finds its own places."""
    rng = np.random.default_rng(0)
    recordings = [[(n, rng.normal(0, 1, (1, 20 + n, 80)).astype(np.float32))] for n in range(12)]
    alone = [trunk.through(pieces)[0] for pieces in recordings]
    trunk._session = counted = Cramped(trunk._session, USUAL_ROW)
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(trunk.through, recordings))
    assert len(counted.rows) <= 12
    for (place,), own in zip(found, alone, strict=True):
        assert place[:2] == own[:2]
        here, there = (each.row.features.numpy()[:, :, each.at : each.at + each.length] for each in (place, own))
        assert np.allclose(here, there, rtol=0, atol=1e-4)


def test_blocks_keep_the_order_and_fill_a_row():
    lengths = [9_000, 5_000, 3_000, 1, 40_000, 5]
    cuts = [Stretch(10_000 * n, 10_000 * n + length) for n, length in enumerate(lengths)]
    assert [len(block) for block in blocks(cuts)] == [2, 2, 1, 1]
    assert [cut for block in blocks(cuts) for cut in block] == cuts
    assert list(blocks([])) == []
    many = [Stretch(first, first + 40) for first in range(0, 100_000, 40)]
    for block in blocks(many):
        assert sum(cut.last - cut.first + GAP for cut in block) <= USUAL_ROW
