"""`transcribe review`: a list, JSON, or a person who listens and answers with one key."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document, RecordedFile, Recording, read_document
from diarfuse.fusion.types import SAMPLE_RATE
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.documents import editing, listening
from tests.fusion.documents import MEETING
from tests.fusion.editing.test_review import WHY, unsure

DOUBTFUL = replace(
    unsure(MEETING, {1: 0.4, 3: 0.5, 4: 0.3}, WHY),
    recording=Recording("meeting.wav", hashlib.sha256(b"sound").hexdigest(), 10.0),
)
Heard = list[tuple[str, float, float]]


@pytest.fixture(autouse=True)
def meeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "meeting.json"
    path.write_text(str(registry.dumps(DOUBTFUL, "json")), encoding="utf-8")
    Path("meeting.wav").write_bytes(b"sound")
    return path


def test_the_list_is_worst_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["review", "meeting.json"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "00:00:01.5-00:00:02.4 words 4-5 SPEAKER_00 30% (context; because; or SPEAKER_01, 60%): [How are] you to day?",
        "00:00:00.5-00:00:00.9 words 2-2 SPEAKER_00 40% (context; because; or SPEAKER_01, 60%): Hello [there] Anna.",
    ]
    assert told.err == ""
    assert run(["review", "meeting.json", "--limit", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_where_stdin_is_closed_the_places_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run(["review", "meeting.json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["review", "meeting.json", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert first["words"] == [4, 5]
    assert (first["text"], first["after"], first["speaker"]) == ("How are", "you to day?", "SPEAKER_00")
    assert first["others"][0] == {"speaker": "SPEAKER_01", "share": 0.6}
    assert run(["reassign", "meeting.json", "4-5", "SPEAKER_01"]) == 0  # the numbers are those that reassign takes
    assert read_document("meeting.json").transcript.words[3].speaker == "SPEAKER_01"


def test_nothing_doubtful_and_nothing_joined_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    Path("sure.json").write_text(str(registry.dumps(MEETING, "json")), encoding="utf-8")
    assert run(["review", "sure.json"]) == 0
    assert "Nothing is doubtful" in capsys.readouterr().err
    segments = tuple(
        replace(s, speaker=None, words=tuple(replace(w, speaker=None, attribution=None) for w in s.words))
        for s in MEETING.transcript.segments
    )
    plain = Document(replace(MEETING.transcript, segments=segments))
    Path("plain.json").write_text(str(registry.dumps(plain, "json")), encoding="utf-8")
    assert run(["review", "plain.json"]) == 0
    assert "redo --diarize" in capsys.readouterr().err


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Heard]:
    """A terminal with a player, where a person presses these keys; what was played."""

    def at(keys: str) -> Heard:
        heard: Heard = []
        pressed = iter(keys)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setattr(listening, "find_player", lambda: lambda path, *times: heard.append((path.name, *times)))
        monkeypatch.setattr(click, "getchar", lambda: next(pressed))
        assert run(["review", "meeting.json"]) == 0
        assert next(pressed, None) is None
        return heard

    return at


def test_a_recording_whose_bytes_the_transcript_does_not_know_is_heard(meeting: Path, listen) -> None:
    known = read_document(meeting)
    assert known.recording is not None
    unknown = replace(known, recording=replace(known.recording, sha256=""))
    meeting.write_text(str(registry.dumps(unknown, "json")), encoding="utf-8")
    assert {name for name, *_ in listen("q")} == {"meeting.wav"}


def owners() -> list[str | None]:
    return [word.speaker for word in read_document("meeting.json").transcript.words[:6]]


def test_one_key_says_who_it_was(listen: Callable[[str], Heard]) -> None:
    heard = listen("2n")
    assert heard == [("meeting.wav", 0.5, 2.9), ("meeting.wav", 0.0, pytest.approx(1.9))]
    assert owners() == ["SPEAKER_00", None, "SPEAKER_00", "SPEAKER_01", "SPEAKER_01", "SPEAKER_00"]
    assert len(read_document("meeting.json").history) == 2


def test_skipped_places_come_again_unsure_ones_stay_and_keys_without_meaning_are_none(
    listen: Callable[[str], Heard],
) -> None:
    heard = listen("xs7ur2")
    assert [start for _, start, _ in heard] == [0.5, 0.0, 0.5, 0.5]
    assert owners()[1:4] == ["SPEAKER_00", "SPEAKER_00", "SPEAKER_01"]


def test_an_answer_can_be_taken_back_and_the_rest_left(listen: Callable[[str], Heard]) -> None:
    listen("2zq")
    assert read_document("meeting.json") == DOUBTFUL
    listen("zq")  # nothing of before is taken back
    assert read_document("meeting.json") == DOUBTFUL


def test_a_file_that_changed_meanwhile_is_not_written_over(
    listen: Callable[[str], Heard], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = editing.edit

    def late(path: Path, change: Callable[[Document], Document]) -> Document:
        real(path, lambda document: document.text("00:00:00", "Hi."))
        return real(path, change)

    monkeypatch.setattr(editing, "edit", late)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    with pytest.raises(AssertionError):
        listen("2")
    assert "was edited meanwhile" in capsys.readouterr().err
    assert len(read_document("meeting.json").history) == 1


@pytest.fixture
def files(meeting: Path) -> list[np.ndarray]:
    """The meeting as a file a person, the second of which begins a second late; what each holds."""
    rng = np.random.default_rng(0)
    sounds = [rng.uniform(-0.4, 0.4, 10 * SAMPLE_RATE).astype(np.float32) for _ in range(2)]
    for name, sound in zip(("ana.wav", "ben.wav"), sounds, strict=True):
        soundfile.write(name, sound, SAMPLE_RATE, "FLOAT")
    hashes = [hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in ("ana.wav", "ben.wav")]
    both = (RecordedFile("ana.wav", hashes[0]), RecordedFile("ben.wav", hashes[1], 1.0))
    document = replace(DOUBTFUL, recording=Recording("", "", 11.0, both))
    meeting.write_text(str(registry.dumps(document, "json")), encoding="utf-8")
    return sounds


def test_of_a_file_a_person_the_mix_is_played_at_the_place_and_nothing_of_it_stays(
    files: list[np.ndarray], listen: Callable[[str], Heard], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    played: list[tuple[np.ndarray, float]] = []

    def player(path: Path, start: float, length: float) -> None:
        sound, rate = soundfile.read(path)
        assert rate == SAMPLE_RATE
        played.append((sound, length))
        assert start == 0.0

    listening_to = listening.listener
    monkeypatch.setattr(listening, "listener", lambda _, source: listening_to(player, source))
    assert listen("2n") == []
    late = np.zeros(11 * SAMPLE_RATE, np.float32)
    late[SAMPLE_RATE:] = files[1]
    mix = np.pad(files[0], (0, SAMPLE_RATE)) + late
    for (sound, length), (begin, lasting) in zip(played, [(0.5, 2.9), (0.0, 1.9)], strict=True):
        first = round(begin * SAMPLE_RATE)
        np.testing.assert_allclose(sound, mix[first : first + round(lasting * SAMPLE_RATE)], atol=1e-3)
        assert length == pytest.approx(lasting)
    assert set(tmp_path.iterdir()) == before
    assert len(read_document("meeting.json").history) == 2


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("missing", "the recording is 2 files, and 'ben.wav' is not beside meeting.json"),
        ("other", "ben.wav is another recording than the one meeting.json was made of"),
        ("twice", "the recording is 2 files, and these cannot be put together"),
    ],
)
def test_which_of_the_files_cannot_be_played_is_told(
    kind: str, why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("ben.wav").unlink()
    if kind == "other":
        Path("ben.wav").write_bytes(b"other")
    if kind == "twice":
        Path("ben.wav").hardlink_to("ana.wav")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(listening, "find_player", lambda: print)
    assert run(["review", "meeting.json"]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2
    assert why in told.err


def test_a_transcript_that_knows_no_recording_says_so(
    meeting: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    meeting.write_text(str(registry.dumps(replace(DOUBTFUL, recording=None), "json")), encoding="utf-8")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(listening, "find_player", lambda: print)
    assert run(["review", "meeting.json"]) == 0
    assert "meeting.json does not tell the recording's name (--audio)" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["no player", "no recording", "another recording"])
def test_without_sound_the_places_are_listed(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(listening, "find_player", lambda: None if kind == "no player" else print)
    if kind == "no recording":
        Path("meeting.wav").unlink()
    if kind == "another recording":
        Path("meeting.wav").write_bytes(b"other")
    assert run(["review", "meeting.json"]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2
    assert "listed" in told.err
