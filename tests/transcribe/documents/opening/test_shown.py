"""What the page is told, and the recording that it may play."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import RecordedFile, Recording
from diarfuse.fusion.errors import AudioError
from diarfuse.transcribe.documents.opening import sounds
from diarfuse.transcribe.documents.opening.editor import Editor
from diarfuse.transcribe.documents.opening.shown import Shown, sound_of
from diarfuse.transcribe.documents.opening.sounds import MixedSound
from tests.browsing import wait
from tests.fusion.documents import MEETING


def written(path: Path, recording: Recording | None) -> Editor:
    path.write_text(str(registry.dumps(replace(MEETING, recording=recording), "json")), encoding="utf-8")
    return Editor(path)


def test_the_page_is_told_everything_but_the_history(meeting: Path) -> None:
    shown = Shown(Editor(meeting))
    shown.editor.edit({"op": "rename", "names": {"SPEAKER_00": "Ana"}}, shown.editor.state().tag)
    told = shown.told()
    assert told["document"]["history"] == []
    assert "SPEAKER_00" not in json.dumps(told["document"])
    assert (told["mode"], told["file"], told["edits"]) == ("server", "meeting.json", len(MEETING.history) + 1)


def test_the_recording_beside_the_document_is_played_and_another_is_told_from_it(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    (tmp_path / "talk.wav").write_bytes(b"sound")
    (tmp_path / "copy.mp3").write_bytes(b"other")
    editor = written(path, Recording("talk.wav", "7" * 64, 5.0))
    told: list[str] = []
    found, given = sound_of(editor, None, told.append), sound_of(editor, tmp_path / "copy.mp3", told.append)
    assert found is not None
    assert given is not None
    wait(lambda: len(told) == 2)
    assert {Path(path).name for path in told} == {"talk.wav", "copy.mp3"}
    assert (found.name, found.other, found.media_type.startswith("audio/")) == ("talk.wav", True, True)
    assert (given.name, given.other) == ("copy.mp3", True)
    (tmp_path / "talk.wav").unlink()
    assert sound_of(editor, None) is None


def test_of_separate_files_that_are_all_there_the_mix_is_played(tmp_path: Path) -> None:
    for name in ("ana.wav", "ben.wav"):
        (tmp_path / name).write_bytes(b"sound")
    files = (RecordedFile("ana.wav", "7" * 64), RecordedFile("ben.wav", "", 1.5))
    editor, told = written(tmp_path / "talk.json", Recording("", "", 5.0, files)), list[str]()
    found = sound_of(editor, None, told.append)
    assert isinstance(found, MixedSound)
    wait(lambda: len(told) == 1)
    assert (told, found.name, found.other) == (["ana.wav and ben.wav"], "ana.wav and ben.wav", True)
    given = sound_of(editor, tmp_path / "ana.wav")
    assert given is not None
    assert (given.name, given.other) == ("ana.wav", False)  # a mix that somebody made, of which no hash is known
    (tmp_path / "ben.wav").unlink()
    assert sound_of(editor, None) is None


@pytest.mark.parametrize("name", ["../secret.wav", "/etc/passwd", "a\\b.wav", "..", ".", "", "C:x.wav", "a\0b"])
def test_a_name_of_a_recording_leads_to_no_other_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.wav").write_bytes(b"sound")
    (tmp_path / "in").mkdir()
    assert sound_of(written(tmp_path / "in" / "talk.json", Recording(name, "", 5.0)), None) is None
    (tmp_path / "in" / "a.wav").write_bytes(b"sound")
    files = (RecordedFile("a.wav", ""), RecordedFile(name, ""))
    assert sound_of(written(tmp_path / "in" / "talk.json", Recording("", "", 5.0, files)), None) is None


def test_what_is_no_file_is_refused_as_recording(meeting: Path) -> None:
    with pytest.raises(AudioError, match="no regular file"):
        sound_of(Editor(meeting), Path("/dev/null"))


def test_a_page_is_there_before_its_recording_is_compared(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "film.mp4").write_bytes(b"")
    read = threading.Event()
    monkeypatch.setattr(sounds, "sha256_of", lambda _: str(read.wait(60)))
    page = Shown(
        editor := written(tmp_path / "film.json", Recording("film.mp4", "7" * 64, 5.0)), sound_of(editor, None)
    )
    assert (page.told()["audio"], page.told_of_sound()) == ({"address": "audio", "other": None}, {"other": None})
    read.set()
    wait(lambda: page.told_of_sound()["other"] is not None)
    assert page.told()["audio"]["other"] is True


def test_a_recording_that_cannot_be_read_keeps_no_transcript_closed(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "talk.wav").write_bytes(b"")
    document = written(tmp_path / "talk.json", Recording("talk.wav", "0" * 64, 5.0))

    def unread(_path: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(sounds, "sha256_of", unread)
    found = sound_of(document, None, lambda _: pytest.fail("it is not known to be another one"))
    assert found is not None
    wait(lambda: found.other is not None)
    assert not found.other  # the page says that it does not play
