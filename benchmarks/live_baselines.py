"""What else could say who is speaking, on our own networks: diart's algorithm, and rolling windows linked greedily.

    python -m benchmarks.live_baselines ../shared/audio/real ../shared/audio/sim --pack campplus

prints, in Markdown, rows beside those of `benchmarks.live`: DER of the label as last said d seconds after each frame,
at the end, corrections and cost. Neither is told what `close` would say.

diart: Coria et al., "Overlap-aware low-latency online speaker diarization based on end-to-end local segmentation"
(2021), and its program 0.9: incremental centroids, optimal assignment within a window with its local speakers kept
apart, a Hamming window over what the windows of the last `latency` seconds say. It never takes back what it said, so
its label after d seconds is that of latency d. Not as there: our segmentation's own 10 s window instead of 5 s, its
hard decisions, and voices pooled from frames in which nobody else speaks instead of weighing overlapped frames less.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from benchmarks.live import BLOCK, DELAYS, Run, joined, pooled
from benchmarks.scoring import find_recordings
from diarfuse.diarize.options import Execution
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.windows import FRAME_STEP, Windows
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.types import SAMPLE_RATE, Seconds, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.scoring import Recording
    from diarfuse.diarize.arrays import Bits, Flags, Float32, Float64, Int64
    from diarfuse.fusion.types import Samples

STEP: Seconds = BLOCK / SAMPLE_RATE
WINDOW: Seconds = Windows(0).duration
ROLLING: Seconds = 30.0
COLUMNS = "| recordings | how | d = 1 s | 2 s | 3 s | 10 s | end | core % | labels (truth) |"
NOBODY = -1


class Constants(NamedTuple):
    """Of diart: a voice's least activity, the least share of a window that teaches, the distance of a new person."""

    active: float
    update: float
    new: float


CONSTANTS = {
    "diart": Constants(0.6, 0.3, 1.0),
    "diart, AMI": Constants(0.507, 0.006, 1.057),
    "diart, DIHARD III": Constants(0.555, 0.422, 1.517),
    "diart, VoxConverse": Constants(0.576, 0.915, 0.648),
}
"""Its default, and those that it publishes for three corpora."""


@dataclass
class Centres:
    """People as sums of their unit-length embeddings; diart's incremental clustering."""

    constants: Constants
    sums: list[Float64] = field(default_factory=list)

    def identify(self, vectors: Float32, segmentation: Bits) -> Int64:
        """Whose the local speakers of a window are, and learn from it.

        Args:
            vectors: float32 (local speakers, dimension), NaN where there is none.
            segmentation: 0 or 1, (frames, local speakers).

        Returns:
            int64 (local speakers,): numbers of people, no two alike; `NOBODY` where silent or all are taken.
        """
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        share = segmentation.mean(axis=0)
        active = [int(i) for i in np.flatnonzero((share > 0) & ~np.isnan(units).any(axis=1))]
        found = np.full(len(units), NOBODY)
        if not active:
            return found
        known = len(self.sums)
        far = cdist(units[active], np.array(self.sums), "cosine") if known else np.empty((len(active), 0))
        for row, column in zip(*linear_sum_assignment(far), strict=True):
            if far[row, column] < self.constants.new:
                found[active[row]] = column
        matched = [i for i in active if found[i] != NOBODY and share[i] >= self.constants.update]
        for row, local in enumerate(active):
            if found[local] == NOBODY and (not known or share[local] >= self.constants.update):
                self.sums.append(units[local].astype(np.float64))
                found[local] = len(self.sums) - 1
            elif found[local] == NOBODY:
                free = [int(j) for j in np.argsort(far[row]) if j not in found]
                found[local] = free[0] if free else NOBODY
        for local in matched:
            self.sums[found[local]] = self.sums[found[local]] + units[local]
        return found


@dataclass(frozen=True)
class Heard:
    """One window: its end in seconds, who speaks in which frame, their voices."""

    end: Seconds
    segmentation: Bits
    vectors: Float32


def windows_of(diarizer: Diarizer, samples: Samples) -> Iterator[Heard]:
    """A window every `STEP`, the first ones with silence before the recording, as diart pads files."""
    longest = Windows(0).window_samples
    padded = np.concatenate([np.zeros(longest - BLOCK, np.float32), samples])
    for start in range(0, padded.size - longest + 1, BLOCK):
        window = padded[start : start + longest]
        segmentation = diarizer.hear(window)
        yield Heard((start + BLOCK) / SAMPLE_RATE, segmentation, diarizer.embed(window, segmentation))


def diart(heard: Sequence[Heard], constants: Constants) -> dict[Seconds, list[Turn]]:
    """What it says at each latency of `DELAYS`."""
    centres = Centres(constants)
    told = [(each, centres.identify(each.vectors, each.segmentation)) for each in heard]
    return {delay: _delayed(told, delay, constants, len(centres.sums)) for delay in DELAYS}


def _delayed(told: Sequence[tuple[Heard, Int64]], latency: Seconds, constants: Constants, people: int) -> list[Turn]:
    """Each half second once the windows of `latency` were heard, weighed by a Hamming window over each."""
    turns: list[Turn] = []
    behind = round(latency / STEP)
    for number in range(len(told) + behind - 1):
        start = (number - behind + 1) * STEP
        if start < 0:
            continue
        seen = [_scores(each, labels, start, people) for each, labels in told[max(number - behind + 1, 0) : number + 1]]
        if seen:
            scores = np.sum([weight[:, None] * score for score, weight in seen], axis=0)
            total = np.sum([weight for _, weight in seen], axis=0)
            turns += _turns(scores / total[:, None] >= constants.active, start)
    return turns


def _scores(heard: Heard, labels: Int64, start: Seconds, people: int) -> tuple[Float64, Float64]:
    """Activity of everybody in the frames of the half second from `start`, and the window's weight there."""
    frames = len(heard.segmentation)
    count = round(STEP / FRAME_STEP)
    first = min(max(round((start - heard.end + WINDOW) / FRAME_STEP), 0), frames - count)
    scores = np.zeros((count, people))
    for local, person in enumerate(labels):
        if person != NOBODY:
            scores[:, person] = heard.segmentation[first : first + count, local]
    return scores, np.hamming(frames)[first : first + count]


def _turns(active: Flags, start: Seconds) -> list[Turn]:
    """Stretches of active frames that lie next to each other, within one half second."""
    turns: list[Turn] = []
    step = STEP / len(active)
    for person in range(active.shape[1]):
        edges = np.flatnonzero(np.diff(np.r_[0, active[:, person], 0]))
        turns += [Turn(start + a * step, start + b * step, str(person)) for a, b in edges.reshape(-1, 2)]
    return turns


def rolling(diarizer: Diarizer, samples: Samples, every: Seconds) -> dict[Seconds | None, list[Turn]]:
    """The last `ROLLING` seconds diarized anew every so often, its people those with whom they share most time."""
    said: dict[Seconds | None, list[Turn]] = {delay: [] for delay in (*DELAYS, None)}
    book: list[Turn] = []
    people, now = 0, 0.0
    while now < samples.size / SAMPLE_RATE:
        before, now = now, min(now + every, samples.size / SAMPLE_RATE)
        since = max(now - ROLLING, 0.0)
        new = diarizer.diarize(samples[round(since * SAMPLE_RATE) : round(now * SAMPLE_RATE)]).turns
        moved = [Turn(turn.start + since, turn.end + since, turn.speaker) for turn in new]
        for delay in DELAYS:  # what was said of the frames that grew so old meanwhile
            said[delay] += cut(book, before - delay, before + every - delay)
        names, people = linked(moved, cut(book, since, now), people)
        book = cut(book, 0.0, since) + [Turn(turn.start, turn.end, names[turn.speaker]) for turn in moved]
    for delay in DELAYS:
        said[delay] += cut(book, max(now - delay, 0.0), now)
    said[None] = book
    return said


def linked(new: Sequence[Turn], old: Sequence[Turn], people: int) -> tuple[dict[str, str], int]:
    """Names for new labels: pairs that share most time first, each old name once, others get new numbers."""
    shared: dict[tuple[str, str], float] = {}
    for one in new:
        for other in old:
            time_ = min(one.end, other.end) - max(one.start, other.start)
            if time_ > 0:
                shared[one.speaker, other.speaker] = shared.get((one.speaker, other.speaker), 0.0) + time_
    names: dict[str, str] = {}
    for label, name in sorted(shared, key=lambda pair: (-shared[pair], pair)):
        if label not in names and name not in names.values():
            names[label] = name
    for label in sorted({turn.speaker for turn in new} - set(names)):
        names[label], people = str(people), people + 1
    return names, people


def cut(turns: Sequence[Turn], start: Seconds, end: Seconds) -> list[Turn]:
    """What lies within ``start <= t < end``."""
    spans = [(max(turn.start, start), min(turn.end, end), turn.speaker) for turn in turns]
    return [Turn(first, last, speaker) for first, last, speaker in spans if last > first]


def main() -> None:
    """Run every folder and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live_baselines", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", nargs="+", type=Path, help="folder of recordings with .rttm beside them")
    parser.add_argument("--pack", default="campplus")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two rolling windows")
    arguments = parser.parse_args()
    diarizer = Diarizer.from_pretrained(arguments.pack, execution=Execution(threads=1))
    print(f"{COLUMNS}\n|" + "---|" * 9)
    for folder in arguments.folder:
        recordings = find_recordings(folder)
        by_way: dict[str, list[Run]] = {}
        for recording in recordings:
            for way, run in _runs(diarizer, load_audio(recording.audio), arguments.every).items():
                by_way.setdefault(way, []).append(run)
        for way, runs in by_way.items():
            print(_row(f"{folder.name} ({len(runs)})", way, recordings, runs), flush=True)


def _runs(diarizer: Diarizer, samples: Samples, every: Seconds) -> dict[str, Run]:
    began = time.process_time()
    heard = list(windows_of(diarizer, samples))
    listening = time.process_time() - began
    runs: dict[str, Run] = {}
    for name, constants in CONSTANTS.items():
        began = time.process_time()
        said = diart(heard, constants)
        spent = listening + (time.process_time() - began) / len(said)
        runs[name] = _run(samples, said, said[DELAYS[-1]], spent)
    began = time.process_time()
    rolled = rolling(diarizer, samples, every)
    end = rolled.pop(None)
    said = {delay: turns for delay, turns in rolled.items() if delay is not None}
    runs[f"rolling {ROLLING:g} s"] = _run(samples, said, end, time.process_time() - began)
    return runs


def _run(samples: Samples, said: dict[Seconds, list[Turn]], end: Sequence[Turn], cpu: Seconds) -> Run:
    labels = len({turn.speaker for turn in end})
    return Run(said=said, end=tuple(joined(end)), duration=samples.size / SAMPLE_RATE, cpu=cpu, labels=labels)


def _row(name: str, way: str, recordings: Sequence[Recording], runs: Sequence[Run]) -> str:
    answers = [[joined(run.said[delay]) for run in runs] for delay in DELAYS] + [[run.end for run in runs]]
    cells = [f"{100 * pooled(recordings, answer):.1f}" for answer in answers]
    truth = sum(len({turn.speaker for turn in recording.turns}) for recording in recordings)
    cells += [f"{100 * sum(run.cpu for run in runs) / sum(run.duration for run in runs):.1f}"]
    return f"| {name} | {way} | " + " | ".join(cells) + f" | {sum(run.labels for run in runs)} ({truth}) |"


if __name__ == "__main__":
    main()
