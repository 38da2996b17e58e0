"""What a figure was measured on: the machine, its load, its matrix-multiply rate, the versions."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = ("numpy", "scipy", "onnxruntime", "soundfile", "faster-whisper")
FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8", "asimd")
SIZE = 1536


def main() -> None:
    """Print the machine and what it can multiply."""
    print(describe())
    for threads in (1, os.cpu_count() or 1):
        print(f"- sgemm {SIZE}: ONNX Runtime, {threads} at once on one thread each: {gemm_gflops(threads):.0f} GFLOP/s")


def describe(packages: Sequence[str] = PACKAGES) -> str:
    """A Markdown list: date, commit, processor, memory, load, versions."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    lines = [
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, commit {_commit()}",
        f"{_processor()}, {usable_cores()} cores usable ({', '.join(_features()) or 'no feature list'})",
        f"{_memory_gb():.0f} GB memory; {platform.system()} {platform.release()}; load average {load}",
        f"Python {platform.python_version()}, " + ", ".join(f"{name} {_version(name)}" for name in packages),
    ]
    return "\n".join(f"- {line}" for line in lines)


def usable_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gemm_gflops(threads: int, *, seconds: float = 1.0) -> float:
    """Float32 multiply-add rate that ONNX Runtime reaches, in 10^9 operations a second (2 a multiply-add).

    `threads` square products run at once, each on one thread, as our networks
    do; the best of several repeats, because a rate is an upper bound.
    """
    session = _product()
    inputs = {name: np.random.default_rng(0).standard_normal((SIZE, SIZE), np.float32) for name in "ab"}

    def rate(_: int) -> float:
        begin = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: session.run(None, inputs), range(threads)))
        return threads * 2 * SIZE**3 / (time.perf_counter() - begin) / 1e9

    first = rate(0)
    repeats = max(3, round(seconds * first * 1e9 / (threads * 2 * SIZE**3)))
    return max(map(rate, range(repeats)))


def _product() -> Any:
    """A session that multiplies two matrices on one thread."""
    import onnxruntime
    from onnx import TensorProto, helper

    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIZE, SIZE]) for name in "abc"]
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", sides[:2], sides[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def _features() -> list[str]:
    info = Path("/proc/cpuinfo")
    words = set(info.read_text().split()) if info.is_file() else set()
    return [name for name in FEATURES if name in words]


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _commit() -> str:
    root = Path(__file__).resolve().parent
    command = ["git", "-C", str(root), "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _version(name: str) -> str:
    for package in (f"{name}-gpu", name):  # onnxruntime's
        with suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(package)
    return "absent"


if __name__ == "__main__":
    main()
