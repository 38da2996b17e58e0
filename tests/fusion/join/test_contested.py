"""The batched beam search against trying every assignment."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.fusion.join.contested import PRICES, Passages, tell
from tests.amounts import examples

FIGURE = st.integers(0, 20)


def passage(words: list[tuple[int, int]], missed: list[list[int]], spoken: list[list[int]]) -> Passages:
    starts = np.cumsum([w[0] for w in words])[None, :] / 10
    ends = starts + np.array([[w[1] + 1 for w in words]]) / 10
    # Seconds of each speaker's turns until a time: never falling in time, so a later end never has less.
    lasted = np.cumsum(np.resize(spoken, (8, 2)), axis=0) / 20
    before, after = (np.stack([np.interp(t, np.arange(8), column) for column in lasted.T], -1) for t in (starts, ends))
    return Passages(
        np.array([len(words)]),
        starts,
        ends,
        np.array([missed]) / 10,
        before,
        after,
    )


def cost_of(s: Passages, speakers: tuple[int, ...]) -> float:
    """The price list, read out word by word."""
    cost, last, ends, spoken = 0.0, None, {}, {}
    for i, who in enumerate(speakers):
        start, end = s.starts[0, i], s.ends[0, i]
        cost += PRICES.outside * s.missed[0, i, who]
        if last is not None and who != last:
            cost += PRICES.change
        if who in ends:
            cost += PRICES.collision * min(max(ends[who] - start, 0.0), end - start)
            silence = max(0.0, s.spoken_before[0, i, who] - spoken[who])
            cost += PRICES.gap * (silence > PRICES.slack)
        ends[who] = max(ends.get(who, -np.inf), end)
        spoken[who] = max(spoken.get(who, 0.0), s.spoken_after[0, i, who])
        last = who
    return cost


@settings(max_examples=examples(60))
@given(st.data())
def test_it_finds_the_cheapest_story(data):
    count = data.draw(st.integers(1, 6))
    words = data.draw(st.lists(st.tuples(st.integers(0, 6), FIGURE), min_size=count, max_size=count))
    pair = st.lists(FIGURE, min_size=2, max_size=2)
    s = passage(words, *(data.draw(st.lists(pair, min_size=count, max_size=count)) for _ in range(2)))
    best = min(cost_of(s, story) for story in itertools.product(range(2), repeat=count))
    told, certainty = tell(s, width=64)
    assert cost_of(s, tuple(told[0].tolist())) == pytest.approx(best)
    stories = np.array(list(itertools.product(range(2), repeat=count)))
    likely = np.exp([(best - cost_of(s, tuple(story))) / 0.1 for story in stories.tolist()])
    agreeing = (likely[:, None] * (stories == told[0])).sum(axis=0) / likely.sum()
    assert certainty[0] == pytest.approx(agreeing)


def test_words_that_sound_at_once_have_two_speakers():
    words = [(0, 4), (2, 6), (3, 4)]  # the second overlaps both others; all lie inside both turns
    told, _ = tell(passage(words, [[0, 0]] * 3, [[0, 0]] * 3))
    assert told[0].tolist() in ([0, 1, 0], [1, 0, 1])


def test_passages_of_several_lengths_are_told_as_if_alone():
    one = passage([(0, 4), (2, 6), (3, 4)], [[0, 3], [2, 0], [0, 0]], [[1, 1]] * 3)
    two = passage([(0, 4)], [[5, 0]], [[0, 0]])
    pad = [np.pad(getattr(two, n), [(0, 0), (0, 2)] + [(0, 0)] * (getattr(two, n).ndim - 2)) for n in FIELDS]
    both = Passages(np.array([3, 1]), *(np.concatenate((getattr(one, n), p)) for n, p in zip(FIELDS, pad, strict=True)))
    told, _ = tell(both)
    assert told[0].tolist() == tell(one)[0][0].tolist()
    assert told[1].tolist() == [1, -1, -1]


FIELDS = ("starts", "ends", "missed", "spoken_before", "spoken_after")
