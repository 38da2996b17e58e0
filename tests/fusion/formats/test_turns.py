"""Turns from files: RTTM and our own JSON."""

from __future__ import annotations

import json

import pytest

from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.turns import has_turns, read_turns_file
from diarfuse.fusion.types import Turn

TURNS = (Turn(0.0, 1.5, "Ana Maria"), Turn(1.0, 2.0, "Ana Lopez"))
ROWS = [{"start": t.start, "end": t.end, "speaker": t.speaker} for t in TURNS]


def test_json_keeps_every_name_as_it_is(tmp_path):
    path = tmp_path / "turns.JSON"
    path.write_text(json.dumps({"duration": 2.0, "turns": ROWS[::-1], "exclusive": []}))
    assert has_turns(path)
    assert read_turns_file(path) == TURNS


def test_rttm_with_spaces_keeps_them_too(tmp_path):
    path = tmp_path / "turns.rttm"
    path.write_text(
        "".join(f"SPEAKER my call 1 {t.start} {t.end - t.start} <NA> <NA> {t.speaker} <NA> <NA>\n" for t in TURNS)
    )
    assert has_turns(path)
    assert read_turns_file(path) == TURNS


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"segments": []}, r"holds no turns: give RTTM, or the \.json of `transcribe diarize`"),
        ([{"start": 0}], "holds no turns"),
        ({"turns": 5}, "turns must be a list"),
        ({"turns": [5]}, r"turns\[0\] has no start"),
        ({"turns": [{"start": 0, "speaker": "A"}]}, r"turns\[0\] has no end"),
        ({"turns": [{"start": 2, "end": 1, "speaker": "A"}]}, r"turns\[0\] is .*: give a start"),
        ({"turns": [{"start": 0, "end": 1, "speaker": " "}]}, r"turns\[0\] is .*: give a start"),
        ({"turns": [{"start": 0, "end": 1e12, "speaker": "A"}]}, r"turns\[0\]\.end is 1000000000000\.0"),
        ({"turns": [{"start": -0.5, "end": 1, "speaker": "A"}]}, r"turns\[0\]\.start has the time -0\.5"),
        ({"turns": [{"start": "soon", "end": 1, "speaker": "A"}]}, r"turns\[0\]\.start is 'soon'"),
    ],
)
def test_bad_turns_are_named(tmp_path, data, message):
    path = tmp_path / "turns.json"
    path.write_text(json.dumps(data))
    with pytest.raises(TranscriptError, match=message) as caught:
        read_turns_file(path)
    assert str(path) in str(caught.value)
