"""Turns from files: RTTM, our own JSON, and pyannote's."""

from __future__ import annotations

import json

import pytest

from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.formats.stm import read_stm
from diarfuse.fusion.formats.turns import has_turns, read_turns_file
from diarfuse.fusion.types import Turn

TURNS = (Turn(0.0, 1.5, "Ana Maria"), Turn(1.0, 2.0, "Ana Lopez"))
ROWS = [{"start": t.start, "end": t.end, "speaker": t.speaker} for t in TURNS]


def test_json_keeps_every_name_as_it_is(tmp_path):
    path = tmp_path / "turns.JSON"
    path.write_text(json.dumps({"duration": 2.0, "turns": ROWS[::-1], "exclusive": []}))
    assert has_turns(path)
    assert read_turns_file(path) == TURNS


@pytest.mark.parametrize(
    "data",
    [
        {"diarization": ROWS, "exclusive_diarization": ROWS[:1]},
        {"jobId": "1", "status": "succeeded", "output": {"diarization": ROWS}},
        [{"segment": "[ 00:00:00.000 -->  00:00:01.500]", "label": "A", **row} for row in ROWS],
    ],
)
def test_json_of_pyannote_and_of_whisperxs_table_is_read_too(tmp_path, data):
    path = tmp_path / "turns.json"
    path.write_text(json.dumps(data))
    assert has_turns(path)
    assert read_turns_file(path) == TURNS


def test_a_setting_of_that_name_is_no_turns(tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps({"diarization": True, "output": {"diarization": "speaker"}, "segments": []}))
    assert not has_turns(path)


def test_numbers_are_names_of_speakers(tmp_path):
    path = tmp_path / "turns.json"
    path.write_text(json.dumps([{"start": 0, "end": 1, "speaker": 2}]))
    assert read_turns_file(path) == (Turn(0.0, 1.0, "2"),)


def test_words_that_name_their_speaker_are_no_turns(tmp_path):
    path = tmp_path / "words.json"
    for name in ("word", "text"):
        path.write_text(json.dumps([{name: "Hi", **row} for row in ROWS]))
        assert not has_turns(path)


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
        ([{"start": 0}], "holds no turns: give RTTM"),
        ([{**ROWS[0], "end": "soon"}], r"json: \[0\]\.end is 'soon'"),
        ({"jobId": "1", "status": "running"}, r"holds no turns yet: its job is 'running'\. Give what it writes"),
        ({"status": "failed", "output": {"error": "No audio."}}, r"turns, since its job failed \('No audio\.'\)\.$"),
        ({"status": "canceled"}, r"turns, since its job failed \('it does not say why'\)\.$"),
        ({"turns": [{"start": 0, "end": 1, "speaker": True}]}, r"turns\[0\] is .*: give a start"),
        ({"diarization": [{"start": 0, "speaker": "A"}]}, r"diarization\[0\] has no end"),
        ({"turns": 5}, "turns must be a list"),
        ({"turns": [5]}, r"turns\[0\] has no start"),
        ({"turns": [{"start": 0, "speaker": "A"}]}, r"turns\[0\] has no end"),
        ({"turns": [{"start": 0, "end": "NaN", "speaker": "A"}]}, r"'NaN': give a finite number of seconds\.$"),
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


def test_a_name_is_one_however_its_accents_are_composed(tmp_path):
    """The first spelling of the file is everybody's; it is not another one."""
    for first, other in [("Zo\xe9", "Zoe\u0301"), ("Zoe\u0301", "Zo\xe9")]:
        said = [(0.0, 1.0, first), (1.0, 2.0, "Ana"), (2.0, 3.0, other)]
        rows = [{"start": start, "end": end, "speaker": speaker} for start, end, speaker in said]
        lines = [f"SPEAKER a 1 {start} {end - start} <NA> <NA> {speaker} <NA> <NA>" for start, end, speaker in said]
        (tmp_path / "a.json").write_text(json.dumps({"turns": rows}))
        (tmp_path / "a.rttm").write_text("\n".join(lines), encoding="utf-8")
        (tmp_path / "a.stm").write_text("".join(f"a 1 {w} {a} {b} hi\n" for a, b, w in said), encoding="utf-8")
        for found in (*map(read_turns_file, (tmp_path / "a.json", tmp_path / "a.rttm")), read_stm(tmp_path / "a.stm")):
            assert [turn.speaker for turn in found] == [first, "Ana", first]
