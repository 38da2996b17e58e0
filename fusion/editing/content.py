"""What an edit may change: the words, the turns, and where they come from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from .. import estimating
from ..errors import JOINERS, OptionError, UnknownNameError
from ..given import from_shell, short
from ..layout import NOBODY as SHOWN_AS_NOBODY
from ..types import Diarization, Segment, Transcript, Turn

NOBODY = "nobody"
"""What is typed where words are to have no speaker; so nobody can be called this."""
_RESERVED = frozenset((NOBODY, "unknown", SHOWN_AS_NOBODY))
"""What formats write, and readers of ours and of others take, for words without a speaker."""
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """How a result was made.

    program: name and version. settings: what was asked for, as plain values by option.
    models: the sha256 of each network's file by name.
    """

    program: str
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    models: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Content:
    """The part of a document that its history is about; the fields are those of `fusion.document.Document`."""

    transcript: Transcript
    diarization: Diarization | None = None
    origin: Origin | None = None
    notes: tuple[str, ...] = ()

    @property
    def speakers(self) -> tuple[str, ...]:
        """Everybody who has a word, a segment or a turn, sorted."""
        segments = self.transcript.segments
        named = {word.speaker for segment in segments for word in segment.words} | {s.speaker for s in segments}
        turns = self.diarization.turns + self.diarization.exclusive if self.diarization else ()
        return tuple(sorted({name for name in named if name is not None} | {turn.speaker for turn in turns}))

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Who spoke when, which may overlap; without a diarization it is told by the segments that have a speaker."""
        if self.diarization is not None:
            return self.diarization.turns
        return tuple(
            Turn(segment.start, segment.end, segment.speaker)
            for segment in self.transcript.segments
            if segment.speaker is not None and segment.end > segment.start
        )

    def with_segments(self, segments: tuple[Segment, ...]) -> Content:
        """The same with other segments."""
        return replace(self, transcript=replace(self.transcript, segments=segments))

    def with_turns(self, turns: tuple[Turn, ...], exclusive: tuple[Turn, ...]) -> Content:
        """The same with other turns, where it has a diarization."""
        if self.diarization is None:
            return self
        return replace(self, diarization=replace(self.diarization, turns=turns, exclusive=exclusive))


class Roll:
    """The speakers, each found by name at once: a renaming may have thousands."""

    def __init__(self, speakers: Sequence[str]) -> None:
        self._speakers, self._exact = speakers, frozenset(speakers)
        self._tidied = {_tidied(speaker): speaker for speaker in reversed(speakers)}  # of those alike the first

    def called(self, name: str) -> str | None:
        """See `called`."""
        return name if name in self._exact else self._tidied.get(_tidied(name))

    def known(self, name: str) -> str:
        """`name`, which must be a speaker's.

        Raises:
            UnknownNameError: it is not; the known ones are listed.
            OptionError: there are no speakers at all.
        """
        if not isinstance(name, str):
            raise OptionError(f"The speaker {short(name)} must be text.")
        if not self._speakers:
            raise OptionError(
                f"There is no speaker {name!r}, since the transcript names none: run redo --diarize first."
            )
        found = self.called(name)
        if found is None:
            raise UnknownNameError("speaker", name, self._speakers)
        return found


def called(name: str, speakers: Iterable[str]) -> str | None:
    r"""Which of the speakers `name` is, if any: two that look alike, as by other keyboards' accents, are one.

    >>> called("Zo\xe9", ("Ana", "Zoe\u0301")) == "Zoe\u0301"
    True
    """
    return Roll(tuple(speakers)).called(name)


def check_name(name: str) -> str:
    """`name` as it is kept: one line of 1 to 100 visible characters, without blanks around it, accents composed (NFC).

    Raises:
        OptionError: it cannot be a speaker's name.
    """
    if not isinstance(name, str):
        raise OptionError(f"The name {short(name)} must be text.")
    clean = unicodedata.normalize("NFC", from_shell(name).strip())
    clean = clean if clean.strip(JOINERS) else ""
    if not all(character.isprintable() or character in JOINERS for character in clean):
        raise OptionError(f"The name {clean[:MAX_NAME]!r} holds line breaks or characters that cannot be seen.")
    if not 1 <= len(clean) <= MAX_NAME:
        raise OptionError(f"The name {clean[:20] + '...' if clean else clean!r} must have 1 to {MAX_NAME} characters.")
    if clean.casefold() in _RESERVED:
        raise OptionError(
            f"Nobody can be called {clean!r}, which stands for words without a speaker: give another name. To take a "
            "name away, reassign the words to nobody, in small letters."
        )
    return clean


def _tidied(name: str) -> str:
    return re.sub(" +", " ", unicodedata.normalize("NFC", name.strip()))


def words_before(segments: tuple[Segment, ...]) -> list[int]:
    """How many words stand before each segment, and after the last how many there are."""
    counts = [0]
    for segment in segments:
        counts.append(counts[-1] + len(segment.words))
    return counts


def worded(content: Content) -> Content:
    """The same with guessed words in segments that have none, so that a part of them can be named."""
    segments = content.transcript.segments
    if all(segment.words or not segment.text.strip() for segment in segments):
        return content
    return content.with_segments(tuple(s if s.words else estimating.worded(s) for s in segments))


def flat(pieces: list[list[Segment]]) -> tuple[Segment, ...]:
    """Segments again, of lists of what each has become."""
    return tuple(chain.from_iterable(pieces))
