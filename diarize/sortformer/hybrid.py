"""Two diarizers in one: where somebody speaks, and how many at a time, from one; who it is from a network.

`with_labels` is the whole of it. It is an option so that it can be judged; nothing of it is measured yet.
"""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...fusion.types import SAMPLE_RATE, Activity, Diarization, Progress, Samples, Seconds, Turn
from ...fusion.watch import Watch
from ..arrays import AnyArray, Float32, Float64, Int64, Spans
from ..binarize import runs
from ..live.pipeline import LiveDiarizer
from ..options import Execution, Options
from ..pipeline import Diarizer, samples_of
from ..runtime import Network, Runtime
from ..turns import minor_speakers, turns_of_spans
from .pipeline import SortformerDiarizer
from .said import speaks

_SYLLABLES: Seconds = 0.5
"""Of several who surely speak those win who do so most surely over so long: they do not change within a word."""


@dataclass(frozen=True, slots=True)
class Both:
    """What was loaded. name: of the diarizer that hears speech. hashes, notes: of both."""

    name: str
    hashes: Mapping[str, str]
    notes: tuple[str, ...]


class HybridDiarizer:
    """Puts a network's labels on the speech that another diarizer hears; it is used as that one is.

    Args:
        speech: says where somebody speaks, and how many at a time.
        labels: says who it is.
    """

    def __init__(self, speech: Diarizer, labels: SortformerDiarizer) -> None:
        self.speech, self.labels = speech, labels
        note = f"Labels are those of {labels.models.name}, where {speech.models.name} hears speech."
        notes = (note, *speech.models.notes, *labels.models.notes)
        self.models = Both(speech.models.name, {**speech.models.hashes, **labels.models.hashes}, notes)

    @property
    def options(self) -> Options:
        """Of the one that hears speech."""
        return self.speech.options

    @property
    def execution(self) -> Execution:
        """Of the one that hears speech."""
        return self.speech.execution

    @property
    def runtime(self) -> Runtime:
        """Of the one that hears speech."""
        return self.speech.runtime

    def diarize(
        self,
        audio: npt.ArrayLike | str | os.PathLike[str],
        *,
        sample_rate: float = SAMPLE_RATE,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
        embeddings: bool = False,
        activity: bool = False,
    ) -> Diarization:
        """Find who spoke when; see `Diarizer.diarize`, and `SortformerDiarizer.diarize` for numbers of speakers."""
        self.labels.wanted(num_speakers, min_speakers, max_speakers, embeddings=embeddings)
        notes: list[str] = []
        samples = samples_of(audio, sample_rate, notes.append)
        found = self.speech.diarize(samples, on_progress=on_progress, cancel=cancel)
        named = self.named(found, samples, Watch(on_progress, cancel=cancel), activity=activity)
        return replace(named, notes=(*notes, *named.notes))

    def named(self, found: Diarization, samples: Samples, watch: Watch, *, activity: bool) -> Diarization:
        """What the other diarizer found, under the network's labels."""
        said = self.labels.hear(samples, watch.part(", labels"))
        return replace(
            with_labels(found, said, self.labels.step, self.options, activity=activity),
            notes=(self.models.notes[0], *found.notes, *self.labels.models.notes),
            timings={**found.timings, **watch.timings},
        )

    def within(self, runtime: Runtime, change: Callable[[Network], Network]) -> HybridDiarizer:
        """The same for several threads at once (`diarize.queue`)."""
        other = copy.copy(self)
        other.speech, other.labels = self.speech.within(runtime, change), self.labels.within(runtime, change)
        return other


class LiveHybrid(LiveDiarizer):
    """Tells who speaks as the first of the two does, and ends with what `HybridDiarizer.diarize` says of the whole."""

    def __init__(
        self,
        diarizer: HybridDiarizer,
        *,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        in_memory: bool = False,
    ) -> None:
        diarizer.labels.wanted(num_speakers, min_speakers, max_speakers, embeddings=False)
        super().__init__(diarizer.speech, in_memory=in_memory)
        self._hybrid = diarizer

    def _answer(
        self,
        samples: Samples,
        on_progress: Progress | None,
        cancel: threading.Event | None,
        *,
        embeddings: bool,
        activity: bool,
    ) -> Diarization:
        self._hybrid.labels.wanted(None, None, None, embeddings=embeddings)
        found = super()._answer(samples, on_progress, cancel, embeddings=False, activity=False)
        return self._hybrid.named(found, samples, Watch(on_progress, cancel=cancel), activity=activity)


def with_labels(
    found: Diarization, said: Float32, step: Seconds, options: Options, *, activity: bool = False
) -> Diarization:
    """The speech of `found`, as many at a time, as those speakers whom a network hears there.

    Of those who surely speak the surest come first; where they are fewer than speak, those who surely speak nearest
    by in the same stretch of speech; where nobody does in all of it, the likeliest there.

    Args:
        found: where somebody speaks.
        said: float32 (rows, speakers), how surely each speaks, 0 to 1.
        step: seconds a row.
        options: the shortest turns and gaps, and how speakers are numbered.
        activity: also return `said`.
    """
    rows = said if len(said) else np.zeros((1, said.shape[1]), np.float32)
    edges = _edges(found, len(rows), step)
    middles = (edges[:-1] + edges[1:]) / 2
    count = _speaking(found.turns, middles)
    row = np.minimum(middles // step, len(rows) - 1).astype(np.int64)
    ranks = _ranks(rows, row, step, count > 0, edges)
    chosen = ranks < np.minimum(count, rows.shape[1])[:, None]
    alone = (ranks == 0) & (_speaking(found.exclusive, middles) > 0)[:, None]
    turns, exclusive, labels = turns_of_spans(
        _spans(chosen, edges),
        _spans(alone, edges),
        label_order=options.label_order,
        min_duration_on=options.min_duration_on,
        min_duration_off=options.min_duration_off,
    )
    columns = sorted(labels, key=labels.__getitem__)
    scores = Activity(said[:, columns], tuple(labels[column] for column in columns), step / 2, step)
    return Diarization(turns, exclusive, found.duration, minor_speakers(turns), activity=scores if activity else None)


def _edges(found: Diarization, rows: int, step: Seconds) -> Float64:
    """Where anything changes: a turn, or a row; the recording's ends too."""
    ends = [edge for turn in (*found.turns, *found.exclusive) for edge in (turn.start, turn.end)]
    edges = np.unique(np.concatenate([ends, np.arange(rows) * step, [0.0, found.duration]]))
    return np.asarray(edges[(edges >= 0) & (edges <= found.duration)], np.float64)


def _speaking(turns: tuple[Turn, ...], times: Float64) -> Int64:
    """How many of the turns go on at each of some times, which are no edges of them."""
    starts, ends = (np.sort([getattr(turn, edge) for turn in turns]) for edge in ("start", "end"))
    return np.asarray(np.searchsorted(starts, times) - np.searchsorted(ends, times), np.int64)


def _ranks(said: Float32, row: Int64, step: Seconds, speech: AnyArray, edges: Float64) -> Int64:
    """Each speaker's place in each interval between edges, 0 the first: (intervals, speakers)."""
    sure = speaks(said)[row]
    scores = np.where(sure, 2 + _smoothed(said, step)[row], 0.0)
    middles = (edges[:-1] + edges[1:]) / 2
    for first, last in runs(speech):
        part, near = slice(first, last), _distance(sure[first:last], middles[first:last])
        mean = np.average(said[row[part]], axis=0, weights=np.diff(edges)[part])
        scores[part] = np.where(sure[part], scores[part], np.where(np.isinf(near), mean - 2, 1 / (1 + near)))
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.asarray(np.argsort(order, axis=1, kind="stable"), np.int64)


def _distance(sure: AnyArray, middles: Float64) -> Float64:
    """Seconds from each interval to the nearest in which each speaker is sure, (intervals, speakers); inf: none is."""
    after, far = middles[:, None], np.full((1, sure.shape[1]), np.inf)
    last = np.maximum.accumulate(np.where(sure, after, -far), axis=0)
    following = np.minimum.accumulate(np.where(sure, after, far)[::-1], axis=0)[::-1]
    return np.asarray(np.minimum(after - last, following - after), np.float64)


def _smoothed(said: Float32, step: Seconds) -> Float64:
    """The mean over the rows around each, fewer at the ends."""
    half = round(_SYLLABLES / step / 2)
    sums = np.concatenate([np.zeros((1, said.shape[1])), np.cumsum(said, axis=0, dtype=np.float64)])
    rows = np.arange(len(said))
    first, last = np.maximum(rows - half, 0), np.minimum(rows + half + 1, len(said))
    return np.asarray((sums[last] - sums[first]) / (last - first)[:, None], np.float64)


def _spans(active: AnyArray, edges: Float64) -> list[Spans]:
    return [edges[runs(column)] for column in active.T]
