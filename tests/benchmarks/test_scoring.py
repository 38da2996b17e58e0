from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scoring import (
    ErrorRates,
    der_apart,
    find_recordings,
    read_rttm,
    read_uem,
    score,
    total,
)
from diarfuse.fusion.types import Turn
from tests.amounts import examples

if TYPE_CHECKING:
    from pathlib import Path

STEP = 0.25  # a quarter of a second: exact in binary, so the oracle's frames are the scorer's instants
LENGTH = 40


@pytest.fixture(scope="module", autouse=True)
def _metrics() -> None:
    """Imported by the worker that needs it, and not as the tests are collected: it takes a second."""
    pytest.importorskip("pyannote.metrics")


@st.composite
def turns(draw: st.DrawFn, names: str) -> list[Turn]:
    spans = draw(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10), st.sampled_from(names)), max_size=6))
    return [Turn(start * STEP, (start + length) * STEP, name) for start, length, name in spans]


def frames(side: list[Turn], names: str) -> np.ndarray:
    grid = np.zeros((len(names), LENGTH), dtype=bool)
    for turn in side:
        grid[names.index(turn.speaker), round(turn.start / STEP) : round(turn.end / STEP)] = True
    return grid


def slow_errors(truth: np.ndarray, guess: np.ndarray) -> tuple[float, float, float]:
    """Missed, false alarm, confusion by counting frames under every mapping of speakers."""
    expected, found = truth.sum(0), guess.sum(0)
    best = max(
        sum((truth[mapped] & guess[label]).sum() for label, mapped in enumerate(order))
        for order in itertools.permutations(range(len(truth)), len(guess))
    )
    both = np.minimum(expected, found).sum()
    return (
        STEP * float(np.maximum(expected - found, 0).sum()),
        STEP * float(np.maximum(found - expected, 0).sum()),
        STEP * float(both - best),
    )


@settings(max_examples=examples(60))
@given(turns("abc"), turns("xyz"))
def test_error_rates_equal_a_count_of_frames(reference: list[Turn], hypothesis: list[Turn]) -> None:
    rates = score(reference, hypothesis, [(0.0, LENGTH * STEP)])
    truth, guess = frames(reference, "abc"), frames(hypothesis, "xyz")
    assert (rates.missed, rates.false_alarm, rates.confusion) == pytest.approx(slow_errors(truth, guess), abs=1e-6)
    assert rates.reference == pytest.approx(STEP * truth.sum(), abs=1e-6)
    assert (rates.expected, rates.found) == (truth.any(1).sum(), guess.any(1).sum())


@settings(max_examples=examples(30))
@given(turns("abc"))
def test_renamed_truth_is_perfect(reference: list[Turn]) -> None:
    renamed = [Turn(turn.start, turn.end, turn.speaker.upper()) for turn in reference]
    rates = score(reference, renamed)
    assert (rates.der, rates.jer, rates.right) == (0.0, 0.0, 1)


def test_collar_is_taken_from_each_side_of_a_boundary() -> None:
    reference, hypothesis = [Turn(10, 20, "a")], [Turn(9.75, 20.25, "x")]
    assert score(reference, hypothesis, [(0, 30)]).der == pytest.approx(0.05)
    inside = score(reference, hypothesis, [(0, 30)], collar=0.25)
    assert inside.der == 0.0
    assert inside.reference == pytest.approx(9.5)


def test_only_the_regions_of_the_uem_count() -> None:
    rates = score([Turn(0, 10, "a")], [Turn(20, 30, "x")], [(0, 5), (25, 26)])
    assert (rates.reference, rates.missed, rates.false_alarm) == (5.0, 5.0, 1.0)


def test_overlap_of_a_speaker_with_himself_counts_once() -> None:
    assert score([Turn(0, 4, "a"), Turn(2, 6, "a")], [Turn(0, 6, "x")]).reference == 6.0


def test_silence_on_both_sides_is_right() -> None:
    rates = score([], [])
    assert (rates.der, rates.right) == (0.0, 1)
    assert score([], [Turn(0, 1, "x")]).der == float("inf")


def test_total_pools_seconds_not_rates() -> None:
    pooled = total([ErrorRates(10, 1, 0, 0, 0.5, 1, 1, 1, 1), ErrorRates(90, 0, 0, 0, 0.0, 3, 3, 2, 0)])
    assert (pooled.der, pooled.jer, pooled.right, pooled.recordings) == (0.01, 0.125, 1, 2)


def test_readers(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    (tmp_path / "b.flac").touch()
    (tmp_path / "a.rttm").write_text("SPKR-INFO a 1 <NA>\n\nSPEAKER a 1 1.5 2 <NA> <NA> Ann <NA> <NA>\n")
    (tmp_path / "a.uem").write_text(";; comment\na 1 0 30.5\n")
    assert read_rttm(tmp_path / "a.rttm") == [Turn(1.5, 3.5, "Ann")]
    assert read_uem(tmp_path / "b.uem") is None
    (recording,) = find_recordings(tmp_path)
    assert (recording.name, recording.uem) == ("a", ((0.0, 30.5),))


def errors(wrong: float, reference: float = 100.0) -> ErrorRates:
    return ErrorRates(reference, 0.0, wrong / 4, 3 * wrong / 4)


def test_a_difference_that_every_recording_has_is_sure() -> None:
    ours, others = [errors(30), errors(12), errors(50)], [errors(20), errors(2), errors(40)]
    assert der_apart(ours, others, "abc") == pytest.approx((0.1, 0.1, 0.1))
    assert der_apart(others, others, "abc") == (0.0, 0.0, 0.0)


def test_a_difference_of_one_talk_is_not() -> None:
    ours, others = [errors(30), *[errors(10)] * 7], [errors(10)] * 8
    point, low, high = der_apart(ours, others, "abcdefgh")
    assert (point, low) == (pytest.approx(0.2 / 8), 0.0)
    assert high > 0.05


def test_recordings_weigh_as_long_as_they_are_and_a_talk_is_drawn_as_one() -> None:
    assert der_apart([errors(90, 900), errors(0)], [errors(0, 900), errors(0)], "ab")[0] == pytest.approx(0.09)
    assert der_apart([errors(50), errors(0)], [errors(0), errors(0)], "aa") == pytest.approx((0.25, 0.25, 0.25))
