"""Where a run is cut into cues: the cheapest way through it, by what readers mind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from ..layout import DASH
from .pieces import too_far

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..layout import Layout
    from ..types import Seconds
    from .pieces import Piece

# What a cue costs; the unit is one cue more.
_CUE, _FULL = 1.0, 1.0
"""Each cue, and a full one more than an empty one, by the square of how full it is: so that they come out alike."""
_INSIDE, _CLAUSE, _WEAK = 2.0, 0.6, 8.0
"""It ends inside a sentence; with a clause; in an article or preposition."""
_RAGGED = 1.5
"""A sentence ends in it, and it goes on into the next."""
_ORPHAN, _SINGLE = 8.0, 0.8
"""One word cut off its sentence; one word that is a sentence."""
_WEAK_LINE = 4.0
"""Its first line can end in nothing but a weak word."""
_PAUSED, _PAUSE_SECOND = 2.0, 3.0
"""It spans a pause, and by how many seconds that is too long."""
_SHORT, _FAST = 3.0, 3.0
"""It has no time to stay, or to be read."""
_CROWDED = 2.0
"""Somebody else speaks meanwhile, and has no line in it."""
_HEARD_PAUSE: Seconds = 0.25
_FEW_COLUMNS = 4
_MOST_PIECES = 100
"""No cue looks further: text without any width would."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """Columns that the label takes in the first, second, third cue of a run; from the start again if it `loops`."""

    indents: tuple[int, ...]
    loops: bool = True

    def after(self, state: int) -> int:
        """The state that follows."""
        return (state + 1) % len(self.indents) if self.loops else min(state + 1, len(self.indents) - 1)


@dataclass(frozen=True, slots=True)
class _Row:
    """A run as arrays.

    ends: columns up to each piece, with the space before it, int (num_pieces + 1,).
    words: pieces that begin with a space, up to each. strong: places where a line may
    well end, up to each. sentences: that end, up to each. pauses: what the silences
    before the pieces cost a cue that spans them, summed up to each, float
    (num_pieces + 1,). crowded: someone else speaks meanwhile. until: when the next
    run begins.
    """

    pieces: Sequence[Piece]
    ends: list[int]
    words: list[int]
    strong: list[int]
    sentences: list[int]
    pauses: list[float]
    crowded: Sequence[bool]
    until: Seconds


def cut(
    pieces: Sequence[Piece], layout: Layout, cycle: Cycle, crowded: Sequence[bool] = (), until: Seconds = math.inf
) -> list[tuple[int, int]]:
    """Cut a run into cues.

    Args:
        pieces: at least one.
        layout: what must fit.
        cycle: the room that labels take.
        crowded: pieces during which somebody else speaks; cues of such leave room
            for that person's line, if they can.
        until: when something else is to be shown.

    Returns:
        half-open ranges of `pieces`, one a cue, in order and without gaps.
    """
    row = _Row(
        pieces,
        list(accumulate((sum(part.width + part.spaced for part in piece.parts) for piece in pieces), initial=0)),
        list(accumulate((piece.parts[0].spaced for piece in pieces), initial=0)),
        list(accumulate((not piece.weak for piece in pieces), initial=0)),
        list(accumulate((piece.ended for piece in pieces), initial=0)),
        list(accumulate(_pauses(pieces, layout), initial=0.0)),
        crowded or [False] * len(pieces),
        until,
    )
    best: list[dict[int, tuple[float, int, int]]] = [{} for _ in range(len(pieces) + 1)]
    best[0][0] = (0.0, -1, -1)
    for start in range(len(pieces)):
        for indent in {cycle.indents[state] for state in best[start]}:
            states = [state for state in best[start] if cycle.indents[state] == indent]
            for stop, price, crowd in _reach(row, start, indent, layout, cycle):
                for state in states:
                    following = 0 if crowd else cycle.after(state)
                    cost = best[start][state][0] + price
                    if following not in best[stop] or cost < best[stop][following][0]:
                        best[stop][following] = (cost, start, state)
    return _traced(best)


def _traced(best: Sequence[dict[int, tuple[float, int, int]]]) -> list[tuple[int, int]]:
    """The cheapest way from the end back to the start."""
    ranges: list[tuple[int, int]] = []
    stop = len(best) - 1
    state = min(best[stop], key=lambda state: best[stop][state][0])
    while stop > 0:
        _, start, state = best[stop][state]
        ranges.append((start, stop))
        stop = start
    return ranges[::-1]


def _reach(row: _Row, start: int, indent: int, layout: Layout, cycle: Cycle) -> Iterator[tuple[int, float, bool]]:
    """Each place where a cue that begins at `start` may end, what that costs, and whether it needs a label after it.

    A cue of words during which somebody else speaks bears a label, as does the next;
    and it costs less if it fits one line, for the other voice then has the second.
    """
    most = max(cycle.indents)
    usual, labelled = _Filling(layout.width, indent), _Filling(layout.width, most)
    low, crowded = start + 1, False
    for stop in range(start + 1, min(len(row.pieces), start + _MOST_PIECES) + 1):
        if stop > start + 1 and too_far(row.pieces[stop - 2], row.pieces[stop - 1]):
            return
        crowded = crowded or row.crowded[stop - 1]
        usual.add(row.pieces[stop - 1], stop - 1)
        labelled.add(row.pieces[stop - 1], stop - 1)
        filling = labelled if crowded else usual
        too_long = filling.line >= layout.lines or _too_much(row, start, stop, layout)
        if too_long and stop > start + 1:
            return
        price = _price(row, start, stop, most if crowded else indent, layout)
        if filling.line == 1 and filling.fold > start:
            while row.ends[stop] - row.ends[low] > layout.width:
                low += 1
            price += _WEAK_LINE * (row.strong[filling.fold] == row.strong[low - 1])
        if crowded and row.ends[stop] - row.ends[start] + len(DASH) + most > layout.width:
            price += _CROWDED
        yield stop, price, crowded


@dataclass(slots=True)
class _Filling:
    """Lines that are filled piece by piece.

    line: which one is being filled. fold: the piece that began it.
    """

    width: int
    filled: int
    line: int = 0
    fold: int = 0

    def add(self, piece: Piece, index: int) -> None:
        """Put the piece at the end, or on a line of its own."""
        for part in piece.parts:
            if self.filled and self.filled + part.spaced + part.width > self.width:
                self.line, self.filled, self.fold = self.line + 1, 0, index
            self.filled += part.width + (part.spaced if self.filled else 0)


def _too_much(row: _Row, start: int, stop: int, layout: Layout) -> bool:
    """Whether nobody can read that in the longest time, or it takes longer to say."""
    read = (row.ends[stop] - row.ends[start]) / layout.speed
    return max(read, row.pieces[stop - 1].end - row.pieces[start].start) > layout.longest


def _price(row: _Row, start: int, stop: int, indent: int, layout: Layout) -> float:
    """What readers mind in a cue of these pieces, with a label of `indent` columns."""
    pieces = row.pieces
    columns = row.ends[stop] - row.ends[start]
    price = _CUE + _FULL * (columns / (layout.width * layout.lines)) ** 2
    price += _of_end(row, start, stop) + row.pauses[stop] - row.pauses[start + 1]
    if stop - start < len(pieces) and _is_one_word(row, start, stop):
        sentence = (start == 0 or pieces[start - 1].ended) and (stop == len(pieces) or pieces[stop - 1].ended)
        price += _SINGLE if sentence else _ORPHAN
    after = pieces[stop].start if stop < len(pieces) else row.until
    room = max(after - layout.gap - pieces[start].start, 1e-3)
    price += _SHORT * max(0.0, 1 - room / layout.shortest)
    return price + _FAST * max(0.0, min(3.0, (columns + indent) / layout.speed / room - 1))


def _is_one_word(row: _Row, start: int, stop: int) -> bool:
    """One word between spaces; where the script writes none, a few characters."""
    inside = row.words[stop] - row.words[start + 1]
    spaced = row.words[-1] > 0
    return not inside and (spaced or row.ends[stop] - row.ends[start] <= _FEW_COLUMNS)


def _of_end(row: _Row, start: int, stop: int) -> float:
    """The price of ending there."""
    pieces = row.pieces
    last = pieces[stop - 1]
    if last.ended or stop == len(pieces):
        return 0.0
    silence = pieces[stop].start - last.end
    heard = min(1.5, silence) if silence >= _HEARD_PAUSE else 0.0
    price = max(0.0, (_CLAUSE if last.closed else _INSIDE) - heard) + _WEAK * last.weak
    return price + _RAGGED * (row.sentences[stop - 1] > row.sentences[start])


def _pauses(pieces: Sequence[Piece], layout: Layout) -> Iterator[float]:
    """What the silence before each piece costs a cue that spans it."""
    yield 0.0
    for before, after in pairwise(pieces):
        silence = after.start - before.end
        yield _PAUSED + _PAUSE_SECOND * (silence - layout.pause) if silence >= layout.pause else 0.0
