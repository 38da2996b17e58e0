"""What keeps ONNX Runtime from a GPU is told by its own name, with the remedy."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.metadata
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import onnxruntime
import pytest

from diarfuse.diarize.options import Execution
from diarfuse.diarize.runtime import Runtime, settled
from diarfuse.fusion import cuda
from diarfuse.fusion.errors import DeviceError

LIBRARIES = {"libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10", "libcudnn.so.9"}
LIBRARIES |= {"libcuda.so.1"}


@dataclass
class Driver:
    """NVIDIA's, with so many GPUs and for that version of CUDA."""

    gpus: int = 1
    version: int = 13_000
    fails: int = 0

    def cuInit(self, _flags: int) -> int:  # noqa: N802 - the driver's name, and so below
        return self.fails

    def cuDeviceGetCount(self, place: object) -> int:  # noqa: N802
        ctypes.cast(place, ctypes.POINTER(ctypes.c_int))[0] = self.gpus  # type: ignore[arg-type]
        return 0

    def cuDriverGetVersion(self, place: object) -> int:  # noqa: N802
        ctypes.cast(place, ctypes.POINTER(ctypes.c_int))[0] = self.version  # type: ignore[arg-type]
        return 0


Machine = Callable[..., None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """``machine(driver, without=..., packages=...)``: onnxruntime-gpu for CUDA 13, and what else there is."""

    def made(driver: Driver, *, without: str = "", packages: str = "onnxruntime-gpu", provider: bool = True) -> None:
        def load(name: str) -> object:
            if name not in LIBRARIES - {without}:
                raise OSError(name)
            return driver

        def version(name: str) -> str:
            if name not in packages.split():
                raise importlib.metadata.PackageNotFoundError(name)
            return "1.31.1"

        providers = [cuda.PROVIDER] * provider + ["CPUExecutionProvider"]
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
        monkeypatch.setattr(onnxruntime, "cuda_version", "13.0")
        monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: sys.stdout.write("Failed to load libcublas.so.13"))
        monkeypatch.setattr(cuda, "version", version)
        monkeypatch.setattr(cuda.sys, "platform", "linux")
        monkeypatch.setattr(ctypes, "CDLL", load)
        cuda._problem.cache_clear()

    yield made
    cuda._problem.cache_clear()


def test_a_gpu_that_can_be_used_is_no_problem(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine(Driver())
    assert cuda.problem() is None
    assert Runtime.of(Execution()).device == "cuda"
    assert settled(Execution(), pytest.fail) == Execution()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("driver", "given", "told"),
    [
        (Driver(), {"without": "libcublas.so.13"}, "libcublas.so.13 cannot be loaded; pip install 'onnxruntime-gpu["),
        (Driver(), {"without": "libcuda.so.1"}, "there is no NVIDIA driver here; install it"),
        (Driver(gpus=0), {}, "NVIDIA's driver finds no GPU; see nvidia-smi, and CUDA_VISIBLE_DEVICES"),
        (Driver(fails=100), {}, "NVIDIA's driver finds no GPU"),
        (Driver(version=12_040), {}, "for CUDA 12, onnxruntime-gpu for CUDA 13; update the driver, or pip install"),
        (Driver(version=11_080), {}, "for CUDA 11, onnxruntime-gpu for CUDA 13; update the driver"),
        (Driver(), {"provider": False}, "no CUDA provider here; pip uninstall -y onnxruntime, then pip install 'onnx"),
        (
            Driver(),
            {"provider": False, "packages": "onnxruntime onnxruntime-gpu"},
            "installed over each other; pip uninstall -y onnxruntime onnxruntime-gpu, then",
        ),
    ],
)
def test_each_problem_has_its_sentence(machine: Machine, driver: Driver, given: dict[str, str], told: str) -> None:
    machine(driver, **given)
    assert told in str(cuda.problem())
    with pytest.raises(DeviceError) as caught:
        Runtime.of(Execution(device="cuda"))
    assert told in str(caught.value)
    assert str(caught.value).endswith("; or use device='cpu'.")


def test_only_a_driver_of_cuda_12_is_offered_the_last_package_for_it(machine: Machine) -> None:
    machine(Driver(version=11_080))
    assert "1.26" not in str(cuda.problem())


def test_who_installed_the_package_for_gpus_hears_why_the_cpu_computes(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine(Driver(gpus=0))
    told: list[str] = []
    assert settled(Execution(), told.append) == Execution(device="cpu")
    assert told == [f"onnxruntime-gpu cannot compute here, so the CPU does: {cuda.problem()}."]
    assert Runtime.of(Execution()).device == "cpu"
    assert settled(Execution(device="cpu"), pytest.fail) == Execution(device="cpu")
    assert settled(Execution()) == Execution(device="cpu")
    assert [record.getMessage() for record in caplog.records] == told


def test_who_has_the_usual_package_hears_nothing(machine: Machine) -> None:
    machine(Driver(), provider=False, packages="onnxruntime")
    assert settled(Execution(), pytest.fail) == Execution()
    assert Runtime.of(Execution()).device == "cpu"


def test_windows_has_names_of_its_own(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(Driver())
    monkeypatch.setattr(cuda.sys, "platform", "win32")
    assert str(cuda.problem()).startswith("cudart64_13.dll, cublasLt64_13.dll, cublas64_13.dll, cudnn64_9.dll cannot")


def test_the_runtime_is_the_one_that_onnxruntime_was_built_for(machine: Machine) -> None:
    machine(Driver(gpus=3))
    assert cuda.runtime() == Driver(gpus=3)
    machine(Driver(), without="libcudart.so.13")
    assert cuda.runtime() is None


def test_the_package_without_a_gpu_has_no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "cuda_version", "")
    assert cuda.runtime() is None


def test_two_threads_that_ask_at_once_leave_stdout_as_it_was(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(Driver())
    before, both = sys.stdout, threading.Barrier(2, timeout=0.2)

    def preload() -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait()  # were both in here, each would take the other's for stdout

    monkeypatch.setattr(onnxruntime, "preload_dlls", preload)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: cuda.problem(), range(2))) == [None, None]
    assert sys.stdout is before
