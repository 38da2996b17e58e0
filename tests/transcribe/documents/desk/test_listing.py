"""Which recordings and transcripts lie in a folder, and which belong together."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.errors import AudioError
from diarfuse.transcribe.documents.desk import listing as module
from diarfuse.transcribe.documents.desk.listing import Entry, Listing


def document(path: Path, audio: str | None) -> None:
    row = {"format": "diarfuse/1", "name": "x"} | ({} if audio is None else {"audio": {"name": audio}})
    path.write_text(json.dumps(row), encoding="utf-8")


def pairs(folder: Path) -> set[tuple[str | None, str | None]]:
    return {(one.recording, one.transcript) for one in Listing(folder).entries()}


def test_a_transcript_belongs_to_the_recording_that_it_tells(tmp_path: Path) -> None:
    for name in ("a.wav", "a.mp3", "B.MP4", "plain.flac", ".hidden.wav", "notes.txt"):
        (tmp_path / name).write_bytes(b"x" * 10)
    (tmp_path / "folder.wav").mkdir()
    document(tmp_path / "a.json", "a.mp3")
    document(tmp_path / "a.wav.json", "a.wav")
    document(tmp_path / "other.json", "B.MP4")
    document(tmp_path / "alone.json", "elsewhere.wav")
    document(tmp_path / "words.json", None)
    (tmp_path / "foreign.json").write_text('{"segments": []}')
    (tmp_path / "cut.json").write_text('{"format": "diarfuse/1", "name')
    (tmp_path / "list.json").write_text('["diarfuse/1"]')
    (tmp_path / "late.json").write_text(json.dumps({"x": "y" * 5000, "format": "diarfuse/1"}))
    assert pairs(tmp_path) == {
        ("a.wav", "a.wav.json"),
        ("a.mp3", "a.json"),
        ("B.MP4", "other.json"),
        ("plain.flac", None),
        (None, "alone.json"),
        (None, "cut.json"),  # whose page says what is wrong with it
        (None, "words.json"),
    }


def test_of_several_transcripts_the_one_with_the_shortest_name_is_the_recordings(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    for name in ("a.second.json", "a.json", "b.json"):
        document(tmp_path / name, "a.wav")
    assert pairs(tmp_path) == {("a.wav", "a.json"), (None, "a.second.json"), (None, "b.json")}


def slowly_paired(sounds: set[str], transcripts: dict[str, str]) -> list[tuple[str | None, str | None]]:
    """Every transcript is looked at for every recording."""
    left, found = dict(transcripts), list[tuple[str | None, str | None]]()
    for recording in sorted(sounds):
        known_as = {recording, recording.encode("utf-8", "replace").decode()}
        of_it = sorted((name for name, about in left.items() if about in known_as), key=lambda name: (len(name), name))
        for name in of_it[:1]:
            del left[name]
        found.append((recording, of_it[0] if of_it else None))
    return [*found, *((None, name) for name in sorted(left))]


NAMES = st.text("a?\udcff", min_size=1, max_size=2)


@given(st.sets(NAMES), st.dictionaries(st.text("ab", max_size=3), NAMES | st.just("")))
def test_recordings_and_transcripts_are_paired_as_when_all_are_compared(sounds, transcripts) -> None:
    assert list(module._paired(sounds, transcripts)) == slowly_paired(sounds, transcripts)


def test_what_has_changed_is_looked_at_again_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.wav").write_bytes(b"12345")
    document(tmp_path / "a.json", "a.wav")
    listing = Listing(tmp_path)
    before = listing.entries()
    assert before == [Entry("a.wav", "a.json", (tmp_path / "a.wav").stat().st_mtime, 5)]
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was read again"))
    assert listing.entries() == before
    monkeypatch.undo()
    document(tmp_path / "a.json", "somebody else's.wav")
    assert {(one.recording, one.transcript) for one in listing.entries()} == {("a.wav", None), (None, "a.json")}


def test_the_newest_recording_is_first_whatever_becomes_of_it(tmp_path: Path) -> None:
    for age, name in enumerate(("new.wav", "older.wav", "oldest.wav")):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    document(tmp_path / "oldest.json", "oldest.wav")
    assert [one.recording for one in Listing(tmp_path).entries()] == ["new.wav", "older.wav", "oldest.wav"]


def test_a_transcript_is_written_over_nothing(tmp_path: Path) -> None:
    listing = Listing(tmp_path)
    assert listing.transcript_for("a.b.wav") == tmp_path / "a.b.json"
    (tmp_path / "a.b.json").symlink_to("nowhere")
    assert listing.transcript_for("a.b.wav") == tmp_path / "a.b.wav.json"
    (tmp_path / "a.b.wav.json").write_text("[]")  # another program's
    assert listing.transcript_for("a.b.wav") == tmp_path / "a.b.wav (2).json"


LONG = (f"{'a' * 251}.wav", f"{'é' * 125}.wav", f"{'क्षि' * 20}abcdefgh.wav", "\udcff" * 251 + ".mp3")


@pytest.mark.parametrize("recording", LONG, ids=range(len(LONG)))
def test_a_name_as_long_as_a_disk_allows_gets_a_transcript(tmp_path: Path, recording: str) -> None:
    listing = Listing(tmp_path)
    (tmp_path / recording).touch()
    made = []
    for _ in range(4):
        path = listing.transcript_for(recording)
        assert path.suffix == ".json"
        path.touch()
        made.append(path)
    assert len(set(made)) == 4
    assert all(recording.startswith(path.stem.partition(" (")[0]) for path in made)


def test_a_folder_that_went_away_is_told(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"gone cannot be read .*check the folder"):
        Listing(tmp_path / "gone").entries()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_in_no_encoding_is_known_as_its_transcript_has_it(tmp_path: Path) -> None:
    recording = tmp_path / os.fsdecode(b"gr\xfc\xdfe.wav")
    recording.write_bytes(b"")
    document(tmp_path / "other.json", "gr??e.wav")
    assert pairs(tmp_path) == {(recording.name, "other.json")}


@pytest.mark.skipif(sys.platform == "win32", reason="makes links and pipes")
def test_what_is_no_file_hides_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "link.wav").symlink_to("a.wav")
    (tmp_path / "nowhere.wav").symlink_to("gone.wav")
    (tmp_path / "circle.wav").symlink_to("circle.wav")
    (tmp_path / "device.wav").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.json")
    assert pairs(tmp_path) == {("a.wav", None), ("link.wav", None)}


@pytest.mark.parametrize("duration", ["NaN", "Infinity", "-1e300", "1" + "0" * 400])
def test_a_length_that_cannot_be_hides_nothing_else(tmp_path: Path, duration: str) -> None:
    (tmp_path / "b.wav").write_bytes(b"")
    audio = f'{{"name": "a.wav", "sha256": "{"0" * 64}", "duration": {duration}}}'
    (tmp_path / "a.json").write_text(f'{{"format": "diarfuse/1", "audio": {audio}}}')
    found = {(one.recording, one.transcript) for one in Listing(tmp_path).entries()}
    assert found == {("b.wav", None), (None, "a.json")}
