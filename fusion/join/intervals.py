"""Interval arithmetic on whole arrays: which words overlap whose turns, and for how long.

Everything here is near-linear in words + turns + overlapping pairs, whatever
the lengths: one turn that lasts the whole recording, or one word that does,
costs no more than the pairs it truly makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

RESOLUTION = 1e-6
"""Overlaps are compared to the microsecond, so that float noise never decides a tie."""

_DIGITS = 6
"""Of seconds, to the same microsecond."""
_TOUCHES = 1.5 * RESOLUTION
"""A word that overlaps a turn by no more than the resolution, and is rounded, touches it."""

_SPREAD = 4.0
"""Words are searched in classes of length within this factor of each other, where they differ much."""
_WASTE = 4
"""So many candidates a word and turn may be looked at in one search; beyond it, classes pay."""


@dataclass(frozen=True, slots=True)
class TurnTable:
    """Turns as arrays, sorted by (start, end, label): the order that decides ties.

    starts, ends: float64 (num_turns,). speakers: int64 (num_turns,), an index into labels.
    labels: sorted.
    """

    starts: Floats
    ends: Floats
    speakers: Ints
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VoiceTable:
    """What voices say of short stretches of speech.

    starts, ends: float64 (num_stretches,), rising and apart. scores: float64
    (num_stretches, num_labels), how much each sounds like each speaker; NaN where unknown.
    """

    starts: Floats
    ends: Floats
    scores: Floats


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of who spoke when.

    turns: what decides. exclusive: the same speech with one speaker at a time,
    with the labels of `turns`, or None. voices: also with these labels, or None.
    """

    turns: TurnTable
    exclusive: TurnTable | None = None
    voices: VoiceTable | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """How long each speaker is heard in each word: one row a (word, speaker) with overlap.

    words, speakers: int64 (num_rows,), sorted by (word, speaker).
    seconds: float64, summed over all turns of the speaker; of a word without a
        length, `RESOLUTION` times the number of turns that contain its instant.
    first: int64, the first of the speaker's turns that overlaps the word.
    """

    words: Ints
    speakers: Ints
    seconds: Floats
    first: Ints


def share_table(starts: Floats, ends: Floats, turns: TurnTable) -> Shares:
    """Sum the overlap of every word with every turn of every speaker.

    Args:
        starts: float64 (num_words,), any order.
        ends: float64 (num_words,), at or after the starts.
        turns: the turns.

    Returns:
        The table of non-zero sums.
    """
    ends = _with_length(starts, ends)
    word, turn = overlapping_pairs(starts, ends, turns.starts, turns.ends)
    seconds = np.minimum(ends[word], turns.ends[turn]) - np.maximum(starts[word], turns.starts[turn])
    real = seconds > RESOLUTION / 1000
    word, turn, seconds = word[real], turn[real], seconds[real]
    key = word * max(1, len(turns.labels)) + turns.speakers[turn]
    order = np.argsort(key, kind="stable")
    key, turn, seconds = key[order], turn[order], seconds[order]
    heads = run_starts(key)
    if not len(heads):
        return Shares(heads, heads, seconds, heads)
    return Shares(
        words=word[order][heads],
        speakers=turns.speakers[turn[heads]],
        seconds=np.add.reduceat(seconds, heads),
        first=np.minimum.reduceat(turn, heads),
    )


def _with_length(starts: Floats, ends: Floats) -> Floats:
    """The ends, no nearer to the starts than `RESOLUTION`, so that a word without a length is heard too."""
    return np.maximum(ends, starts + RESOLUTION)


def overlapping_pairs(starts: Floats, ends: Floats, turn_starts: Floats, turn_ends: Floats) -> tuple[Ints, Ints]:
    """Find every (word, turn) that overlap.

    A turn overlaps the words that start before it ends, and after it starts
    less the longest word's length. Within a class of words of similar length
    that bound lets through few others, so one stretched word cannot make every
    turn scan every word.

    Returns:
        word and turn indices, int64 (num_pairs,) each; a few pairs may only touch.
    """
    words = _Spans(np.arange(len(starts)), starts, ends)
    if len(starts) > 1 and (starts[1:] < starts[:-1]).any():
        words = words.take(np.argsort(starts, kind="stable"))
    if not len(starts) or not len(turn_starts):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    low, high = _search(words, turn_starts, turn_ends)
    if int(np.maximum(high - low, 0).sum()) <= _WASTE * (len(starts) + len(turn_starts)):
        return _meeting(words, low, high, turn_starts)
    classes = np.floor(np.log(words.ends - words.starts) / np.log(_SPREAD)).astype(np.int64)
    parts = [words.take(np.flatnonzero(classes == level)) for level in np.unique(classes)]
    found = [_meeting(part, *_search(part, turn_starts, turn_ends), turn_starts) for part in parts]
    return np.concatenate([word for word, _ in found]), np.concatenate([turn for _, turn in found])


@dataclass(frozen=True, slots=True)
class _Spans:
    """Words by rising start: their numbers, int64 (num_words,), and times, float64, longer than nothing."""

    numbers: Ints
    starts: Floats
    ends: Floats

    def take(self, rows: Ints) -> _Spans:
        """Some of them."""
        return _Spans(self.numbers[rows], self.starts[rows], self.ends[rows])


def _search(words: _Spans, turn_starts: Floats, turn_ends: Floats) -> tuple[Ints, Ints]:
    """The range of words, low <= i < high, that each turn can overlap."""
    longest = (words.ends - words.starts).max()
    low = np.searchsorted(words.starts, turn_starts - longest, side="right")
    return low, np.searchsorted(words.starts, turn_ends, side="left")


def _meeting(words: _Spans, low: Ints, high: Ints, turn_starts: Floats) -> tuple[Ints, Ints]:
    """The words of the ranges that have not ended when the turn starts, with the turn."""
    slots, turn = expand(low, high)
    met = words.ends[slots] > turn_starts[turn]
    return words.numbers[slots[met]], turn[met]


def expand(low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """List every integer of the ranges ``low[i] <= x < high[i]``, and the `i` it belongs to.

    Example:
        >>> expand(np.array([0, 5]), np.array([2, 6]))
        (array([0, 1, 5]), array([0, 0, 1]))
    """
    counts = np.maximum(high - low, 0)
    owner = np.repeat(np.arange(len(counts)), counts)
    before = np.cumsum(counts) - counts
    return np.arange(len(owner)) - before[owner] + low[owner], owner


def run_starts(sorted_keys: Ints) -> Ints:
    """Where each run of equal keys begins.

    Example:
        >>> run_starts(np.array([3, 3, 7]))
        array([0, 2])
    """
    if not len(sorted_keys):
        return np.empty(0, np.int64)
    return np.concatenate(([0], np.flatnonzero(np.diff(sorted_keys)) + 1))


def loudest(shares: Shares, num_words: int) -> Ints:
    """The row of `shares` with each word's longest speaker; -1 where nobody overlaps.

    Ties go to the speaker whose overlapping turn is the earliest.
    """
    best = np.full(num_words, -1, np.int64)
    heads = run_starts(shares.words)
    if not len(heads):
        return best
    ticks = np.rint(shares.seconds / (RESOLUTION / 1000)).astype(np.int64)
    sizes = np.diff(np.append(heads, len(ticks)))
    longest = np.repeat(np.maximum.reduceat(ticks, heads), sizes)
    rank = np.where(ticks == longest, shares.first, np.iinfo(np.int64).max)
    winner = rank == np.repeat(np.minimum.reduceat(rank, heads), sizes)
    rows = np.flatnonzero(winner)
    best[shares.words[rows]] = rows
    return best


def heard_longest(starts: Floats, ends: Floats, turns: TurnTable) -> Ints:
    """Who is heard longest in each word, int64 (num_words,), -1 for nobody.

    The speaker that `loudest` finds in the whole `share_table`, which is made here only
    of the words that need it: those that have none of the `sole_turns`.
    """
    if not len(turns.starts):
        return np.full(len(starts), -1, np.int64)
    turn = sole_turns(starts, _with_length(starts, ends), turns)
    speakers = np.where(turn >= 0, turns.speakers[turn], -1)
    rest = np.flatnonzero(turn < 0)
    shares = share_table(starts[rest], ends[rest], turns)
    best = loudest(shares, len(rest))
    found = best >= 0
    speakers[rest[found]] = shares.speakers[best[found]]
    return speakers


def sole_turns(starts: Floats, ends: Floats, turns: TurnTable) -> Ints:
    """The turn that holds the whole word while no other turn runs, int64 (num_words,), -1 where none was found.

    Most words of most conversations have one. Only the last turn to begin before
    the word is looked at, by finding each turn among the words rather than each
    word among the turns; so words whose starts do not rise have none.
    """
    sole = np.full(len(starts), -1, np.int64)
    if not len(turns.starts) or (starts[1:] < starts[:-1]).any():
        return sole
    since = np.concatenate(([-np.inf], np.maximum.accumulate(turns.ends)[:-1]))  # by then the earlier ones have ended
    until = np.minimum(turns.ends, np.append(turns.starts[1:], np.inf))  # and then it has, or the next begins
    first = np.searchsorted(starts, turns.starts, side="left")  # of the words from each turn's start on
    count = np.diff(first, append=len(starts))
    held = (starts[first[0] :] >= np.repeat(since, count)) & (ends[first[0] :] <= np.repeat(until, count))
    sole[first[0] :] = np.where(held, np.repeat(np.arange(len(count)), count), -1)
    return sole


def seconds_of(shares: Shares, words: Ints, speakers: Ints) -> Floats:
    """How long these speakers are heard in these words: float64, the shape of both; 0 where not at all."""
    rows = rows_of(shares, words, speakers)
    return np.where(rows >= 0, shares.seconds[rows], 0.0) if len(shares.words) else np.zeros(len(words))


def rows_of(shares: Shares, words: Ints, speakers: Ints) -> Ints:
    """The rows of `shares` with these words and speakers: int64, the shape of both; -1 where there is none."""
    if not len(shares.words):
        return np.full(len(words), -1)
    base = int(max(shares.speakers.max(), speakers.max(initial=0))) + 1
    known, wanted = shares.words * base + shares.speakers, words * base + speakers
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[at] == wanted, at, -1)


def _gap(since: Floats, until: Floats) -> Floats:
    """Seconds between two edges, 0 where they overlap by noise."""
    gap: Floats = np.maximum(until - since, 0.0)
    return gap.round(_DIGITS)


def nearest_turn(starts: Floats, ends: Floats, turns: TurnTable) -> tuple[Ints, Floats]:
    """For words that overlap no turn: the turn whose edge is nearest.

    Returns:
        the turn's index (-1 if there are none) and the gap to it in seconds:
        negative when the turn lies before the word, positive when after. At
        equal distance, to the microsecond, the earlier turn wins.
    """
    if not len(turns.starts):
        return np.full(len(starts), -1, np.int64), np.full(len(starts), np.inf)
    opens, closes = turns.starts, turns.ends
    rounded = closes.round(_DIGITS)
    by_end = np.argsort(rounded, kind="stable")
    sorted_ends = rounded[by_end]
    slot = np.searchsorted(sorted_ends, starts + _TOUCHES, side="right") - 1
    slot = np.searchsorted(sorted_ends, sorted_ends[np.maximum(slot, 0)], side="left")
    before = by_end[slot]
    after = np.searchsorted(opens, ends - _TOUCHES, side="left")
    gap_before = np.where(closes[before] <= starts + _TOUCHES, _gap(closes[before], starts), np.inf)
    has_after = after < len(opens)
    after = np.minimum(after, len(opens) - 1)
    gap_after = np.where(has_after, _gap(ends, opens[after]), np.inf)
    earlier = gap_before <= gap_after
    return np.where(earlier, before, after), np.where(earlier, -gap_before, gap_after)


@dataclass(frozen=True, slots=True)
class Clock:
    """How long each speaker has been speaking: built by `speaking_clock`, read by `spoken_until`.

    keys, ends: float64 (num_merged_turns,), merged turns of all speakers one after
    the other, speaker k shifted by k * (high - low). before: seconds spoken before
    each. low, high: a second before the first turn and after the last.
    """

    keys: Floats
    ends: Floats
    before: Floats
    low: float
    high: float


def speaking_clock(turns: TurnTable) -> Clock:
    """Merge each speaker's turns and add them up."""
    low = float(turns.starts.min(initial=0.0)) - 1.0
    high = float(turns.ends.max(initial=0.0)) + 1.0
    order = np.argsort(turns.speakers, kind="stable")
    shift = turns.speakers[order] * (high - low)
    starts, ends = turns.starts[order] + shift, np.maximum.accumulate(turns.ends[order] + shift)
    heads = np.flatnonzero(np.concatenate((np.ones(min(1, len(starts)), bool), starts[1:] > ends[:-1])))
    tails = np.append(heads[1:], len(starts))[: len(heads)] - 1
    keys, merged = starts[heads], ends[tails]
    return Clock(keys, merged, np.cumsum(merged - keys) - (merged - keys), low, high)


def spoken_until(clock: Clock, speakers: Ints, instants: Floats) -> Floats:
    """Seconds that each speaker has spoken up to an instant, counted over all speakers before.

    Only differences for one speaker have a meaning. Both arrays have one shape.
    """
    if not len(clock.keys):
        return np.zeros(np.shape(instants))
    where = speakers * (clock.high - clock.low) + np.clip(instants, clock.low, clock.high)
    slot = np.searchsorted(clock.keys, where, side="right") - 1
    safe = np.maximum(slot, 0)
    spoken = clock.before[safe] + np.minimum(where, clock.ends[safe]) - clock.keys[safe]
    return np.where(slot < 0, 0.0, spoken)
