from __future__ import annotations

import json

import numpy as np
import pytest

from diarfuse.fusion.types import Diarization, Likeness, Turn
from diarfuse.transcribe.batch.caches import read_turns, write_turns

TURNS = (Turn(0.0, 2.0, "A"), Turn(2.0, 4.0, "B"))


def test_turns_come_back_with_what_voices_say_of_them():
    scores = np.float32([[0.1, 0.7], [np.nan, 0.3]])
    told = Likeness(np.array([0.1, 2.0]), np.array([2.0, 3.9]), scores, ("A", "B"))
    found = Diarization(TURNS, TURNS, 4.0, ("a note",), likeness=told)
    back = read_turns(write_turns(found))
    assert (back, back.likeness.speakers) == (found, told.speakers)
    for name in ("starts", "ends", "scores"):
        kept, given = getattr(back.likeness, name), getattr(told, name)
        np.testing.assert_array_equal(kept, given)
        assert kept.dtype == given.dtype


@pytest.mark.parametrize("speakers", [(), ("A",)])
def test_no_stretch_is_not_the_same_as_no_comparison(speakers):
    none = Likeness(np.empty(0), np.empty(0), np.empty((0, len(speakers)), np.float32), speakers)
    back = read_turns(write_turns(Diarization(TURNS, TURNS, 4.0, likeness=none)))
    assert back.likeness.scores.shape == (0, len(speakers))
    assert read_turns(write_turns(Diarization(TURNS, TURNS, 4.0))).likeness is None


def test_turns_of_before_are_as_good_as_none():
    row = json.loads(write_turns(Diarization(TURNS, TURNS, 4.0)))
    del row["likeness"]
    with pytest.raises(KeyError):  # which the cache takes for a damaged file, and hears the recording again
        read_turns(json.dumps(row).encode())
