"""One fraction out of many stages: it never falls, ends at one, and takes recordings by their size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.transcribe.options import Wish
from diarfuse.transcribe.screen.progress import STAGES, TURNS, WORDS, Meter, Progress, expected, words


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_job_passes_through_the_stages_that_were_expected() -> None:
    meter = Meter(expected(Wish(diarize=True)))
    meter.start()
    fractions = [meter.report(stage, done, 4).fraction for stage in expected(Wish(diarize=True)) for done in range(5)]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == pytest.approx(1.0)


def test_what_is_expected() -> None:
    assert expected(Wish()) == WORDS
    assert set(expected(Wish(diarize=True), names=True)) == {*TURNS, *WORDS, "align", "join", "identify"}
    assert expected(Wish(diarize=True), remote=True, names=True) == ("upload", "remote")
    assert STAGES.keys() >= {*TURNS, *WORDS}


reports = st.lists(
    st.tuples(st.sampled_from([*STAGES, "recognise, channel 2", "pull campplus"]), st.integers(0, 9)), max_size=40
)


@given(st.lists(reports, min_size=1, max_size=4), st.lists(st.floats(1, 1e9), min_size=4, max_size=4))
def test_it_never_falls_and_stays_within_its_recording(files, sizes) -> None:
    sizes = sizes[: len(files)]
    meter, last = Meter(expected(Wish(diarize=True)), sizes), 0.0
    for number, found in enumerate(files, 1):
        meter.start()
        for stage, done in found:
            shown = meter.report(stage, done, 9)
            assert last <= shown.fraction <= sum(sizes[:number]) / sum(sizes) + 1e-9
            assert (shown.number, shown.of) == (number, len(files))
            last = shown.fraction


def test_side_by_side_both_are_told_and_both_count() -> None:
    meter = Meter(("recognise", "embedding"))
    meter.start()
    meter.report("recognise", 0, 10)
    shown = meter.report("embedding", 5, 10)
    assert shown.stage == "recognising words and listening to voices"
    assert shown.fraction == pytest.approx(6 / 82)
    assert meter.report("embedding", 10, 10).stage == "recognising words"


def test_channels_share_the_stage() -> None:
    meter = Meter(WORDS)
    meter.start()
    first = meter.report("recognise, channel 1", 10, 10)
    second = meter.report("recognise, channel 2", 5, 10)
    assert first.fraction == pytest.approx(35 / 76)
    assert second.fraction == pytest.approx(52.5 / 76)
    assert second.stage == "recognising words, channel 2"


def test_the_time_left_is_told_when_something_can_be_said_and_downloads_do_not_count() -> None:
    clock = Clock()
    meter = Meter(("recognise",), (1.0, 3.0), clock)
    meter.start()
    assert meter.report("pull campplus", 0, 10).left is None
    clock.now = 100.0
    shown = meter.report("pull campplus", 10, 10)
    assert (shown.stage, shown.left, shown.fraction) == ("fetching campplus", None, 0.0)
    assert meter.report("recognise", 0, 10).left is None
    clock.now = 110.0
    assert meter.report("recognise", 10, 10).left == pytest.approx(30.0)
    meter.start()  # the second, which is three times as large
    clock.now = 125.0
    assert meter.report("recognise", 5, 10).left == pytest.approx(15.0)


def test_without_an_expectation_the_stage_is_all_there_is() -> None:
    assert Meter().report("recordings", 3, 12).fraction == 0.25
    assert words("never heard of") == "never heard of"


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (None, ""),
        (0.2, "about 5 s left"),
        (27.0, "about 25 s left"),
        (31.0, "about 1 min left"),
        (600.0, "about 10 min left"),
        (4000.0, "about 1 h 7 min left"),
    ],
)
def test_the_time_left_in_words(left: float | None, told: str) -> None:
    assert Progress("x", 0.5, left).told() == told
