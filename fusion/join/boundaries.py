"""What happens where speakers change: the few rules of the resolved join.

1. Words near a change, in overlapped speech, or colliding with another word are
   decided together with their neighbours (`contested.tell`).
2. A change of speaker is cheap after a pause or a sentence, dear inside one
   (`switch_prices`).
3. Where the diarizer tells how active each speaker is, that weighs too
   (`weigh`).
4. A short run inside another speaker's sentence keeps that speaker's label
   unless its own evidence is strong (`drop_islands`).
5. Tokens of punctuation follow their word (`follow_words`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..text import is_punctuation, opens
from .batches import Candidates, settle
from .intervals import (
    Bools,
    Evidence,
    Floats,
    Ints,
    Shares,
    TurnTable,
    run_starts,
    seconds_of,
    share_table,
    speaking_clock,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..types import Activity, Seconds
    from .timing import Times

REACH: Seconds = 0.5
"""Turns this near may claim a word that they do not cover."""
_CLEAN = 0.9
"""A word this much inside one speaker's turns, and in nobody else's, is settled."""
_TOUCH: Seconds = 0.03
"""Words may overlap by this much without being two voices."""
_PAUSE: Seconds = 0.3
CHEAP_CHANGE, CHANGE, DEAR_CHANGE = 0.01, 0.03, 0.06
"""Prices of a change of speaker, in the seconds of `contested.Costs`."""
_ISLAND_WORDS = 2
_ISLAND: Seconds = 1.0
_STRONG = 0.8


def contested_words(times: Times, shares: Shares, best: Ints) -> Bools:
    """Words, by rising start, that are not plainly inside one speaker's turns, or that collide with another.

    Args:
        times: of the words.
        shares: who is heard in each.
        best: the row of `shares` with each word's longest speaker, -1 for none.
    """
    count = len(times.starts)
    inside = np.where(best >= 0, shares.seconds[best], 0.0) if len(shares.words) else np.zeros(count)
    clean = inside >= _CLEAN * times.lengths
    clean &= np.bincount(shares.words, minlength=count) == 1
    if count:
        latest = np.maximum.accumulate(times.ends)
        clean[1:] &= times.starts[1:] >= latest[:-1] - _TOUCH
        clean[:-1] &= times.starts[1:] >= times.ends[:-1] - _TOUCH
    return ~clean


def candidates_of(times: Times, shares: Shares, contested: Bools, turns: TurnTable, reach: Seconds) -> Candidates:
    """Who may have said each word: the settled ones' speaker, and whoever has a turn near a contested one."""
    doubtful = np.flatnonzero(contested)
    wide = share_table(times.starts[doubtful] - reach, times.ends[doubtful] + reach, turns)
    plain = ~contested[shares.words]
    words = np.concatenate((shares.words[plain], doubtful[wide.words]))
    speakers = np.concatenate((shares.speakers[plain], wide.speakers))
    first = np.concatenate((shares.first[plain], wide.first))
    order = np.argsort(words, kind="stable")
    words, speakers, first = words[order], speakers[order], first[order]
    return Candidates(words, speakers, seconds_of(shares, words, speakers), first)


def weigh(candidates: Candidates, times: Times, evidence: Evidence) -> Candidates:
    """Weigh all that is known of how long each candidate is heard in the word.

    The turns count as much as the exclusive turns, where there are any, and
    frame activity as much as both together.
    """
    seconds = candidates.seconds
    if evidence.exclusive is not None:
        alone = share_table(times.starts, times.ends, evidence.exclusive)
        seconds = (seconds + seconds_of(alone, candidates.words, candidates.speakers)) / 2
    if evidence.activity is not None:
        active = activity_in(times, candidates, evidence.activity, evidence.turns.labels)
        seconds = np.where(np.isnan(active), seconds, (seconds + active) / 2)
    return replace(candidates, seconds=seconds)


def activity_in(times: Times, candidates: Candidates, activity: Activity, labels: Sequence[str]) -> Floats:
    """Seconds of each word that its candidate is active, by mean frame score; NaN for speakers without a column."""
    column = np.array([activity.speakers.index(k) if k in activity.speakers else -1 for k in labels], np.int64)
    column = column[candidates.speakers]
    frames = len(activity.scores)
    if not frames:
        return np.full(len(column), np.nan)
    total = np.vstack((np.zeros(len(activity.speakers)), np.cumsum(activity.scores, axis=0, dtype=np.float64)))
    low = np.rint((times.starts[candidates.words] - activity.start) / activity.step).astype(np.int64)
    high = np.rint((times.ends[candidates.words] - activity.start) / activity.step).astype(np.int64)
    low = np.clip(low, 0, frames - 1)
    high = np.clip(high, low + 1, frames)
    mean = np.clip((total[high, column] - total[low, column]) / (high - low), 0.0, 1.0)
    return np.where(column >= 0, mean * times.lengths[candidates.words], np.nan)


def switch_prices(times: Times, ended: Bools) -> Floats:
    """The price of a change of speaker before each word, float64 (num_words,).

    Cheap after a pause or the end of a sentence; dear inside a sentence, where
    the transcript is punctuated at all.

    ended: which words end a sentence, (num_words,).
    """
    prices = np.full(len(times.starts), CHANGE)
    if len(prices):
        if ended[:-1].any():
            prices[:] = DEAR_CHANGE
            prices[1:][ended[:-1]] = CHEAP_CHANGE
        prices[1:][times.starts[1:] - times.ends[:-1] > _PAUSE] = CHEAP_CHANGE
    return prices


def settle_contested(
    times: Times, switch: Floats, shares: Shares, best: Ints, evidence: Evidence, *, reach: Seconds
) -> tuple[Ints, Floats]:
    """Decide the contested words together with their neighbours.

    Where the diarizer says who prevails in overlapped speech, it is those
    exclusive turns that want to be filled with words.

    Returns:
        speakers, int64 (num_words,), -1 where the plain join may stand; certainty.
    """
    contested = contested_words(times, shares, best)
    candidates = candidates_of(times, shares, contested, evidence.turns, reach)
    contested &= np.bincount(candidates.words, minlength=len(contested)) > 1
    if not contested.any():
        return np.full(len(contested), -1), np.zeros(len(contested))
    clock = speaking_clock(evidence.exclusive or evidence.turns)
    return settle(times, switch, weigh(candidates, times, evidence), contested, clock)


def drop_islands(times: Times, speakers: Ints, shares: Shares, ended: Bools) -> Bools:
    """Which words are a short run inside another speaker's sentence, on weak evidence.

    A run of one word, or of less than a second, between two runs of one other
    speaker, without a pause or the end of a sentence around it. Its evidence is
    weak when its speaker is heard in less than 80 % of it, or no longer than the
    speaker around it. A word that collides with a neighbour is a second voice.
    `ended`: which words end a sentence.

    Returns:
        (num_words,); those words belong to the speaker before them.
    """
    out = np.zeros(len(speakers), bool)
    heads = run_starts(speakers)
    tails = np.append(heads[1:], len(speakers))[: len(heads)]
    if len(heads) <= len(("before", "island", "after")) - 1:
        return out
    first, stop = heads[1:-1], tails[1:-1]
    around = speakers[first - 1]
    short = (stop - first < _ISLAND_WORDS) | (times.ends[stop - 1] - times.starts[first] < _ISLAND)
    before, after = times.starts[first] - times.ends[first - 1], times.starts[stop] - times.ends[stop - 1]
    inside = (around == speakers[stop]) & (around >= 0) & (speakers[first] >= 0) & (np.abs(before) < _PAUSE)
    inside &= (np.abs(after) < _PAUSE) & (before >= -_TOUCH) & (after >= -_TOUCH)
    for run in np.flatnonzero(short & inside).tolist():
        words = slice(first[run], stop[run])
        own, other = (_heard(shares, words, who) for who in (speakers[first[run]], around[run]))
        weak = own < _STRONG * float(times.lengths[words].sum()) or other >= own
        if weak and not ended[first[run] - 1]:
            out[words] = True
    return out


def _heard(shares: Shares, words: slice, speaker: int) -> Seconds:
    """Seconds that the speaker is heard in a range of words."""
    low, high = np.searchsorted(shares.words, [words.start, words.stop])
    return float(shares.seconds[low:high][shares.speakers[low:high] == speaker].sum())


def follow_words(texts: Sequence[str]) -> Ints:
    """Whose label each word takes, as an index: its own; tokens of punctuation that of the word before them.

    Opening marks, and marks before any word, take that of the word after them.
    """
    own = np.arange(len(texts))
    marks = np.array(_test_each(texts, is_punctuation), bool)
    if not marks.any() or marks.all():
        return own
    before = np.maximum.accumulate(np.where(marks, -1, own))
    after = np.minimum.accumulate(np.where(marks, len(texts), own)[::-1])[::-1]
    opening = marks & np.array(_test_each(texts, opens), bool) & (after < len(texts))
    return np.where((before < 0) | opening, after, before)


def _test_each(texts: Sequence[str], test: Callable[[str], bool]) -> list[bool]:
    """`test` of every text; each distinct text is looked at once."""
    known = {text: test(text) for text in set(texts)}
    return [known[text] for text in texts]
