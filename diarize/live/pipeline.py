"""Who is speaking while they speak: `LiveDiarizer._hop` is the pipeline, half a second of audio a call.

Nothing that is said on the way decides the answer: `close` has the offline
pipeline decide, on the samples as they came and on the windows that were heard
already, which do not depend on what comes after them.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from ...fusion.types import SAMPLE_RATE, Diarization, Progress, Samples, Seconds, SpeakerCount
from ...fusion.watch import Watch
from ..arrays import Bits, Int32
from ..masks import active_speakers, clean_frames
from ..options import check_loaded
from ..pipeline import Diarizer
from ..windows import FRAME_STEP, FRAMES_PER_WINDOW, Windows
from .events import Committed, Event, SpeakersMerged
from .feeding import Feeding
from .history import LOCAL, Heard, Voices
from .speakers import UNKNOWN, Registry, one_voice
from .tail import Correction, Tail
from .tail import Heard as HeardWindow

HOP: Seconds = 0.5
FIRST: Seconds = 2.0
"""Nothing is said before so much was heard."""
COMMIT: Seconds = 4.5
"""How far the commitment lies behind what was heard: what is told behind it stays, so it is worth waiting for."""
EMBED: Seconds = 2.0
EARLY: Seconds = 180.0
"""Windows are embedded every `EMBED` seconds, and twice as often up to here."""
MOST, SPARSEST = 900, 8.0
"""Where the voices of so many windows are remembered (half an hour's) every second one is forgotten, and from then on
every second one remembered, unless these would lie further apart than so many seconds: each moment should be in one of
the 10 s windows."""
GROWTH, COST = 0.01, 5e-6
"""All voices are compared again after so large a share of the windows of them, or of their square, more: the work grows
with the square, and stays below a twentieth of a core."""
ALONE: Seconds = 1.0
"""So much speech alone makes a voice worth looking at before its turn comes."""
NEW: Seconds = 0.8
"""So much speech alone tells that somebody is new."""
LAST, LAST_ALONE = 2.0, 0.7
"""The last seconds are looked at by themselves where somebody speaks alone for so long: the network often takes whoever
comes next for the one before until it has heard more of them."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One window: its number, samples (160000,), what was heard in it (frames, local speakers)."""

    index: int
    samples: Samples
    segmentation: Bits


class LiveDiarizer(Feeding):
    """Tells who speaks as the audio comes, corrects itself, and ends with what `Diarizer.diarize` says of the whole.

    Safe to call from any thread, one call at a time.

    Args:
        diarizer: a loaded pack; it can serve others too.
        sample_rate: of what is fed.
        num_speakers, min_speakers, max_speakers: as of `Diarizer.diarize`; on the way only the most is minded.
        in_memory: keep the audio in memory, and nothing on a disk.

    Example:
        >>> live = LiveDiarizer(Diarizer.from_pretrained())  # doctest: +SKIP
        >>> for block in microphone:  # doctest: +SKIP
        ...     for event in live.feed(block):
        ...         print(event)
        >>> print(live.close().to_rttm("meeting"))  # doctest: +SKIP
    """

    def __init__(
        self,
        diarizer: Diarizer,
        *,
        sample_rate: float = SAMPLE_RATE,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        in_memory: bool = False,
    ) -> None:
        check_loaded(diarizer, "diarizer", "diarize", "tell_apart")
        self._bounds = SpeakerCount.of(num_speakers, min_speakers, max_speakers)
        super().__init__(sample_rate, in_memory=in_memory)
        self._diarizer = diarizer
        self._recent: Samples = np.empty(0, np.float32)
        self._hops = 0
        self._heard, self._voices = Heard(), Voices()
        self._registry = Registry(most=self._bounds.high or np.inf)
        self._tail = Tail(round(HOP * SAMPLE_RATE))
        self._compare_at, self._remember_step = 1, EMBED / 2
        self._draft: Bits = np.zeros((FRAMES_PER_WINDOW, LOCAL), np.uint8)

    def _answer(
        self,
        samples: Samples,
        on_progress: Progress | None,
        cancel: threading.Event | None,
        *,
        embeddings: bool,
        activity: bool,
    ) -> Diarization:
        """What `Diarizer.diarize` says, which hears again only what has not been heard."""
        watch = Watch(on_progress, cancel=cancel)
        whole = self._diarizer.remembering(lambda _: self._diarizer.listen(samples, watch, self._heard.get))
        return whole.diarize(
            samples,
            **self._bounds.given(),
            on_progress=on_progress,
            cancel=cancel,
            embeddings=embeddings,
            activity=activity,
        )

    def _hear(self, samples: Samples) -> Iterator[Event]:
        """Look at each half second that is complete."""
        step, longest = round(HOP * SAMPLE_RATE), Windows(0).window_samples
        while samples.size:
            room = step - (self._kept.size - samples.size) % step
            part, samples = samples[:room], samples[room:]
            self._recent = np.concatenate([self._recent, part])[-longest:]
            if part.size == room:
                yield from self._hop()

    def _hop(self) -> Iterator[Event]:
        self._hops += 1
        now = self._hops * HOP
        if now < FIRST:
            return
        look = self._listen()
        tracks, labels = self._tail.linked(look.index, look.segmentation)
        labels = yield from self._recognise(look, labels)
        self._check_the_last(look, labels)
        self._tail.add(HeardWindow(look.index, look.segmentation, tracks, labels))
        committed = max(now - COMMIT, 0.0)
        spans = self._tail.spans(now)
        yield from self._book.update(spans, self._tail.start, committed)
        if committed:
            yield Committed(committed)

    def _listen(self) -> _Look:
        """The window that ends now; before there are ten seconds, the first one with silence behind them."""
        windows = Windows(self._recent.size)
        window = windows.window(self._recent, 0)
        segmentation = self._diarizer.hear(window)
        full = self._recent.size == windows.window_samples
        index = self._hops - round(windows.duration / HOP) if full else 0
        if full:
            self._heard.keep(index * self._tail.step, segmentation)
        else:
            segmentation[windows.frame_times(np.arange(len(segmentation))) >= self._recent.size / SAMPLE_RATE] = 0
            self._draft = segmentation
        return _Look(max(index, 0), window, segmentation)

    def _recognise(self, look: _Look, linked: Int32) -> Generator[Event, None, Int32]:
        """Whose the voices of a window are, where it is its turn, or somebody in it is not known."""
        active = active_speakers(look.segmentation[None])[0]
        clean = clean_frames(look.segmentation[None])[0] * FRAME_STEP
        regular = self._is_on(EMBED / 2 if self._remember_step < EMBED else EMBED)
        if not regular and not (active & (linked == UNKNOWN) & (clean >= ALONE)).any():
            return linked
        vectors = self._diarizer.embed(look.samples, look.segmentation)
        labels = self._registry.recognise(vectors, active, linked)
        labels = self._registry.greet(vectors, active & (clean >= NEW), labels)
        self._make_room()
        if not self._is_on(self._remember_step):
            return labels
        self._voices.keep(look.index * self._tail.step, vectors, labels)
        if len(self._voices.firsts) in (1, self._compare_at):
            yield from self._compare()
        return self._voices.labels[-1]

    def _check_the_last(self, look: _Look, labels: Int32) -> None:
        """Compare the voices of the last seconds with those for whom they are taken."""
        now = self._hops * HOP
        if now < Windows(0).duration:
            return
        last = look.segmentation.copy()
        last[: -round(LAST / FRAME_STEP)] = 0
        looked_at = (labels != UNKNOWN) & (clean_frames(last[None])[0] * FRAME_STEP >= LAST_ALONE)
        if len(self._registry.known) < 2 or not looked_at.any():  # noqa: PLR2004 - there is nobody else
            return
        heard = np.where(last.any(axis=0), labels, UNKNOWN)
        last[:, ~looked_at] = 0
        vectors = self._diarizer.embed(look.samples, last)
        for number, into in self._registry.taken_for_another(vectors, heard).items():
            self._tail.corrections.append(Correction(now - LAST, now, number, into))

    def _is_on(self, step: Seconds) -> bool:
        """Whether the window of this hop begins at a multiple of `step`."""
        return (self._hops * HOP - Windows(0).duration) % step == 0

    def _make_room(self) -> None:
        """Forget every second window where that is due."""
        full = len(self._voices.firsts) >= MOST and 2 * self._remember_step <= SPARSEST
        late = self._hops * HOP >= EARLY + Windows(0).duration and self._remember_step < EMBED
        if full or late:
            self._remember_step *= 2
            self._voices.thin(round(self._remember_step * SAMPLE_RATE))
            self._compare_at = len(self._voices.firsts) + 1

    def _compare(self) -> Iterator[Event]:
        """Tell all voices so far apart anew; of what is committed only labels that turned out to be one change."""
        firsts = self._voices.firsts
        heard = np.stack([self._segmentation(first) for first in firsts])
        vectors, labels = np.stack(self._voices.vectors), np.stack(self._voices.labels)
        told = one_voice(self._diarizer.tell_apart(vectors, heard, self._remember_step, self._bounds.high))
        speech, said = heard.sum(axis=1, dtype=np.int64), self._book.said()
        merged = self._registry.learn(told, vectors, labels, speech, said)
        for gone, into in merged.items():
            labels[labels == gone] = into
        self._voices.labels = list(self._registry.settle(vectors, active_speakers(heard), labels))
        self._compare_at = len(firsts) + max(1, int(GROWTH * len(firsts)), int(COST * len(firsts) ** 2))
        for voice in (self._tail, self._book):
            voice.rename(merged)
        self._tail.relabel(dict(zip((first // self._tail.step for first in firsts), self._voices.labels, strict=True)))
        yield from (SpeakersMerged(_label(gone), _label(into)) for gone, into in merged.items())

    def _segmentation(self, first: int) -> Bits:
        known = self._heard.get(first)
        return self._draft if known is None else known


def _label(number: int) -> str:
    return f"SPEAKER_{number:02d}"
