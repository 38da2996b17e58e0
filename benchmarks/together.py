"""Recognising and diarizing at once against one after the other, from the command line.

    python -m benchmarks.together examples/meeting.wav --option=--asr=moonshine
    python -m benchmarks.random_whisper --help     # a slow one

Three commands in turns: the recogniser alone, the diarizer alone, both. The
last may take little more than the slower of the first two where cores are
left, and never more than their sum. Below the table stand the seconds by stage
that one more run of each tells (`--verbose`), and both against its bars: recogniser,
alignment and 1.1 times the diarizer's own compute; and 1.1 times the recogniser,
where that is slower than 5 times realtime. Alignment, which goes beside the recogniser
in a command, is taken by itself here.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import soundfile

from benchmarks.machine import describe
from benchmarks.memory import measure
from benchmarks.rivals.launch import ROOT
from benchmarks.speed import CLI
from diarfuse.asr_adapters.align import align
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.document import read_document
from diarfuse.fusion.types import Seconds

ALONE, TURNS, BOTH = "recogniser alone", "diarizer alone", "both"
SLOW, MORE = 5.0, 1.1
"""Times realtime below which a recogniser is slow; how many times the parts the whole may take."""
_STAGE = re.compile(r"([a-z][a-z ]*) ([0-9.]+) s")


def main() -> None:
    """Print seconds and peak memory of the three commands, and the bars."""
    arguments = _parse()
    print(describe(), "\n\n| command | seconds (median) | least | peak MB |\n|" + "---|" * 4)
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(arguments.audio, Path(folder), arguments.option, arguments.diarizer_option)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(arguments.runs):
            for name, command in commands.items():
                found[name].append(measure(command))
        told = {name: stages(_told(command)) for name, command in commands.items() if name != ALONE}
        aligned = alignment(arguments.audio, Path(folder) / "words.json")
    for name, runs in found.items():
        seconds = [each[1] for each in runs]
        peak = max(each[0] for each in runs)
        print(f"| {name} | {statistics.median(seconds):.1f} | {min(seconds):.1f} | {peak:.0f} |")
    print()
    for name, parts in told.items():
        print(f"- {name}, by stage: {', '.join(f'{stage} {seconds:.2f} s' for stage, seconds in parts.items())}")
    middle = {name: statistics.median(each[1] for each in runs) for name, runs in found.items()}
    for line in bars(middle, aligned, told[TURNS]["diarize"], soundfile.info(str(arguments.audio)).duration):
        print(f"- {line}")


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
        ALONE: [*CLI, *recogniser, name, "-o", str(out / "words.json")],
        TURNS: [*CLI, "diarize", *diarizer, name, "-o", str(out / "turns.rttm")],
        BOTH: [*CLI, "--diarize", *recogniser, *diarizer, name, "-o", str(out / "both.json")],
    }


def _told(command: Sequence[str]) -> str:
    """What a command says of itself."""
    done = subprocess.run([*command, "--verbose"], cwd=ROOT, check=True, stderr=subprocess.PIPE, text=True)
    return done.stderr


def stages(told: str) -> dict[str, Seconds]:
    r"""Stage -> seconds, of the line of `--verbose` that tells them.

    >>> stages("speakers: 1\ntime: load audio 0.06 s, recognise 8.58 s; the recording lasts 60.0 s\n")
    {'load audio': 0.06, 'recognise': 8.58}
    """
    line = next(line for line in told.splitlines() if line.startswith("time: "))
    return {name: float(seconds) for name, seconds in _STAGE.findall(line.partition(";")[0].removeprefix("time: "))}


def alignment(audio: Path, words: Path) -> Seconds:
    """How long aligning a result's lines takes by itself, none where the recogniser gave words."""
    found, samples = read_document(words).transcript, load_audio(audio)
    begun = time.perf_counter()
    align(found, samples)
    return time.perf_counter() - begun


def bars(found: Mapping[str, Seconds], aligned: Seconds, own: Seconds, duration: Seconds) -> Iterator[str]:
    """Both commands' time against what it may be."""
    alone, both = found[ALONE], found[BOTH]
    most = alone + aligned + MORE * own
    parts = f"recogniser {alone:.1f} + alignment {aligned:.1f} + {MORE} x the diarizer's own {own:.1f}"
    yield f"both {both:.1f} s; {parts} = {most:.1f} s: {_kept(both <= most)}"
    if duration / alone < SLOW:
        times = both / alone
        yield f"with a recogniser of {duration / alone:.1f}x realtime {times:.3f} times it: {_kept(times <= MORE)}"


def _kept(kept: bool) -> str:
    return "within the bar" if kept else "OVER the bar"


if __name__ == "__main__":
    main()
