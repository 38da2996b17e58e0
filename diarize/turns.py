"""Runs of frames to turns in seconds, with labels, and what a reader should know about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..fusion.types import Activity, Likeness, Seconds, Turn
from .arrays import AnyFloat, Runs, Spans
from .binarize import drop_short, fill_gaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .options import LabelOrder
    from .reconstruct import Timeline
    from .stretches import Stretch
    from .windows import Windows

_MINOR_SHARE, _MINOR_SECONDS = 0.02, 10.0


def build_turns(
    timeline: Timeline,
    windows: Windows,
    *,
    label_order: LabelOrder = "appearance",
    min_duration_on: Seconds = 0.0,
    min_duration_off: Seconds = 0.0,
    end: Seconds = np.inf,
) -> tuple[tuple[Turn, ...], tuple[Turn, ...], dict[int, str]]:
    """Turns, exclusive turns, and the label of each cluster that speaks.

    A turn runs from the middle of its first frame to the middle of the first
    frame after it, or of the recording's last frame, as upstream's `Binarize`.
    Gaps shorter than `min_duration_off` are filled first (in `exclusive` only
    where nobody else speaks), then turns shorter than `min_duration_on` dropped.
    A turn stops at `end`, the recording's, which its last frame's middle may exceed.

    Returns:
        Two tuples sorted by (start, end, speaker), and labels by cluster index.
    """
    return turns_of_spans(
        _seconds(timeline.active, windows, end),
        _seconds(timeline.exclusive, windows, end),
        label_order=label_order,
        min_duration_on=min_duration_on,
        min_duration_off=min_duration_off,
    )


def turns_of_spans(
    active: Sequence[Spans],
    alone: Sequence[Spans],
    *,
    label_order: LabelOrder,
    min_duration_on: Seconds,
    min_duration_off: Seconds,
) -> tuple[tuple[Turn, ...], tuple[Turn, ...], dict[int, str]]:
    """`build_turns` of what each cluster's spans are in seconds: all of them, and those of `alone`, one at a time."""
    spans = [_smooth(part, min_duration_on, min_duration_off, None) for part in active]
    exclusive = [
        _smooth(part, min_duration_on, min_duration_off, _others(alone, cluster, min_duration_off))
        for cluster, part in enumerate(alone)
    ]
    labels = label_clusters(spans, exclusive, label_order)
    return _turns(spans, labels), _turns(exclusive, labels), labels


def label_clusters(spans: Sequence[Spans], exclusive: Sequence[Spans], order: LabelOrder) -> dict[int, str]:
    """A label for each cluster with at least one span.

    ``appearance`` numbers by first turn, on a tie the one that ends first, then
    by cluster. ``pyannote`` numbers by the cluster index sorted as text, so that
    cluster 10 comes before cluster 2. Clusters that are only in `exclusive` (a
    longer turn of theirs was dropped) come last.
    """
    main, rest = _speaking(spans), _speaking(exclusive)
    if order == "pyannote":
        main.sort(key=str)
    else:
        main.sort(key=lambda cluster: (*spans[cluster][0], cluster))
    every = main + [cluster for cluster in rest if cluster not in main]
    return {cluster: f"SPEAKER_{place:02d}" for place, cluster in enumerate(every)}


def activity(timeline: Timeline, windows: Windows, labels: dict[int, str]) -> Activity | None:
    """Frame-wise scores under the turns' labels; None where the timeline kept none."""
    if timeline.scores is None:
        return None
    clusters = sorted(labels, key=lambda cluster: labels[cluster])
    start = float(windows.frame_times(0))
    return Activity(timeline.scores[:, clusters], tuple(labels[c] for c in clusters), start, windows.frame_step)


def likeness(
    scores: AnyFloat | None, spans: Sequence[Stretch], windows: Windows, labels: dict[int, str]
) -> Likeness | None:
    """How much `spans` sound like each speaker, on the turns' clock and under their labels; None without scores.

    scores: (spans, clusters), -1 or NaN where too little is known. A speaker who is no cluster has no column.
    """
    if scores is None:
        return None
    clusters = sorted((cluster for cluster in labels if cluster < scores.shape[1]), key=lambda cluster: labels[cluster])
    edges = np.array([span.seconds for span in spans], np.float64).reshape(-1, 2) + float(windows.frame_times(0))
    known = np.where(scores > -1, scores, np.nan)[:, clusters].astype(np.float32)
    return Likeness(edges[:, 0], edges[:, 1], known, tuple(labels[cluster] for cluster in clusters))


def minor_speakers(turns: Iterable[Turn], asked: int = 0) -> tuple[str, ...]:
    """A note for each speaker with so little speech that it may be no speaker of its own.

    Less than 2 % of all speech and less than 10 seconds. `asked` is how many speakers the caller asked for at least.
    """
    seconds: dict[str, float] = {}
    for turn in turns:
        seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + turn.end - turn.start
    total = sum(seconds.values())
    remedy = "ask for fewer speakers" if len(seconds) <= asked else "set the number of speakers"
    return tuple(
        f"{speaker} speaks for only {own:.1f} s ({own / total:.1%} of the speech): "
        f"perhaps a noise or somebody else; check, or {remedy}."
        for speaker, own in sorted(seconds.items())
        if own < _MINOR_SECONDS and own < _MINOR_SHARE * total
    )


def _seconds(speakers: Sequence[Runs], windows: Windows, end: Seconds) -> list[Spans]:
    """Runs of frames as seconds up to `end`. A run in the very last frame has no length and is left out."""
    last = windows.total_frames - 1
    clipped = [np.minimum(runs, last) for runs in speakers]
    spans = [np.minimum(windows.frame_times(runs), end) for runs in clipped]
    return [part[part[:, 0] < part[:, 1]] for part in spans]


def _smooth(spans: Spans, min_on: Seconds, min_off: Seconds, others: Spans | None) -> Spans:
    return drop_short(fill_gaps(spans, min_off, others), min_on)


def _others(speakers: Sequence[Spans], cluster: int, min_off: Seconds) -> Spans | None:
    """Spans of everybody but `cluster`, in order of start; None where no gap will be filled."""
    if min_off <= 0:
        return None
    spans = np.concatenate([np.empty((0, 2)), *(part for k, part in enumerate(speakers) if k != cluster)])
    return spans[np.argsort(spans[:, 0], kind="stable")]


def _speaking(spans: Sequence[Spans]) -> list[int]:
    return [cluster for cluster, part in enumerate(spans) if len(part)]


def _turns(spans: Sequence[Spans], labels: dict[int, str]) -> tuple[Turn, ...]:
    turns = [
        Turn(float(start), float(end), labels[cluster]) for cluster in _speaking(spans) for start, end in spans[cluster]
    ]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))
