from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from diarfuse.asr_adapters.streaming import Windows
from diarfuse.fusion.types import SAMPLE_RATE, Segment, Transcript
from diarfuse.transcribe.live.hearing import BEHIND, Hearing

SECOND = np.full(SAMPLE_RATE, 0.1, np.float32)


class Slow:
    """Hears when it may."""

    def __init__(self):
        self.may, self.begun, self.heard = threading.Event(), threading.Event(), []

    def transcribe(self, samples, **_):
        self.begun.set()
        assert self.may.wait(60)
        self.heard.append(len(samples) / SAMPLE_RATE)
        return Transcript((Segment(0.0, len(samples) / SAMPLE_RATE, "so"),), None, 0.0)


def test_it_hears_everything_beside_or_within():
    for inline in (True, False):
        recogniser, notes = Slow(), []
        recogniser.may.set()
        hearing = Hearing(recogniser, None, notes.append, inline=inline)
        for _ in range(20):
            hearing.feed(SECOND)
        segments = hearing.close(wait=True)
        assert sum(recogniser.heard) == pytest.approx(20)
        assert segments[0].start == 0.0
        assert segments[-1].end == pytest.approx(20)
        assert notes == []


def test_the_smallest_blocks_are_heard_too():
    recogniser = Slow()
    recogniser.may.set()
    hearing = Hearing(recogniser, None, print, inline=True)
    for _ in range(2_000):
        hearing.feed(SECOND[:3])
    assert hearing.close(wait=True)[-1].end == pytest.approx(6_000 / SAMPLE_RATE)
    assert len(recogniser.heard) == 1


def test_one_that_cannot_keep_up_gives_up_what_it_missed_and_says_so_once():
    recogniser, notes = Slow(), []
    hearing = Hearing(recogniser, None, notes.append, inline=False)
    for _ in range(60):
        hearing.feed(SECOND)
    assert recogniser.begun.wait(60)
    for _ in range(60):
        hearing.feed(SECOND)
    recogniser.may.set()
    segments = hearing.close(wait=True)
    assert len(notes) == 1
    assert "smaller --model" in notes[0]
    assert sum(recogniser.heard) < 2 * BEHIND + 10, "what waited for longer was given up"
    assert segments[-1].end == pytest.approx(120), "and the rest stands where it was said"


@pytest.mark.parametrize("block", [0.1, 1.0, 45.0])
def test_what_waits_for_one_that_hangs_is_bounded_and_is_told_of_at_once(block):
    recogniser, notes, most = Slow(), [], 0
    hearing = Hearing(recogniser, None, notes.append, inline=False)
    piece = np.full(int(block * SAMPLE_RATE), 0.1, np.float32)
    for _ in range(int(600 / block)):
        hearing.feed(piece)
        most = max(most, sum(map(len, hearing._pending)))
    assert most <= BEHIND * SAMPLE_RATE
    assert notes == ["The recogniser cannot keep up: words are missing until the end; a smaller --model can."]
    assert recogniser.heard == []
    recogniser.may.set()
    fed(hearing, 30)
    segments = hearing.close(wait=True)
    assert segments[-1].end == pytest.approx(hearing._fed), "what comes then stands where it was said"
    assert len(notes) == 1


def test_a_rest_that_does_not_come_is_told_of_and_can_still_come(monkeypatch):
    monkeypatch.setattr("diarfuse.transcribe.live.hearing.PATIENCE", 0.0)
    recogniser = Slow()

    def told(sentence):
        notes.append(sentence)
        recogniser.may.set()

    notes = []
    hearing = Hearing(recogniser, None, told, inline=False)
    for _ in range(12):
        hearing.feed(SECOND)
    assert hearing.close(wait=True)[-1].end == pytest.approx(12)
    assert notes == [
        "The recogniser has not answered for a minute: it may hang; Ctrl-C ends, and all that was heard stays."
    ]


class Broken:
    """Fails at the first two pieces, and hears the others."""

    def __init__(self):
        self.left = 2

    def transcribe(self, samples, **_):
        self.left -= 1
        if self.left >= 0:
            raise ValueError("broken\nat line 3")
        return Transcript((Segment(0.0, len(samples) / SAMPLE_RATE, "so"),), None, 0.0)


def fed(hearing, seconds):
    for _ in range(seconds):
        hearing.feed(SECOND)
        while hearing._pending:
            time.sleep(0.001)


def test_a_recogniser_that_fails_is_told_of_once_and_hears_what_comes_after():
    notes = []
    hearing = Hearing(Broken(), None, notes.append, inline=False)
    fed(hearing, 60)
    assert notes == ["The recogniser failed (broken): words are missing until the end."]
    segments, until = hearing.take()
    assert 24 <= segments[0].start < 25, "two pieces of 12 s were lost"
    assert segments[-1].end <= until <= 60
    assert hearing.close(wait=False) == []


def test_where_nobody_hears_the_whole_again_the_failure_is_raised_at_the_end():
    hearing = Hearing(Broken(), None, lambda _: None, inline=False)
    fed(hearing, 60)
    with pytest.raises(ValueError, match="broken"):
        hearing.close(wait=True)


def test_within_feed_it_is_raised_at_once():
    hearing = Hearing(Broken(), None, print, inline=True)
    with pytest.raises(ValueError, match="broken"):
        fed(hearing, 13)


def test_one_that_cannot_begin_anew_ends_the_recording():
    class Gone(Broken):
        def stream(self, **_):
            self.left -= 1
            if self.left < 1:
                raise OSError("gone")
            return Windows(lambda *_: 1 // 0)

    hearing = Hearing(Gone(), None, lambda _: None, inline=False)
    hearing.feed(np.concatenate([SECOND] * 13))
    hearing._thread.join(60)
    with pytest.raises(OSError, match="gone"):
        hearing.take()
