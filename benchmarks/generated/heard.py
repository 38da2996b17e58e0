"""What the networks say of recordings, kept in files: then trying another clustering takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from diarfuse.diarize.pipeline import Diarizer, Heard
from diarfuse.diarize.recipes import Embedded
from diarfuse.diarize.stretches import Stretch
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.watch import Watch

if TYPE_CHECKING:
    from pathlib import Path


def listen(diarizer: Diarizer, audio: Path, kept: Path) -> Heard:
    """What `diarizer` hears in `audio`, from the file `kept` where that is there."""
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _save(kept, diarizer.listen(load_audio(audio), Watch()))
    return _load(kept)


def _save(kept: Path, heard: Heard) -> None:
    voices = heard.voices
    np.savez(
        kept,
        segmentations=heard.segmentations,
        vectors=voices.vectors,
        span_vectors=np.empty((0, 0)) if voices.span_vectors is None else voices.span_vectors,
        spans=np.array([(span.first, span.last) for span in voices.spans], np.int64).reshape(-1, 2),
        step=heard.windows.step,
        num_samples=heard.windows.num_samples,
    )


def _load(kept: Path) -> Heard:
    with np.load(kept) as file:
        spans = tuple(Stretch(int(first), int(last)) for first, last in file["spans"])
        vectors = file["span_vectors"] if file["span_vectors"].size else None
        windows = Windows(int(file["num_samples"]), float(file["step"]))
        return Heard(windows, file["segmentations"], Embedded(file["vectors"], vectors, spans))
