from __future__ import annotations

import threading

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from diarfuse.diarize import runtime
from diarfuse.diarize.options import Execution
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


def test_cuda_without_its_provider_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr(runtime, "_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(DeviceError, match=r"pip install onnxruntime-gpu"):
        Runtime.of(Execution(device="cuda"))


def test_both_packages_over_each_other_are_named(monkeypatch):
    monkeypatch.setattr(runtime, "_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(runtime, "both_packages_installed", lambda: True)
    with pytest.raises(DeviceError, match="over each other"):
        Runtime.of(Execution(device="cuda"))


def test_auto_takes_cuda_where_it_is(monkeypatch):
    monkeypatch.setattr(runtime, "_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    assert Runtime.of(Execution()) == Runtime("cuda", 1)


def test_a_provider_that_falls_back_in_silence_is_an_error(doubler):
    with pytest.raises(DeviceError):
        Session(doubler, "cuda")


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
