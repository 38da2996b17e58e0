"""What happens where voices overlap: the rules of the resolved join.

1. Words that sound at once are two voices, so they are decided together, with
   the words around them in mind (`contested.tell`), by the turns.
2. All others go to whoever is heard longest, as in the plain join.
3. Where two turns touch such a word and the voice of its stretch is plainly more
   like the other speaker, it is that one's (`likeness.follow_voices`).
4. A sentence's first words that a change of speaker cuts off from the rest are
   whose rest it is (`beginnings.begin_sentences`).
5. Tokens of punctuation follow their word (`follow_words`).

More rules were tried, and gained nothing that lasted on recordings that they
were not tuned on: frame activity, short runs that take the speaker around them,
turns near a word that do not cover it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..text import is_punctuation, opens
from .batches import Candidates, settle
from .intervals import Bools, Ints, Shares, TurnTable, speaking_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..types import Seconds
    from .intervals import Floats
    from .timing import Times

TOUCH: Seconds = 0.03
"""Words may overlap by this much without being two voices."""


def contested_words(times: Times) -> Bools:
    """Words, by rising start, that sound at once with another."""
    contested = np.zeros(len(times.starts), bool)
    if len(contested):
        latest = np.maximum.accumulate(times.ends)
        contested[1:] |= times.starts[1:] < latest[:-1] - TOUCH
        contested[:-1] |= times.starts[1:] < times.ends[:-1] - TOUCH
    return contested


def contested_in_text(times: Times) -> Bools:
    """`contested_words` of words in the order of the text."""
    order = np.argsort(times.starts, kind="stable")
    out = np.zeros(len(order), bool)
    out[order] = contested_words(times.take(order))
    return out


def settle_contested(times: Times, shares: Shares, turns: TurnTable) -> tuple[Ints, Floats]:
    """Decide the contested words together.

    Returns:
        speakers, int64 (num_words,), -1 where the plain join may stand; certainty.
    """
    contested = contested_words(times)
    contested &= np.bincount(shares.words, minlength=len(contested)) > 1
    if not contested.any():
        return np.full(len(contested), -1), np.zeros(len(contested))
    candidates = Candidates(shares.words, shares.speakers, shares.seconds, shares.first)
    return settle(times, candidates, contested, speaking_clock(turns))


def follow_words(texts: Sequence[str]) -> Ints:
    """Whose label each word takes, as an index: its own; tokens of punctuation that of the word before them.

    Opening marks, and marks before any word, take that of the word after them.
    """
    own = np.arange(len(texts))
    marks = np.array(of_each(texts, is_punctuation), bool)
    if not marks.any() or marks.all():
        return own
    before = np.maximum.accumulate(np.where(marks, -1, own))
    after = np.minimum.accumulate(np.where(marks, len(texts), own)[::-1])[::-1]
    opening = marks & np.array(of_each(texts, opens), bool) & (after < len(texts))
    return np.where((before < 0) | opening, after, before)


def of_each(texts: Sequence[str], test: Callable[[str], bool]) -> list[bool]:
    """`test` of every text; each distinct text is looked at once."""
    known = {text: test(text) for text in set(texts)}
    return [known[text] for text in texts]
