"""The work of a live session: the diarizer and a recogniser over audio that is kept in memory only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...diarize.live.events import Event
from ...diarize.live.events import to_json as turn_json
from ...diarize.live.feeding import Feeding
from ...diarize.live.ledger import Ledger
from ...diarize.loading import live_of
from ...exporters.openai import full_text
from ...fusion.audio.resampling import Resampler
from ...fusion.types import Diarization, Samples, Seconds, Segment, Transcript
from ...fusion.watch import Watch, unheard
from ..job import Job
from ..live.committing import changes_all, turns_of
from ..live.hearing import Hearing
from ..live.sharing import Shared
from ..live.words import Words, WordSaid
from ..live.words import to_json as word_json
from ..options import Setup, Wish
from .answers import Json

if TYPE_CHECKING:
    from ...diarize.loading import AnyDiarizer

_ITEM: Json = {"item_id": "item_0", "content_index": 0}
_TEXT = "conversation.item.input_audio_transcription"


def make_open_live(setup: Setup, lender: Job | None = None) -> Callable[[str | None], Session]:
    """Begin live sessions with one recogniser, and with the diarizer of `lender`, which all of them share."""
    job, lock = Job(setup, lender or Job(setup)), threading.Lock()

    def open_live(language: str | None) -> Session:
        wish = Wish(diarize=True, language=language)
        recogniser, diarizer = job.both(Wish(diarize=True), Watch())  # for all sessions, whatever the first one asks
        return Session(job, wish, Shared(recogniser, lock), diarizer)

    return open_live


@dataclass(slots=True)
class Session:
    """One recording. Nothing of it is named, and nothing lies on a disk."""

    job: Job
    wish: Wish
    recogniser: Shared
    diarizer: AnyDiarizer
    _live: Feeding = field(init=False)
    _resampler: Resampler | None = None
    _ledger: Ledger = field(default_factory=Ledger)
    _words: Words = field(default_factory=Words)
    _hearing: Hearing = field(init=False)
    _notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._live = live_of(self.diarizer, in_memory=True, on_note=self._notes.append)
        self._hearing = Hearing(self.recogniser, self.wish.language, unheard, inline=True)  # so, none falls behind

    def feed(self, samples: bytes, rate: int) -> Sequence[Json]:
        """Take 16-bit samples; whoever sends faster than this returns waits."""
        self._resampler = self._resampler or Resampler(rate)
        floats = np.frombuffer(samples, "<i2").astype(np.float32) / np.float32(32_768)
        notes, self._notes = self._notes, []
        told: list[Json] = [{"type": "diarization.note", "message": note} for note in notes]
        return told + list(self._take(self._resampler.feed(floats)))

    def finish(self) -> Sequence[Json]:
        """The rest of the words, and the offline answer, for the recogniser hears the whole once more."""
        events = list(self._take(self._resampler.rest() if self._resampler else np.empty(0, np.float32)))
        self._words.hear(self._hearing.close(wait=True))
        found, samples, last = self._live.finish(activity=True)
        self._ledger.apply(last)
        words = list(self._said(float("inf"), anew=True))
        with self.recogniser.lock:
            result = self.job.conclude("the recording", samples, found, self.wish, Watch())
        return [*events, *map(_of_turns, last), *words, *_completed(result.transcript, result.diarization)]

    def abandon(self) -> None:
        """Drop it."""
        self._hearing.close(wait=False)
        self._live.abandon()

    def _take(self, samples: Samples) -> Iterator[Json]:
        if not len(samples):
            return
        self._hearing.feed(samples)
        events = self._live.feed(samples)
        self._ledger.apply(events)
        yield from map(_of_turns, events)
        segments, until = self._hearing.take()
        self._words.hear(segments)
        yield from self._said(min(self._ledger.committed, until), anew=any(map(changes_all, events)))

    def _said(self, until: Seconds, *, anew: bool) -> Iterator[Json]:
        """The words up to there, and whose those before them are now."""
        for change in self._words.commit(until, turns_of(self._ledger), anew=anew):
            yield {**_ITEM, **word_json(change), "type": f"diarization.{word_json(change)['type']}"}
            if isinstance(change, WordSaid):
                yield {"type": f"{_TEXT}.delta", **_ITEM, "delta": change.text}


def _of_turns(event: Event) -> Json:
    body = turn_json(event)
    return {**body, "type": f"diarization.{body['type']}"}


def _completed(transcript: Transcript, diarization: Diarization | None) -> Iterator[Json]:
    for index, segment in enumerate(transcript.segments):
        yield {"type": f"{_TEXT}.segment", **_ITEM, **_segment(index, segment)}
    seconds = transcript.duration if diarization is None else diarization.duration
    usage = {"type": "duration", "seconds": seconds}
    yield {"type": f"{_TEXT}.completed", **_ITEM, "transcript": full_text(transcript), "usage": usage}


def _segment(index: int, segment: Segment) -> Json:
    return {
        "id": f"seg_{index:03d}",
        "start": segment.start,
        "end": segment.end,
        "speaker": segment.speaker if segment.speaker is not None else "UNKNOWN",
        "text": segment.text.strip(),
    }
