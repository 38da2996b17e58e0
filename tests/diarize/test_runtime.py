from __future__ import annotations

import threading

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from diarfuse.diarize import runtime
from diarfuse.diarize.runtime import Runtime, Session
from diarfuse.fusion.errors import CorruptModelError, DeviceError


@pytest.fixture
def doubler(tmp_path):
    """A graph [n] -> [n] that doubles."""
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "doubler", value[:1], value[1:])
    path = tmp_path / "doubler.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def test_session_takes_views_and_read_only_arrays(doubler):
    numbers = np.arange(6, dtype=np.float32)[::2]
    numbers.flags.writeable = False
    assert Session(doubler)(numbers).tolist() == [0, 4, 8]


def test_values_stay_on_the_device_between_graphs(doubler):
    session = Session(doubler)
    once = session.on_device(np.ones(3, np.float32))
    assert session.on_device(once).numpy().tolist() == [4, 4, 4]


def test_corrupt_graph_is_named(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(CorruptModelError, match=r"broken\.onnx"):
        Session(path)


def test_a_provider_that_falls_back_in_silence_is_an_error(doubler):
    with pytest.raises(DeviceError):
        Session(doubler, "cuda")


CUDA_OPTIONS = {"device_id", "user_compute_stream", "do_copy_in_default_stream", "use_ep_level_unified_stream"}
CUDA_OPTIONS |= {"gpu_mem_limit", "arena_extend_strategy", "cudnn_conv_algo_search", "cudnn_conv_use_max_workspace"}
CUDA_OPTIONS |= {"cudnn_conv1d_pad_to_nc1d", "enable_cuda_graph", "prefer_nhwc", "use_tf32", "tunable_op_enable"}
"""ONNX Runtime's names, from ``cuda_execution_provider_info.cc``; it refuses others when a session is made."""


@pytest.mark.parametrize("graph", [False, True])
def test_options_of_cuda_are_those_that_onnxruntime_knows(graph):
    (name, options), fallback = runtime.providers_of("cuda", cuda_graph=graph)
    assert (name, fallback) == ("CUDAExecutionProvider", "CPUExecutionProvider")
    assert set(options) <= CUDA_OPTIONS
    assert options["use_tf32"] == "0"
    assert options["enable_cuda_graph"] == ("1" if graph else "0")
    assert options["arena_extend_strategy"] in ("kNextPowerOfTwo", "kSameAsRequested")
    assert options["cudnn_conv_algo_search"] in ("EXHAUSTIVE", "HEURISTIC", "DEFAULT")
    assert runtime.providers_of("cpu", cuda_graph=graph) == ["CPUExecutionProvider"]


def test_sizes_of_free_dimensions_are_fixed(doubler):
    session = Session(doubler, sizes={"n": 3})
    assert session.raw.get_outputs()[0].shape == [3]
    assert session(np.ones(3, np.float32)).tolist() == [2, 2, 2]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_what_is_prepared_ahead_comes_in_order(device):
    prepared, main = [], threading.current_thread()

    def prepare(number):
        prepared.append(threading.current_thread())
        return number + 1

    found = Runtime(device, 1).staged(prepare, lambda number: (number, threading.current_thread()), range(30))
    assert list(found) == [(number, main) for number in range(1, 31)]
    assert all((thread is main) == (device == "cpu") for thread in prepared)


def test_an_error_while_preparing_reaches_the_caller_and_ends_the_threads():
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(Runtime("cuda", 1).staged(lambda number: 1 / number, float, [1, 0, 1]))
    assert threading.active_count() == before


@pytest.mark.parametrize("workers", [1, 3])
def test_map_keeps_the_order_and_stays_only_a_little_ahead(workers):
    drawn = []

    def source():
        for number in range(50):
            drawn.append(number)
            yield number

    results = Runtime("cpu", workers).map(lambda number: number * number, source())
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert len(drawn) <= 3 + 2 * workers + 1
    assert list(results) == [number * number for number in range(3, 50)]


def test_map_stops_its_workers_when_the_consumer_stops():
    before = threading.active_count()
    for result in Runtime("cpu", 2).map(lambda number: number, range(100)):
        if result == 5:
            break
    del result
    assert threading.active_count() == before


def test_an_error_in_a_worker_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(Runtime("cpu", 2).map(lambda number: 1 / number, [1, 0, 1]))
