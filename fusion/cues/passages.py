"""Turns of words: what one speaker says in one go, from the first word to the last.

The recogniser's lines end where it pleases and are padded with silence. Whoever
writes a paragraph, a row or an annotation a turn takes these instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..estimating import worded
from ..join.kinds import read_times
from ..join.timing import PLACED, in_order, timed, usual_length
from ..text import carve, ends_sentence, one_line
from ..types import check_transcript
from .pieces import TOGETHER, gap_between, whole_lines
from .splitting import split_segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..join.intervals import Floats
    from ..types import Seconds, Segment, Timing, Transcript

PAUSE: Seconds = 2.5
"""Whoever goes on after a longer silence begins a new passage."""
LONG = 120
"""After so many words a monologue is broken at the end of a sentence."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word that has a time: `timing` is ``estimated`` where the recogniser gave none, or one that cannot be.

    text: as it stands in the passage, with the spaces before it; never blank.
    """

    start: Seconds
    end: Seconds
    text: str
    timing: Timing
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What one speaker says in one go; `speaker` is None where nobody was named.

    words: at least one; none starts before the one before it does, though it may before that is over.
    """

    speaker: str | None
    words: tuple[SpokenWord, ...]

    @property
    def start(self) -> Seconds:
        """When its first word begins."""
        return self.words[0].start

    @property
    def end(self) -> Seconds:
        """When the last of its words is over; its start where no length is known."""
        return max(word.end for word in self.words)

    @property
    def text(self) -> str:
        """What is said, on one line."""
        return one_line("".join(word.text for word in self.words))


def passages_of(transcript: Transcript) -> tuple[Passage, ...]:
    """The words as passages, by their start.

    They may overlap, where two talk at once or one speaker's lines are said to. A
    passage ends where another speaker's begins, with a silence of more than 2.5 s, where
    the next line begins before it is over, and at the end of a sentence once it has 120
    words. Times are the words' own, and texts are carved from the
    recogniser's own; words without times, and segments without words, get
    estimated ones. What is said by nobody in particular forms passages as well.

    Example:
        >>> from diarfuse import Segment, Transcript, Word
        >>> words = Word(0.3, 0.5, " Yes.", speaker="Ana"), Word(0.6, 0.9, " No.", speaker="Ben")
        >>> said = Transcript((Segment(0.0, 2.0, " Yes. No.", words),), "en", 2.0)
        >>> [(row.speaker, row.start, row.end, row.text) for row in passages_of(said)]
        [('Ana', 0.3, 0.5, 'Yes.'), ('Ben', 0.6, 0.9, 'No.')]
    """
    check_transcript(transcript)
    widened = replace(transcript, segments=tuple(map(_from_its_first_word, transcript.segments)))
    segments = whole_lines(split_segments(widened).segments, transcript.language)
    lines = [Passage(segment.speaker, words) for segment in segments if (words := _words(segment))]
    lines.sort(key=lambda line: line.start)
    return tuple(sorted(_joined(lines, transcript.language), key=lambda passage: passage.start))


def _from_its_first_word(segment: Segment) -> Segment:
    """The line, which begins no later than its first word if that reaches into it: the word's time is its own."""
    first = next((word for word in segment.words if word.start is not None), None)
    if first is None or first.start is None or first.end is None or not first.start < segment.start <= first.end:
        return segment
    return replace(segment, start=first.start)


def _words(segment: Segment) -> tuple[SpokenWord, ...]:
    """The words of one speaker's line, each with its part of the text and a time in the line."""
    given = segment.words or (worded(segment).words if segment.text.strip() else ())
    texts = carve(segment.text, [word.text for word in given], list(range(1, len(given))))
    starts, ends = in_order(*read_times(given), segment.start, segment.end)
    low, high = _room(segment, starts, ends)
    times = timed(starts, ends, lines=(np.full(len(given), low), np.full(len(given), high)))
    starts = np.maximum.accumulate(np.maximum(times.starts, low))
    ends = np.maximum(times.ends, starts)
    return _without_blanks(
        SpokenWord(start, end, text, "estimated" if how == PLACED else word.timing, word.probability)
        for word, text, start, end, how in zip(
            given, texts, starts.tolist(), ends.tolist(), times.repaired.tolist(), strict=False
        )
    )


def _room(segment: Segment, starts: Floats, ends: Floats) -> tuple[Seconds, Seconds]:
    """Where the line's words without times may lie: beside those with times they take no more than is usual."""
    known = np.flatnonzero(~np.isnan(starts))
    if not len(known):
        return float(segment.start), float(segment.end)
    first, last, usual = int(known[0]), int(known[-1]), usual_length(starts, ends)
    end = starts[last] + usual if np.isnan(ends[last]) else ends[last]
    return (
        max(float(segment.start), float(starts[first]) - first * usual),
        min(float(segment.end), float(end) + (len(starts) - 1 - last) * usual),
    )


def _without_blanks(words: Iterable[SpokenWord]) -> tuple[SpokenWord, ...]:
    """The words that have a text; blanks between them go to the next one."""
    kept: list[SpokenWord] = []
    blank = ""
    for word in words:
        if word.text.strip():
            kept.append(replace(word, text=blank + word.text) if blank else word)
            blank = ""
        else:
            blank += word.text
    return tuple(kept)


def _joined(lines: Iterable[Passage], language: str | None) -> Iterator[Passage]:
    """Passages of lines by their start: put together and cut again."""
    speaker: str | None = None
    words: list[SpokenWord] = []
    end = 0.0
    for line in lines:
        if words and (line.speaker != speaker or line.start < max(words[-1].start, end - TOGETHER)):
            yield Passage(speaker, tuple(words))
            words = []
        speaker = line.speaker
        for index, word in enumerate(line.words):
            if words and not _goes_on(words, word, word.start - end, language):
                yield Passage(speaker, tuple(words))
                words = []
            gap = gap_between(words[-1].text, word.text) if words and index == 0 else ""
            end = max(end, word.end) if words else word.end
            words.append(replace(word, text=gap + word.text) if gap else word)
    if words:
        yield Passage(speaker, tuple(words))


def _goes_on(words: Sequence[SpokenWord], word: SpokenWord, silence: Seconds, language: str | None) -> bool:
    """Whether a word of the same speaker belongs to the passage."""
    if silence > PAUSE:
        return False
    return len(words) < LONG or not ends_sentence(words[-1].text, word.text, language)
