"""Guessed words: they are the text, in order, within their line."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.estimating import fill, with_estimated_words
from diarfuse.fusion.types import Segment, Transcript, Word


def test_only_lines_that_lack_words_get_some() -> None:
    worded, blank = Segment(0, 1, "Hm", (Word(0, 1, "Hm"),)), Segment(2, 2, " ")
    whole = Transcript((worded, blank), None, 3.0)
    assert with_estimated_words(whole, "why") is whole
    found = with_estimated_words(Transcript((worded, Segment(1.0, 3.0, "a bcd")), None, 3.0, ("old",)), "why")
    assert found.segments[0] is worded
    assert [(w.start, w.end, w.text, w.timing) for w in found.segments[1].words] == [
        (1.0, 1.5, "a", "estimated"),
        (1.5, 3.0, " bcd", "estimated"),
    ]
    assert found.notes == ("old", "why")


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=5), st.booleans(), st.floats(0, 0.5), st.floats(0, 0.5)), min_size=1
    )
)
def test_filled_times_never_fall(parts):
    times, now = [], 0.0
    for _, known, gap, length in parts:
        times.append((now + gap, now + gap + length) if known else None)
        now += gap + length
    spans, timings = fill([text for text, *_ in parts], times, now)
    assert [span for span, time in zip(spans, times, strict=True) if time] == [time for time in times if time]
    edges = [0.0, *(edge for span in spans for edge in span), now]
    assert all(before <= after + 1e-9 for before, after in pairwise(edges))
    assert [timing == "aligned" for timing in timings] == [time is not None for time in times]
