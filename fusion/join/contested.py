"""Words that several speakers may have said: the cheapest story that explains a passage of them.

A passage of words is told as a whole. Each speaker says words one after
another, so two words that sound at once have two speakers; a speaker's turn
should be filled by words; a word should lie inside its speaker's turns. Every
breach has a price in seconds, and a beam search over "the last word each
speaker said" finds the cheapest assignment. All passages advance together,
one word at a time, so the cost is linear in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .intervals import Floats, Ints

WIDTH = 12
MAX_SPEAKERS = 6
_TEMPERATURE = 0.1
"""The difference in cost that makes a story e times less likely."""
_TAGS = np.array(
    [
        0x9E3779B97F4A7C15,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0xD6E8FEB86659FD93,
        0xA0761D6478BD642F,
        0xE7037ED1A0B428DB,
    ],
    np.uint64,
)
"""One odd number a speaker: a story's key is the sum over speakers of tag x last word, plus who spoke last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Prices of what should not happen, per second unless said otherwise.

    outside: of a word outside its speaker's turns. collision: of two words of
    one speaker at once. gap, once: of a turn that lasted longer than `slack`
    seconds without words since its speaker's last word. change, once: of another
    speaker than the word before. Half or twice `outside`, no `gap`, or three times
    `change` moves word accuracy on generated talk with our turns by 0.3 points or
    less (benchmarks/RESULTS.md).
    """

    outside: float = 3.0
    collision: float = 10.0
    gap: float = 0.1
    slack: float = 0.03
    change: float = 0.03


PRICES = Costs()


@dataclass(frozen=True, slots=True)
class Passages:
    """Passages of words, padded to the longest, the longest first.

    lengths: int64 (num_passages,), falling.
    starts, ends: float64 (num_passages, num_words).
    missed: float64 (num_passages, num_words, num_speakers), seconds of the word
        outside the speaker's turns; inf where that speaker is no candidate.
    spoken_before, spoken_after: float64, the same shape, the seconds the speaker's
        turns last until the word's start and end.
    """

    lengths: Ints
    starts: Floats
    ends: Floats
    missed: Floats
    spoken_before: Floats
    spoken_after: Floats


@dataclass(frozen=True, slots=True)
class _Beam:
    """The cheapest stories so far, cheapest first.

    cost: float64 (num_passages, num_stories). previous: int64, the same shape,
    who said the last word. last: int64 (num_passages, num_stories, num_speakers),
    the word with which each speaker came furthest, -1 for none. last_end, spoken: float64, the
    same shape: when it ended, and how long the speaker's turns had lasted then.
    """

    cost: Floats
    previous: Ints
    last: Ints
    last_end: Floats
    spoken: Floats

    def rows(self, count: int) -> _Beam:
        """The first `count` passages."""
        return _Beam(
            self.cost[:count], self.previous[:count], self.last[:count], self.last_end[:count], self.spoken[:count]
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """One word of every story.

    parents, speakers: int64 (num_passages, num_stories), the story before that each
    comes from, and who says the word. likely: float64 (num_passages, num_stories_before,
    num_stories), the logarithm of how likely each goes on as each, -inf where it does not.
    """

    parents: Ints
    speakers: Ints
    likely: Floats


def tell(passages: Passages, prices: Costs = PRICES, width: int = WIDTH) -> tuple[Ints, Floats]:
    """Find the cheapest assignment of each passage.

    Args:
        passages: the words and what each speaker's turns say about them. Every
            word needs a candidate.
        prices: of what should not happen.
        width: how many stories to carry on; enough to be exact for short passages.

    Returns:
        speakers, int64 (num_passages, num_words), -1 in the padding; and
        certainty, float64, the same shape: the part of all stories told, weighted by how
        cheap they are, that agrees with the cheapest on the word; those that came to
        the same state as a cheaper one count too.
    """
    count, words, speakers = passages.missed.shape
    beam = _Beam(
        np.zeros((count, 1)),
        np.full((count, 1), -1),
        np.full((count, 1, speakers), -1),
        np.full((count, 1, speakers), -np.inf),
        np.zeros((count, 1, speakers)),
    )
    alive = np.searchsorted(-passages.lengths, -np.arange(words + 1), side="left")
    trail: list[_Step] = []
    for word in range(words):
        beam, step = _advance(beam.rows(alive[word]), passages, word, prices, width)
        trail.append(step)
    told = _read_back(trail, count)
    return told, _certainty(trail, told)


def _advance(beam: _Beam, passages: Passages, word: int, prices: Costs, width: int) -> tuple[_Beam, _Step]:
    """Add one word to every story in every possible way; keep the cheapest, and how each was come to."""
    alive, stories, speakers = beam.last.shape
    price = _price(beam, passages, word, prices)
    cost = (beam.cost[:, :, None] + price).reshape(alive, -1)
    keys = (beam.last + 1).view(np.uint64) * _TAGS[:speakers]
    reaches = passages.ends[:alive, word, None, None] > beam.last_end
    latest = np.where(reaches, np.uint64(word + 1) * _TAGS[:speakers], keys)
    keys = keys.sum(axis=2, keepdims=True) - keys + latest + np.arange(speakers).astype(np.uint64)
    keep = _cheapest_distinct(cost, keys.reshape(alive, -1), min(width, stories * speakers))
    parents, chosen = keep // speakers, keep % speakers
    rows = np.arange(alive)[:, None]
    picked = chosen[:, :, None] == np.arange(speakers)
    last_end, spoken = beam.last_end[rows, parents], beam.spoken[rows, parents]
    end = np.maximum(last_end, passages.ends[:alive, word, None, None])
    after = np.maximum(spoken, passages.spoken_after[:alive, word, None, :])
    told = _Beam(
        cost=np.take_along_axis(cost, keep, 1),
        previous=chosen,
        last=np.where(picked & reaches[rows, parents], word, beam.last[rows, parents]),
        last_end=np.where(picked, end, last_end),
        spoken=np.where(picked, after, spoken),
    )
    who = np.broadcast_to(chosen[:, None], (alive, stories, keep.shape[1]))
    same = np.take_along_axis(keys, who, 2) == keys[rows, parents, chosen][:, None]
    goes_on = same & np.isfinite(told.cost)[:, None]
    return told, _Step(parents, chosen, np.where(goes_on, -np.take_along_axis(price, who, 2) / _TEMPERATURE, -np.inf))


def _price(beam: _Beam, passages: Passages, word: int, prices: Costs) -> Floats:
    """What it costs each speaker of each story to say the word: (num_passages, num_stories, num_speakers)."""
    alive = len(beam.cost)
    start = passages.starts[:alive, word, None, None]
    length = passages.ends[:alive, word, None, None] - start
    collision = np.clip(beam.last_end - start, 0.0, length)
    silence = np.where(beam.last < 0, 0.0, passages.spoken_before[:alive, word, None, :] - beam.spoken)
    speakers = np.arange(beam.last.shape[2])
    changed = (beam.previous[:, :, None] != speakers) & (beam.previous[:, :, None] >= 0)
    priced: Floats = (
        prices.outside * passages.missed[:alive, word, None, :]
        + prices.collision * collision
        + prices.gap * (silence > prices.slack)
        + prices.change * changed
    )
    return priced


def _cheapest_distinct(cost: Floats, keys: npt.NDArray[np.uint64], width: int) -> Ints:
    """The `width` cheapest columns of each row; of equal keys only the cheapest, the others last."""
    order = np.argsort(cost, axis=1, kind="stable")[:, : 2 * width]
    known = np.take_along_axis(keys, order, 1)
    earlier = np.tri(order.shape[1], k=-1, dtype=bool)
    repeated = ((known[:, :, None] == known[:, None, :]) & earlier).any(axis=2)
    np.put_along_axis(cost, order, np.where(repeated, np.inf, np.take_along_axis(cost, order, 1)), 1)
    again = np.argsort(np.take_along_axis(cost, order, 1), axis=1, kind="stable")[:, :width]
    kept: Ints = np.take_along_axis(order, again, 1)
    return kept


def _read_back(trail: list[_Step], count: int) -> Ints:
    """Follow the cheapest story, the first, of each passage from its end."""
    speakers = np.full((count, len(trail)), -1)
    story = np.zeros(count, np.int64)
    for word in range(len(trail) - 1, -1, -1):
        step = trail[word]
        rows = np.arange(len(step.parents))
        speakers[rows, word] = step.speakers[rows, story[rows]]
        story[rows] = step.parents[rows, story[rows]]
    return speakers


def _certainty(trail: list[_Step], told: Ints) -> Floats:
    """How likely each word's speaker is among all stories: sums over what comes before it and what comes after."""
    before = [np.zeros((len(told), 1))]
    for step in trail:
        before.append(np.logaddexp.reduce(before[-1][: len(step.likely), :, None] + step.likely, axis=1))
    certainty = np.zeros(told.shape)
    after = np.zeros_like(before[-1])
    for word in range(len(trail) - 1, -1, -1):
        likely, alive = trail[word].likely, len(trail[word].likely)
        onward = np.zeros((len(told), likely.shape[2]))  # nothing comes after the last word of a passage
        onward[: len(after)] = after
        through = before[word + 1] + onward[:alive]
        agrees = np.where(trail[word].speakers == told[:alive, word, None], through, -np.inf)
        certainty[:alive, word] = np.exp(np.logaddexp.reduce(agrees, axis=1) - np.logaddexp.reduce(through, axis=1))
        after = np.logaddexp.reduce(likely + onward[:alive, None], axis=2)
    return certainty
