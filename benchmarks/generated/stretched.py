"""One long recording that repeats clips: for time, memory and clustering in blocks, never for accuracy of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import soundfile
import soxr

from benchmarks.generated.__main__ import fold_of, render
from benchmarks.generated.acoustics import CHANNELS, transmit
from benchmarks.generated.layout import Placement, Plan, lay_out, plans
from benchmarks.generated.truth import turns_of
from diarfuse.fusion.types import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.generated.material import Clip
    from diarfuse.fusion.types import Samples, Seconds

_LINES = tuple(channel for channel in CHANNELS if channel not in {"telephone", "noise"})


def write_stretched(voices: Path, out: Path, clips: Sequence[Clip], hours: float) -> None:
    """OUT/stretched/stretched_HOURSh.wav and its RTTM: ten people, parts of two minutes or so."""
    folder = out / "stretched"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"stretched_{hours:g}h.wav"
    with (
        soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as sound,
        path.with_suffix(".rttm").open("w", encoding="utf-8") as truth,
    ):
        at: Seconds = 0.0
        for samples, placements, speed in _parts(voices, clips):
            sound.write(np.clip(samples, -1, 1))
            for a, b, who in turns_of(placements):
                start, length = at + a / speed, (b - a) / speed
                truth.write(f"SPEAKER {path.stem} 1 {start:.3f} {length:.3f} <NA> <NA> {who} <NA> <NA>\n")
            at += len(samples) / SAMPLE_RATE
            if at >= hours * 3600:
                return


def _parts(voices: Path, clips: Sequence[Clip]) -> Iterator[tuple[Samples, list[Placement], float]]:
    """Conversations of the ten people of fold 0, each in another room, at another speed, through another line."""
    ten = plans()[len(plans()) // 4 - 1]
    people = fold_of(clips, ten.fold)
    seed = 0
    while True:
        rng = np.random.default_rng([7, seed])
        placements = lay_out(_varied(ten, rng, seed), people)
        mix, _ = render(placements, voices, 50_000 + seed)
        speed = float(rng.uniform(0.95, 1.05))
        faster: Samples = soxr.resample(mix, SAMPLE_RATE * speed, SAMPLE_RATE).astype(np.float32)
        yield transmit(faster, _LINES[seed % len(_LINES)], rng), placements, speed
        seed += 1


def _varied(plan: Plan, rng: np.random.Generator, seed: int) -> Plan:
    return replace(plan, seed=90_000 + seed, speakers=int(rng.integers(2, 11)))
