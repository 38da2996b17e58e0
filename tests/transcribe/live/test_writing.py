from __future__ import annotations

import json

import pytest

from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import OutputError
from diarfuse.fusion.types import Transcript
from diarfuse.transcribe.live.writing import EventLines, Files
from diarfuse.transcribe.output import Target

DOCUMENT = Document(Transcript((), None, 1.0))


def test_files_are_written_anew_and_stdout_only_at_the_end(tmp_path, capsysbinary):
    made = iter(["one", "two", "three", "four"])
    files = Files([Target(tmp_path / "a.txt", "txt"), Target(None, "txt")], lambda *_: next(made))
    assert files.are_due
    files.write(DOCUMENT)
    assert (tmp_path / "a.txt").read_text() == "one"
    files.write(DOCUMENT, last=True)
    assert (tmp_path / "a.txt").read_text() == "two"
    assert capsysbinary.readouterr().out == b"three"


def test_writing_takes_a_small_share_of_the_time(tmp_path, monkeypatch):
    clock = iter([0.0, 1.0, 20.0, 21.5])
    monkeypatch.setattr("diarfuse.transcribe.live.writing.time.monotonic", lambda: next(clock))
    files = Files([Target(tmp_path / "a.txt", "txt")], lambda *_: "")
    files.write(DOCUMENT)
    assert not files.are_due
    assert files.are_due


def test_each_event_is_a_line_at_once(tmp_path):
    with EventLines(tmp_path / "e.jsonl") as lines:
        lines.write([{"type": "committed", "until": 1.0}])
        assert json.loads((tmp_path / "e.jsonl").read_text()) == {"type": "committed", "until": 1.0}
    with EventLines(None) as lines:
        lines.write([{}])
    with pytest.raises(OutputError, match="--events"), EventLines(tmp_path / "no" / "e.jsonl"):
        pass
