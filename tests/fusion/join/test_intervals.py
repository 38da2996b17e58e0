"""The array arithmetic against slow, obvious loops."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.join.intervals import (
    TurnTable,
    heard_longest,
    loudest,
    nearest_turn,
    seconds_of,
    share_table,
    sole_turns,
    speaking_clock,
    spoken_until,
)

TICKS = st.integers(0, 60)
SPANS = st.lists(st.tuples(TICKS, st.integers(0, 200)), max_size=12)
TURNS = st.lists(st.tuples(TICKS, st.integers(1, 200), st.integers(0, 2)), max_size=10)


def table(turns: list[tuple[int, int, int]]) -> TurnTable:
    rows = sorted((start / 8, (start + length) / 8, who) for start, length, who in turns)
    starts, ends, who = (np.array([row[i] for row in rows]) for i in range(3))
    return TurnTable(starts.astype(float), ends.astype(float), who.astype(np.int64), ("A", "B", "C"))


def arrays(spans: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.array([start / 8 for start, _ in spans], float)
    return starts, starts + np.array([length / 8 for _, length in spans], float)


def slow_shares(start: float, end: float, turns: TurnTable) -> dict[int, float]:
    found: dict[int, float] = {}
    for a, b, who in zip(turns.starts, turns.ends, turns.speakers, strict=True):
        seconds = float(a <= start < b) if end == start else min(b, end) - max(a, start)
        if seconds > 0:
            found[int(who)] = found.get(int(who), 0.0) + seconds
    return found


@given(SPANS, TURNS, st.sampled_from([0, 4]))
def test_shares_are_the_summed_overlap_with_every_turn(spans, turns, waste):
    starts, ends = arrays(spans)
    with patch("diarfuse.fusion.join.intervals._WASTE", waste):  # 0: always search by classes of length
        shares = share_table(starts, ends, table(turns))
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        rows = shares.words == i
        got = dict(zip(shares.speakers[rows].tolist(), shares.seconds[rows].tolist(), strict=True))
        want = slow_shares(start, end, table(turns))
        assert got.keys() == want.keys()
        if end > start:
            assert all(abs(got[who] - want[who]) < 1e-9 for who in want)


@given(SPANS, TURNS, st.booleans())
def test_whoever_is_heard_longest_is_the_loudest_of_the_whole_table(spans, turns, in_order):
    starts, ends = arrays(sorted(spans) if in_order else spans)
    known = table(turns)
    shares = share_table(starts, ends, known)
    want = [int(shares.speakers[row]) if row >= 0 else -1 for row in loudest(shares, len(starts)).tolist()]
    assert heard_longest(starts, ends, known).tolist() == want


def holds_alone(start: float, end: float, turn: int, known: TurnTable) -> bool:
    touching = np.flatnonzero((known.starts < end) & (known.ends > start)).tolist()
    return touching == [turn] and bool(known.starts[turn] <= start and end <= known.ends[turn])


@given(SPANS, TURNS)
def test_a_sole_turn_holds_the_word_and_no_other_touches_it(spans, turns):
    starts, ends = arrays(sorted((start, length + 1) for start, length in spans))
    known = table(turns)
    apart = bool((known.starts[1:] >= known.ends[:-1]).all())
    for i, turn in enumerate(sole_turns(starts, ends, known).tolist()):
        if turn >= 0:
            assert holds_alone(starts[i], ends[i], turn, known)
        elif apart:  # where turns run at once, a word may be left to the sums
            assert not any(holds_alone(starts[i], ends[i], other, known) for other in range(len(turns)))


def test_words_out_of_order_have_no_sole_turn():
    known = table([(0, 80, 0)])
    assert sole_turns(np.array([2.0, 1.0]), np.array([2.5, 1.5]), known).tolist() == [-1, -1]
    assert heard_longest(np.array([2.0, 1.0]), np.array([2.5, 1.5]), known).tolist() == [0, 0]


@given(SPANS, TURNS)
def test_the_longest_wins_and_the_earliest_turn_breaks_ties(spans, turns):
    starts, ends = arrays(spans)
    known = table(turns)
    shares = share_table(starts, ends, known)
    best = loudest(shares, len(starts))
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        want = slow_shares(start, end, known)
        if not want:
            assert best[i] == -1
            continue
        first = max(want.values())
        winners = [who for who in want if want[who] > first - 1e-9]  # in the order of their turns
        assert shares.speakers[best[i]] == winners[0]


@given(SPANS, TURNS)
def test_the_nearest_turn_is_the_one_whose_edge_is_nearest(spans, turns):
    known = table(turns)
    lost = [span for span in spans if not slow_shares(span[0] / 8, (span[0] + span[1]) / 8, known)]
    starts, ends = arrays(lost)
    turn, gap = nearest_turn(starts, ends, known)
    for i in range(len(lost)):
        if not turns:
            assert turn[i] == -1
            continue
        gaps = [max(a - ends[i], starts[i] - b) for a, b in zip(known.starts, known.ends, strict=True)]
        assert abs(abs(gap[i]) - min(gaps)) < 1e-9
        assert abs(gaps[turn[i]] - min(gaps)) < 1e-9


@given(TURNS.filter(bool), TICKS, TICKS)
def test_the_clock_counts_each_speakers_merged_turns(turns, one, two):
    known = table(turns)
    low, high = sorted((one / 8, two / 8))
    clock = speaking_clock(known)
    for who in range(3):
        covered = np.zeros(600, bool)
        for a, b, speaker in zip(known.starts, known.ends, known.speakers, strict=True):
            if speaker == who:
                covered[int(a * 8) : int(b * 8)] = True
        want = covered[int(low * 8) : int(high * 8)].sum() / 8
        at = spoken_until(clock, np.array([who, who]), np.array([low, high]))
        assert abs(at[1] - at[0] - want) < 1e-9


def test_one_word_or_turn_that_lasts_the_whole_file_costs_only_its_pairs():
    rng = np.random.default_rng(0)
    starts = np.sort(rng.uniform(0, 1000, 3000))
    ends = starts + 0.2
    ends[0] = 1000.0
    turn_starts = np.arange(0, 1000, 0.5)
    turns = TurnTable(turn_starts, turn_starts + 0.4, np.zeros(2000, np.int64), ("A",))
    shares = share_table(starts, ends, turns)
    assert seconds_of(shares, np.array([0]), np.array([0]))[0] > 790
    assert len(shares.words) <= 3000
