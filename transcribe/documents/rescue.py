"""What a job had found before it failed is kept: words take far longer than what is done with them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...fusion.document import Document
from ...fusion.errors import CancelledError
from ...fusion.types import Transcript
from .. import output
from .origin import recording_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ...fusion.types import Diarization, Note, OnFound


@contextmanager
def rescuing(path: Path, on_problem: Note) -> Iterator[OnFound]:
    """Yields what is to hear of all that the block finds in the recording at `path`.

    If the block fails, the most that was whole by then is kept in a file, and `on_problem` hears where. Who stops the
    block wants nothing of it.
    """
    found = _Found()
    try:
        yield found.hear
    except CancelledError:
        raise
    except Exception:
        if kept := found.keep(path):
            on_problem(kept)
        raise


@dataclass(slots=True)
class _Found:
    """The words and the turns that are there; `joined` where the words have their speakers."""

    words: Transcript | None = None
    turns: Diarization | None = None
    joined: bool = False

    def hear(self, transcript: Transcript | None, diarization: Diarization | None) -> None:
        """Something more is there."""
        self.words, self.turns = transcript or self.words, diarization or self.turns
        self.joined = self.joined or (transcript is not None and diarization is not None)

    def keep(self, path: Path) -> str:
        """Keep the most that is whole; the sentence that says so, or nothing where there is nothing or no room."""
        if self.words is not None and self.words.segments:
            if self.joined:
                what, use = f"The words and speakers of {path.name} are kept", "give it to transcribe export"
            else:
                what = f"All words of {path.name} are kept without speakers"
                use = "give it to transcribe attach with the recording, or to transcribe export"
            turns = self.turns if self.joined else None
            heard = recording_of(path, self.words.duration)
            return output.keep(Document(self.words, turns, path.stem, heard), what, use)
        if self.turns is not None and self.turns.turns:
            what = f"Who spoke when in {path.name} is kept without words"
            return output.keep(silent(path, self.turns), what, "give it to transcribe attach or identify as --rttm")
        return ""


def silent(path: Path, turns: Diarization) -> Document:
    """Turns without words, of the recording at `path`."""
    return Document(Transcript((), None, turns.duration), turns, path.stem, recording_of(path, turns.duration))
