"""Clustering alone on made-up embeddings: time, memory, and how right it stays as recordings grow.

    python -m benchmarks.clustering_scale --embeddings 5000 --embeddings 20000 --embeddings 120000

Speakers are directions on the sphere, embeddings are these with noise, in
conversation-like runs. 24 hours at a hop of 1 s give about 120 000 training
embeddings. Each size runs in a process of its own, so that its peak is its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.machine import describe
from benchmarks.rivals.launch import ROOT
from benchmarks.rivals.runner import peak_rss_mb
from diarfuse.diarize import ahc
from diarfuse.diarize.plda import unit_length

if TYPE_CHECKING:
    import numpy.typing as npt

    Labels = npt.NDArray[np.integer]

DIMENSION, THRESHOLD = 256, 0.6
RUN = 8  # embeddings that one speaker gives in a row
NOISE = 0.45  # length of the noise beside a unit vector: members lie about as close as real voices do


def main() -> None:
    """Run each size, or (with ``--one``) one size in this process."""
    arguments = _parse()
    if arguments.one:
        print(row(arguments.one, arguments.speakers, plain=arguments.one <= arguments.plain_up_to))
        return
    print(describe(), "\n")
    print("| embeddings | speakers | found | pairs judged right % | equal to plain AHC | seconds | peak MB |")
    print("|" + "---|" * 7)
    for size in arguments.embeddings or [5_000, 20_000, 120_000]:
        command = [sys.executable, "-m", "benchmarks.clustering_scale", f"--one={size}"]
        command += [f"--speakers={arguments.speakers}", f"--plain-up-to={arguments.plain_up_to}"]
        print(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip())


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.clustering_scale", description=__doc__.split("\n", 1)[0]
    )
    parser.add_argument("--embeddings", type=int, action="append", help="may be repeated")
    parser.add_argument("--speakers", type=int, default=12)
    parser.add_argument("--plain-up-to", type=int, default=10_000, help="compare with scipy's plain AHC up to here")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def row(size: int, speakers: int, *, plain: bool) -> str:
    """Cluster `size` embeddings and describe it."""
    embeddings, truth = voices(size, speakers)
    begin = time.perf_counter()
    labels = ahc.cluster(embeddings, THRESHOLD)
    seconds, peak = time.perf_counter() - begin, peak_rss_mb()
    equal = "not compared"
    if plain:
        equal = "yes" if same_partition(labels, ahc.plain(unit_length(embeddings), THRESHOLD)) else "no"
    right = 100 * rand_index(labels, truth)
    found = f"{size} | {speakers} | {len(np.unique(labels))} | {right:.2f}"
    return f"| {found} | {equal} | {seconds:.1f} | {peak:.0f} |"


def voices(size: int, speakers: int) -> tuple[npt.NDArray[np.float32], Labels]:
    """Embeddings float32 (size, 256) in order of time, and whose each is."""
    generator = np.random.default_rng(size)
    centres = generator.standard_normal((speakers, DIMENSION))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    truth = np.repeat(generator.integers(0, speakers, size // RUN + 1), RUN)[:size]
    embeddings = np.empty((size, DIMENSION), np.float32)
    for start in range(0, size, 4096):  # in blocks: the noise would hold float64 for all of them
        whose = truth[start : start + 4096]
        noise = generator.standard_normal((len(whose), DIMENSION)) * (NOISE / DIMENSION**0.5)
        embeddings[start : start + 4096] = centres[whose] + noise
    return embeddings, truth


def contingency(one: Labels, other: Labels) -> npt.NDArray[np.float64]:
    """How many members each pair of clusters shares."""
    table = np.zeros((int(one.max()) + 1, int(other.max()) + 1))
    np.add.at(table, (one, other), 1)
    return table


def rand_index(labels: Labels, truth: Labels) -> float:
    """Share of pairs that both keep together or both keep apart."""
    table = contingency(labels, truth)
    pairs = [float((counts * (counts - 1) / 2).sum()) for counts in (table, table.sum(0), table.sum(1))]
    every = len(labels) * (len(labels) - 1) / 2
    return (every + 2 * pairs[0] - pairs[1] - pairs[2]) / every


def same_partition(one: Labels, other: Labels) -> bool:
    """Whether the two differ in nothing but the numbers of their clusters."""
    shared = contingency(one, other) > 0
    return bool((shared.sum(0) == 1).all() and (shared.sum(1) == 1).all())


if __name__ == "__main__":
    main()
