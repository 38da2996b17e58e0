"""A recogniser beside the diarizer: it may lag behind and fail, and never holds more than half a minute."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from ...asr_adapters.streaming import moved, stream_of
from ...fusion.given import first_line
from ...fusion.types import SAMPLE_RATE

if TYPE_CHECKING:
    from ...asr_adapters.streaming import WordStream
    from ...fusion.types import Note, Recognizer, Samples, Seconds, Segment

BEHIND: Seconds = 30.0
"""A recogniser that is further behind gives up what it has not heard, up to its final pass."""
_LEAST = SAMPLE_RATE // 10
"""Samples that are worth a recogniser's look: blocks may be of three."""
_SLOW = "The recogniser cannot keep up: words are missing until the end; a smaller --model can."
PATIENCE: Seconds = 60.0
"""So long the rest is waited for before a line says that nothing comes."""
_STUCK = "The recogniser has not answered for a minute: it may hang; Ctrl-C ends, and all that was heard stays."


class Hearing:
    """Feeds a recogniser, in a thread of its own unless `inline`.

    Args:
        recogniser: loaded or not.
        language: as of `Recognizer.transcribe`.
        on_note: hears once if it cannot keep up, and of each kind of failure: nobody says again what was said, so the
            recording goes on.
        inline: recognise within `feed`, for recordings that are fed as fast as may be and can be fed again: what the
            recogniser raises, `feed` does.
    """

    def __init__(self, recogniser: Recognizer, language: str | None, on_note: Note, *, inline: bool) -> None:
        self._recogniser, self._language, self._on_note, self._inline = recogniser, language, on_note, inline
        self._stream: WordStream = stream_of(recogniser, language)
        self._base: Seconds = 0.0
        self._pending: list[Samples] = []
        self._found: list[Segment] = []
        self._fed = self._until = 0.0
        self._closing = self._behind = False
        self._told: set[str] = set()
        self._failure: Exception | None = None
        self._error: BaseException | None = None
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="recogniser", daemon=True)
        if not inline:
            self._thread.start()

    def feed(self, samples: Samples) -> None:
        """Take samples at 16 kHz; what waits too long is given up here, for a recogniser that hangs never asks."""
        with self._wake:
            self._pending.append(samples)
            self._fed += len(samples) / SAMPLE_RATE
            if self._waiting > BEHIND * SAMPLE_RATE and not self._inline:
                self._pending, self._behind = [], True
                self._tell(_SLOW)
            self._wake.notify()
        if self._inline and self._waiting >= _LEAST:
            self._hear_pending()

    def take(self) -> tuple[list[Segment], Seconds]:
        """What was recognised since the last call, and up to where all is."""
        with self._wake:
            if self._error is not None:
                raise self._error
            found, self._found = self._found, []
            return found, self._until

    def close(self, *, wait: bool) -> list[Segment]:
        """End; with `wait` after the rest was recognised, which comes back.

        Raises:
            Exception: with `wait`, the first one that the recogniser raised: words are missing that nobody hears again.
        """
        with self._wake:
            self._closing = True
            if not wait:
                self._pending = []
            self._wake.notify()
        if wait:
            self._join()
        if self._failure is not None and wait:
            raise self._failure
        if self._inline and self._pending:
            self._hear_pending()
        found, _ = self.take()
        return [*found, *(moved(segment, self._base) for segment in self._stream.close())] if wait else found

    @property
    def _waiting(self) -> int:
        """Samples that were not given to the recogniser yet."""
        return sum(map(len, self._pending))

    def _join(self) -> None:
        if self._thread.is_alive():
            self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self._tell(_STUCK)
            self._thread.join()

    def _work(self) -> None:
        try:
            while True:
                with self._wake:
                    while not self._pending and not self._closing:
                        self._wake.wait()
                    if not self._pending:
                        return
                self._try_pending()
        except BaseException as error:  # noqa: BLE001 - raised where the words are taken
            with self._wake:
                self._error = error

    def _try_pending(self) -> None:
        try:
            self._hear_pending()
        except Exception as error:  # noqa: BLE001 - told now, and raised by `close` where nobody hears the whole again
            with self._wake:
                self._failure = self._failure or error
                self._begin_anew(f"The recogniser failed ({first_line(error)}): words are missing until the end.")

    def _hear_pending(self) -> None:
        with self._wake:
            if self._behind:
                self._behind = False
                self._begin_anew(_SLOW)
            pending, self._pending = self._pending, []
        segments = [moved(segment, self._base) for segment in self._stream.feed(np.concatenate(pending))]
        with self._wake:
            self._found += segments
            self._until = self._base + self._stream.until

    def _begin_anew(self, why: str) -> None:
        """With what waits now, or comes next."""
        self._base = self._until = self._fed - self._waiting / SAMPLE_RATE
        self._stream = stream_of(self._recogniser, self._language)
        self._tell(why)

    def _tell(self, why: str) -> None:
        """Say it once."""
        if why not in self._told:
            self._on_note(why)
        self._told.add(why)
