"""Recognising and diarizing at once against one after the other, from the command line.

    python -m benchmarks.together examples/meeting.wav --option=--asr=moonshine

Three commands in turns: the recogniser alone, the diarizer alone, both. The
last may take little more than the slower of the first two where cores are
left, and never more than their sum.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import describe
from benchmarks.memory import measure
from benchmarks.speed import CLI

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> None:
    """Print seconds and peak memory of the three commands."""
    arguments = _parse()
    print(describe(), "\n\n| command | seconds (median) | least | peak MB |\n|" + "---|" * 4)
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(arguments.audio, Path(folder), arguments.option, arguments.diarizer_option)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(arguments.runs):
            for name, command in commands.items():
                found[name].append(measure(command))
    for name, runs in found.items():
        seconds = [each[1] for each in runs]
        peak = max(each[0] for each in runs)
        print(f"| {name} | {statistics.median(seconds):.1f} | {min(seconds):.1f} | {peak:.0f} |")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.together", description=__doc__.split("\n", 1)[0])
    parser.add_argument("audio", type=Path)
    parser.add_argument("--option", action="append", default=[], help="passed wherever a recogniser runs")
    parser.add_argument("--diarizer-option", action="append", default=[], help="passed wherever the diarizer runs")
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def _commands(audio: Path, out: Path, recogniser: Sequence[str], diarizer: Sequence[str]) -> dict[str, list[str]]:
    name = str(audio.resolve())
    return {
        "recogniser alone": [*CLI, *recogniser, name, "-o", str(out / "words.json")],
        "diarizer alone": [*CLI, "diarize", *diarizer, name, "-o", str(out / "turns.rttm")],
        "both": [*CLI, "--diarize", *recogniser, *diarizer, name, "-o", str(out / "both.json")],
    }


if __name__ == "__main__":
    main()
