"""Joins to choose from, the simplest first, and the choice among them on recordings other than those it is for."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from diarfuse.fusion.join import assign, batches, beginnings, boundaries
from diarfuse.fusion.join.assign import Policy, assign_speakers
from diarfuse.fusion.join.contested import PRICES, Costs, tell
from diarfuse.fusion.join.timing import Times
from diarfuse.fusion.types import Diarization, Seconds, Turn, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.metrics_words import Counts
    from diarfuse.fusion.join.intervals import Bools

Rule: TypeAlias = "Callable[[Sequence[Word], Diarization], list[str | None]]"
PLAIN, TOGETHER, BY_VOICE, SENTENCES = "plain", "told together", "and by voice", "and sentences from their first word"
_REACH: Seconds = 0.25
_ISLAND: Seconds = 0.5
_SURE = 0.975
_RESAMPLED = 2000


def _sentences(words: Sequence[Word], found: Diarization, against: Seconds) -> list[str | None]:
    with patched(beginnings, "_AGAINST", against):
        return [word.speaker for word in assign_speakers(words, found)]


def _by_voice(words: Sequence[Word], found: Diarization) -> list[str | None]:
    return _sentences(words, found, -np.inf)


def _together(words: Sequence[Word], found: Diarization, prices: Costs = PRICES) -> list[str | None]:
    with patched(batches, "tell", partial(tell, prices=prices)):
        return _by_voice(words, replace(found, likeness=None))


def _plain(words: Sequence[Word], found: Diarization) -> list[str | None]:
    return [word.speaker for word in assign_speakers(words, found, Policy(join="plain"))]


def _turns_only(words: Sequence[Word], found: Diarization) -> list[str | None]:
    return _plain(words, replace(found, exclusive=()))


def _exclusive_first(words: Sequence[Word], found: Diarization) -> list[str | None]:
    with patched(assign, "_TURNS", 0.0):
        return _plain(words, found)


def _around(words: Sequence[Word], found: Diarization) -> list[str | None]:
    """The neighbours of words that sound at once are decided with them."""
    contested = boundaries.contested_words

    def wider(times: Times) -> Bools:
        known = contested(times)
        near = known.copy()
        near[1:] |= known[:-1]
        near[:-1] |= known[1:]
        return near

    with patched(boundaries, "contested_words", wider):
        return _together(words, found)


def _reach(words: Sequence[Word], found: Diarization) -> list[str | None]:
    """Words that sound at once may also lie a little beyond the turns of who says them."""
    wide = tuple(Turn(max(0.0, t.start - _REACH), t.end + _REACH, t.speaker) for t in found.turns)
    plain, far = _together(words, found), _together(words, replace(found, turns=wide))
    starts, ends = (np.array([getattr(word, edge) for word in words], float) for edge in ("start", "end"))
    order = np.argsort(starts, kind="stable")
    contested = np.zeros(len(words), bool)
    times = Times(starts[order], ends[order], np.zeros(len(order), np.int64))
    contested[order] = boundaries.contested_words(times)
    return [b if c else a for a, b, c in zip(plain, far, contested, strict=True)]


def _no_islands(words: Sequence[Word], found: Diarization) -> list[str | None]:
    """A run of words of less than half a second takes the speaker of the words before and after it, if that is one."""
    said = _together(words, found)
    first = 0
    for stop in range(1, len(said) + 1):
        if stop < len(said) and said[stop] == said[first]:
            continue
        if first > 0 and stop < len(said) and said[first - 1] == said[stop]:
            length = max(w.end or 0.0 for w in words[first:stop]) - (words[first].start or 0.0)
            said[first:stop] = [said[stop] if length < _ISLAND else who for who in said[first:stop]]
        first = stop
    return said


RULES: dict[str, Rule] = {
    "plain, turns alone": _turns_only,
    "plain, exclusive turns first": _exclusive_first,
    PLAIN: _plain,
    TOGETHER: _together,
    BY_VOICE: _by_voice,
    SENTENCES: partial(_sentences, against=0.15),
    "half the price outside": partial(_together, prices=replace(PRICES, outside=PRICES.outside / 2)),
    "twice the price outside": partial(_together, prices=replace(PRICES, outside=PRICES.outside * 2)),
    "no price of a gap": partial(_together, prices=replace(PRICES, gap=0.0)),
    "without islands": _no_islands,
    "words around": _around,
    "reach of 0.25 s": _reach,
    **{f"{SENTENCES}, {against} s": partial(_sentences, against=against) for against in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)},
}
"""The simplest first; the prices are those of words that are told together."""


@contextmanager
def patched(module: Any, name: str, value: Any) -> Iterator[None]:
    """`module` with another value under a name, for as long as it lasts."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


@dataclass(frozen=True, slots=True)
class Cell:
    """One recording's words of one source with turns of one kind."""

    recording: str
    row: tuple[str, str, str]


def choose(cells: Sequence[Cell], rules: dict[str, list[Counts]], others: Sequence[list[Counts]]) -> str:
    """The rule for recordings that are not among `cells`.

    A rule may be chosen if in no row it has more than one word less right than any of `others`, in all words and
    outside overlaps. Of these a rule takes the place of a simpler one only if it has more words right in
    97.5 % of 2 000 draws of the recordings.
    """
    best = PLAIN
    for name, counts in rules.items():
        if name not in (PLAIN, best) and _harmless(cells, counts, others) and _above(cells, counts, rules[best]):
            best = name
    return best


def _harmless(cells: Sequence[Cell], counts: Sequence[Counts], others: Sequence[list[Counts]]) -> bool:
    for row in {cell.row for cell in cells}:
        rows = [i for i, cell in enumerate(cells) if cell.row == row]
        for other in others:
            right = sum(counts[i].right - other[i].right for i in rows)
            over = sum(counts[i].overlapped_right - other[i].overlapped_right for i in rows)
            if right < -1 or right - over < -1:
                return False
    return True


def _above(cells: Sequence[Cell], counts: Sequence[Counts], other: Sequence[Counts]) -> bool:
    names = sorted({cell.recording for cell in cells})
    gain = np.zeros(len(names))
    for cell, one, two in zip(cells, counts, other, strict=True):
        gain[names.index(cell.recording)] += one.right - two.right
    drawn = np.random.default_rng(0).integers(0, len(names), (_RESAMPLED, len(names)))
    return bool((gain[drawn].sum(axis=1) > 0).mean() >= _SURE)
