from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from diarfuse.diarize import fixed
from diarfuse.diarize.fixed import Fixed, pin, segmentation_network
from diarfuse.diarize.models.graph import Graph
from diarfuse.diarize.options import Execution
from diarfuse.diarize.runtime import Runtime, Session
from diarfuse.fusion import cuda
from diarfuse.fusion.errors import DeviceError, LowMemoryError, OptionError


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """Rows [batch, 1, samples] -> [batch, 3, samples], independent of each other."""
    graph = Graph("rows")
    x = graph.input("samples", ("batch", 1, "samples"))
    kernel = graph.constant(np.random.default_rng(0).normal(0, 1, (3, 1, 5)))
    tanh = graph.op("Sigmoid", graph.op("Conv", x, kernel, pads=[2, 2]))
    path = tmp_path_factory.mktemp("graphs") / "rows.onnx"
    path.write_bytes(graph.model(tanh, "said", ("batch", 3, "samples")).SerializeToString())
    return path


@pytest.fixture
def network(graph):
    return Fixed(Session(graph, sizes={"samples": 40}), 4)


def rows(count, seed=0):
    return np.random.default_rng(seed).normal(0, 1, (count, 1, 40)).astype(np.float32)


def test_any_number_of_rows_gives_the_bits_of_the_plain_way(graph, network):
    plain = Session(graph)
    for count in (3, 1, 4, 9, 2, 7, 1):  # what a larger call left behind must not be heard in a smaller one
        x = rows(count, count)
        assert np.array_equal(network(x), plain(x))
        assert np.array_equal(network.on_device(x).numpy(), plain(x))


def test_places_are_bound_once_a_size(network):
    network(rows(3))
    place = network._bound[4].taken.data_ptr()
    first = network(rows(3))
    second = network(rows(4, 1))
    assert not np.array_equal(first, second[:3])  # a result is nobody else's place
    assert network._bound[4].taken.data_ptr() == place
    assert set(network._bound) == {4}
    network(rows(9))
    assert set(network._bound) == {1, 4}


def test_a_most_that_is_no_power_of_two(graph):
    network = Fixed(Session(graph, sizes={"samples": 40}), 5)
    assert np.array_equal(network(rows(13)), Session(graph)(rows(13)))
    assert set(network._bound) == {4, 5}


def test_several_threads_each_get_their_own(graph, network):
    plain, calls = Session(graph), [rows(count % 6 + 1, count) for count in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for x, said in zip(calls, pool.map(network, calls), strict=True):
            assert np.array_equal(said, plain(x))


def test_no_room_on_the_device_is_told_as_such(network):
    network(rows(1))

    def full(*_):
        raise RuntimeError("CUDA failure 2: out of memory")

    network._bound[1] = replace(network._bound[1], session=SimpleNamespace(run_with_iobinding=full))
    with pytest.raises(LowMemoryError, match="not enough memory to run the networks"):
        network(rows(1))


def test_calls_stay_as_small_as_there_is_room_for(graph, network, monkeypatch):
    tried, run = [], fixed._Bound.__call__

    def cramped(bound, given):
        tried.append(len(bound.staging))
        if len(bound.staging) > 1:
            raise LowMemoryError("There is not enough memory to run the networks.")
        return run(bound, given)

    monkeypatch.setattr(fixed._Bound, "__call__", cramped)
    x = rows(3)
    assert np.array_equal(network(x), Session(graph)(x))
    assert np.array_equal(network(x), Session(graph)(x))
    assert tried == [4, 2, 1, 1, 1, 2, 1, 1, 1]  # each call looks whether there is more room again
    monkeypatch.setattr(fixed._Bound, "__call__", run)
    for _ in range(3):
        assert np.array_equal(network(x), Session(graph)(x))
    assert max(network._bound) == 4


def test_a_cuda_graph_is_refused_where_there_is_no_gpu(graph):
    with pytest.raises(DeviceError, match="cuda_graph=True is for device='cuda', and cpu is used: leave it out"):
        Runtime.of(Execution(device="cpu", cuda_graph=True))
    with pytest.raises(OptionError, match="cuda_graph='no' must be True or False"):
        Execution(cuda_graph="no")
    assert isinstance(segmentation_network(graph, Runtime("cpu", 1), cuda_graph=False), Session)


class Cuda:
    """The CUDA runtime's two functions."""

    def __init__(self, status):
        self.status, self.locked = status, {}

    def cudaHostRegister(self, address, size, flags):  # noqa: N802 - CUDA's name
        assert flags == 0
        self.locked[address.value] = size.value
        return self.status

    def cudaHostUnregister(self, address):  # noqa: N802 - the same
        del self.locked[address.value]


def test_memory_is_locked_while_its_array_lives(monkeypatch):
    library, array = Cuda(0), np.zeros(100, np.float32)
    monkeypatch.setattr(cuda, "runtime", lambda: library)
    assert pin(array)
    assert library.locked == {array.ctypes.data: 400}
    del array
    gc.collect()
    assert library.locked == {}


def test_memory_that_cannot_be_locked_is_used_as_it_is(monkeypatch):
    for library in (Cuda(2), None):
        monkeypatch.setattr(cuda, "runtime", lambda library=library: library)
        assert not pin(np.zeros(1, np.float32))
