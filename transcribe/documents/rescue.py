"""What a job had found before it failed or was stopped is kept: words take far longer than what is done with them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...fusion.audio.separate import files_of, name_of, stem_of
from ...fusion.document import Document
from ...fusion.errors import CancelledError
from ...fusion.times import repair_transcript
from ...fusion.types import Transcript
from .. import output
from ..screen.interrupt import WORTH, Cancel
from .origin import recording_of
from .unfinished import Journal, can_go_on, forget_old, heard, key_of, usual_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...fusion.audio import AudioSource
    from ...fusion.types import Diarization, Note, OnSegment, Progress, Samples, Segment, SegmentRecognizer
    from ..options import Setup

_UNDONE = "The words are those that were heard until the work ended; more was to come."
_EXPORT = "give it to transcribe export"
_ATTACH = f"give it to transcribe attach with the recording, or {_EXPORT.removeprefix('give it ')}"


@contextmanager
def rescuing(
    source: AudioSource,
    on_problem: Note,
    cancel: threading.Event | None = None,
    *,
    setup: Setup | None = None,
    on_note: Note | None = None,
) -> Iterator[Rescued]:
    """Yields what is to hear of all that the block finds in the recording.

    With `setup`, that of the recogniser, words are also kept while they come, and the next run of the same goes on with
    them, which `on_note` hears; once the block has ended well they are deleted.

    If the block fails, the most that was there by then is kept in a file, and `on_problem` hears where. So it is if the
    block is stopped through `cancel`, where that is a command's, and a minute was heard; also if it has ended by then,
    and what came of it was not taken.
    """
    found = Rescued(source, on_problem, setup, on_note or on_problem)
    if isinstance(cancel, Cancel):
        cancel.instead.append(found.keep_stopped)
    try:
        yield found
    except CancelledError:
        if isinstance(cancel, Cancel):
            found.keep_stopped()
        raise
    except Exception:
        found.keep()
        raise
    else:
        for journal in found.journals:
            journal.forget()
    finally:
        for journal in found.journals:
            journal.close()


@dataclass(slots=True)
class Rescued:
    """The words and the turns that are there; `joined` where the words have their speakers; the `parts` of words.

    setup, on_note, journals: see `rescuing`. languages: of the parts, as far as they are told.
    """

    source: AudioSource
    on_problem: Note
    setup: Setup | None
    on_note: Note
    words: Transcript | None = None
    turns: Diarization | None = None
    joined: bool = False
    parts: list[Segment] = field(default_factory=list)
    languages: set[str] = field(default_factory=set)
    journals: list[Journal] = field(default_factory=list)
    _done: bool = False
    _once: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, transcript: Transcript | None, diarization: Diarization | None) -> None:
        """Something more is there."""
        self.words, self.turns = transcript or self.words, diarization or self.turns
        self.joined = self.joined or (transcript is not None and diarization is not None)

    def __call__(self, segment: Segment) -> None:
        """A segment of words that are not all there yet."""
        self.parts.append(segment)

    def recognise(
        self,
        recogniser: SegmentRecognizer,
        samples: Samples,
        *,
        language: str | None,
        on_progress: Progress,
        on_segment: OnSegment,
    ) -> Transcript:
        """What a recogniser hears; one that can goes on where an earlier run of the same was stopped."""
        self.languages |= {each for each in (language, getattr(recogniser, "only_language", None)) if each}
        folder = None if self.setup is None else usual_place()
        if self.setup is None or folder is None or not can_go_on(recogniser, samples):
            return recogniser.transcribe(samples, language=language, on_progress=on_progress, on_segment=on_segment)
        forget_old(folder)
        journal = Journal.at(folder / key_of(self.setup, recogniser, samples, language))
        self.journals.append(journal)
        return heard(
            recogniser,
            samples,
            journal,
            name_of(self.source),
            self.on_note,
            language=language,
            on_progress=on_progress,
            on_segment=on_segment,
        )

    def keep_stopped(self) -> None:
        """As `keep`, where that is worth it; its recording is not read once more for its hash."""
        segments = self.words.segments if self.words is not None else tuple(self.parts)
        if max((segment.end for segment in segments), default=0.0) >= WORTH:
            self.keep(whole=False)

    def keep(self, *, whole: bool = True) -> None:
        """Keep the most that there is, once, and tell where; nothing where there is nothing, or no room."""
        with self._once:
            if self._done:
                return
            self._done = True
            if kept := self._kept(whole=whole):
                self.on_problem(f"{kept}{self._goes_on}")

    @property
    def _goes_on(self) -> str:
        kept = [journal for journal in self.journals if journal.kept]
        return f" The next run of the same goes on from {kept[-1].told}." if kept else ""

    @property
    def _language(self) -> str | None:
        """Of the parts; None where they have several, or nobody has told."""
        told = self.languages | {journal.language for journal in self.journals if journal.language}
        return next(iter(told)) if len(told) == 1 else None

    def _kept(self, *, whole: bool) -> str:
        name = name_of(self.source)
        attach = _ATTACH if len(files_of(self.source)) == 1 else _EXPORT  # which takes one file
        if self.words is not None and self.words.segments:
            if self.joined:
                what, use = f"The words and speakers of {name} are kept", _EXPORT
            else:
                what, use = f"All words of {name} are kept without speakers", attach
            turns = self.turns if self.joined else None
            return output.keep(self._document(self.words, turns, whole=whole), what, use)
        if self.words is None and self.parts:
            what = f"The words of {name} that were heard by then are kept without speakers"
            words = undone(self.source, tuple(self.parts), self._language, whole=whole)
            return output.keep(words, what, attach)
        if self.turns is not None and self.turns.turns:
            what = f"Who spoke when in {name} is kept without words"
            return output.keep(
                silent(self.source, self.turns), what, "give it to transcribe attach or identify as --rttm"
            )
        return ""

    def _document(self, words: Transcript, turns: Diarization | None, *, whole: bool) -> Document:
        recording = recording_of(self.source, words.duration, hashed=whole)
        return Document(words, turns, stem_of(self.source), recording)


def undone(source: AudioSource, parts: Sequence[Segment], language: str | None, *, whole: bool = False) -> Document:
    """Words of one recording, perhaps of several channels, as far as they go; `whole`: with its hash."""
    segments = tuple(sorted(parts, key=lambda segment: segment.start))
    told = Transcript(segments, language, max(segment.end for segment in segments))
    words = repair_transcript(told, "The recogniser")
    recording = recording_of(source, words.duration, hashed=whole)
    return Document(words, None, stem_of(source), recording, notes=(_UNDONE, *words.notes))


def silent(source: AudioSource, turns: Diarization) -> Document:
    """Turns without words, of a recording."""
    words, recording = Transcript((), None, turns.duration), recording_of(source, turns.duration)
    return Document(words, turns, stem_of(source), recording)
