"""What the two-at-once benchmark makes of what the commands say."""

from __future__ import annotations

from benchmarks.together import ALONE, BOTH, TURNS, bars, stages


def test_stages_are_read_from_what_verbose_says() -> None:
    said = "words: 3 in 2 segments\ntime: load audio 0.06 s, recognise 8.58 s; the recording lasts 60.0 s\nWrote a."
    assert stages(said) == {"load audio": 0.06, "recognise": 8.58}


def test_both_are_held_against_the_parts_and_a_slow_recogniser_against_itself() -> None:
    (quick,) = bars({ALONE: 16.0, TURNS: 6.0, BOTH: 23.6}, 2.0, 5.0, 600.0)
    assert quick.endswith("= 23.5 s: OVER the bar")
    parts, slow = bars({ALONE: 150.0, TURNS: 6.0, BOTH: 157.0}, 2.0, 5.0, 600.0)
    assert parts.endswith("= 157.5 s: within the bar")
    assert slow == "with a recogniser of 4.0x realtime 1.047 times it: within the bar"
