"""How near the embeddings of the faster ways come to those of `exact`.

    python -m benchmarks.embeddings ../shared/audio/real --local .envs/random

The same segmentation of the same 10 s windows, each active speaker of each
window embedded by itself (`exact`), from stretches of speech (`default`), and
from stretches with 8-bit convolutions (`fast`): the cosine to the first.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.local_pack import open_store
from benchmarks.scoring import find_audio
from diarfuse.diarize.arrays import Float32
from diarfuse.diarize.options import Execution, Options
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.segmentation import segment
from diarfuse.fusion.audio import load_audio

if TYPE_CHECKING:
    from diarfuse.diarize.options import Mode
    from diarfuse.fusion.types import Samples


def main() -> None:
    """Print mean, median and the lowest tenth of the cosines of each mode."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embeddings", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="folder of recordings")
    parser.add_argument("--local", type=Path, required=True, help="a community-1 that benchmarks.local_pack made")
    arguments = parser.parse_args()
    recordings = [load_audio(path) for path in find_audio(arguments.folder)]
    exact = embeddings(arguments.local, "exact", recordings)
    print("| mode | embeddings | mean | median | lowest tenth below |\n|---|---|---|---|---|")
    modes: tuple[Mode, ...] = ("default", "fast")
    for mode in modes:
        found = cosines(exact, embeddings(arguments.local, mode, recordings))
        cells = (found.mean(), np.median(found), np.quantile(found, 0.1))
        print(f"| {mode} | {len(found)} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")


def embeddings(local: Path, mode: Mode, recordings: list[Samples]) -> list[Float32]:
    """Of every recording: (windows, local speakers, dimension), NaN where there is none."""
    store = open_store(local)
    judge = Diarizer.from_pretrained("community-1", store=store, execution=Execution(mode="exact"))
    way = Diarizer.from_pretrained(
        "community-1", options=Options(step=1.0), store=store, execution=Execution(mode=mode)
    )
    found = []
    for samples in recordings:
        windows = judge._windows(samples)  # noqa: SLF001 - the stages by themselves are what is measured
        segmentations = segment(samples, windows, judge._segmentation, judge.runtime, judge._batch, _silent)  # noqa: SLF001
        embed = way._method.embed  # noqa: SLF001
        found.append(embed(way._embedder, samples, windows, segmentations, way.runtime, _silent).vectors)  # noqa: SLF001
    return found


def cosines(one: list[Float32], other: list[Float32]) -> Float32:
    """Of all embeddings that both have."""
    a, b = (np.concatenate([part.reshape(-1, part.shape[-1]) for part in side]) for side in (one, other))
    both = ~np.isnan(a).any(axis=1) & ~np.isnan(b).any(axis=1)
    a, b = a[both], b[both]
    found: Float32 = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return found


def _silent(done: int, total: int) -> None:
    """Nobody watches."""


if __name__ == "__main__":
    main()
