from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import OutputError
from diarfuse.fusion.types import Transcript
from diarfuse.transcribe.live.writing import EventLines, Files, check_places
from diarfuse.transcribe.output import Target

DOCUMENT = Document(Transcript((), None, 1.0))


def test_files_are_written_anew_and_stdout_only_at_the_end(tmp_path, capsysbinary):
    made = iter(["one", "two", "three", "four"])
    files = Files([Target(tmp_path / "a.txt", "txt"), Target(None, "txt")], lambda *_: next(made), print)
    assert files.are_due
    files.write(DOCUMENT)
    assert (tmp_path / "a.txt").read_text() == "one"
    files.end(DOCUMENT, [].append)
    assert (tmp_path / "a.txt").read_text() == "two"
    assert capsysbinary.readouterr().out == b"three"


def test_writing_takes_a_small_share_of_the_time(tmp_path, monkeypatch):
    clock = iter([0.0, 1.0, 20.0, 21.5])
    monkeypatch.setattr("diarfuse.transcribe.live.writing.time", SimpleNamespace(monotonic=lambda: next(clock)))
    files = Files([Target(tmp_path / "a.txt", "txt")], lambda *_: "", print)
    files.write(DOCUMENT)
    assert not files.are_due
    assert files.are_due


def test_each_event_is_a_line_at_once(tmp_path):
    with EventLines(tmp_path / "e.jsonl", print) as lines:
        lines.write([{"type": "committed", "until": 1.0}])
        assert json.loads((tmp_path / "e.jsonl").read_text()) == {"type": "committed", "until": 1.0}
    with EventLines(None, print) as lines:
        lines.write([{}])
    with pytest.raises(OutputError, match="--events"), EventLines(tmp_path / "no" / "e.jsonl", print):
        pass


def test_what_a_file_held_stays_until_there_is_an_event(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_text("of yesterday, and longer than what comes", encoding="utf-8")
    with EventLines(path, print) as lines:
        lines.write([])
    assert path.read_text(encoding="utf-8") == "of yesterday, and longer than what comes"
    with EventLines(path, print) as lines:
        lines.write([{}])
        lines.write([{}])
    with EventLines(Path(os.devnull), print) as lines:  # which cannot be cut
        lines.write([{}])
    assert path.read_text(encoding="utf-8") == "{}\n{}\n"


def test_a_disk_that_is_full_for_a_while_costs_no_line_and_no_recording(tmp_path, monkeypatch):
    class Full:
        room = 10

        def __init__(self, *_, **__):
            self.written = b""

        def write(self, data):
            taken = min(len(data), self.room)
            self.room -= taken
            if not taken:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.written += data[:taken]
            return taken

        def truncate(self):
            self.written = b""

        __enter__ = __exit__ = lambda self, *_: self and None

    told, file = [], Full()
    monkeypatch.setattr(os, "fdopen", lambda handle, *_, **__: (os.close(handle), file)[1])
    with EventLines(tmp_path / "e.jsonl", told.append) as lines:
        for number in range(3):
            lines.write([{"number": number, "text": "\ud800"}])
        assert file.written == b'{"number":'
        file.room = 1000
    assert [json.loads(line)["number"] for line in file.written.splitlines()] == [0, 1, 2]
    assert len(told) == 1
    assert "No space left on device" in told[0]
    assert "goes on" in told[0]
    file.room = 0
    with pytest.raises(OutputError, match="No space"), EventLines(tmp_path / "e.jsonl", told.append) as lines:
        lines.write([{}])


def test_a_file_that_cannot_be_written_meanwhile_keeps_no_other_from_being(tmp_path, monkeypatch):
    told, written = [], []

    def write(target, _):
        if target.path.name == "full.txt":
            raise OutputError("full.txt cannot be written.")
        written.append(target.path.name)

    monkeypatch.setattr("diarfuse.transcribe.live.writing.output.write", write)
    targets = [Target(tmp_path / "full.txt", "txt"), Target(tmp_path / "b.txt", "txt")]
    files = Files(targets, lambda *_: "", told.append)
    for _ in range(2):
        files.write(DOCUMENT)
    assert told == ["full.txt cannot be written. The recording goes on, and it is tried again."]
    wrote = []
    with pytest.raises(OutputError, match=r"full.txt"):
        files.end(DOCUMENT, wrote.append)
    assert written == ["b.txt"] * 3
    assert wrote == [tmp_path / "b.txt"]


def test_at_the_end_all_that_fails_is_told_and_a_reader_that_left_keeps_no_file_from_being(tmp_path, monkeypatch):
    told, written = [], []

    def write(target, _):
        if target.path is None:
            raise BrokenPipeError
        if target.path.name.startswith("full"):
            raise OutputError(f"{target.path.name} cannot be written.")
        written.append(target.path.name)

    monkeypatch.setattr("diarfuse.transcribe.live.writing.output.write", write)
    left, full, more, fine = (Target(path, "txt") for path in (None, *map(tmp_path.joinpath, ("full1", "full2", "b"))))
    with pytest.raises(OutputError, match="full1"):
        Files([left, full, more, fine], lambda *_: "", told.append).end(DOCUMENT, print)
    assert (told, written) == (["full2 cannot be written."], ["b"])
    with pytest.raises(BrokenPipeError):
        Files([left, fine], lambda *_: "", told.append).end(DOCUMENT, print)
    assert written == ["b", "b"]


def test_events_that_cannot_be_written_do_not_hide_what_else_went_wrong(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left")

    told = []
    lines = EventLines(tmp_path / "e.jsonl", told.append)
    monkeypatch.setattr(EventLines, "_write_rest", full)
    with pytest.raises(OutputError, match="first"), lines:
        raise OutputError("the first")
    assert "No space left" in told[0]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_sound_that_could_not_be_kept_is_refused_before_anything_is_heard(tmp_path, monkeypatch):
    pipe, file = tmp_path / "pipe.wav", tmp_path / "file.wav"
    os.mkfifo(pipe)
    file.touch()
    check_places(pipe, file, None, [])
    with pytest.raises(OutputError, match="is a pipe or a device: sound needs a file"):
        check_places(None, pipe, None, [])
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="is write-protected: choose another file"):
        check_places(None, file, None, [])
