"""Peak memory of the command line on very long recordings.

    python -m benchmarks.memory ../shared/audio/sim --hours 1 --hours 10 --option=--diarizer=campplus
    python -m benchmarks.memory ../shared/audio/sim --hours 10 --local .envs/random

The recordings are the folder's files over and over, written to a temporary
WAV (115 MB an hour). The peak is the operating system's own count of the
finished process, models and samples included.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import describe
from benchmarks.rivals.launch import ROOT
from benchmarks.speed import CLI, build_audio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarfuse.fusion.types import Seconds


def main() -> None:
    """Print one row a length."""
    arguments = _parse()
    print(describe(), "\n\n| hours | options | peak MB | seconds | x realtime | turns |\n|" + "---|" * 6)
    for hours in arguments.hours or [1.0, 10.0]:
        with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
            audio = build_audio(arguments.folder, 3600 * hours, Path(scratch, "long.wav"))
            out = Path(scratch, "long.rttm")
            peak, seconds = measure(_command(arguments, audio, out))
            turns = len(out.read_text(encoding="utf-8").splitlines())
        options = " ".join([*arguments.option, *(["local community-1"] if arguments.local else [])])
        print(f"| {hours:g} | {options} | {peak:.0f} | {seconds:.0f} | {3600 * hours / seconds:.1f} | {turns} |")


def _command(arguments: argparse.Namespace, audio: Path, out: Path) -> list[str]:
    """The command line, or the same diarizer with a local pack, which the command line rightly refuses."""
    if arguments.local is None:
        return [*CLI, "diarize", *arguments.option, str(audio), "-o", str(out)]
    local = f"local={arguments.local.resolve()}"
    return [sys.executable, "-m", "benchmarks.rivals.ours", "--out", str(out.parent), "--option", local, str(audio)]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="folder of recordings to repeat")
    parser.add_argument("--hours", type=float, action="append", help="may be repeated (default: 1 and 10)")
    parser.add_argument("--option", action="append", default=[], help="passed to `transcribe diarize`")
    parser.add_argument("--local", type=Path, help="a pack that `benchmarks.local_pack` made, in place of --option")
    parser.add_argument("--scratch", type=Path, help="folder for the temporary recordings")
    return parser.parse_args()


def measure(command: Sequence[str]) -> tuple[float, Seconds]:
    """Peak resident memory in MB of 10^6 bytes, and seconds, of a command that must succeed.

    A child's count starts at what its parent held when it was started, some
    100 MB here, so anything below that would read as that.
    """
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with code {process.returncode}.")
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    return usage.ru_maxrss * unit / 1e6, time.perf_counter() - begin


if __name__ == "__main__":
    main()
