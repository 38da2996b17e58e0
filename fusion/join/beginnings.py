"""The first words of a sentence, cut off from its rest by a change of speaker, are whose rest it is.

A recogniser writes where a sentence begins, but often has its first word too early, in the pause or over the end of
what was said before, and a turn begins a little late. So they seem to be said by whoever spoke before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..text import bears_sentence_end, sentence_ends
from .boundaries import contested_in_text, of_each
from .explain import CONTEXT, Decision
from .intervals import Bools, Floats, Ints, Shares, run_starts, seconds_of
from .timing import BEGINS, Times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..types import Seconds

_AGAINST: Seconds = 0.15
"""So much longer, at most, the words may be heard from whoever spoke before; times are not surer than that."""
_BEFORE = 4
"""Words before a full stop that tell whether it ends a sentence."""


def begin_sentences(
    texts: Sequence[str], times: Times, shares: Shares, decision: Decision, language: str | None = None
) -> Decision:
    """Give the first words of sentences to who says the rest.

    Who seems to say them must have ended the sentence before too, and who comes must say most of the rest. Words that
    sound at once with another have been told together and stay.

    Args:
        texts: of the words, in their order.
        times: of the words.
        shares: who is heard in each.
        decision: by turns and voices.
        language: of the texts, see `sentence_ends`.
    """
    changes = _changes(decision.speakers)
    marked = np.array(of_each(texts, bears_sentence_end) if len(changes) else [], bool)
    if not marked.any():
        return decision
    firsts, lasts = _cut_off(changes, decision.speakers, marked)
    near = _against(firsts, lasts, shares, decision.speakers) <= _AGAINST
    if not near.any():
        return decision
    speakers, moved = decision.speakers.copy(), np.zeros(len(texts), bool)
    ends, contested = np.append(np.flatnonzero(marked), len(texts)), contested_in_text(times)
    for first, last in zip(firsts[near].tolist(), lasts[near].tolist(), strict=True):
        rest = speakers[last + 1 : ends[np.searchsorted(ends, last + 1)] + 1]
        says_most = 2 * np.count_nonzero(rest == rest[0]) > len(rest)
        if says_most and not contested[first : last + 2].any() and _ends(texts, first - 1, language):
            speakers[first : last + 1], moved[first : last + 1] = rest[0], True
    return replace(
        decision,
        speakers=speakers,
        reasons=np.where(moved, CONTEXT, decision.reasons),
        repaired=np.where(moved, BEGINS, decision.repaired),
    )


def _changes(speakers: Ints) -> Ints:
    """The words before those of another speaker, where both have one."""
    told = speakers >= 0
    return np.flatnonzero((speakers[1:] != speakers[:-1]) & told[1:] & told[:-1])


def _cut_off(lasts: Ints, speakers: Ints, marked: Bools) -> tuple[Ints, Ints]:
    """The first and the last of the words between a mark and a change of speaker, of all words before a change."""
    runs = run_starts(speakers)
    begins = runs[np.searchsorted(runs, lasts, side="right") - 1]
    firsts = np.maximum.accumulate(np.where(marked, np.arange(len(marked)), -1))[lasts] + 1
    cut = (begins < firsts) & (firsts <= lasts)
    return firsts[cut], lasts[cut]


def _against(firsts: Ints, lasts: Ints, shares: Shares, speakers: Ints) -> Floats:
    """How much longer the words from first to last are heard from their speaker than from the next word's."""
    counts = lasts - firsts + 1
    if not len(counts):
        return np.empty(0)
    heads = np.cumsum(counts) - counts
    words = np.arange(counts.sum()) - np.repeat(heads - firsts, counts)
    heard = seconds_of(shares, words, speakers[words]) - seconds_of(
        shares, words, np.repeat(speakers[lasts + 1], counts)
    )
    return np.add.reduceat(heard, heads)


def _ends(texts: Sequence[str], end: int, language: str | None) -> bool:
    """Whether the mark of this word ends a sentence."""
    return sentence_ends(texts[max(0, end - _BEFORE) : end + 2], language)[-2]
