"""Who is speaking while they speak, said by one network; nothing that was said is taken back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import get_args

import numpy as np

from ...fusion.types import SAMPLE_RATE, Diarization, Progress, Samples, Seconds
from ...fusion.watch import Watch
from ..arrays import Float32
from ..binarize import runs
from ..live.events import Committed, Event
from ..live.feeding import Feeding
from ..live.linking import NOBODY
from ..live.tail import Span
from ..options import Preset
from .listening import STACK, Listener
from .mel import BANDS
from .memory import FRAME, Pace
from .pipeline import SortformerDiarizer
from .presets import PACES
from .said import speaks

_MOST = 0.8
"""Share of the time that hearing may take, if it is to keep up with who speaks."""


class LiveSortformer(Feeding):
    """Tells who speaks as the audio comes, and ends with what `SortformerDiarizer.diarize` says at the same preset.

    Args:
        diarizer: a loaded network; its preset is ``low`` unless another was named.
        sample_rate: of what is fed.
        num_speakers, min_speakers, max_speakers: as of `SortformerDiarizer.diarize`.
        in_memory: keep the audio in memory, and nothing on a disk.
    """

    def __init__(
        self,
        diarizer: SortformerDiarizer,
        *,
        sample_rate: float = SAMPLE_RATE,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        in_memory: bool = False,
    ) -> None:
        self._bounds = diarizer.wanted(num_speakers, min_speakers, max_speakers, embeddings=False)
        super().__init__(sample_rate, in_memory=in_memory)
        self._diarizer, self._listener = diarizer, Listener(diarizer.networks, diarizer.pace("low"))
        self._said: list[Float32] = []
        self._rows = 0

    def _hear(self, samples: Samples) -> Iterator[Event]:
        for said in self._listener.feed(samples):
            yield from self._tell(said)

    def _tell(self, said: Float32) -> Iterator[Event]:
        """Say what a chunk adds: turns go on, begin and end."""
        step, start = self._diarizer.step, self._rows
        self._said.append(said)
        self._rows += len(said)
        spans = [
            Span((start + int(first)) * step, (start + int(last)) * step, speaker, NOBODY)
            for speaker, column in enumerate(speaks(said).T)
            for first, last in runs(column)
        ]
        spans.sort(key=lambda span: (span.start, span.end))
        yield from self._book.grow(spans, start * step, self._rows * step)
        yield Committed(self._rows * step)

    def _answer(
        self,
        samples: Samples,
        on_progress: Progress | None,
        cancel: threading.Event | None,
        *,
        embeddings: bool,
        activity: bool,
    ) -> Diarization:
        """What was said, and the chunks that waited for what comes behind them."""
        watch = Watch(on_progress, cancel=cancel)
        self._diarizer.wanted(None, None, None, embeddings=embeddings)
        with watch.stage("segmentation"):
            said = np.concatenate([self._diarizer.nothing, *self._said, *self._listener.close()])
        return self._diarizer.decide(said, samples.size / SAMPLE_RATE, self._bounds, activity=activity)


def too_slow(diarizer: SortformerDiarizer, clock: Callable[[], Seconds] = time.perf_counter) -> str | None:
    """A sentence where this machine cannot keep up at the preset in use; it names one at which it can.

    One step with a full memory is measured for each preset that is looked at, up to the first that is fast enough.
    """
    paces = PACES[diarizer.models.source.kind]
    asked: Preset = diarizer.options.preset or "low"
    share = _share(diarizer, paces[asked], clock)
    if share <= _MOST:
        return None
    able = next((name for name in get_args(Preset) if _share(diarizer, paces[name], clock) <= _MOST), None)
    other = "no preset is fast enough here: take one that tells voices apart (--diarizer auto)"
    remedy = f"take --preset {able}, which it can" if able else other
    return (
        f"This machine needs {share:.1f} s for every second of audio at the preset {asked} of {diarizer.models.name}, "
        f"and cannot keep up with who speaks: {remedy}."
    )


def _share(diarizer: SortformerDiarizer, pace: Pace, clock: Callable[[], Seconds]) -> float:
    """Seconds that hearing a second takes."""
    networks = diarizer.networks
    cache, fifo = (np.zeros((frames, networks.dimension), np.float32) for frames in (networks.room.cache, pace.fifo))
    mel = np.zeros((STACK * (pace.left + pace.chunk + pace.right), BANDS), np.float32)
    nothing = np.zeros((0, networks.dimension), np.float32)
    networks.hear(nothing, nothing, mel[:STACK])  # the first call of all takes longer
    started = clock()
    networks.hear(cache, fifo, mel)
    return (clock() - started) / (pace.chunk * FRAME)
