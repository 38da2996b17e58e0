"""Ours and its rivals side by side: the same audio, the same threads, one after the other in turns.

    python -m benchmarks.speed ../shared/audio/sim --system ours:pack=campplus --system sherpa --system senko
    python -m benchmarks.speed ../shared/audio/sim --system ours:pack=campplus --minutes 60 --device cuda

One long recording is made of the folder's files. Every system runs once a
round in a process of its own, rounds alternate, and the medians are printed
with the machine, the versions and the load, for Markdown. Then the waiting
that is not work: ``transcribe --help``, and the time to the first bar.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

from benchmarks.machine import describe, gemm_gflops
from benchmarks.rivals import launch
from benchmarks.scoring import find_audio
from diarfuse.diarize.runtime import pick_device
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.errors import DeviceError
from diarfuse.fusion.types import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.rivals.launch import Report, System
    from diarfuse.diarize.options import Device
    from diarfuse.fusion.types import Seconds

HEAD = "| system | x realtime (least to most) | load s | peak MB | seconds by stage | versions |\n|" + "---|" * 6
CLI = (sys.executable, "-m", "diarfuse")


def main() -> None:
    """Run everything and print the tables."""
    arguments = _parse()
    check(arguments.device)
    systems = [launch.parse(spec, arguments.envs) for spec in on(arguments.device, arguments.system or ["ours"])]
    print(describe())
    print(f"- sgemm, one thread: {gemm_gflops(1):.0f} GFLOP/s; {arguments.threads} at once: ", end="")
    print(f"{gemm_gflops(arguments.threads):.0f} GFLOP/s")
    with tempfile.TemporaryDirectory() as scratch:
        audio = build_audio(arguments.folder, 60 * arguments.minutes, Path(scratch, "long.wav"))
        print(f"- {soundfile.info(str(audio)).duration:.0f} s of audio, {arguments.threads} threads, ", end="")
        reports, loads = alternate(systems, audio, arguments.runs, arguments.threads)
        print(f"{arguments.runs} runs each, load average before a run {min(loads):.1f} to {max(loads):.1f}\n\n{HEAD}")
        for label, found in reports.items():
            print(_row(label, found))
        print(f"\n{startup(audio, arguments.runs, arguments.cli_option)}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="folder of recordings to make the audio of")
    parser.add_argument("--system", action="append", help="see benchmarks/README.md; may be repeated (default: ours)")
    parser.add_argument("--envs", type=Path, default=Path(".envs"), help="folder of the rivals' environments")
    parser.add_argument("--minutes", type=float, default=0, help="length of the audio; 0 is every file once")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda", "coreml"], default="cpu", help="of ours")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--cli-option", action="append", default=[], help="for the command line's start, as --cli-option=--offline"
    )
    return parser.parse_args()


def check(device: Device) -> None:
    """End in one sentence where the device cannot be used."""
    try:
        pick_device(device)
    except DeviceError as error:
        raise SystemExit(f"Error: {error}") from None


def on(device: Device, specs: Sequence[str]) -> list[str]:
    """The systems, with ours on a device.

    >>> on("cuda", ["ours", "ours:mode=fast", "senko"]), on("cpu", ["ours"])
    (['ours:device=cuda', 'ours:mode=fast,device=cuda', 'senko'], ['ours'])
    """
    if device == "cpu":
        return list(specs)
    ours = {spec: f"{spec}{',' if ':' in spec else ':'}device={device}" for spec in specs if spec.startswith("ours")}
    return [ours.get(spec, spec) for spec in specs]


def build_audio(folder: Path, seconds: Seconds, path: Path) -> Path:
    """One 16 kHz mono 16-bit WAV of `folder`'s files in turn, over and over until `seconds` (0: each once)."""
    files = find_audio(folder)
    left = round(seconds * SAMPLE_RATE)
    with soundfile.SoundFile(str(path), "w", SAMPLE_RATE, 1, subtype="PCM_16") as out:
        for file in cycle(files) if left else files:
            samples = load_audio(file)
            samples = samples[:left] if left else samples
            out.write(launch.pcm16(samples))
            if left and not (left := left - samples.size):
                break
    return path


def alternate(
    systems: Sequence[System], audio: Path, runs: int, threads: int
) -> tuple[dict[str, list[Report]], list[float]]:
    """Every system once a round; reports by label, and the load average before each run."""
    reports: dict[str, list[Report]] = {system.label: [] for system in systems}
    loads = []
    for _ in range(runs):
        for system in systems:
            loads.append(os.getloadavg()[0])
            with tempfile.TemporaryDirectory() as out:
                reports[system.label].append(launch.run(system, [audio], Path(out), threads=threads))
    return reports, loads


def _row(label: str, found: Sequence[Report]) -> str:
    rates = [report.realtime for report in found]
    load, peak = _median(found, lambda report: report.load_s), _median(found, lambda report: report.peak_rss_mb)
    versions = ", ".join(f"{name} {version}" for name, version in found[0].versions.items())
    speed = f"{statistics.median(rates):.1f} ({min(rates):.1f} to {max(rates):.1f})"
    return f"| {label} | {speed} | {load:.1f} | {peak:.0f} | {_stages(found)} | {versions} |"


def _median(found: Sequence[Report], value: Callable[[Report], float]) -> float:
    return statistics.median(value(report) for report in found)


def _stages(found: Sequence[Report]) -> str:
    def seconds(stage: str) -> Callable[[Report], float]:
        return lambda report: report.files[0].stages.get(stage, 0.0)

    return ", ".join(f"{stage} {_median(found, seconds(stage)):.1f}" for stage in found[0].files[0].stages)


def startup(audio: Path, runs: int, options: Sequence[str]) -> str:
    """Medians of the time ``transcribe --help`` takes, and of the time to the first bar of a diarization."""
    helps = statistics.median(_seconds([*CLI, "--help"]) for _ in range(runs))
    command = [*CLI, "diarize", *options, str(audio), "-o", os.devnull, "--format", "rttm"]
    progress = statistics.median(first_progress(command) for _ in range(runs))
    return f"- `transcribe --help`: {helps:.2f} s\n- from command to first progress: {progress:.2f} s"


def _seconds(command: Sequence[str]) -> Seconds:
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=launch.ROOT)
    return time.perf_counter() - begin


def first_progress(command: Sequence[str], variables: Mapping[str, str] | None = None) -> Seconds:
    """Seconds until `command`, on a terminal of its own, shows a percentage; it is ended then."""
    screen, terminal = os.openpty()
    begin = time.perf_counter()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **(variables or {})}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, cwd=launch.ROOT, env=environment
    ) as process:
        os.close(terminal)
        seen = b""
        try:
            while b"%" not in seen:
                seen += os.read(screen, 4096)
        except OSError as error:  # the terminal closes with the process
            raise RuntimeError(f"{command[-1]} ended without any progress: {seen.decode(errors='replace')}") from error
        finally:
            elapsed = time.perf_counter() - begin
            process.terminate()
    os.close(screen)
    return elapsed


if __name__ == "__main__":
    main()
