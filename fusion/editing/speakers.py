"""Who is who, and who said what, as a person knows better: rename, merge, reassign."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from math import frexp

from ..errors import OptionError
from ..types import Attribution, Seconds, Segment, Transcript, Turn, Word
from .changes import renamed
from .content import Content, Roll, called, check_name, flat, words_before

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
    roll = Roll(content.speakers)
    new = {roll.known(old): check_name(name) for old, name in names.items()}
    for old, name in new.items():
        used = roll.called(name)
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
    roll = Roll(content.speakers)
    keep = roll.known(keep)
    gone = {roll.known(other): keep for other in others}
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
    given = list(turns)
    own = _Turns(turn for turn in given if turn.speaker == speaker)
    others = _Turns(turn for turn in given if turn.speaker != speaker)
    for move in moves:
        if move.speaker == speaker:
            continue
        met = [turn for turn in others.touching(move.start, move.end) if _meets(turn, move)]
        for start, end in [_taken(turn, move) for turn in met] or [(move.start, move.end)]:
            for turn in others.touching(start, end):
                if alone or turn.speaker == move.speaker:
                    others.put([turn], _without(turn, start, end))
            if speaker is not None:
                joined = own.joined(start, end)
                own.put(joined, [_all(joined, Turn(start, end, speaker))])
    return tuple(sorted([*own, *others], key=_order))


class _Turns:
    """Turns, of which those about a time are found without a look at all: an edit may move thousands.

    Those of a length, up to twice it, are kept by themselves: how far back one may begin that reaches a time is known.
    """

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._held: dict[int, list[Turn]] = {}
        for turn in sorted(turns, key=_order):
            self._alike(turn).append(turn)

    def __iter__(self) -> Iterator[Turn]:
        return chain.from_iterable(self._held.values())

    def touching(self, start: Seconds, end: Seconds) -> list[Turn]:
        """All that touch a span, in order."""
        near = (self._begun(held, start - 2.0**power - _SLACK, end) for power, held in self._held.items())
        return sorted((turn for turn in chain.from_iterable(near) if turn.end >= start), key=_order)

    def joined(self, start: Seconds, end: Seconds) -> list[Turn]:
        """Those that become one with a span: the first that touches it, and from there on all that touch the others."""
        found = self.touching(start, end)
        if not found:
            return []
        first, reach = found[0], end
        while True:
            begun = chain.from_iterable(self._begun(held, first.start, reach) for held in self._held.values())
            found = [turn for turn in begun if _order(turn) >= _order(first)]
            if (last := max(reach, *(turn.end for turn in found))) == reach:
                return found
            reach = last

    def put(self, gone: Iterable[Turn], turns: Iterable[Turn]) -> None:
        """Put turns in the place of others."""
        for turn in gone:
            held = self._alike(turn)
            del held[bisect_left(held, _order(turn), key=_order)]
        for turn in turns:
            insort(self._alike(turn), turn, key=_order)

    def _alike(self, turn: Turn) -> list[Turn]:
        return self._held.setdefault(frexp(turn.end - turn.start)[1], [])

    @staticmethod
    def _begun(held: list[Turn], start: Seconds, end: Seconds) -> list[Turn]:
        return held[bisect_left(held, start, key=_start) : bisect_right(held, end, key=_start)]


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


def _all(turns: Iterable[Turn], new: Turn) -> Turn:
    """One turn in the place of several."""
    parts = (new, *turns)
    return Turn(min(turn.start for turn in parts), max(turn.end for turn in parts), new.speaker)
