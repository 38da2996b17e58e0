"""What every runner does: load once, diarize each file, write RTTM and a report.

A runner is started as ``python -m benchmarks.rivals.NAME`` with the Python of
the rival's own environment and this repository on ``PYTHONPATH``; it may
import its engine, numpy, soundfile, and of this project only `fusion.types`.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import soundfile

from diarfuse.fusion.types import SAMPLE_RATE, Diarization, Turn

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Answer: TypeAlias = tuple[Sequence[Turn], Mapping[str, float]]
"""The turns, and seconds by stage where the engine tells them."""
Engine: TypeAlias = Callable[[Path], Answer]
Load: TypeAlias = Callable[[Mapping[str, str], int], Engine]
"""``load(options, threads)`` builds the engine; its time is the load time."""


def main(load: Load, packages: Sequence[str]) -> None:
    """Parse the command line, run `load`'s engine on every file, write what came out.

    Args:
        load: builds the engine.
        packages: distributions whose versions the report names.
    """
    arguments = _parse()
    begin = time.perf_counter()
    engine = load(dict(pair.split("=", 1) for pair in arguments.option), arguments.threads)
    loaded = time.perf_counter() - begin
    files = [_diarize(engine, audio, arguments.out) for audio in arguments.audio]
    report = {
        "versions": {"python": platform.python_version()} | _versions(packages),
        "threads": arguments.threads,
        "load_s": loaded,
        "files": files,
        "peak_rss_mb": peak_rss_mb(),
    }
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("audio", nargs="+", type=Path, help="16 kHz mono 16-bit WAV files")
    parser.add_argument("--out", type=Path, required=True, help="folder for NAME.rttm and report.json")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE")
    return parser.parse_args()


def _diarize(engine: Engine, audio: Path, out: Path) -> dict[str, object]:
    duration = soundfile.info(str(audio)).duration
    begin = time.perf_counter()
    turns, stages = engine(audio)
    seconds = time.perf_counter() - begin
    ordered = tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))
    rttm = Diarization(turns=ordered, exclusive=(), duration=duration).to_rttm(audio.stem)
    (out / f"{audio.stem}.rttm").write_text(rttm, encoding="utf-8")
    return {"audio": audio.stem, "duration": duration, "seconds": seconds, "stages": dict(stages)}


def read(audio: Path) -> npt.NDArray[np.float32]:
    """The samples of a prepared file, float32 (num_samples,)."""
    samples, rate = soundfile.read(str(audio), dtype="float32")
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise ValueError(f"{audio} must be {SAMPLE_RATE} Hz mono; benchmarks.rivals.launch prepares such copies.")
    return cast("npt.NDArray[np.float32]", samples)


def peak_rss_mb() -> float:
    """Peak resident memory of this process, in MB of 10^6 bytes.

    `getrusage` is the second choice on Linux: it starts from the peak of the
    process that forked us, because exec hands that on.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _versions(packages: Sequence[str]) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in packages}
