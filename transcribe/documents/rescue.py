"""What a job had found before it failed or was stopped is kept: words take far longer than what is done with them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...fusion.document import Document, Recording
from ...fusion.errors import CancelledError
from ...fusion.times import repair_transcript
from ...fusion.types import Transcript
from .. import output
from ..screen.interrupt import WORTH, Cancel
from .origin import recording_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ...fusion.types import Diarization, Note, Segment

_UNDONE = "The words are those that were heard until the work ended; more was to come."
_ATTACH = "give it to transcribe attach with the recording, or to transcribe export"


@contextmanager
def rescuing(path: Path, on_problem: Note, cancel: threading.Event | None = None) -> Iterator[Rescued]:
    """Yields what is to hear of all that the block finds in the recording at `path`.

    If the block fails, the most that was there by then is kept in a file, and `on_problem` hears where. So it is if the
    block is stopped through `cancel`, where that is a command's, and a minute was heard; also if it has ended by then,
    and what came of it was not taken.
    """
    found = Rescued(path, on_problem)
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


@dataclass(slots=True)
class Rescued:
    """The words and the turns that are there; `joined` where the words have their speakers; the `parts` of words."""

    path: Path
    on_problem: Note
    words: Transcript | None = None
    turns: Diarization | None = None
    joined: bool = False
    parts: list[Segment] = field(default_factory=list)
    _done: bool = False
    _once: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, transcript: Transcript | None, diarization: Diarization | None) -> None:
        """Something more is there."""
        self.words, self.turns = transcript or self.words, diarization or self.turns
        self.joined = self.joined or (transcript is not None and diarization is not None)

    def hear_part(self, segment: Segment) -> None:
        """A segment of words that are not all there yet."""
        self.parts.append(segment)

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
                self.on_problem(kept)

    def _kept(self, *, whole: bool) -> str:
        name = self.path.name
        if self.words is not None and self.words.segments:
            if self.joined:
                what, use = f"The words and speakers of {name} are kept", "give it to transcribe export"
            else:
                what, use = f"All words of {name} are kept without speakers", _ATTACH
            turns = self.turns if self.joined else None
            return output.keep(self._document(self.words, turns, whole=whole), what, use)
        if self.words is None and self.parts:
            what = f"The words of {name} that were heard by then are kept without speakers"
            return output.keep(self._document(_in_order(tuple(self.parts)), None, whole=whole), what, _ATTACH)
        if self.turns is not None and self.turns.turns:
            what = f"Who spoke when in {name} is kept without words"
            return output.keep(
                silent(self.path, self.turns), what, "give it to transcribe attach or identify as --rttm"
            )
        return ""

    def _document(self, words: Transcript, turns: Diarization | None, *, whole: bool) -> Document:
        duration = words.duration
        recording = recording_of(self.path, duration) if whole else Recording(self.path.name, "", duration)
        notes = () if words is self.words else (_UNDONE, *words.notes)
        return Document(words, turns, self.path.stem, recording, notes=notes)


def _in_order(parts: tuple[Segment, ...]) -> Transcript:
    """Segments of one recording, perhaps of several channels, as far as they go."""
    segments = tuple(sorted(parts, key=lambda segment: segment.start))
    return repair_transcript(Transcript(segments, None, max(segment.end for segment in segments)), "The recogniser")


def silent(path: Path, turns: Diarization) -> Document:
    """Turns without words, of the recording at `path`."""
    return Document(Transcript((), None, turns.duration), turns, path.stem, recording_of(path, turns.duration))
