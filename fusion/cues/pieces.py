"""What cues are put together from: the words of one speaker, with the text and the time of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..join.kinds import read_times
from ..join.timing import in_order, timed
from ..text import (
    Part,
    breakable,
    carve,
    display_width,
    ends_clause,
    ends_sentence,
    graphemes,
    is_punctuation,
    opens,
    sentence_ends,
    unspaced,
    weak_ends,
)
from ..types import Word
from .splitting import split_segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..types import Seconds, Segment, Transcript

TOGETHER: Seconds = 0.1
"""Speech that overlaps by less is one after the other."""
_MOST_LAYERS = 4
"""Nobody says more at once; whatever is said to be shares the last."""
_BREATH: Seconds = 0.3
"""Whoever goes on after so short a time has not stopped."""

_TAKEN = 3
"""So many characters of a text without words or spaces stay together."""

_BRIDGE: Seconds = 1.5
"""A speaker's words that lie further apart share no cue."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A word with its carved text, before and after which a cue and a line may break.

    text: as the recogniser has it, spaces included. ended, closed: whether a
    sentence, a clause ends with it. weak: an article, a preposition,
    abbreviation or the like. parts: what a line break does not divide.
    """

    text: str
    start: Seconds
    end: Seconds
    ended: bool = False
    closed: bool = False
    weak: bool = False
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What one speaker says in one go; `layer` tells those apart that are said to be said at once."""

    speaker: str | None
    pieces: tuple[Piece, ...]
    layer: int = 0

    @property
    def start(self) -> Seconds:
        """When it begins."""
        return self.pieces[0].start

    @property
    def end(self) -> Seconds:
        """When the last of its words is over."""
        return max(piece.end for piece in self.pieces)


def runs_of(transcript: Transcript, width: int) -> list[Run]:
    """The transcript as runs, in the order of its text; what has no text leaves none.

    width: columns that the widest part may have.
    """
    language = transcript.language
    runs: list[Run] = []
    for segment in whole_lines(split_segments(transcript).segments, language):
        pieces = tuple(_told(_pieces(segment, width), language, width))
        last = runs[-1] if runs else None
        if not pieces:
            continue
        if last is not None and _shares(last, segment.speaker, pieces[0].start):
            runs[-1] = replace(last, pieces=last.pieces + _spaced(last.pieces[-1], pieces))
        else:
            runs.append(Run(segment.speaker, pieces))
    return _layered(runs)


def too_far(before: Piece, after: Piece) -> bool:
    """Whether the silence between two words is so long that they share no cue."""
    return after.start - before.end > _BRIDGE


def _shares(last: Run, speaker: str | None, start: Seconds) -> bool:
    return speaker is not None and speaker == last.speaker and last.pieces[-1].start <= start <= last.end + _BRIDGE


def _layered(runs: Sequence[Run]) -> list[Run]:
    """The runs, with one of a speaker's that begins before another is over on a further layer."""
    ends: dict[str | None, list[Seconds]] = {}
    layered = []
    for run in runs:
        own = ends.setdefault(run.speaker, [])
        layer = next((i for i, end in enumerate(own) if end - TOGETHER <= run.start), min(len(own), _MOST_LAYERS))
        own[layer : layer + 1] = [run.end]
        layered.append(replace(run, layer=layer) if layer else run)
    return layered


def _spaced(before: Piece, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces of the next line, with a space before them where one belongs."""
    first = pieces[0].parts[0]
    if unspaced(before.text.rstrip()[-1], first.text[0]):
        return pieces
    return (replace(pieces[0], parts=(replace(first, spaced=True), *pieces[0].parts[1:])), *pieces[1:])


def whole_lines(segments: Sequence[Segment], language: str | None) -> list[Segment]:
    """Segments of one speaker, with the words of others who talk meanwhile taken out of their middle.

    Where the times run backwards nobody talks meanwhile: the order stays the text's.
    """
    whole: list[Segment] = []
    latest: dict[str, int] = {}
    previous = -1
    for segment in segments:
        mine = latest.get(segment.speaker, previous) if segment.speaker else previous
        if mine != previous and _goes_on(whole[mine], segment, language) and _forward(*whole[mine:], segment):
            whole[mine] = _put_together(whole[mine], segment)
            previous = mine
            continue
        previous = len(whole)
        whole.append(segment)
        if segment.speaker:
            latest[segment.speaker] = previous
    return whole


def _goes_on(before: Segment, after: Segment, language: str | None) -> bool:
    known = before.words and after.words and before.start <= after.start <= before.end + _BREATH
    return bool(known) and not ends_sentence(before.text, after.text, language)


def _forward(before: Segment, *others: Segment) -> bool:
    """Whether `before`, once over, goes on with the last of the others, and those between began after it did."""
    first, *between, last = ([w.start for w in one.words if w.start is not None] for one in (before, *others))
    if not first or not last:
        return bool(before.words and others[-1].words)
    over = max([first[-1], *(word.end - TOGETHER for word in before.words if word.end is not None)])
    return last[0] >= over and all(starts[0] >= first[0] for starts in between if starts)


def _put_together(before: Segment, after: Segment) -> Segment:
    text, words = before.text + gap_between(before.text, after.text) + after.text, before.words + after.words
    return replace(before, end=max(before.end, after.end), text=text, words=words)


def gap_between(before: str, after: str) -> str:
    """The space that two lines need between them, where neither brings one and their scripts write any."""
    ends = before[-1:], after[:1]
    return " " if all(ends) and not any(map(str.isspace, ends)) and not unspaced(*ends) else ""


def _pieces(segment: Segment, width: int) -> list[Piece]:
    """The segment's words with their carved text; a segment without words is cut at its spaces."""
    words = segment.words or tuple(Word(None, None, text) for text in _chop(segment.text, width))
    texts = carve(segment.text, [word.text for word in words], list(range(1, len(words))))
    if segment.words:
        line = (np.full(len(words), segment.start), np.full(len(words), segment.end))
        times = timed(*in_order(*read_times(words), segment.start, segment.end), lines=line)
        # None before its line, which may begin where another's words end: the order of the text is that of the lines.
        starts, ends = np.maximum(times.starts, segment.start), np.maximum(times.ends, segment.start)
    else:
        edges = np.linspace(segment.start, max(segment.end, segment.start), len(words) + 1)
        starts, ends = edges[:-1], edges[1:]
    return _glued([Piece(text, float(a), float(b)) for text, a, b in zip(texts, starts, ends, strict=True)])


def _chop(text: str, width: int) -> list[str]:
    """Text as words: at its spaces; what is wider than a line, as where no spaces are written, every few characters."""
    words = text.split() or [text]
    return [part for word in words for part in (_few(word) if display_width(word) > width else [word])]


def _few(word: str) -> list[str]:
    """The word in parts of a few visible characters, each of which ends where a mark does."""
    parts: list[str] = []
    free = 0
    for cluster in graphemes(word):
        if not free:
            parts.append("")
            free = _TAKEN
        parts[-1] += cluster
        free = 0 if is_punctuation(cluster) else free - 1
    return parts


def _glued(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, those that belong to the one before them put together with it."""
    groups: list[list[Piece]] = []
    for piece in pieces:
        if groups and _belongs(groups[-1][-1].text, piece.text):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    return [
        Piece("".join(p.text for p in group), group[0].start, max(p.end for p in group)) if len(group) > 1 else group[0]
        for group in groups
    ]


def _belongs(before: str, text: str) -> bool:
    """Whether neither a line nor a cue may end between these texts."""
    if not text.strip() or not before.strip():
        return True
    if text[0].isspace() or before[-1].isspace():
        return False
    return not unspaced(before[-1], text[0]) or opens(before) or (is_punctuation(text) and not opens(text))


def _told(pieces: Sequence[Piece], language: str | None, width: int) -> Iterator[Piece]:
    """The pieces with all that layout asks of them; what is wider than a line comes in several that fit."""
    weak = weak_ends(language)
    ends = sentence_ends([piece.text for piece in pieces], language)
    before = ""
    for piece, ended in zip(pieces, ends, strict=True):
        text = " ".join(piece.text.split())
        if not text:
            continue
        closed = ended or ends_clause(text)
        spaced = bool(before) and (before[-1].isspace() or piece.text[0].isspace())
        before = piece.text
        told = replace(
            piece, ended=ended, closed=closed, weak=text.lower() in weak or (text.endswith(".") and not ended)
        )
        yield from _in_lines(told, _fitting(_parts(text, width, spaced=spaced), width))


def _parts(text: str, width: int, *, spaced: bool) -> list[Part]:
    """The parts of a text with single spaces; `spaced`: a space stands before it."""
    return [
        Part(part, display_width(part), (spaced or place > 0) and index == 0)
        for place, word in enumerate(text.split(" "))
        for index, part in enumerate(breakable(word, width))
    ]


def _fitting(parts: Sequence[Part], width: int) -> list[list[Part]]:
    """The parts in groups that fit a line each."""
    groups: list[list[Part]] = [[]]
    filled = 0
    for part in parts:
        if groups[-1] and filled + part.spaced + part.width > width:
            groups.append([])
            filled = 0
        filled += part.width + (part.spaced if groups[-1] else 0)
        groups[-1].append(part)
    return groups


def _in_lines(piece: Piece, groups: Sequence[list[Part]]) -> Iterator[Piece]:
    """The piece in one for each group of its parts, which share its time."""
    edges = np.linspace(piece.start, piece.end, len(groups) + 1).tolist()
    for group, (start, end) in zip(groups, pairwise(edges), strict=True):
        last = group is groups[-1]
        weak, closed = piece.weak and last, piece.closed and last
        parts = (*group[:-1], replace(group[-1], weak=weak, closed=closed))
        yield replace(piece, start=start, end=end, ended=piece.ended and last, closed=closed, weak=weak, parts=parts)
