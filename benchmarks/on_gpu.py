"""A GPU beside the same machine's processor: the same turns or not, long recordings, and many short ones.

    python -m benchmarks.on_gpu ../shared/audio/sim ../shared/audio/real --pack campplus
    python -m benchmarks.on_gpu ../shared/audio/sim --pack community-1 --local .envs/int8 --part long --part short

The long recording is the first folder's, over and over. The first answer of a diarizer waits for kernels and memory as
well, in the first row also for libraries, so it has a column of its own; the others are medians of `--runs`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from unittest.mock import patch

from benchmarks.batch import cut
from benchmarks.embeddings import cosines
from benchmarks.local_pack import open_store
from benchmarks.machine import describe
from benchmarks.scoring import find_recordings, score, total
from benchmarks.speed import build_audio, check
from diarfuse.diarize import fixed
from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.queue import DiarizationQueue
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.types import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.scoring import Recording
    from diarfuse.diarize.arrays import Float32
    from diarfuse.diarize.options import Device, Mode
    from diarfuse.diarize.pipeline import Heard
    from diarfuse.fusion.types import Samples, Seconds, Turn

MODES: tuple[Mode, ...] = ("default", "fast", "exact")
TURNS = "| folder, mode | cosine of embeddings: mean, least | DER % CPU | DER % GPU | same turns |\n|" + "---|" * 5
LONG = "| long recording | x realtime, first | later | seconds by stage, later |\n|" + "---|" * 4
SHORT = "| short recordings | x realtime |\n|---|---|"


class Variant(NamedTuple):
    """A way to use the device. pinned: the host's side of copies is locked into memory."""

    mode: Mode
    graphs: bool = False
    pinned: bool = True

    def __str__(self) -> str:
        return self.mode + ", CUDA graphs" * self.graphs + ", not pinned" * (not self.pinned)


class Answers(NamedTuple):
    """Of each recording the embeddings, (windows, local speakers, dimension), and the turns."""

    vectors: list[Float32]
    turns: list[tuple[Turn, ...]]


WAYS = (Variant("default", graphs=True), Variant("default", pinned=False))
Load: TypeAlias = "Callable[[Device, Variant], Diarizer]"


def main() -> None:
    """Print the machine and the tables."""
    arguments = _parse()
    check(arguments.device)
    store = open_store(arguments.local) if arguments.local else None

    def load(device: Device, variant: Variant) -> Diarizer:
        execution = Execution(mode=variant.mode, device=device, cuda_graph=variant.graphs and device == "cuda")
        return Diarizer.from_pretrained(arguments.pack, store=store, execution=execution)

    print(f"{describe()}\n- {gpu()}; {arguments.pack}")
    parts = {"turns": _turns, "long": _long, "short": _short}
    for name in arguments.part or parts:
        print()
        parts[name](load, arguments)


def _turns(load: Load, arguments: argparse.Namespace) -> None:
    print(TURNS)
    for folder in arguments.folder:
        recordings = find_recordings(folder)
        cpu: dict[Mode, Answers] = {}
        for mode in arguments.mode or MODES:
            beside: Mode = "default" if mode == "fast" else mode  # a processor's `fast` computes in integers
            if beside not in cpu:
                cpu[beside] = heard(load("cpu", Variant(beside)), recordings)
            row = compared(recordings, cpu[beside], heard(load(arguments.device, Variant(mode)), recordings))
            print(f"| {folder.name}, {mode} | {row} |", flush=True)


def _long(load: Load, arguments: argparse.Namespace) -> None:
    print(LONG)
    with tempfile.TemporaryDirectory() as scratch:
        audio = build_audio(arguments.folder[0], 60 * arguments.minutes, Path(scratch, "long.wav"))
        samples = load_audio(audio)
        for variant in [*map(Variant, arguments.mode or MODES), *(WAYS if arguments.ways else ())]:
            with patch.object(fixed, "pin", fixed.pin if variant.pinned else lambda _: False):
                print(f"| {variant} | {long(load(arguments.device, variant), samples, arguments.runs)} |", flush=True)


def _short(load: Load, arguments: argparse.Namespace) -> None:
    print(SHORT)
    with tempfile.TemporaryDirectory() as scratch:
        clips = Path(scratch, "clips")
        seconds = cut(arguments.folder[0], clips, arguments.files, (5.0, 30.0))
        for mode in arguments.mode or MODES:
            for name, rate in short(load(arguments.device, Variant(mode)), clips, seconds, arguments.runs):
                print(f"| {mode}, {name} | {rate} |", flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.on_gpu", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", nargs="+", type=Path, help="folder of recordings with their truth")
    parser.add_argument("--pack", default="campplus")
    parser.add_argument("--local", type=Path, help="a community-1 that benchmarks.local_pack made")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda", help="cpu: to try this program")
    parser.add_argument("--part", action="append", choices=["turns", "long", "short"], help="not all three")
    parser.add_argument("--mode", action="append", choices=MODES, help="not all three")
    parser.add_argument("--ways", action="store_true", help="the long one also with CUDA graphs, and without pinning")
    parser.add_argument("--minutes", type=float, default=60, help="of the long recording")
    parser.add_argument("--files", type=int, default=200, help="how many short ones")
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args()


def gpu() -> str:
    """The GPU and its driver, as ``nvidia-smi`` tells them."""
    asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "no nvidia-smi"


def heard(diarizer: Diarizer, recordings: Sequence[Recording]) -> Answers:
    """The embeddings and the turns of each of `recordings`."""
    vectors: list[Float32] = []

    def recall(listen: Callable[[], Heard]) -> Heard:
        found = listen()
        vectors.append(found.voices.vectors)
        return found

    keeping = diarizer.remembering(recall)
    return Answers(vectors, [keeping.diarize(load_audio(recording.audio)).turns for recording in recordings])


def compared(recordings: Sequence[Recording], cpu: Answers, other: Answers) -> str:
    """What the table says of both devices' answers."""
    rates = [
        total(score(recording.turns, turns, recording.uem) for recording, turns in zip(recordings, side, strict=True))
        for side in (cpu.turns, other.turns)
    ]
    ders = " | ".join(f"{100 * rate.der:.2f}" for rate in rates)
    alike = cosines(cpu.vectors, other.vectors)
    same = sum(a == b for a, b in zip(cpu.turns, other.turns, strict=True))
    return f"{alike.mean():.7f}, {alike.min():.7f} | {ders} | {same}/{len(recordings)}"


def long(diarizer: Diarizer, samples: Samples, runs: int) -> str:
    """Times of one recording: the first answer's, and those of the next."""
    rates, stages = [], []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        found = diarizer.diarize(samples)
        rates.append(samples.size / SAMPLE_RATE / (time.perf_counter() - begin))
        stages.append(found.timings)
    spent = ", ".join(f"{name} {statistics.median(one[name] for one in stages[1:]):.2f}" for name in stages[0])
    return f"{rates[0]:.0f} | {_spread(rates[1:])} | {spent}"


def short(diarizer: Diarizer, clips: Path, seconds: Seconds, runs: int) -> Iterator[tuple[str, str]]:
    """Times of many recordings, one after the other and through the queue."""
    paths = sorted(clips.iterdir())

    def one_by_one() -> None:
        for path in paths:
            diarizer.diarize(path)

    def queue() -> None:
        with DiarizationQueue(diarizer) as waiting:
            for path in paths:
                waiting.push(path.name, path)
            waiting.close()
            for done in waiting:
                done.get()

    for name, work in (("one by one", one_by_one), ("queue", queue)):
        rates = []
        for _ in range(runs + 1):
            begin = time.perf_counter()
            work()
            rates.append(seconds / (time.perf_counter() - begin))
        yield name, _spread(rates[1:])


def _spread(rates: Sequence[float]) -> str:
    return f"{statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f})"


if __name__ == "__main__":
    main()
