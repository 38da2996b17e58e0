"""Words with speakers -> segments of one speaker each -> cues that can be read."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import numpy as np

from .errors import OptionError
from .join.assign import main_speaker
from .join.kinds import read_times
from .join.timing import in_order, timed
from .text import (
    carve,
    display_width,
    ends_clause,
    ends_sentence,
    graphemes,
    sentence_ends,
    share_found,
    unspaced,
    visible,
    wrap,
)
from .types import Word

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from .types import Seconds, Segment, Transcript

_SAME_WORDS = 0.5
"""A line is cut between its words only where its text holds at least this part of them."""


def split_segments(transcript: Transcript) -> Transcript:
    """Split every segment whose words have several speakers, exactly between the words.

    The text is carved by offsets from the recogniser's own: put together, the
    pieces are the segment's text. The first piece keeps the segment's start and
    the last its end. A word without a speaker stays with the words before it
    (after it, at the start of a segment), unless a person said that it is nobody's.
    Pieces never overlap. A segment without words is left alone; one whose words are
    not those of its text stays whole, with its main speaker and a note.
    """
    pieces: list[Segment] = []
    notes: list[str] = []
    for segment in transcript.segments:
        firsts, speakers = speaker_runs([_owner(word) for word in segment.words]) if segment.words else ([0], [])
        if len(firsts) > 1 and share_found(segment.text, [word.text for word in segment.words]) < _SAME_WORDS:
            pieces.append(replace(segment, speaker=main_speaker(segment.words)))
            notes.append(f"The line at {segment.start:.2f} s stays whole: its words are not those of its text.")
        else:
            pieces += _split(segment, firsts, speakers) if segment.words else [segment]
    return replace(transcript, segments=tuple(pieces), notes=(*transcript.notes, *notes))


def _split(segment: Segment, firsts: Sequence[int], speakers: Sequence[str | None]) -> list[Segment]:
    """The pieces of one segment, which begin at the words numbered `firsts`."""
    bounds = [*firsts, len(segment.words)]
    groups = [segment.words[a:b] for a, b in pairwise(bounds)]
    texts = carve(segment.text, [word.text for word in segment.words], firsts[1:])
    spans = _piece_times(segment, groups)
    return [
        replace(segment, start=start, end=end, text=text, words=words, speaker=speaker or None)
        for (start, end), text, words, speaker in zip(spans, texts, groups, speakers, strict=True)
    ]


def _owner(word: Word) -> str | None:
    """Whose the word is; what a person gave to nobody is a run of its own, empty."""
    nobodys = word.speaker is None and word.attribution is not None and word.attribution.reason == "edited"
    return "" if nobodys else word.speaker


def speaker_runs(speakers: Sequence[str | None]) -> tuple[list[int], list[str | None]]:
    """Where each speaker's run of words begins, and whose it is; None never begins a run but the first.

    Example:
        >>> speaker_runs([None, "A", None, "B"])
        ([0, 3], ['A', 'B'])
    """
    firsts, runs = [0], [speakers[0]]
    for index, speaker in enumerate(speakers):
        if speaker is None or speaker == runs[-1]:
            continue
        if runs[-1] is None:
            runs[-1] = speaker
        else:
            firsts.append(index)
            runs.append(speaker)
    return firsts, runs


def _piece_times(segment: Segment, groups: Sequence[Sequence[Word]]) -> list[tuple[Seconds, Seconds]]:
    """Each piece runs from its first word to its last, the outer edges from the segment."""
    starts, ends = [segment.start], []
    for before, after in pairwise(groups):
        end = next((w.end for w in reversed(before) if w.end is not None), None)
        start = next((w.start for w in after if w.start is not None), None)
        end = start if end is None else end
        end = starts[-1] if end is None else end
        # A word that runs into the next piece, or out of the line, is cut off there.
        last = max(segment.end, starts[-1])
        start = min(max(starts[-1], end if start is None else start), last)
        ends.append(min(max(end, starts[-1]), start))
        starts.append(start)
    ends.append(max(segment.end, starts[-1]))
    return list(zip(starts, ends, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How cues should look; the defaults are those of broadcasters' subtitle guides.

    width: columns a line (East Asian wide characters take two). lines: at most
    so many a cue. speed: characters a second that people can read. shortest,
    longest: seconds a cue stays. gap: seconds between two cues. pause: a silence
    this long ends a cue. late: where people talk at once or in quick turns, a cue
    begins so many seconds after its words at the most, and those before it stay
    for as little as half of `shortest`.
    """

    width: int = 42
    lines: int = 2
    speed: float = 20.0
    shortest: Seconds = 1.0
    longest: Seconds = 7.0
    gap: Seconds = 0.04
    pause: Seconds = 0.8
    late: Seconds = 1.0

    def __post_init__(self) -> None:
        for name in ("width", "lines", "speed", "longest"):
            if not 0 < getattr(self, name) < float("inf"):
                raise OptionError(f"{name}={getattr(self, name)} must be above 0.")
        if not 0 <= self.shortest <= self.longest:
            raise OptionError(f"shortest={self.shortest:g} must lie between 0 and longest={self.longest:g} seconds.")
        if self.gap < 0 or self.late < 0 or self.pause <= 0:
            raise OptionError(
                f"gap={self.gap:g} and late={self.late:g} must be 0 or more, and pause={self.pause:g} above 0 seconds."
            )


DEFAULT = Layout()
_BREATH: Seconds = 0.3
"""Whoever goes on after so short a time has not stopped."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What is on the screen from `start` to `end`; `text` is `lines` with line breaks."""

    start: Seconds
    end: Seconds
    speaker: str | None
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines, one below the other."""
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word with its carved text: what cues are put together from."""

    text: str
    start: Seconds
    end: Seconds
    ended: bool = False
    """Whether a sentence ends with it."""


def build_cues(transcript: Transcript, layout: Layout = DEFAULT) -> tuple[Cue, ...]:
    """Cut a transcript into cues that can be read.

    A cue has one speaker, holds at most what fits its lines and can be read in
    `layout.longest` seconds, and ends, in this order of preference, at a
    sentence, a clause, a pause, or between words. Text comes from the
    recogniser's own; only white space changes, to one space or a line break. A
    word wider than a line is broken between visible characters.

    Where two people speak at once, each is shown in whole lines, not word by word.
    Cues never overlap: the earlier one's makes way. They stay on for as long as
    they need to be read, if there is room.
    """
    cues = [
        cue
        for segment in _whole_runs(split_segments(transcript).segments, transcript.language)
        for pieces in _cut(_pieces(segment, layout, transcript.language), layout)
        if (cue := _cue(pieces, segment.speaker, layout)) is not None
    ]
    return tuple(_retimed(sorted(cues, key=lambda cue: cue.start), layout))


def _whole_runs(segments: Sequence[Segment], language: str | None) -> list[Segment]:
    """Segments of one speaker, with the words of others who talk meanwhile taken out of their middle."""
    runs: list[Segment] = []
    latest: dict[str, int] = {}
    previous = -1
    for segment in segments:
        mine = latest.get(segment.speaker, previous) if segment.speaker else previous
        if mine != previous and _goes_on(runs[mine], segment, language):
            runs[mine] = _put_together(runs[mine], segment)
            previous = mine
            continue
        previous = len(runs)
        runs.append(segment)
        if segment.speaker:
            latest[segment.speaker] = previous
    return runs


def _goes_on(before: Segment, after: Segment, language: str | None) -> bool:
    known = before.words and after.words and not ends_sentence(before.text, after.text, language)
    return bool(known) and before.start <= after.start <= before.end + _BREATH


def _put_together(before: Segment, after: Segment) -> Segment:
    ends = before.text[-1:], after.text[:1]
    space = " " if all(ends) and not any(map(str.isspace, ends)) and not unspaced(*ends) else ""
    text, words = before.text + space + after.text, before.words + after.words
    return replace(before, end=max(before.end, after.end), text=text, words=words)


def _pieces(segment: Segment, layout: Layout, language: str | None) -> list[_Piece]:
    """The segment's words with their carved text; a segment without words is cut at its spaces."""
    words = segment.words or tuple(Word(None, None, text) for text in _chop(segment.text, layout.width))
    texts = carve(segment.text, [word.text for word in words], list(range(1, len(words))))
    if segment.words:
        line = (np.full(len(words), segment.start), np.full(len(words), segment.end))
        times = timed(*in_order(*read_times(words), segment.start, segment.end), lines=line)
        starts, ends = times.starts, times.ends
    else:
        edges = np.linspace(segment.start, segment.end, len(words) + 1)
        starts, ends = edges[:-1], edges[1:]
    ended = sentence_ends(texts, language)
    whole = [_Piece(text, float(a), float(b), e) for text, a, b, e in zip(texts, starts, ends, ended, strict=True)]
    return [part for piece in whole for part in _fitting(piece, layout.width)]


def _chop(text: str, width: int) -> list[str]:
    """Text as words: at its spaces, and where a script writes none, between visible characters."""
    words = text.split() or [text]
    return [part for word in words for part in (graphemes(word) if display_width(word) > width else [word])]


def _fitting(piece: _Piece, width: int) -> list[_Piece]:
    """The piece in parts that fit a line each, with their share of its time."""
    if display_width(piece.text.strip()) <= width:
        return [piece]
    parts = [""]
    for char in graphemes(piece.text):
        if display_width((parts[-1] + char).strip()) > width:
            parts.append("")
        parts[-1] += char
    edges = np.linspace(piece.start, piece.end, len(parts) + 1).tolist()
    ends = [False] * (len(parts) - 1) + [piece.ended]
    return [_Piece(text, a, b, end) for text, (a, b), end in zip(parts, pairwise(edges), ends, strict=True)]


def _cut(pieces: Sequence[_Piece], layout: Layout) -> Iterator[list[_Piece]]:
    """The pieces of each cue."""
    first = 0
    while first < len(pieces):
        reach, closed = _reach(pieces, first, layout)
        stop = first + _best_break(pieces[first:reach], closed=closed, layout=layout)
        yield list(pieces[first:stop])
        first = stop


def _reach(pieces: Sequence[_Piece], first: int, layout: Layout) -> tuple[int, bool]:
    """How far a cue that begins at `first` may go, and whether it ends there in a pause or with the text."""
    stop = first + 1
    while stop < len(pieces):
        if pieces[stop].start - pieces[stop - 1].end >= layout.pause:
            return stop, True
        inside = pieces[first : stop + 1]
        text = "".join(piece.text for piece in inside)
        read = display_width(text.strip()) / layout.speed
        too_long = max(read, pieces[stop].end - pieces[first].start) > layout.longest
        if too_long or len(wrap(text, layout.width, _seams(inside))) > layout.lines:
            return stop, False
        stop += 1
    return stop, True


def _best_break(pieces: Sequence[_Piece], *, closed: bool, layout: Layout) -> int:
    """How many of the pieces that fit to take.

    All of them where they end with the text or a pause; else up to the last
    sentence's end, else the last clause's, if that fills a third of the room:
    cues should not become snippets.
    """
    if closed:
        return len(pieces)
    for ends, share in ((_sentence_over, 0.0), (_clause_over, 1 / 3)):
        room = layout.width * layout.lines * share
        for count in range(len(pieces), 0, -1):
            if ends(pieces[count - 1]):
                wide = display_width("".join(piece.text for piece in pieces[:count]).strip()) >= room
                if wide:
                    return count
                break
    return len(pieces)


def _sentence_over(piece: _Piece) -> bool:
    return piece.ended


def _clause_over(piece: _Piece) -> bool:
    return piece.ended or ends_clause(piece.text)


def _cue(pieces: Sequence[_Piece], speaker: str | None, layout: Layout) -> Cue | None:
    """The pieces as a cue; None where there is nothing to read."""
    text = " ".join("".join(piece.text for piece in pieces).split())
    if not text:
        return None
    lines = balanced(text, layout.width, _seams(pieces))
    return Cue(pieces[0].start, max(piece.end for piece in pieces), speaker, lines)


def _seams(pieces: Sequence[_Piece]) -> set[int]:
    """Where a line may break in a script without spaces: before every piece, as `wrap` counts."""
    return set(accumulate(visible(piece.text) for piece in pieces))


def balanced(text: str, width: int, seams: Container[int] = ()) -> tuple[str, ...]:
    """`text` in as few lines as fit `width`, about equally long; see `wrap`.

    Example:
        >>> balanced("one two three four", 14)
        ('one two', 'three four')
    """
    lines = wrap(text, width, seams)
    narrow, wide = 1, width
    while narrow < wide:
        middle = (narrow + wide) // 2
        if len(wrap(text, middle, seams)) <= len(lines):
            wide = middle
        else:
            narrow = middle + 1
    return wrap(text, wide, seams)


def _retimed(cues: Sequence[Cue], layout: Layout) -> Iterator[Cue]:
    """Times in which cues can be read and never overlap, in order of their starts.

    A cue stays until it has been read or its words are over, but makes way for
    the next one after `layout.shortest`, and sooner if that or a later one would
    come too late otherwise; the next waits until then.
    """
    least = layout.shortest / 2
    latest = _latest_starts(cues, least, layout)
    free = -math.inf
    for index, cue in enumerate(cues):
        start = max(cue.start, free)
        read = max(layout.shortest, display_width(cue.text) / layout.speed)
        wished = min(start + layout.longest, max(cue.end, start + read))
        following = cues[index + 1].start - layout.gap if index + 1 < len(cues) else math.inf
        patient = max(start + least, min(start + layout.shortest, latest[index + 1] - layout.gap))
        end = min(wished, max(following, patient))
        free = end + layout.gap
        yield replace(cue, start=start, end=end)


def _latest_starts(cues: Sequence[Cue], least: Seconds, layout: Layout) -> list[Seconds]:
    """When each cue must begin for itself and all later ones not to be late; and infinity after the last."""
    latest = [math.inf]
    for cue in reversed(cues):
        latest.append(min(cue.start + layout.late, latest[-1] - least - layout.gap))
    return latest[::-1]
