"""How surely each speaks, frame by frame, to turns."""

from __future__ import annotations

import numpy as np

from ...fusion.types import Activity, Diarization, Seconds
from ..arrays import Flags, Float32, Spans
from ..binarize import runs
from ..options import Options
from ..turns import minor_speakers, turns_of_spans

_SURELY = 0.5


def turns_of(said: Float32, step: Seconds, duration: Seconds, options: Options, *, activity: bool) -> Diarization:
    """Who spoke when: from where somebody is said to speak more surely than not, to where they are not.

    Args:
        said: float32 (rows, speakers), 0 to 1.
        step: seconds a row.
        duration: of the recording.
        options: the shortest turns and gaps, and how speakers are numbered.
        activity: also return `said`.
    """
    active = speaks(said)
    turns, exclusive, labels = turns_of_spans(
        spans_of(active, step, duration),
        spans_of(_surest(said, active), step, duration),
        label_order=options.label_order,
        min_duration_on=options.min_duration_on,
        min_duration_off=options.min_duration_off,
    )
    columns = sorted(labels, key=labels.__getitem__)
    scores = Activity(said[:, columns], tuple(labels[column] for column in columns), step / 2, step)
    return Diarization(turns, exclusive, duration, minor_speakers(turns), activity=scores if activity else None)


def speaks(said: Float32) -> Flags:
    """Where each speaks more surely than not, bool (rows, speakers)."""
    surely: Flags = said > _SURELY
    return surely


def spans_of(active: Flags, step: Seconds, duration: Seconds) -> list[Spans]:
    """Where each column (rows, speakers) is true, in seconds up to `duration`."""
    return [np.minimum(runs(column) * step, duration) for column in active.T]


def _surest(said: Float32, active: Flags) -> Flags:
    """Of several who speak the surest alone; of equals the first."""
    alone: Flags = np.zeros_like(active)
    if said.size:
        alone[np.arange(len(said)), said.argmax(axis=1)] = True
    return alone & active
