"""Clustering that cannot be wrong, from the truth: what is left of the error is the segmentation's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from diarfuse.diarize.clustering import NOBODY
from diarfuse.diarize.counting import speaker_count
from diarfuse.diarize.recipes import KEEP
from diarfuse.diarize.reconstruct import drop_specks, reconstruct
from diarfuse.diarize.turns import build_turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarfuse.diarize.pipeline import Heard
    from diarfuse.diarize.windows import Windows
    from diarfuse.fusion.types import Turn


def hard_clusters(heard: Heard, truth: Sequence[Turn]) -> npt.NDArray[np.int32]:
    """The true speaker, in order of their names, of each local speaker, (windows, local speakers).

    In each window one to one, such that most frames agree.
    """
    true = _frames(truth, heard.windows)
    hard = np.full(heard.segmentations.shape[::2], NOBODY, np.int32)
    for window, first in enumerate(heard.windows.first_frames):
        own = heard.segmentations[window].T.astype(np.float32)
        agree = own @ true[first : first + own.shape[1]]
        speakers, people = linear_sum_assignment(-agree)
        hard[window, speakers] = people
    hard[~heard.segmentations.any(axis=1)] = NOBODY
    return hard


def turns(heard: Heard, truth: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns of perfect clustering."""
    windows, bits = heard.windows, heard.segmentations
    timeline = reconstruct(bits, hard_clusters(heard, truth), speaker_count(bits, windows), windows, keep=KEEP)
    return build_turns(drop_specks(timeline, 0), windows, end=windows.num_samples / 16_000)[0]


def _frames(truth: Sequence[Turn], windows: Windows) -> npt.NDArray[np.float32]:
    """Who speaks in each frame, (frames, people), with room for windows that reach over the end."""
    names = sorted({turn.speaker for turn in truth})
    times = windows.frame_times(np.arange(windows.total_frames + windows.frames_per_window))
    found = np.zeros((len(times), len(names)), np.float32)
    for turn in truth:
        found[slice(*np.searchsorted(times, [turn.start, turn.end])), names.index(turn.speaker)] = 1
    return found
