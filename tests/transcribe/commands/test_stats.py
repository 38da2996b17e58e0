"""`transcribe stats`: a table for people, CSV and JSON for programs, of one file or of many."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.transcribe.__main__ import run
from tests.fusion.documents import MEETING

NAMED = MEETING.rename({"SPEAKER_00": "李雷", "SPEAKER_01": 'Ben "B", K.'})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, document in (("a", NAMED), ("b", MEETING)):
        Path(f"{name}.json").write_text(str(registry.dumps(document, "json")), encoding="utf-8")


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", "a.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "a.json: 0:10.0, 10% silence",
        "  speaker        talk  share  turns  longest  interrupts  overlap  words  words/min",
        "  李雷         0:04.8    52%      1   0:04.8           0   0:00.2      8        100",
        '  Ben "B", K.  0:04.4    48%      1   0:04.2           1   0:00.2      7         95',
        "  (all)        0:09.0   100%      2   0:04.8           1   0:00.2     15        100",
    ]


def test_two_hundred_calls_are_one_csv_and_a_damaged_one_costs_only_itself(capsys) -> None:
    """What a call centre asks for."""
    names = [f"call-{number:03d}.json" for number in range(200)]
    for name in names:
        Path(name).write_text(Path("b.json").read_text(encoding="utf-8"), encoding="utf-8")
    Path("call-100.json").write_text("{", encoding="utf-8")
    assert run(["stats", *names, "-o", "talk-times.csv"]) == 1
    assert capsys.readouterr().err.count("call-100.json") == 1
    rows = list(csv.DictReader(io.StringIO(Path("talk-times.csv").read_text(encoding="utf-8"))))
    assert {row["file"] for row in rows} == set(names) - {"call-100.json"}
    assert {row["speaker"] for row in rows} >= {"SPEAKER_00", "SPEAKER_01"}


def test_many_files_are_one_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", "a.json", "b.json", "-o", "talk.csv"]) == 0
    assert capsys.readouterr().err == "Wrote talk.csv: talk times of 2 files.\n"
    rows = list(csv.DictReader(io.StringIO(Path("talk.csv").read_text(encoding="utf-8"))))
    assert [(row["file"], row["speaker"]) for row in rows] == [
        ("a.json", "李雷"),
        ("a.json", 'Ben "B", K.'),
        ("a.json", "(all)"),
        ("b.json", "SPEAKER_00"),
        ("b.json", "SPEAKER_01"),
        ("b.json", "(all)"),
    ]
    first, _, everybody, *_ = rows
    assert (first["talk"], first["words"], first["words_per_minute"], first["turns"]) == ("4.8", "8", "100.0", "1")
    assert (everybody["talk"], everybody["silence"], everybody["duration"]) == ("9.0", "0.1", "10.0")


def test_json_holds_the_same_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", "a.json", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["speaker"] for row in rows] == ["李雷", 'Ben "B", K.', "(all)"]
    assert rows[1]["interruptions"] == 1
    assert rows[2]["silence"] == 0.1
    assert run(["stats", "a.json", "--csv"]) == 0
    assert capsys.readouterr().out.startswith("file,speaker,talk,")
    assert run(["stats", "a.json", "--csv", "--json"]) == 2
    assert run(["stats", "a.json", "-o", "talk.json"]) == 0
    assert json.loads(Path("talk.json").read_text(encoding="utf-8")) == rows


def test_a_bad_file_is_told_and_the_others_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.json").write_text("{", encoding="utf-8")
    assert run(["stats", "a.json", "bad.json", "b.json", "-o", "talk.csv"]) == 1
    told = capsys.readouterr().err
    assert "bad.json is no JSON" in told
    assert "1 of 3 files failed" in told
    assert len(Path("talk.csv").read_text(encoding="utf-8").splitlines()) == 7
    assert run(["stats", "bad.json"]) == 1
    assert "bad.json is no JSON" in capsys.readouterr().err


def test_it_does_not_write_over_what_it_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", "a.json", "b.json", "-o", "b.json"]) == 2
    assert "would replace what is read" in capsys.readouterr().err
