from __future__ import annotations

import numpy as np

from diarfuse.diarize.live.events import SpeakerNamed
from diarfuse.fusion.types import Turn
from diarfuse.transcribe.live.naming import EVERY, RECENT, LiveNaming

SECOND = np.ones(16_000, np.float32)


class Asked:
    """Remembers what it was asked; knows SPEAKER_01."""

    def __init__(self) -> None:
        self.asked: list = []

    def names(self, samples, turns):
        self.asked.append((len(samples) / 16_000, turns))
        return {"SPEAKER_01": "Ana"} if any(turn.speaker == "SPEAKER_01" for turn in turns) else {}, ()


def test_the_last_minute_is_compared_now_and_then_until_everybody_has_a_name():
    namer = Asked()
    naming = LiveNaming(namer)
    turns = [Turn(1.0, 6.0, "SPEAKER_00"), Turn(61.0, 99.0, "SPEAKER_01")]
    said = [naming.hear(SECOND, turns, {}) for _ in range(70)]
    assert len(namer.asked) == 70 // EVERY
    assert namer.asked[0] == (10.0, [Turn(1.0, 6.0, "SPEAKER_00")])
    assert namer.asked[-1] == (RECENT, [Turn(51.0, 60.0, "SPEAKER_01")])  # by the sound that is kept
    assert [each for each in said if each] == [[SpeakerNamed("SPEAKER_01", "Ana")]]
    asked = len(namer.asked)
    assert [naming.hear(SECOND, turns[1:], {"SPEAKER_01": "Ana"}) for _ in range(20)] == [[]] * 20
    assert len(namer.asked) == asked


def test_what_is_kept_does_not_grow_whatever_the_blocks():
    naming = LiveNaming(Asked())
    for size in [3, 160_000, 1] * 20:
        naming.hear(np.zeros(size, np.float32), [], {})
        assert sum(map(len, naming._blocks)) == naming._kept < RECENT * 16_000 + 160_000
