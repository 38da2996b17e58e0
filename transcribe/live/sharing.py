"""One recogniser for several recordings, or channels, that come at the same time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...asr_adapters.streaming import WordStream, stream_of

if TYPE_CHECKING:
    from ...fusion.types import Recognizer, Samples, Seconds, Segment, Transcript


@dataclass(frozen=True, slots=True)
class Shared:
    """A recogniser that several sessions use, one at a time."""

    recogniser: Recognizer
    lock: threading.Lock

    def transcribe(self, samples: Samples, *, language: str | None = None, on_progress: Any = None) -> Transcript:
        """As the recogniser's own."""
        with self.lock:
            return self.recogniser.transcribe(samples, language=language, on_progress=on_progress)

    def stream(self, *, language: str | None = None) -> _Turns:
        """As the recogniser's own, if it has one."""
        return _Turns(stream_of(self.recogniser, language), self.lock)


@dataclass(frozen=True, slots=True)
class _Turns:
    """A stream of a shared recogniser, which hears one block at a time."""

    words: WordStream
    lock: threading.Lock

    @property
    def until(self) -> Seconds:
        """As the stream's own."""
        return self.words.until

    def feed(self, samples: Samples) -> tuple[Segment, ...]:
        """As the stream's own."""
        with self.lock:
            return self.words.feed(samples)

    def close(self) -> tuple[Segment, ...]:
        """As the stream's own."""
        with self.lock:
            return self.words.close()
