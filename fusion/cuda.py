"""Whether ONNX Runtime can compute on an NVIDIA GPU here: its package, the libraries of CUDA, the driver."""

from __future__ import annotations

import ctypes
import io
import sys
import threading
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

PROVIDER = "CUDAExecutionProvider"
"""ONNX Runtime's name for computing on NVIDIA's GPUs."""
_INSTALL = "pip install 'onnxruntime-gpu[cuda,cudnn]'"
_ONE_AT_A_TIME = threading.Lock()
_LAST_OF_12 = "pip install 'onnxruntime-gpu[cuda,cudnn]==1.26.*'"


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps ONNX Runtime from a GPU, and what its user does about it."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


def problem() -> Problem | None:
    """Why there is no computing on a GPU here; None where there is.

    Loads CUDA on the way: what pip installs of it lies where the system's loader does not look. ONNX Runtime itself
    is not asked: a package built for GPUs offers CUDA on every machine, and turns to the CPU when it cannot load it.
    """
    with _ONE_AT_A_TIME:  # what a library prints is kept from stdout, and that is the process's
        return _problem()


@cache
def _problem() -> Problem | None:
    import onnxruntime

    if PROVIDER not in onnxruntime.get_available_providers():
        return both_packages() or Problem(
            "onnxruntime has no CUDA provider here", f"pip uninstall -y onnxruntime, then {_INSTALL}"
        )
    with redirect_stdout(io.StringIO()):  # it prints what it did not find, which is told below
        onnxruntime.preload_dlls()
    built_for = onnxruntime.cuda_version
    if missing := [name for name in libraries(built_for) if _loaded(name) is None]:
        return Problem(f"{', '.join(missing)} cannot be loaded", _INSTALL)
    return _of_driver(_loaded("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"), built_for)


def both_packages() -> Problem | None:
    """Onnxruntime and onnxruntime-gpu side by side: they share one folder, and the one installed last wins."""
    try:
        version("onnxruntime"), version("onnxruntime-gpu")
    except PackageNotFoundError:
        return None
    return Problem(
        "onnxruntime and onnxruntime-gpu are installed over each other",
        f"pip uninstall -y onnxruntime onnxruntime-gpu, then {_INSTALL} (or pip install onnxruntime)",
    )


def libraries(built_for: str) -> list[str]:
    """What ONNX Runtime wants of CUDA when it was built for that version, the CUDA runtime first."""
    major = _major(built_for)
    if sys.platform == "win32":
        return [*(f"{name}64_{major}.dll" for name in ("cudart", "cublasLt", "cublas")), "cudnn64_9.dll"]
    wanted = [f"{name}.so.{major}" for name in ("libcudart", "libcublasLt", "libcublas")]
    return [*wanted, "libcurand.so.10", "libcudnn.so.9"]


def runtime() -> ctypes.CDLL | None:
    """The CUDA runtime that ONNX Runtime uses; None where there is none."""
    import onnxruntime

    built_for = onnxruntime.cuda_version
    return _loaded(libraries(built_for)[0]) if built_for else None


def _major(built_for: str) -> int:
    return int(built_for.split(".", maxsplit=1)[0])


def _loaded(name: str) -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


def _of_driver(driver: ctypes.CDLL | None, built_for: str) -> Problem | None:
    """What is wrong with NVIDIA's driver, whose library is None where there is none."""
    if driver is None:
        return Problem("there is no NVIDIA driver here", "install it where there is a GPU")
    count, told = ctypes.c_int(), ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        return Problem("NVIDIA's driver finds no GPU", "see nvidia-smi, and CUDA_VISIBLE_DEVICES")
    driver.cuDriverGetVersion(ctypes.byref(told))  # 12040 is 12.4
    has, wants = told.value // 1000, _major(built_for)
    if has >= wants:
        return None
    older = f", or {_LAST_OF_12}" if has == wants - 1 == 12 else ""  # noqa: PLR2004 - CUDA 12
    return Problem(f"NVIDIA's driver is for CUDA {has}, onnxruntime-gpu for CUDA {wants}", f"update the driver{older}")
