from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from diarfuse.diarize.embedding import _RecentFeatures
from diarfuse.diarize.held import Handling, HeldFeatures, blocks
from diarfuse.diarize.models.graph import pooling_model
from diarfuse.diarize.runtime import Runtime, Session
from diarfuse.diarize.stretches import Stretch
from diarfuse.fusion.errors import LowMemoryError

CHANNELS, DIMENSION = 6, 4


@pytest.fixture(scope="module")
def pooling():
    rng = np.random.default_rng(0)
    model = pooling_model("pooling", CHANNELS, rng.normal(0, 1, (2 * CHANNELS, DIMENSION)), rng.normal(0, 1, DIMENSION))
    return Session(model.SerializeToString())


@pytest.fixture(scope="module")
def handling():
    return Handling.on(Runtime("cpu", 1))


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


@pytest.mark.parametrize("seed", range(20))
def test_features_on_the_device_pool_as_those_on_the_host(pooling, handling, seed):
    rng = np.random.default_rng(seed)
    parts = list(stretches(rng))
    host = _RecentFeatures(iter(parts), pooling, DIMENSION)
    values = ((begin, value(part[None])) for begin, part in parts)
    device = HeldFeatures(values, pooling, handling, DIMENSION)
    for first in np.sort(rng.integers(0, 90, 12)):
        masks = rng.integers(0, 2, (3, rng.integers(1, 30))).astype(np.float32) * rng.integers(0, 2, (3, 1))
        want, got = host.pool(int(first), masks.astype(np.float32)), device.pool(int(first), masks.astype(np.float32))
        assert np.array_equal(np.isnan(got), np.isnan(want))
        assert np.allclose(got, want, rtol=1e-5, atol=1e-5, equal_nan=True)
        assert len(device.held) <= len(parts)


def test_what_is_behind_is_let_go(pooling, handling):
    values = ((10 * n, value(np.ones((1, CHANNELS, 10), np.float32))) for n in range(100))
    device = HeldFeatures(values, pooling, handling, DIMENSION)
    for first in range(0, 900, 10):
        device.pool(first, np.ones((1, 30), np.float32))
        assert len(device.held) <= 3


class Trunk:
    """Doubles its rows; has room for so many."""

    def __init__(self, room=32):
        self.room, self.shapes = room, []

    def on_device(self, rows):
        self.shapes.append(rows.shape[:2])
        if len(rows) > self.room:
            raise LowMemoryError("There is not enough memory to run the networks.")
        return value(2 * rows)


def test_pieces_of_one_length_go_together_and_come_in_order(handling):
    pieces = [(10 * n, np.full((1, length, 80), n, np.float32)) for n, length in enumerate([5, 3, 5, 5, 7, 3])]
    trunk, cramped = Trunk(), Trunk(room=1)
    for network in (trunk, cramped):
        made = handling.through(network, pieces)
        assert [begin for begin, _ in made] == [begin for begin, _ in pieces]
        for (_, got), (_, bands) in zip(made, pieces, strict=True):
            assert np.array_equal(got.numpy(), 2 * bands)
    assert trunk.shapes == [(3, 5), (2, 3), (1, 7)]
    assert cramped.shapes == [(3, 5), (1, 5), (2, 5), (1, 5), (1, 5), (2, 3), (1, 3), (1, 3), (1, 7)]


def test_no_call_has_more_rows_than_it_may(handling):
    trunk, pieces = Trunk(), [(n, np.full((1, 2, 80), n, np.float32)) for n in range(70)]
    assert [got.numpy().max() for _, got in handling.through(trunk, pieces)] == [2 * n for n in range(70)]
    assert trunk.shapes == [(32, 2), (32, 2), (6, 2)]


def test_what_has_no_room_alone_is_told(handling):
    with pytest.raises(LowMemoryError):
        handling.through(Trunk(room=0), [(0, np.zeros((1, 2, 80), np.float32))])


def test_blocks_keep_the_order_and_last_five_minutes():
    cuts = [Stretch(1_000 * n, 1_000 * n + length) for n, length in enumerate([9_000, 20_000, 1_000, 1, 40_000, 5])]
    assert [len(block) for block in blocks(cuts)] == [3, 1, 1, 1]
    assert [cut for block in blocks(cuts) for cut in block] == cuts
    assert list(blocks([])) == []
