"""`transcribe redo`: the models hear again, names and edits stay, and undo restores what was there."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from diarfuse.asr_adapters import registry
from diarfuse.exporters import registry as exporters
from diarfuse.fusion.document import Document, Recording, read_document
from diarfuse.fusion.errors import AudioError
from diarfuse.fusion.types import SAMPLE_RATE, Diarization, Samples, Segment, Transcript, Turn, Word
from diarfuse.transcribe import job as job_module
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.documents import editing, redo
from diarfuse.transcribe.documents.redo import recording_beside
from tests.fusion.documents import MEETING


class Clock:
    """Hears the number of every second."""

    def __init__(self, says: str = "word") -> None:
        self.says = says

    def transcribe(self, samples: Samples, **_: object) -> Transcript:
        seconds = range(len(samples) // SAMPLE_RATE)
        words = [Word(float(n), n + 0.9, f" {self.says}{n}.", 0.9) for n in seconds]
        segments = tuple(Segment(word.start, word.end, word.text, (word,)) for word in words)
        return Transcript(segments, "en", len(samples) / SAMPLE_RATE)


class Point:
    def load(self) -> type[Clock]:
        return Clock


class Models:
    name = "parts"
    hashes = {"net": "ab" * 32}  # noqa: RUF012


class Parts:
    """Finds as many voices as are asked for, one after the other, under labels that say nothing."""

    models = Models()

    def diarize(self, samples: Samples, *, num_speakers=2, **_: object) -> Diarization:
        length = len(samples) / SAMPLE_RATE
        each = length / num_speakers
        turns = tuple(
            Turn(n * each, (n + 1) * each, f"SPEAKER_{num_speakers - 1 - n:02d}") for n in range(num_speakers)
        )
        return Diarization(turns, turns, length, ("Counted.",))


def models_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is run in `folder` hears with these models."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": Point()})
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: Parts())


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a document of eight words and two speakers, made by the program itself from these models."""
    folder = tmp_path_factory.mktemp("original")
    with pytest.MonkeyPatch.context() as monkeypatch:
        models_in(folder, monkeypatch)
        soundfile.write("meeting.wav", np.full(8 * SAMPLE_RATE, 0.1, np.float32), SAMPLE_RATE)
        assert run(["--asr", "clock", "--diarize", "--num-speakers", "2", "meeting.wav", "-o", "meeting.json"]) == 0
        assert run(["rename", "meeting.json", "SPEAKER_01=Ana", "SPEAKER_00=Ben"]) == 0
    return folder


@pytest.fixture(autouse=True)
def meeting(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in a folder of this test's own."""
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    models_in(tmp_path, monkeypatch)
    return tmp_path / "meeting.json"


def held() -> Document:
    return read_document("meeting.json")


def speakers() -> list[str | None]:
    return [word.speaker for word in held().transcript.words]


def test_what_is_told_of_speakers_is_told_under_the_names_that_the_document_has(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Doubting(Parts):
        def diarize(self, samples: Samples, **options: object) -> Diarization:
            found = super().diarize(samples, **options)  # type: ignore[arg-type]
            return replace(found, notes=("SPEAKER_01 speaks for only 0.3 s.", "SPEAKER_02 speaks for only 0.2 s."))

    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: Doubting())
    assert run(["redo", "meeting.json", "--diarize", "--num-speakers", "3"]) == 0
    spoken = {turn.speaker: turn.start for turn in held().turns}
    assert sorted(spoken) == ["Ana", "Ben", "SPEAKER_00"]
    first, second = sorted(spoken, key=spoken.__getitem__)[:2]  # labels fall with time
    told = capsys.readouterr().err
    assert f"{second} speaks for only 0.3 s." in told
    assert f"{first} speaks for only 0.2 s." in held().content.notes


def test_turns_are_found_anew_and_names_stay(capsys: pytest.CaptureFixture[str]) -> None:
    assert speakers() == ["Ana"] * 4 + ["Ben"] * 4
    before = held()
    assert run(["reassign", "meeting.json", "1-1", "Cy"]) == 0
    capsys.readouterr()
    assert run(["redo", "meeting.json", "--diarize", "--num-speakers", "4"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "meeting.json: redo diarize (4 speakers)" in told.err
    assert speakers()[0] == "Cy"
    assert set(speakers()) == {"Cy", "Ana", "Ben", "SPEAKER_00"}  # Cy's turn tells whose voice that is
    assert held().origin.settings["num_speakers"] == 4
    assert held().origin.settings["asr"] == "clock"
    assert "Counted." in held().notes
    assert run(["undo", "meeting.json"]) == 0
    assert run(["undo", "meeting.json"]) == 0
    assert held() == before


def test_words_are_recognised_anew_and_turns_and_corrections_stay() -> None:
    assert run(["text", "meeting.json", "00:00:03", "Three, really."]) == 0
    before = held()
    assert run(["redo", "meeting.json", "--asr", "clock", "--asr-option", "says=new"]) == 0
    texts = [word.text for word in held().transcript.words]
    assert texts == [" new0.", " new1.", " new2.", " Three,", " really.", " new4.", " new5.", " new6.", " new7."]
    assert speakers() == ["Ana"] * 5 + ["Ben"] * 4
    assert held().diarization == before.diarization
    assert held().history[-1].operation.told() == "redo asr clock"
    assert run(["undo", "meeting.json"]) == 0
    assert held() == before


@pytest.mark.parametrize(
    ("made", "again", "told"),
    [
        ([], ["--asr", "clock"], True),
        (["--mode", "exact"], ["--asr", "clock"], False),
        ([], ["--asr", "clock", "--join", "plain"], False),
        ([], ["--asr", "clock", "--diarize"], False),
        ([], ["--diarize"], False),
    ],
)
def test_new_words_for_saved_turns_are_said_to_follow_these_alone(made, again, told, capsys) -> None:
    assert run(["--asr", "clock", "--diarize", *made, "meeting.wav", "-o", "other.json"]) == 0
    assert run(["redo", "other.json", *again]) == 0
    sentence = "The new words follow the saved turns alone"
    assert (
        sentence in capsys.readouterr().err,
        any(sentence in note for note in read_document("other.json").notes),
    ) == (
        told,
        told,
    )


@pytest.mark.parametrize("again", [["--diarize"], ["--asr", "clock"]])
def test_all_tracks_are_heard_again_where_all_are_asked_for(again: list[str], capsys) -> None:
    """The first track is silent: who hears only that one finds nobody there."""
    with av.open("two.mka", "w") as file:
        for _ in range(2):
            file.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        for value, stream in zip((0, 3000), file.streams, strict=True):
            frame = av.AudioFrame.from_ndarray(np.full((1, 4 * SAMPLE_RATE), value, np.int16), "s16", "mono")
            frame.sample_rate = SAMPLE_RATE
            file.mux([*stream.encode(frame), *stream.encode(None)])
    tracks = ["--audio-track", "all"]
    assert run(["--asr", "clock", "--diarize", *tracks, "two.mka", "-o", "two.json"]) == 0
    first = read_document("two.json")
    capsys.readouterr()
    assert run(["redo", "two.json", *again, *tracks]) == 0
    assert "audio tracks, of which" not in capsys.readouterr().err
    found = read_document("two.json")
    assert [word.text for word in found.transcript.words] == [word.text for word in first.transcript.words]
    assert found.origin.settings["audio_track"] == "all"
    assert run(["redo", "two.json", *again]) == 0
    assert "audio tracks, of which number 1 is used" in capsys.readouterr().err


def test_words_deleted_by_hand_that_are_heard_again_are_told_in_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["text", "meeting.json", "00:00:03", ""]) == 0
    capsys.readouterr()
    assert run(["redo", "meeting.json", "--asr", "clock"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "deleted by hand" in line]
    assert len(told) == 1
    assert "is heard again" in told[0]
    assert told[0] in held().notes
    assert run(["redo", "meeting.json", "--asr", "clock"]) == 0
    assert "deleted by hand" not in capsys.readouterr().err  # they are there already


def test_both_at_once_and_a_recording_named() -> None:
    Path("meeting.wav").rename("moved.wav")
    assert run(["redo", "meeting.json", "moved.wav", "--asr", "clock", "--diarize", "--num-speakers", "1"]) == 0
    assert set(speakers()) == {"Ana"}
    assert held().history[-1].operation.told() == "redo asr clock and diarize"


def test_edits_made_meanwhile_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Parts):
        def diarize(self, samples: Samples, **options: object) -> Diarization:
            assert run(["rename", "meeting.json", "Ana=Zoe"]) == 0
            return super().diarize(samples, **options)

    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: Slow())
    assert run(["redo", "meeting.json", "--diarize", "--num-speakers", "2"]) == 0
    assert speakers() == ["Zoe"] * 4 + ["Ben"] * 4
    assert len(held().history) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence", "code"),
    [
        ([], "Give --diarize", 2),
        (["--asr", "clock", "--num-speakers", "2"], "--num-speakers does nothing without --diarize", 2),
        (["none.wav", "--diarize"], "There is no file 'none.wav'", 1),
        (["other.wav", "--diarize"], "other.wav is not the recording that meeting.json is about", 1),
        (["--asr", "none"], "Unknown recogniser 'none'", 2),
    ],
)
def test_what_cannot_be_is_told_and_nothing_changes(
    arguments: list[str], sentence: str, code: int, capsys: pytest.CaptureFixture[str], meeting: Path
) -> None:
    soundfile.write("other.wav", np.full(8 * SAMPLE_RATE, 0.2, np.float32), SAMPLE_RATE)
    before = meeting.read_bytes()
    assert run(["redo", "meeting.json", *arguments]) == code
    assert sentence in capsys.readouterr().err
    assert meeting.read_bytes() == before


def test_a_document_that_cannot_be_written_is_told_before_the_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def heard(*_: object) -> None:
        raise AssertionError

    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = Path("meeting.json").read_bytes()
    monkeypatch.setattr(redo, "_heard", heard)
    with monkeypatch.context() as patch:
        patch.setattr(editing, "check_writable", full)
        assert run(["redo", "meeting.json", "--diarize"]) == 1
        assert "meeting.json cannot be written (No space left on device) and stays as it" in capsys.readouterr().err
    monkeypatch.setattr(editing, "is_protected", lambda _: True)
    assert run(["redo", "meeting.json", "--diarize"]) == 1
    assert "meeting.json cannot be written (Permission denied) and stays as it was" in capsys.readouterr().err
    assert Path("meeting.json").read_bytes() == before


def test_a_recording_that_is_gone_once_it_was_heard_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = redo._heard

    def heard(*given: object) -> object:
        found = real(*given)
        Path("meeting.wav").unlink()
        return found

    monkeypatch.setattr(redo, "_heard", heard)
    assert run(["redo", "meeting.json", "--diarize", "--num-speakers", "3"]) == 0
    assert len(held().speakers) == 3


def test_a_document_that_does_not_know_its_recording_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "meeting.json", "--clean", "-o", "clean.json"]) == 0
    assert run(["redo", "clean.json", "--diarize"]) == 1
    assert "does not tell the recording's name" in capsys.readouterr().err
    assert run(["redo", "clean.json", "meeting.wav", "--diarize"]) == 0


@pytest.mark.parametrize("name", exporters.names())
def test_every_format_from_the_file_is_the_runs_own(name: str) -> None:
    """In the program as people run it, not only with invented documents."""
    command = ["--asr", "clock", "--diarize", "--num-speakers", "3", "meeting.wav"]
    assert (
        run(
            [*command, "-o", "a.json", "-o", f"a{exporters.ending(name)}"]
            if name != "json"
            else [*command, "-o", "a.json"]
        )
        == 0
    )
    written = Path(f"a{exporters.ending(name)}").read_bytes()
    assert run(["export", "a.json", "-o", f"again{exporters.ending(name)}"]) == 0
    assert written == Path(f"again{exporters.ending(name)}").read_bytes()


@pytest.mark.parametrize(
    ("again", "seconds", "said"),
    [
        ("--diarize", 1, "a.wav lasts 1.0 s, and words begin at 7.0 s: give their own recording"),
        ("--asr=clock", 0, "No words could be found in a.wav: the document stays as it was"),
    ],
)
def test_nothing_is_no_better_than_what_was_there(again: str, seconds: int, said: str, capsys) -> None:
    row = exporters.dumps(replace(held(), recording=None), "json")
    Path("other.json").write_text(str(row), encoding="utf-8")
    soundfile.write("a.wav", np.full(seconds * SAMPLE_RATE + 100, 0.1, np.float32), SAMPLE_RATE)
    assert run(["redo", "other.json", "a.wav", again]) == 1
    assert said in capsys.readouterr().err
    assert Path("other.json").read_text(encoding="utf-8") == row


def test_a_document_does_not_have_a_file_of_another_folder_heard(tmp_path):
    (tmp_path / "private.wav").write_bytes(b"x")
    (tmp_path / "in").mkdir()
    for name in (str(tmp_path / "private.wav"), "../private.wav"):
        sent = replace(MEETING, recording=Recording(name, "", 10.0))
        with pytest.raises(AudioError, match=r"private\.wav' is not there: give its file"):
            recording_beside(tmp_path / "in" / "m.json", sent, None)
        given = tmp_path / "private.wav"
        assert recording_beside(tmp_path / "in" / "m.json", sent, given) == given


def test_separate_files_are_heard_again_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    """All files beside the document, or one with their mix; what is missing or another is told by its name."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (3, 10 * SAMPLE_RATE)).astype(np.float32)
    for name, samples in zip(("ana.wav", "ben.wav", "mix.wav"), noise, strict=True):
        soundfile.write(name, samples[: 8 * SAMPLE_RATE] if name == "ben.wav" else samples, SAMPLE_RATE)
    call = ["--asr", "clock", "--channels", "ana.wav", "ben.wav", "--offset", "ben.wav=2", "-o", "talk.json"]
    assert run(call) == 0
    assert len(read_document("talk.json").transcript.words) == 20
    assert run(["redo", "talk.json", "--asr", "clock"]) == 0
    again = read_document("talk.json")
    assert (len(again.transcript.words), again.transcript.duration) == (10, 10.0)
    assert set(again.speakers) == {"ana", "ben"}
    assert run(["redo", "talk.json", "mix.wav", "--diarize"]) == 0
    assert read_document("talk.json").undo() == again
    before = Path("talk.json").read_bytes()
    capsys.readouterr()
    with Path("ben.wav").open("ab") as file:
        file.write(b"x")
    assert run(["redo", "talk.json", "--diarize"]) == 1
    assert "ben.wav is not the recording that talk.json is about (its bytes differ)" in capsys.readouterr().err
    Path("ben.wav").unlink()
    assert run(["redo", "talk.json", "--diarize"]) == 1
    told = capsys.readouterr().err
    assert "The recording is 2 files, and beside talk.json 'ben.wav' is not: put all of them there" in told
    assert Path("talk.json").read_bytes() == before


def test_separate_files_of_one_name_cannot_lie_beside_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor can those that are one file by now: all else is done with it all the same, and the mix heard again."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (3, 4 * SAMPLE_RATE)).astype(np.float32)
    for folder in ("ana", "ben"):
        Path(folder).mkdir()
    for name, samples in zip(("ana/track.wav", "ben/track.wav", "mix.wav"), noise, strict=True):
        soundfile.write(name, samples, SAMPLE_RATE)
    assert run(["--asr", "clock", "--channels", "ana/track.wav", "ben/track.wav", "-o", "talk.json"]) == 0
    assert "track.wav (1) is SPEAKER_00; track.wav (2) is SPEAKER_01." in capsys.readouterr().err
    Path("track.wav").symlink_to("ana/track.wav")
    assert run(["redo", "talk.json", "--asr", "clock"]) == 1
    said = capsys.readouterr().err
    assert "2 files, 'track.wav', 'track.wav', and what lies beside talk.json under these names cannot be put" in said
    assert run(["export", "talk.json", "-o", "talk.html"]) == 0
    assert run(["redo", "talk.json", "mix.wav", "--asr", "clock"]) == 0
    late = json.loads(Path("talk.json").read_text(encoding="utf-8"))
    late["audio"]["files"] = [{"name": name, "sha256": "", "start": 9e4} for name in ("track.wav", "mix.wav")]
    Path("late.json").write_text(json.dumps(late), encoding="utf-8")
    assert run(["redo", "late.json", "--asr", "clock"]) == 1
    assert "(two are one file, or one begins a day late)" in capsys.readouterr().err
