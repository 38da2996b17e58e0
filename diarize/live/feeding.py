"""What all live diarizers do with the samples that they are given, whatever hears them."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sized
from typing import Self

import numpy as np
import numpy.typing as npt

from ...fusion.audio import at_16_khz, check_samples
from ...fusion.audio.keeping import Kept
from ...fusion.audio.resampling import Resampler
from ...fusion.errors import AudioError, OptionError
from ...fusion.given import OfThisProcess, check_flag, is_number
from ...fusion.types import SAMPLE_RATE, Diarization, Progress, Samples, Seconds
from ...fusion.watch import Watch
from .book import Book
from .events import Done, Event, Gap, Paused, Resumed

LONGEST_GAP: Seconds = 86_400.0
_PIECE = 60 * SAMPLE_RATE
NOTHING_CAME = "No audio came: check the microphone, or what is piped in."


class Feeding(OfThisProcess, ABC):
    """Samples in, events out; safe to call from any thread, one call at a time.

    Args:
        sample_rate: of what is fed.
        in_memory: keep the audio in memory, and nothing on a disk.
    """

    def __init__(self, sample_rate: float, *, in_memory: bool) -> None:
        at_16_khz(np.empty(0, np.float32), sample_rate)  # refuses a rate that is none
        self._resampler, self._kept = Resampler(sample_rate), Kept(in_memory=in_memory)
        self._lock, self._book = threading.RLock(), Book()
        self._paused = self._closed = False

    @property
    def seconds(self) -> Seconds:
        """How much audio has come."""
        return self._kept.size / SAMPLE_RATE

    @property
    def is_paused(self) -> bool:
        """Whether nothing is taken."""
        return self._paused

    def feed(self, samples: npt.ArrayLike) -> list[Event]:
        """Take the next block (num_samples,), mono, of any length, and say what it changes.

        What is said of the whole does not depend on how it is cut into blocks. While paused nothing is taken.

        Raises:
            AudioError: no samples of audio (what came before stays).
            OptionError: after `close`.
        """
        with self._lock:
            self._check_open()
            if _is_empty(samples) or self._paused:
                return []
            return list(self._take(self._resampler.feed(check_samples(samples))))

    def gap(self, seconds: Seconds, why: str = "audio was lost") -> list[Event]:
        """Take `seconds` of silence in the place of audio that never came; while paused nothing is taken.

        Raises:
            OptionError: below 0 or above a day.
        """
        with self._lock:
            self._check_open()
            if not is_number(seconds) or not 0 <= seconds <= LONGEST_GAP:
                raise OptionError(f"A gap of {seconds!r} s must be from 0 to {LONGEST_GAP:g}: close this recording.")
            if self._paused:
                return []
            start, rest, events = self.seconds, round(seconds * SAMPLE_RATE), list[Event]()
            while rest > 0:
                events += self._take(np.zeros(min(rest, _PIECE), np.float32))
                rest -= _PIECE
            return [Gap(start, self.seconds, why), *events]

    def sound(self) -> Iterator[Samples]:
        """All samples that have come, piece by piece; no more are taken meanwhile.

        Raises:
            OptionError: after `close`.
        """
        with self._lock:
            self._check_open()
            yield from self._kept.read()

    def pause(self, why: str = "paused") -> list[Event]:
        """Take nothing until `resume`; the recording goes on where it stands."""
        with self._lock:
            self._check_open()
            fresh, self._paused = not self._paused, True
            return [Paused(self.seconds, why)] if fresh else []

    def resume(self) -> list[Event]:
        """Take audio again."""
        with self._lock:
            self._check_open()
            was, self._paused = self._paused, False
            return [Resumed(self.seconds)] if was else []

    def close(self, on_progress: Progress | None = None, cancel: threading.Event | None = None) -> Diarization:
        """The offline answer for all that came; `done` of it is the last event.

        Raises:
            AudioError: nothing came.
            CancelledError: `cancel` was set.
        """
        return self.finish(on_progress, cancel)[0]

    def finish(
        self,
        on_progress: Progress | None = None,
        cancel: threading.Event | None = None,
        *,
        embeddings: bool = False,
        activity: bool = False,
    ) -> tuple[Diarization, Samples, list[Event]]:
        """`close`, with all samples and the last events too; see `Diarizer.diarize` for the rest."""
        check_flag(embeddings, "embeddings")
        check_flag(activity, "activity")
        Watch(on_progress, cancel=cancel)  # refuses what hears of nothing, before what came is given up
        with self._lock:
            self._check_open()
            events = list(self._take(self._resampler.rest()))
            self._closed = True
            samples = self._kept.finish()
            if not len(samples):
                raise AudioError(NOTHING_CAME)
            found = self._answer(samples, on_progress, cancel, embeddings=embeddings, activity=activity)
            events += self._book.end()
            done = Done(found.duration, found.turns, self._book.final(found.turns))
            return found, samples, [*events, done]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what was not closed."""
        self.abandon()

    def abandon(self) -> None:
        """Drop everything without an answer."""
        with self._lock:
            self._closed = True
            self._kept.close()

    @abstractmethod
    def _hear(self, samples: Samples) -> Iterator[Event]:
        """Look at what came, at 16 kHz."""

    @abstractmethod
    def _answer(
        self,
        samples: Samples,
        on_progress: Progress | None,
        cancel: threading.Event | None,
        *,
        embeddings: bool,
        activity: bool,
    ) -> Diarization:
        """Who spoke when in all that came."""

    def _take(self, samples: Samples) -> Iterator[Event]:
        self._kept.write(samples)
        yield from self._hear(samples)

    def _check_open(self) -> None:
        if self._closed:
            raise OptionError("This live diarizer is closed: make another one for the next recording.")


def _is_empty(samples: npt.ArrayLike) -> bool:
    if isinstance(samples, np.ndarray):
        return not samples.size
    return isinstance(samples, Sized) and not len(samples)
