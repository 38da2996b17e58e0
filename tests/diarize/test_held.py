from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from diarfuse.diarize.embedding import _RecentFeatures
from diarfuse.diarize.held import HeldFeatures, joining_network
from diarfuse.diarize.models.graph import pooling_model
from diarfuse.diarize.runtime import Runtime, Session

CHANNELS, DIMENSION = 6, 4


@pytest.fixture(scope="module")
def pooling():
    rng = np.random.default_rng(0)
    model = pooling_model("pooling", CHANNELS, rng.normal(0, 1, (2 * CHANNELS, DIMENSION)), rng.normal(0, 1, DIMENSION))
    return Session(model.SerializeToString())


@pytest.fixture(scope="module")
def joining():
    return joining_network(Runtime("cpu", 1))


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
def test_features_on_the_device_pool_as_those_on_the_host(pooling, joining, seed):
    rng = np.random.default_rng(seed)
    parts = list(stretches(rng))
    host = _RecentFeatures(iter(parts), pooling, DIMENSION)
    values = ((begin, value(part[None])) for begin, part in parts)
    device = HeldFeatures(values, pooling, joining, DIMENSION)
    for first in np.sort(rng.integers(0, 90, 12)):
        masks = rng.integers(0, 2, (3, rng.integers(1, 30))).astype(np.float32) * rng.integers(0, 2, (3, 1))
        want, got = host.pool(int(first), masks.astype(np.float32)), device.pool(int(first), masks.astype(np.float32))
        assert np.array_equal(np.isnan(got), np.isnan(want))
        assert np.allclose(got, want, rtol=1e-5, atol=1e-5, equal_nan=True)
        assert len(device.held) <= len(parts)


def test_what_is_behind_is_let_go(pooling, joining):
    values = ((10 * n, value(np.ones((1, CHANNELS, 10), np.float32))) for n in range(100))
    device = HeldFeatures(values, pooling, joining, DIMENSION)
    for first in range(0, 900, 10):
        device.pool(first, np.ones((1, 30), np.float32))
        assert len(device.held) <= 3
