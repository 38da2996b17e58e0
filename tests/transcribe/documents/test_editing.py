"""An edit is whole or not at all, and one at a time, whatever happens on the way."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document, read_document
from diarfuse.fusion.errors import OptionError, OutputError, TranscriptError
from diarfuse.transcribe.documents import editing
from diarfuse.transcribe.documents.editing import alone, edit
from tests.faults import every_kill
from tests.fusion.documents import MEETING

RENAMED = MEETING.rename({"SPEAKER_00": "Ana"})


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    path = tmp_path / "meeting.json"
    path.write_text(str(registry.dumps(MEETING, "json")), encoding="utf-8")
    return path


def to_ana(document: Document) -> Document:
    return document.rename({"SPEAKER_00": "Ana"})


def test_an_edit_is_in_the_file_and_nothing_else_is_left(meeting: Path) -> None:
    meeting.chmod(0o600)
    assert edit(meeting, to_ana) == read_document(meeting) == RENAMED
    assert list(meeting.parent.iterdir()) == [meeting]
    assert meeting.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_one(meeting: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(meeting)
    edit(link, to_ana)
    assert link.is_symlink()
    assert read_document(meeting) == RENAMED


def test_a_refused_edit_leaves_the_file(meeting: Path) -> None:
    before = meeting.read_bytes()
    with pytest.raises(OptionError):
        edit(meeting, lambda document: document.rename({"Zoe": "Ana"}))
    assert meeting.read_bytes() == before


def test_a_disk_without_locks_is_told(meeting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def none(*_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(TranscriptError, match=r"meeting\.json cannot be held for an edit: No locks available\."):
        edit(meeting, to_ana)


def test_a_disk_that_locks_only_what_is_open_for_writing_is_edited_on(
    meeting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    real = fcntl.flock

    def of_nfs(handle: int, how: int) -> None:
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", of_nfs)
    edit(meeting, to_ana)
    assert read_document(meeting) == RENAMED


def test_a_full_disk_leaves_the_file(meeting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = meeting.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"meeting\.json cannot be written \(No space left on device\) and stays"):
        edit(meeting, to_ana)
    assert meeting.read_bytes() == before
    assert list(meeting.parent.iterdir()) == [meeting]


def test_a_kill_at_any_instant_leaves_one_of_the_two(meeting: Path) -> None:
    def work(folder: Path) -> None:
        edit(folder / "meeting.json", to_ana)

    seen = [read_document(copy / "meeting.json") for copy in every_kill(meeting.parent, work)]
    assert len(seen) > 3
    assert seen[0] == MEETING
    assert seen[-1] == RENAMED
    assert all(document in (MEETING, RENAMED) for document in seen)


def test_edits_at_once_are_all_made(meeting: Path) -> None:
    threads = [
        threading.Thread(target=edit, args=(meeting, lambda document, n=n: document.reassign(f"{n}-{n}", f"P{n}")))
        for n in range(1, 9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    document = read_document(meeting)
    assert len(document.history) == 8
    assert [word.speaker for word in document.transcript.words[:8]] == [f"P{n}" for n in range(1, 9)]


@pytest.mark.parametrize("in_place", [True, False])
def test_what_a_program_without_locks_saves_meanwhile_is_kept(meeting: Path, in_place: bool) -> None:
    theirs = MEETING.rename({"SPEAKER_01": "Ben"})
    seen = []

    def change(document: Document) -> Document:
        seen.append(document)
        if len(seen) == 1:
            other = meeting if in_place else meeting.with_name("new.json")
            other.write_text(str(registry.dumps(theirs, "json")), encoding="utf-8")
            other.replace(meeting)
        return to_ana(document)

    assert edit(meeting, change) == read_document(meeting) == to_ana(theirs)
    assert seen == [MEETING, theirs]


def test_a_file_that_never_rests_is_left_to_who_writes_it(meeting: Path) -> None:
    count = 0

    def change(document: Document) -> Document:
        nonlocal count
        count += 1
        meeting.write_bytes(meeting.read_bytes() + b" ")
        return to_ana(document)

    with pytest.raises(OutputError, match="being edited by another program: try again"):
        edit(meeting, change)
    assert count > 1
    assert read_document(meeting) == MEETING


def test_a_file_that_goes_away_meanwhile_is_not_made_anew(meeting: Path) -> None:
    def change(document: Document) -> Document:
        meeting.unlink()
        return to_ana(document)

    with pytest.raises(TranscriptError, match=r"meeting\.json cannot be read"):
        edit(meeting, change)
    assert list(meeting.parent.iterdir()) == []


def test_who_waits_too_long_is_refused(meeting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editing, "WAIT", 0.1)
    before = meeting.read_bytes()
    with alone(meeting), pytest.raises(OutputError, match="being edited by another program: try again"):
        edit(meeting, to_ana)
    assert meeting.read_bytes() == before
    assert edit(meeting, to_ana) == RENAMED


@pytest.mark.parametrize("name", ["none.json", "", "none/none.json"])
def test_what_is_no_file_is_told(meeting: Path, name: str) -> None:
    with pytest.raises(TranscriptError, match=r"is a folder|is not there"):
        edit(meeting.parent / name, to_ana)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(TranscriptError, match="is no file"):
        edit(tmp_path / "pipe.json", to_ana)
