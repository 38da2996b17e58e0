"""A GPU beside the same machine's processor: the same turns or not, long recordings, and many short ones.

    python -m benchmarks.on_gpu ../shared/audio/sim ../shared/audio/real --pack campplus
    python -m benchmarks.on_gpu ../shared/audio/sim --pack community-1 --local .envs/int8 --no-turns

The long recording is the first folder's, over and over. The first answer of a process waits for libraries, kernels and
memory as well, so it has a column of its own; the others are medians of `--runs`, and of as many runs of the queue.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import numpy as np

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

    from diarfuse.diarize.arrays import Float32
    from diarfuse.diarize.options import Device, Mode
    from diarfuse.diarize.pipeline import Heard, Recall
    from diarfuse.fusion.types import Samples, Seconds, Turn

MODES: tuple[Mode, ...] = ("default", "fast", "exact")
TURNS = "| folder, mode | cosine of embeddings: mean, least | DER % CPU, not `fast` | DER % GPU | same turns |\n|" + "---|" * 5
LONG = "| long recording | x realtime, first | later | seconds by stage, later |\n|" + "---|" * 4
SHORT = "| short recordings | x realtime |\n|---|---|"


class Variant(NamedTuple):
    """A way to use the device. pinned: the host's side of copies is locked into memory."""

    mode: Mode
    graphs: bool = False
    pinned: bool = True

    def __str__(self) -> str:
        return self.mode + ", CUDA graphs" * self.graphs + ", not pinned" * (not self.pinned)


def main() -> None:
    """Print the machine and the tables."""
    arguments = _parse()
    check(arguments.device)
    store = open_store(arguments.local) if arguments.local else None

    def load(device: Device, variant: Variant) -> Diarizer:
        execution = Execution(mode=variant.mode, device=device, cuda_graph=variant.graphs and device == "cuda")
        with patch.object(fixed, "pin", fixed.pin if variant.pinned else lambda _: False):
            return Diarizer.from_pretrained(arguments.pack, store=store, execution=execution)

    print(f"{describe()}\n- {gpu()}; {arguments.pack}\n", flush=True)
    if arguments.turns:
        print(TURNS)
        for folder, mode in product(arguments.folder, MODES):
            whole: Mode = "exact" if mode == "exact" else "default"
            print(turns(folder, load("cpu", Variant(whole)), load(arguments.device, Variant(mode))), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        audio = build_audio(arguments.folder[0], 60 * arguments.minutes, Path(scratch, "long.wav"))
        samples = load_audio(audio)
        print(f"\n{LONG}")
        variants = [Variant("default"), Variant("default", graphs=True), Variant("default", pinned=False)]
        for variant in [*variants, Variant("fast"), Variant("exact")]:
            print(f"| {variant} | {long(load(arguments.device, variant), samples, arguments.runs)} |", flush=True)
        clips = Path(scratch, "clips")
        seconds = cut(arguments.folder[0], clips, arguments.files, (5.0, 30.0))
        print(f"\n{SHORT}")
        for variant in (Variant("default"), Variant("fast")):
            for name, rate in short(load(arguments.device, variant), clips, seconds, arguments.runs):
                print(f"| {variant}, {name} | {rate} |", flush=True)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.on_gpu", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", nargs="+", type=Path, help="folder of recordings with their truth")
    parser.add_argument("--pack", default="campplus")
    parser.add_argument("--local", type=Path, help="a community-1 that benchmarks.local_pack made")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda", help="cpu: to try this program")
    parser.add_argument("--no-turns", dest="turns", action="store_false", help="only the times")
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


def turns(folder: Path, cpu: Diarizer, other: Diarizer) -> str:
    """The row that says how far both devices agree on the recordings of `folder`."""
    vectors: tuple[list[Float32], list[Float32]] = ([], [])
    pairs: list[tuple[tuple[Turn, ...], ...]] = []
    recordings = find_recordings(folder)
    for recording in recordings:
        samples = load_audio(recording.audio)
        both = zip((cpu, other), vectors, strict=True)
        pairs.append(tuple(one.remembering(_kept(found)).diarize(samples).turns for one, found in both))
    rates = [[score(r.turns, found, r.uem) for found in pair] for r, pair in zip(recordings, pairs, strict=True)]
    ders = " | ".join(f"{100 * total(column).der:.2f}" for column in zip(*rates, strict=True))
    alike = cosines(*vectors) if all(a.shape == b.shape for a, b in zip(*vectors, strict=True)) else np.array([np.nan])
    same = sum(first == second for first, second in pairs)
    name = f"{folder.name}, {other.execution.mode}"
    return f"| {name} | {alike.mean():.7f}, {alike.min():.7f} | {ders} | {same}/{len(recordings)} |"


def _kept(found: list[Float32]) -> Recall:
    """Puts the embeddings of each recording into `found`."""

    def recall(listen: Callable[[], Heard]) -> Heard:
        heard = listen()
        found.append(heard.voices.vectors)
        return heard

    return recall


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
