"""Who is who, and who said what, as a person knows better: rename, merge, reassign."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ..errors import OptionError
from ..types import Attribution, Seconds, Segment, Transcript, Turn, Word
from .changes import renamed
from .content import Content, called, check_name, flat, known_speaker, words_before

BY_HAND = Attribution("edited", 1.0)
"""Why a word carries the speaker that a person gave it."""
_SLACK: Seconds = 1.0
"""More than what rounding may take from a length of time."""


def rename(content: Content, names: Mapping[str, str]) -> Content:
    """Put names where labels or other names were, everywhere at once (so that two can change places).

    Raises:
        UnknownNameError: nobody is called so.
        OptionError: a name is in use, is given twice, or cannot be one.
    """
    new = {known_speaker(content, old): check_name(name) for old, name in names.items()}
    for old, name in new.items():
        used = called(name, content.speakers)
        if used is not None and used not in new:
            raise OptionError(f"{name!r} is in use: to make {old!r} and {name!r} one speaker, merge {name!r} {old!r}.")
    if len(set(new.values())) < len(new):
        raise OptionError("Two speakers cannot get one name: merge them instead.")
    return renamed(content, new)


def merge(content: Content, keep: str, others: Sequence[str]) -> Content:
    """Make one speaker, `keep`, of several; turns of them that touch become one.

    Raises:
        UnknownNameError: nobody is called so.
        OptionError: there is nothing to merge.
    """
    keep = known_speaker(content, keep)
    gone = {known_speaker(content, other): keep for other in others}
    if not gone or keep in gone:
        raise OptionError(f"There is nobody to merge with {keep!r}: name two speakers.")
    return renamed(content, gone)


def reassign(content: Content, chosen: Collection[int], speaker: str | None) -> Content:
    """Give words to somebody, who may be new; None is nobody.

    The turns follow: what the words took of their speaker's turn becomes a turn of `speaker`.

    Args:
        content: what is edited; its segments have words.
        chosen: numbers of words, from 0.
        speaker: whose they are.

    Raises:
        OptionError: the name cannot be one.
    """
    if speaker is not None:  # who has words already may be called anything, as files of others have it
        known = called(speaker, content.speakers) if isinstance(speaker, str) else None
        speaker = known or check_name(speaker)
    segments = content.transcript.segments
    counts = words_before(segments)
    pieces = [
        _given(segment, [number - first for number in range(first, last) if number in chosen], speaker)
        for segment, first, last in zip(segments, counts, counts[1:], strict=False)
    ]
    after = content.with_segments(flat(pieces))
    if content.diarization is None:
        return after
    moves = list(_moves(content.transcript.words, chosen))
    turns, exclusive = content.diarization.turns, content.diarization.exclusive
    return after.with_turns(_moved(turns, moves, speaker), _moved(exclusive, moves, speaker, alone=True))


def _given(segment: Segment, chosen: Sequence[int], speaker: str | None) -> list[Segment]:
    """The segment, split where the speaker changes, if any of its words is chosen."""
    if not chosen:
        return [segment]
    from ..cues import split_segments  # and numpy with it, which the other edits do without

    words = list(segment.words)
    for index in chosen:
        words[index] = replace(words[index], speaker=speaker, attribution=BY_HAND)
    # A word that no join has seen does not go with its neighbour.
    marked = tuple(replace(word, attribution=word.attribution or BY_HAND) for word in words)
    pieces = split_segments(Transcript((replace(segment, words=marked),), None, segment.end)).segments
    own = iter(words)
    return [replace(piece, words=tuple(next(own) for _ in piece.words)) for piece in pieces]


@dataclass(frozen=True, slots=True)
class _Move:
    """Words of one speaker that become another's. low, high: where that speaker's words before and after them are."""

    speaker: str | None
    start: Seconds
    end: Seconds
    low: Seconds
    high: Seconds


def _moves(words: Sequence[Word], chosen: Collection[int]) -> Iterator[_Move]:
    """Each run of chosen words of one speaker, with the room around it that the speaker's own words leave."""
    own: dict[str | None, list[tuple[Word, bool]]] = {}
    for number, word in enumerate(words):
        own.setdefault(word.speaker, []).append((word, number in chosen))
    for speaker, said in own.items():
        low = float("-inf")
        runs = [(picked, [word for word, _ in run]) for picked, run in groupby(said, lambda item: item[1])]
        for index, (picked, run) in enumerate(runs):
            times = _reach(run)
            if picked and times is not None:
                after = _reach(runs[index + 1][1]) if index + 1 < len(runs) else None
                yield _Move(speaker, *times, low, after[0] if after else float("inf"))
            elif times is not None:
                low = times[1]


def _reach(run: Iterable[Word]) -> tuple[Seconds, Seconds] | None:
    """From the first to the last time in it."""
    spans = [(word.start, word.end) for word in run if word.start is not None and word.end is not None]
    times = [time for span in spans for time in span]  # a file edited by hand may have an end before its start
    return (min(times), max(times)) if times else None


def _moved(
    turns: Iterable[Turn], moves: Iterable[_Move], speaker: str | None, *, alone: bool = False
) -> tuple[Turn, ...]:
    """The turns, with what the moves take out of their speaker's given to `speaker`.

    alone: nobody else speaks meanwhile, as in exclusive turns.
    """
    kept = _Turns(turns)
    for move in moves:
        if move.speaker == speaker:
            continue
        met = [turn for turn in kept.sorted[kept.about(move.start, move.end)] if _meets(turn, move)]
        for start, end in [_taken(turn, move) for turn in met] or [(move.start, move.end)]:
            here = kept.about(start, end, speaker)
            left: list[Turn] = []
            for turn in kept.sorted[here]:
                loses = turn.speaker != speaker if alone else turn.speaker == move.speaker
                left += _without(turn, start, end) if loses else [turn]
            kept.put(here, left if speaker is None else _joined(left, Turn(start, end, speaker)))
    return tuple(kept.sorted)


class _Turns:
    """Turns in order, of which those about a time are found without a look at all: an edit may move thousands."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self.sorted = sorted(turns, key=_order)
        self._longest = max((turn.end - turn.start for turn in self.sorted), default=0.0)

    def about(self, start: Seconds, end: Seconds, speaker: str | None = None) -> slice:
        """Where all turns are that touch a span, and those of `speaker` that go on from these; others may be there."""
        first = last = bisect_left(self.sorted, start - self._longest - _SLACK, key=_start)
        while (after := bisect_right(self.sorted, end, lo=last, key=_start)) > last:
            end = max([end, *(turn.end for turn in self.sorted[last:after] if turn.speaker == speaker)])
            last = after
        return slice(first, last)

    def put(self, place: slice, turns: Iterable[Turn]) -> None:
        """Put turns in the place of others of their time."""
        found = sorted(turns, key=_order)
        self.sorted[place] = found
        self._longest = max([self._longest, *(turn.end - turn.start for turn in found)])


def _order(turn: Turn) -> tuple[Seconds, Seconds, str]:
    return turn.start, turn.end, turn.speaker


def _start(turn: Turn) -> Seconds:
    return turn.start


def _meets(turn: Turn, move: _Move) -> bool:
    return turn.speaker == move.speaker and turn.end > move.start and turn.start < move.end


def _taken(turn: Turn, move: _Move) -> tuple[Seconds, Seconds]:
    """What a move takes of a turn: all of it, or up to halfway to the speaker's other words in it."""
    start = turn.start if move.low <= turn.start else max(turn.start, (move.low + move.start) / 2)
    end = turn.end if move.high >= turn.end else min(turn.end, (move.high + move.end) / 2)
    return start, max(start, end)


def _without(turn: Turn, start: Seconds, end: Seconds) -> list[Turn]:
    """What is left of a turn outside a span."""
    parts = ((turn.start, min(turn.end, start)), (max(turn.start, end), turn.end))
    return [Turn(a, b, turn.speaker) for a, b in parts if b > a]


def _joined(turns: Iterable[Turn], new: Turn) -> list[Turn]:
    """The turns and one more, which becomes one with those of its speaker that it touches."""
    apart = []
    for turn in turns:
        if turn.speaker == new.speaker and turn.start <= new.end and turn.end >= new.start:
            new = Turn(min(turn.start, new.start), max(turn.end, new.end), new.speaker)
        else:
            apart.append(turn)
    return [*apart, new]
