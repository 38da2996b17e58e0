"""A page edits what it has seen, and nothing else; the file is whole at every moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document, read_document
from diarfuse.fusion.editing.operations import Rename
from diarfuse.fusion.errors import DiarfuseError, MissingExtraError, OptionError, OutputError, TranscriptError
from diarfuse.fusion.types import Transcript
from diarfuse.transcribe.documents.editing import edit
from diarfuse.transcribe.documents.opening import editor as module
from diarfuse.transcribe.documents.opening.editor import Editor, StaleError, formats
from tests.fusion.documents import MEETING

RENAME = {"op": "rename", "names": {"SPEAKER_00": "Ana"}}


def test_edits_are_those_of_the_commands_and_the_page_is_told_what_there_is(meeting: Path) -> None:
    editor = Editor(meeting)
    told = editor.edit(RENAME, editor.state().tag)
    after = MEETING.rename({"SPEAKER_00": "Ana"})
    assert read_document(meeting) == after
    assert told["document"] == after.to_json() | {"history": []}
    assert (told["edits"], told["tag"]) == (len(after.history), editor.state().tag)
    told = editor.undo(told["tag"])
    assert read_document(meeting) == MEETING
    assert told["undone"] == RENAME


def test_an_edit_of_what_the_page_has_not_seen_is_not_made(meeting: Path) -> None:
    editor = Editor(meeting)
    seen = editor.state().tag
    edit(meeting, lambda before: before.rename({"SPEAKER_01": "Ben"}))
    with pytest.raises(StaleError, match="changed elsewhere") as caught:
        editor.edit(RENAME, seen)
    assert caught.value.state.document == read_document(meeting) == MEETING.rename({"SPEAKER_01": "Ben"})
    editor.edit(RENAME, caught.value.state.tag)
    assert read_document(meeting).speakers[:2] == ("Ana", "Ben")


def test_what_a_program_without_locks_saves_while_an_edit_is_made_is_kept(
    meeting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, edited, theirs = Editor(meeting), Document.edited, MEETING.rename({"SPEAKER_01": "Ben"})

    def meanwhile(document: Document, operation: Rename) -> Document:
        meeting.write_text(str(registry.dumps(theirs, "json")), encoding="utf-8")
        return edited(document, operation)

    monkeypatch.setattr(Document, "edited", meanwhile)
    with pytest.raises(StaleError, match="changed elsewhere") as caught:
        editor.edit(RENAME, editor.state().tag)
    assert caught.value.state.document == read_document(meeting) == theirs


def test_of_two_at_once_one_is_told(meeting: Path) -> None:
    editors, told = (Editor(meeting), Editor(meeting)), []
    seen = editors[0].state().tag

    def work(number: int) -> None:
        try:
            editors[number].edit({"op": "rename", "names": {f"SPEAKER_0{number}": "Cy"}}, seen)
        except StaleError:
            told.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 1
    assert len(read_document(meeting).history) == len(MEETING.history) + 1


@pytest.mark.parametrize(
    "row",
    [
        *(None, [], 7, "rename", {}, {"op": "forget"}, {"op": ["rename"]}, {"op": "rename"}, RENAME | {"undo": {}}),
        {"op": "rename", "names": {"SPEAKER_00": "SPEAKER_01"}},
        {"op": "rename", "names": {"SPEAKER_00": "a\nb"}},
        {"op": "rename", "names": {"SPEAKER_00": "x" * 10_000}},
        {"op": "rename", "names": {"nobody-here": "Ana"}},
        {"op": "rename", "names": {"SPEAKER_00": "SPEAKER_00"}},
        {"op": "merge", "keep": "SPEAKER_00", "others": []},
        {"op": "reassign", "words": [[1, 10**15]], "speaker": "Ana"},
        {"op": "reassign", "words": [[0, 1]], "speaker": "Ana"},
        {"op": "reassign", "words": [[1, 1]], "speaker": "a\x00b"},
        {"op": "text", "words": [10**9, 10**9], "text": "x"},
        {"op": "text", "words": [1, 1], "text": "\x1b[31m"},
        {"op": "replace", "find": "", "replace": "x"},
        {"op": "redo", "what": "diarize"},
    ],
)
def test_what_is_no_edit_changes_nothing(meeting: Path, row: object) -> None:
    editor, before = Editor(meeting), meeting.read_bytes()
    with pytest.raises(DiarfuseError) as caught:
        editor.edit(row, editor.state().tag)
    assert "\n" not in str(caught.value)
    assert meeting.read_bytes() == before


def test_a_file_that_went_away_or_was_damaged_is_told(meeting: Path) -> None:
    editor, whole = Editor(meeting), meeting.read_bytes()
    seen = editor.state().tag
    meeting.write_bytes(whole[:-100])
    with pytest.raises(TranscriptError, match="is no JSON"):
        editor.edit(RENAME, seen)
    meeting.unlink()
    with pytest.raises(TranscriptError, match="cannot be read"):
        editor.edit(RENAME, seen)
    if hasattr(os, "mkfifo"):
        os.mkfifo(meeting)  # which would be waited for
        with pytest.raises(TranscriptError, match="no regular file"):
            editor.edit(RENAME, seen)
        with pytest.raises(TranscriptError, match="no regular file"):
            Editor(meeting)
        meeting.unlink()
    meeting.write_bytes(whole)
    editor.edit(RENAME, seen)


def test_a_full_disk_leaves_the_file(meeting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor, before = Editor(meeting), meeting.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("diarfuse.transcribe.documents.editing.write_whole", full)
    with pytest.raises(OutputError, match="stays as it was"):
        editor.edit(RENAME, editor.state().tag)
    assert meeting.read_bytes() == before


@pytest.mark.parametrize("step", ["fsync", "replace", "link"])
def test_a_kill_in_the_middle_of_saving_leaves_a_whole_file(meeting: Path, step: str) -> None:
    program = f"""if True:
        import os, sys
        from pathlib import Path
        from diarfuse.transcribe.documents.opening.editor import Editor
        editor = Editor(Path({str(meeting)!r}))
        os.{step} = lambda *_, **__: os._exit(9)
        editor.edit({RENAME!r}, editor.state().tag)"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert read_document(meeting) == MEETING


def test_every_format_is_exported_clean(meeting: Path) -> None:
    edit(meeting, lambda before: before.rename({"SPEAKER_00": "Ana"}))
    editor = Editor(meeting)
    clean = read_document(meeting).clean()
    for name in ("json", "srt", "html", "whisperx"):
        content = editor.export(name).decode()
        assert content == registry.dumps(clean, name)
        assert "SPEAKER_00" not in content
    with pytest.raises(OptionError, match="format"):
        editor.export("../../etc/passwd")


def test_a_format_that_can_only_be_empty_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "turns.json"
    turns = Document(Transcript((), None, MEETING.transcript.duration), MEETING.diarization)
    path.write_text(str(registry.dumps(turns, "json")), encoding="utf-8")
    with pytest.raises(OptionError, match="holds turns and no words, so srt is empty"):
        Editor(path).export("srt")
    assert b"SPEAKER" in Editor(path).export("rttm")


def test_the_list_of_formats_tells_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [row["name"] for row in formats()] == list(registry.names())
    assert not [row["about"] for row in formats() if set("`[]") & set(row["about"])]

    def require(name: str) -> None:
        if name == "docx":
            raise MissingExtraError("docx", "python-docx", "docs")

    monkeypatch.setattr(module.registry, "require", require)
    missing = {row["name"]: row["missing"] for row in formats() if row["missing"]}
    assert list(missing) == ["docx"]
    assert "pip install" in missing["docx"]


def test_other_files_are_told_for_what_they_are(tmp_path: Path) -> None:
    other = tmp_path / "a.json"
    for content, sentence in (
        (b"RIFF\x00\x00\x00\x00WAVE\xff", "is no JSON"),
        (json.dumps({"segments": []}).encode(), "no transcript of this program"),
        (json.dumps({"format": "diarfuse/99"}).encode(), "newer version"),
    ):
        other.write_bytes(content)
        with pytest.raises(TranscriptError, match=sentence):
            Editor(other)
