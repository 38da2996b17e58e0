"""Voices that nobody has, and what a folder of them holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from diarfuse.transcribe.voices.calibration import CALIBRATIONS
from diarfuse.transcribe.voices.records import Prototype

SPACE, CAMPPLUS = "abc-fbank80-1", next(iter(CALIBRATIONS))


WHEN = "2026-01-02T03:04:05Z"


def prototype(seed: int = 0, space: str = SPACE, dimension: int = 192) -> Prototype:
    vector = np.random.default_rng(seed).standard_normal(dimension)
    return Prototype((vector / np.linalg.norm(vector)).astype(np.float32), space, 12.5, WHEN)


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
