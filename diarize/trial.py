"""Whether an embedding network tells voices apart here, and at which distance its clusters should stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..fusion.audio import load_audio
from ..fusion.errors import OptionError
from ..fusion.types import Samples, Turn
from ..fusion.watch import Watch
from .agglomerative import agglomerative_labels
from .arrays import Bits, Float64, Int64, Labels, Pairs
from .embedders import Embedder
from .masks import training_pairs
from .pipeline import Diarizer
from .plda import unit_length
from .windows import Windows

_VOICES, _CLIPS = 3, 3
"""In ``voices.ogg``, which `examples/make_voices.py` cuts: clips of one voice follow each other."""
_MARGIN = 0.05
"""Untrained networks, and plain statistics of the features, stay below; CAM++ has 0.30."""
_GRID = np.arange(0.4, 1.4, 0.025)


@dataclass(frozen=True, slots=True)
class Separation:
    """Cosines between clips: the lowest of one voice, and the highest of two."""

    same: float
    different: float

    @property
    def apart(self) -> bool:
        """Whether every two clips of one voice are more alike than any two of different ones, by more than chance."""
        return self.same - self.different >= _MARGIN

    @property
    def guess(self) -> float:
        """A distance of unit vectors halfway between the two."""
        return float(np.sqrt(2 - (self.same + self.different)))


def separation(embedder: Embedder) -> Separation:
    """How well the network tells the three voices of `examples/` apart."""
    samples = load_audio(Path(__file__).parent / "models" / "voices.ogg")
    clips = np.array_split(samples, _VOICES * _CLIPS)
    vectors = unit_length(np.stack([embedder.whole(clip) for clip in clips]).astype(np.float64))
    voices = np.repeat(np.arange(_VOICES), _CLIPS)
    pairs = list(combinations(range(len(clips)), 2))
    cosines = np.nan_to_num(np.array([vectors[a] @ vectors[b] for a, b in pairs]), nan=-1.0)
    same = np.array([voices[a] == voices[b] for a, b in pairs])
    return Separation(float(cosines[same].min()), float(cosines[~same].max()))


def calibrated(diarizer: Diarizer, recordings: Sequence[tuple[Samples, Sequence[Turn]]], watch: Watch) -> float:
    """The distance at which clusters come nearest to who really speaks in `recordings`.

    Every local speaker that the clustering learns from counts once, as whoever
    of the true turns speaks most under it. Of the distances that are equally
    good, the middle of the longest run of neighbours.

    Raises:
        OptionError: no recording holds two people, so that any large distance would do.
    """
    heard = [_learnt(diarizer, samples, turns, watch) for samples, turns in recordings]
    if not any(len(np.unique(one.truth)) > 1 for one in heard):
        raise OptionError(
            "The recordings to calibrate on hold no two people: give one in which two talk, with its RTTM."
        )
    wrong = np.array([sum(one.wrong_at(distance) for one in heard) for distance in _GRID])
    best = np.flatnonzero(wrong == wrong.min())
    runs = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    return round(float(_GRID[max(runs, key=len)].mean()), 3)


@dataclass(frozen=True, slots=True)
class _Learnt:
    """Training embeddings of one recording (n, dimension), the window of each (n,), and who each of them is (n,)."""

    vectors: Float64
    windows: Int64
    truth: Labels
    step: float

    def wrong_at(self, distance: float) -> int:
        """Embeddings in a cluster that is not their speaker's, at the best naming of the clusters."""
        if len(self.vectors) < 2:  # noqa: PLR2004 - a pair
            return 0
        labels = agglomerative_labels(self.vectors, self.windows, distance, self.step)
        table = np.zeros((labels.max() + 1, self.truth.max() + 1), np.int64)
        np.add.at(table, (labels, self.truth), 1)
        return len(self.vectors) - int(table[linear_sum_assignment(table, maximize=True)].sum())


def _learnt(diarizer: Diarizer, samples: Samples, turns: Sequence[Turn], watch: Watch) -> _Learnt:
    heard = diarizer.listen(samples, watch)
    pairs = training_pairs(heard.segmentations, heard.voices.vectors)
    truth = _who(pairs, heard.segmentations, heard.windows, turns)
    known = truth >= 0
    vectors = heard.voices.vectors[pairs][known].astype(np.float64)
    return _Learnt(vectors, pairs[0][known], truth[known], heard.windows.step)


def _who(pairs: Pairs, segmentations: Bits, windows: Windows, turns: Sequence[Turn]) -> Labels:
    """The speaker of the turns who speaks most while each local speaker does, as a number; -1 for nobody."""
    names = sorted({turn.speaker for turn in turns})
    talks = np.zeros((windows.total_frames, len(names) + 1), np.int64)
    talks[:, -1] = 0
    times = windows.frame_times(np.arange(windows.total_frames))
    for turn in turns:
        first, last = np.searchsorted(times, (turn.start, turn.end))
        talks[first:last, names.index(turn.speaker)] = 1
    found = np.full(len(pairs[0]), -1, np.int64)
    for index, (window, speaker) in enumerate(zip(*pairs, strict=True)):
        first = windows.first_frames[window]
        active = segmentations[window, :, speaker] > 0
        shared = talks[first : first + len(active)][active].sum(axis=0)
        if shared.any():
            found[index] = int(shared.argmax())
    return found
