"""How long the join takes, beside WhisperX's on the same words and turns.

    python -m benchmarks.join --envs .envs

Conversations of seeded random length: a turn every 8 words (or 20), one in ten
running into the next, words of 0.1 to 0.35 s. Output objects are included, as
dicts (what WhisperX takes) and as our `Word`s. The median of five, in processes
that have held a recording before, as any that diarizes has: glibc then keeps
freed memory instead of returning it, and a join of 100 000 words is some 6 ms
shorter.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.who_said_what import run_whisperx
from diarfuse.fusion.join.assign import Policy, assign_speakers
from diarfuse.fusion.types import SAMPLE_RATE, Turn, Word

SIZES = ((1_000, 50), (10_000, 500), (100_000, 5_000), (1_000_000, 100_000))
RUNS = 5
SPEAKERS = 8
TOO_LONG_FOR_THEM = 100_000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.join")
    parser.add_argument("--envs", type=Path, help="folder with an environment named whisperx")
    envs = parser.parse_args().envs
    held = hold_a_recording()
    print(f"- processes have held {held / 1e6:.0f} MB of samples before\n")
    kinds = [f"{kind}, {join}" for kind in ("dicts", "Words") for join in ("plain", "resolved")]
    print(f"| words x turns | WhisperX | {' | '.join(kinds)} |\n|{'---|' * (len(kinds) + 2)}")
    for words, turns in SIZES:
        spans, known = conversation(words, turns)
        theirs = None
        if envs and words <= TOO_LONG_FOR_THEM:
            python = envs / "whisperx" / "bin" / "python"
            theirs = run_whisperx(python, spans, [[t.start, t.end, t.speaker] for t in known])["seconds"]
        ours = [_seconds(given, known, join) for given in _kinds(spans) for join in ("plain", "resolved")]
        cells = [f"{1000 * s:.1f} ms" + (f" ({theirs / s:.0f}x)" if theirs else "") for s in ours]
        print(f"| {words} x {turns} | {f'{1000 * theirs:.1f} ms' if theirs else '-'} | {' | '.join(cells)} |")


def hold_a_recording() -> int:
    """Make and drop the samples of 8 minutes; returns their bytes."""
    return np.ones(8 * 60 * SAMPLE_RATE, np.float32).nbytes


def conversation(words: int, turns: int) -> tuple[list[list[float]], list[Turn]]:
    """Word spans and turns: seeded, sorted."""
    rng = np.random.default_rng(0)
    starts = np.arange(words) * 0.4 + rng.uniform(0, 0.05, words)
    ends = starts + rng.uniform(0.1, 0.35, words)
    length = words * 0.4 / turns
    begins = np.arange(turns) * length
    stops = begins + length * (1 + 0.3 * (rng.random(turns) < 0.1))
    labels = [f"SPEAKER_{k:02d}" for k in rng.integers(0, SPEAKERS, turns).tolist()]
    known = [Turn(a, b, who) for a, b, who in zip(begins.tolist(), stops.tolist(), labels, strict=True)]
    return np.stack((starts, ends), axis=1).tolist(), known


def _kinds(spans: list[list[float]]) -> tuple[list[Any], list[Any]]:
    """The words as dicts and as our own type."""
    return [{"word": "w", "start": a, "end": b} for a, b in spans], [Word(a, b, "w") for a, b in spans]


def _seconds(words: list[Any], turns: list[Turn], join: Any) -> float:
    """The median time of a join."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        joined = assign_speakers(words, turns, Policy(join=join))
        times.append(time.perf_counter() - started)
        del joined  # its end is not the join's
    return statistics.median(times)


if __name__ == "__main__":
    main()
