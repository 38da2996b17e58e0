"""What was found before a job failed is kept: nothing of it is lost, and nothing that is not known is made up."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from diarfuse.asr_adapters import registry
from diarfuse.fusion.document import Document, read_document
from diarfuse.fusion.errors import CancelledError, LowMemoryError, ModelError
from diarfuse.fusion.types import SAMPLE_RATE, Diarization, Samples, Segment, Transcript, Turn, Word
from diarfuse.transcribe import job as job_module
from diarfuse.transcribe import joining, runs
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.documents.rescue import rescuing
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import JobOptions
from diarfuse.transcribe.screen.interrupt import Cancel, Interruptible

SECONDS = 4


class Clock:
    """Hears the number of every second; fails in the recordings whose level is in `fails`."""

    fails: tuple[float, ...] = ()

    def transcribe(self, samples: Samples, **_: object) -> Transcript:
        if round(float(np.abs(samples).max()), 1) in self.fails:
            raise ModelError("The recogniser is broken.")
        level = round(10 * float(np.abs(samples).max()))
        words = [Word(float(n), n + 0.9, f" {level}.{n}", 0.9) for n in range(len(samples) // SAMPLE_RATE)]
        segments = tuple(Segment(word.start, word.end, word.text, (word,)) for word in words)
        return Transcript(segments, "en", len(samples) / SAMPLE_RATE)


class Broken:
    """A diarizer that fails."""

    models = SimpleNamespace(name="broken", hashes={})

    def __init__(self, error: Exception) -> None:
        self.error = error

    def diarize(self, *_: object, **__: object) -> Diarization:
        raise self.error


class One(Broken):
    """A diarizer that hears one voice."""

    def diarize(self, samples: Samples, **_: object) -> Diarization:
        turns = (Turn(0.0, len(samples) / SAMPLE_RATE, "SPEAKER_00"),)
        return Diarization(turns, turns, len(samples) / SAMPLE_RATE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Here lie the recordings; temporary files come into ``temporary/``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": SimpleNamespace(load=lambda: Clock)})
    monkeypatch.setattr(Clock, "fails", ())
    level = np.full((SECONDS * SAMPLE_RATE, 2), (0.1, 0.2), np.float32)
    soundfile.write("mono.wav", level[:, 0], SAMPLE_RATE, subtype="FLOAT")
    level[: SAMPLE_RATE // 2, 1] = 0.0
    soundfile.write("call.wav", level, SAMPLE_RATE, subtype="FLOAT")
    return tmp_path


def diarizes(monkeypatch: pytest.MonkeyPatch, diarizer: Broken) -> None:
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: diarizer)


def kept(told: str, folder: Path) -> Document:
    """The document that is kept, whose place is told in one line; nothing else lies there."""
    (file,) = (folder / "temporary").iterdir()
    assert [line for line in told.splitlines() if str(file) in line and "for you alone" in line]
    return read_document(file)


def texts(document: Document) -> list[str]:
    return [word.text for word in document.transcript.words]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "Error: There is not enough memory"),
        (LowMemoryError("Too little memory is free."), "Error: Too little memory is free."),
        (ModelError("The network is damaged."), "Error: The network is damaged."),
        (RuntimeError("Failed to allocate memory for requested buffer"), "Error: There is not enough memory"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_words_outlast_a_diarizer_that_fails(error, told, folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, Broken(error))
    assert run(["--diarize", "--asr", "clock", "mono.wav", "-o", "mono.srt"]) == 1
    said = capsys.readouterr().err
    found = kept(said, folder)
    assert told in said.splitlines()[-1]
    assert "All words of mono.wav are kept without speakers" in said
    assert texts(found) == [f" 1.{n}" for n in range(SECONDS)]
    assert (found.diarization, found.speakers) == (None, ())
    assert not Path("mono.srt").exists()  # it was to have speakers
    diarizes(monkeypatch, One(error))
    (file,) = (folder / "temporary").iterdir()
    assert run(["attach", str(file), "mono.wav", "-o", "mono.srt"]) == 0  # what the sentence says
    assert "SPEAKER_00: 1.0" in Path("mono.srt").read_text(encoding="utf-8")


def test_where_temporary_files_have_no_room_this_folder_keeps_it(folder, monkeypatch, capsys) -> None:
    (folder / "temporary").rmdir()
    diarizes(monkeypatch, Broken(OSError(28, "No space left on device")))
    assert run(["--diarize", "--asr", "clock", "mono.wav", "-o", "mono.srt"]) == 1
    (file,) = folder.glob("diarfuse-*.json")
    assert f"All words of mono.wav are kept without speakers in {file}, for you alone" in capsys.readouterr().err
    assert len(texts(read_document(file))) == SECONDS


def test_an_error_that_nobody_foresaw_is_raised_and_costs_no_words(folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, Broken(IndexError("index 7 is out of bounds")))
    with pytest.raises(IndexError):
        run(["--diarize", "--asr", "clock", "mono.wav", "-q"])
    assert len(texts(kept(capsys.readouterr().err, folder))) == SECONDS


def test_one_of_several_that_needs_too_much_memory_costs_no_other(folder, monkeypatch, capsys) -> None:
    class Picky(One):
        def diarize(self, samples: Samples, **asked: object) -> Diarization:
            if samples.max() < 0.15:
                raise MemoryError
            return super().diarize(samples, **asked)

    diarizes(monkeypatch, Picky(MemoryError()))
    soundfile.write("loud.wav", np.full(SECONDS * SAMPLE_RATE, 0.3, np.float32), SAMPLE_RATE, subtype="FLOAT")
    assert run(["--diarize", "--asr", "clock", "mono.wav", "loud.wav", "--live-text", "-o", "out/"]) == 1
    said = capsys.readouterr().err
    assert texts(kept(said, folder)) == [f" 1.{n}" for n in range(SECONDS)]
    assert "Error: mono.wav: there is not enough memory" in said
    assert [file.name for file in Path("out").iterdir()] == ["loud.srt"]


def test_where_the_join_or_the_names_fail_the_most_that_is_whole_is_kept(folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(joining, "join", fail)
        assert run(["--diarize", "--asr", "clock", "mono.wav"]) == 1
    assert kept(capsys.readouterr().err, folder).speakers == ()
    for file in (folder / "temporary").iterdir():
        file.unlink()
    monkeypatch.setattr(runs, "name_labels", fail)
    assert run(["--diarize", "--asr", "clock", "--name", "SPEAKER_00=Ana", "mono.wav"]) == 1
    found = kept(capsys.readouterr().err, folder)
    assert (found.speakers, len(found.turns)) == (("SPEAKER_00",), 1)


def test_turns_outlast_a_recogniser_that_fails_beside_them(folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))
    monkeypatch.setattr(Clock, "fails", (0.1,))
    monkeypatch.setattr(job_module, "beside_recogniser", lambda execution: execution)
    monkeypatch.setattr(job_module, "together", lambda words, turns, _: (turns(), words()))
    assert run(["--diarize", "--asr", "clock", "mono.wav"]) == 1
    said = capsys.readouterr().err
    found = kept(said, folder)
    assert (texts(found), len(found.turns)) == ([], 1)
    assert "Who spoke when in mono.wav is kept without words" in said
    assert said.splitlines()[-1] == "Error: The recogniser is broken."


class Telling(Clock):
    """Tells what it hears, a second as a minute, and stops in the middle; `ends` does the stopping."""

    tells_segments = True

    def transcribe(self, samples: Samples, *, on_segment=None, on_progress=None, **_: object) -> Transcript:
        found = super().transcribe(samples)
        for number, segment in enumerate(found.segments):
            if number == SECONDS // 2 and samples.max() > self.hears:
                self.ends(on_progress)
            on_segment(replace(segment, start=segment.start * 60, end=segment.end * 60, words=()))
        return found

    hears = 0.0

    def ends(self, _: object) -> None:
        raise ModelError("The recogniser is broken.")


def telling(monkeypatch: pytest.MonkeyPatch, **more: object) -> None:
    made = type("Telling", (Telling,), more)
    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": SimpleNamespace(load=lambda: made)})


@pytest.mark.parametrize("more", [[], ["--diarize"], ["--live-text"]])
def test_what_was_heard_outlasts_a_recogniser_that_fails_midway(more, folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))
    telling(monkeypatch)
    assert run(["--asr", "clock", "mono.wav", *more]) == 1
    said = capsys.readouterr().err
    found = kept(said, folder)
    assert [segment.text for segment in found.transcript.segments] == [f" 1.{n}" for n in range(SECONDS // 2)]
    assert "The words of mono.wav that were heard by then are kept without speakers in" in said
    assert found.notes == ("The words are those that were heard until the work ended; more was to come.",)
    assert found.recording is not None
    assert len(found.recording.sha256) == 64


def test_of_channels_what_was_heard_of_each_is_kept(folder, monkeypatch, capsys) -> None:
    telling(monkeypatch, hears=0.15)
    assert run(["--asr", "clock", "call.wav", "--channels"]) == 1
    texts_ = [segment.text for segment in kept(capsys.readouterr().err, folder).transcript.segments]
    assert texts_ == [" 1.0", " 2.0", " 1.1", " 2.1", *(f" 1.{n}" for n in range(2, SECONDS))]


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
@pytest.mark.parametrize(("native", "name"), [(True, "SIGTERM"), (True, "SIGQUIT"), (False, "SIGINT")])
def test_what_was_heard_outlasts_a_stop(native, name, folder, monkeypatch, capsys) -> None:
    def ends(_: Telling, on_progress) -> None:
        time.sleep(0.1)  # until the main thread waits, as it does for nearly all of an hour
        os.kill(os.getpid(), getattr(signal, name))
        for _ in range(600 if native else 0):
            time.sleep(0.1)
            if list((folder / "temporary").iterdir()):
                break
        for _ in range(6000):
            time.sleep(0.01)
            on_progress("recognise", 1, 2)

    number = getattr(signal, name)
    before = signal.getsignal(number)
    telling(monkeypatch, ends=ends)
    try:
        assert run(["--asr", "clock", "mono.wav", "-q"]) == 130
    finally:
        signal.signal(number, before)
    said = capsys.readouterr().err
    found = kept(said, folder)
    assert [segment.text for segment in found.transcript.segments] == [" 1.0", " 1.1"]
    assert found.recording is not None
    assert (found.recording.name, found.recording.sha256) == ("mono.wav", "")
    assert said.splitlines()[-1] == "Stopped: nothing is half-written."


def test_whoever_stops_within_a_minute_wants_nothing(folder) -> None:
    words = Clock().transcribe(np.full(SAMPLE_RATE, 0.1, np.float32))
    for whole in (True, False):
        with pytest.raises(CancelledError), rescuing(Path("mono.wav"), pytest.fail, Cancel()) as found:
            _find_and_stop(found.hear if whole else lambda words, _: found(words.segments[0]), words)
    assert list((folder / "temporary").iterdir()) == []


def test_what_is_kept_is_kept_once(folder) -> None:
    cancel, told, words = Cancel(), list[str](), Transcript((), None, 0.0)
    with pytest.raises(CancelledError), rescuing(Path("mono.wav"), told.append, cancel) as found:
        _find_and_stop(lambda *_: (found(Segment(0.0, 99.0, " Hello.")), cancel.instead[0]()), words)
    for act in cancel.instead:
        act()
    assert (len(told), len(list((folder / "temporary").iterdir()))) == (1, 1)


def test_what_is_done_and_not_taken_yet_is_kept(folder) -> None:
    told, words = list[str](), Transcript((Segment(0.0, 99.0, " Hello."),), "en", 99.0)

    def work(cancel: Cancel) -> None:
        with rescuing(Path("mono.wav"), told.append, cancel) as found:
            found.hear(words, None)

    done = Interruptible(work)  # as of the second of two recordings, while the first is in work
    done.wait()
    done.end()
    assert kept("\n".join(told), folder).transcript == words


@pytest.mark.parametrize("more", [[], ["--channels"], ["--channels", "hybrid"]])
def test_a_recogniser_that_fails_leaves_nothing_false(more, folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))
    monkeypatch.setattr(Clock, "fails", (0.1, 0.2) if not more else (0.2,))
    assert run(["--diarize", "--asr", "clock", "call.wav", *more]) == 1
    assert list((folder / "temporary").iterdir()) == []
    assert capsys.readouterr().err.splitlines()[-1] == "Error: The recogniser is broken."


def test_of_channels_all_words_are_kept_though_no_voice_can_be_told_apart(folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, Broken(MemoryError()))
    assert run(["--channels", "hybrid", "--asr", "clock", "call.wav"]) == 1
    found = kept(capsys.readouterr().err, folder)
    assert texts(found) == [f" {level}.{n}" for n in range(SECONDS) for level in (1, 2)]
    assert found.speakers == ()


def test_of_separate_files_words_are_kept_and_no_command_of_one_file_is_advised(folder, monkeypatch, capsys) -> None:
    samples, rate = soundfile.read("call.wav", dtype="float32")
    for name, side in zip(("ana.wav", "ben.wav"), samples.T, strict=True):
        soundfile.write(name, side, rate)
    diarizes(monkeypatch, Broken(MemoryError()))
    assert run(["--channels", "hybrid", "--asr", "clock", "ana.wav", "ben.wav"]) == 1
    said = capsys.readouterr().err
    assert "All words of ana.wav and ben.wav are kept without speakers in" in said
    assert ": give it to transcribe export, then remove it." in said
    found = kept(said, folder)
    assert (found.name, [file.name for file in found.recording.files]) == ("ana+ben", ["ana.wav", "ben.wav"])
    assert len(texts(found)) == 2 * SECONDS


def test_whoever_stops_it_wants_nothing(folder) -> None:
    words = Clock().transcribe(np.full(SAMPLE_RATE, 0.1, np.float32))
    with pytest.raises(CancelledError), rescuing(Path("mono.wav"), pytest.fail) as found:
        _find_and_stop(found.hear, words)
    with pytest.raises(MemoryError), rescuing(Path("mono.wav"), pytest.fail):
        raise MemoryError  # nothing was found
    assert list((folder / "temporary").iterdir()) == []


def test_a_program_of_others_hears_the_words_before_the_diarizer_fails(monkeypatch) -> None:
    diarizes(monkeypatch, Broken(MemoryError()))
    found: list[Transcript | None] = []
    with pytest.raises(MemoryError):
        Job(JobOptions(diarize=True, asr="clock")).transcribe("mono.wav", on_found=lambda words, _: found.append(words))
    assert [len(each.words) for each in found if each] == [SECONDS]


def test_a_document_that_cannot_be_written_costs_nothing_that_was_heard(folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))
    assert run(["--diarize", "--asr", "clock", "mono.wav", "-o", "mono.json"]) == 0
    before = Path("mono.json").read_bytes()
    monkeypatch.setattr("diarfuse.transcribe.documents.editing.write_whole", _full)
    capsys.readouterr()
    assert run(["redo", "mono.json", "--asr", "clock"]) == 1
    said = capsys.readouterr().err
    assert re.search(r"Error: .*mono.json cannot be written \(No space left on device\) and stays as it was: ", said)
    assert "The new result is kept in" in said
    assert [change.operation.told() for change in kept(said, folder).history] == ["redo asr clock"]
    assert Path("mono.json").read_bytes() == before


@pytest.mark.parametrize("to", [None, "[]"])
def test_a_document_that_goes_away_meanwhile_costs_nothing_that_was_heard(to, folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))
    assert run(["--diarize", "--asr", "clock", "mono.wav", "-o", "mono.json"]) == 0

    class Slow(Clock):
        def transcribe(self, samples: Samples, **asked: object) -> Transcript:
            Path("mono.json").unlink() if to is None else Path("mono.json").write_text(to, encoding="utf-8")
            return super().transcribe(samples, **asked)

    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": SimpleNamespace(load=lambda: Slow)})
    capsys.readouterr()
    assert run(["redo", "mono.json", "--asr", "clock"]) == 1
    assert len(kept(capsys.readouterr().err, folder).history) == 1


def test_new_words_outlast_a_diarizer_that_fails_after_them(folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))
    assert run(["--diarize", "--asr", "clock", "mono.wav", "-o", "mono.json"]) == 0
    before = Path("mono.json").read_bytes()
    diarizes(monkeypatch, Broken(MemoryError()))
    capsys.readouterr()
    assert run(["redo", "mono.json", "--asr", "clock", "--diarize"]) == 1
    assert len(texts(kept(capsys.readouterr().err, folder))) == SECONDS
    assert Path("mono.json").read_bytes() == before


def test_turns_of_attach_outlast_a_join_that_fails(folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))
    assert run(["--asr", "clock", "mono.wav", "-o", "words.json"]) == 0

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("diarfuse.fusion.attaching.attach_reading", fail)
    capsys.readouterr()
    assert run(["attach", "words.json", "mono.wav", "-o", "mono.srt"]) == 1
    assert len(kept(capsys.readouterr().err, folder).turns) == 1


def test_turns_of_identify_outlast_voices_that_cannot_be_compared(folder, monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))

    class Fails:
        def names(self, *_: object) -> None:
            raise MemoryError

    monkeypatch.setattr("diarfuse.transcribe.voices.namer.load_namer", lambda **_: Fails())
    assert run(["identify", "mono.wav", "-o", "mono.rttm"]) == 1
    assert len(kept(capsys.readouterr().err, folder).turns) == 1


class Meddling(Clock):
    """Something changes while it hears."""

    def transcribe(self, samples: Samples, **asked: object) -> Transcript:
        found = super().transcribe(samples, **asked)
        soundfile.write("mono.wav", np.full(2 * SECONDS * SAMPLE_RATE, 0.3, np.float32), SAMPLE_RATE, subtype="FLOAT")
        return found


def test_a_result_is_not_said_to_be_of_what_took_the_place_of_its_recording(monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))
    assert run(["--diarize", "--asr", "clock", "mono.wav", "-o", "before.json"]) == 0
    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": SimpleNamespace(load=lambda: Meddling)})
    assert run(["--diarize", "--asr", "clock", "mono.wav", "-o", "mono.json"]) == 0
    sentence = "mono.wav changed while it was heard: the result is of what it held before."
    assert sentence in capsys.readouterr().err
    found, before = read_document("mono.json"), read_document("before.json")
    assert (found.transcript, found.turns) == (before.transcript, before.turns)
    assert found.recording is not None
    assert (found.recording.name, found.recording.sha256, found.notes) == ("mono.wav", "", (sentence,))


@pytest.mark.parametrize("there", [False, True])
def test_a_result_of_the_same_that_comes_meanwhile_is_not_lost_and_neither_is_ours(
    there, folder, monkeypatch, capsys
) -> None:
    class Slow(Clock):
        def transcribe(self, samples: Samples, **asked: object) -> Transcript:
            Path("mono.json").write_text("the other's")
            return super().transcribe(samples, **asked)

    if there:
        Path("mono.json").write_text("an older one")
    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": SimpleNamespace(load=lambda: Slow)})
    assert run(["--asr", "clock", "mono.wav", "-o", "mono.json"]) == 1
    said = capsys.readouterr().err
    assert "Error: mono.json was written by another program in the meantime, and stays: choose another -o." in said
    assert len(texts(kept(said, folder))) == SECONDS
    assert Path("mono.json").read_text() == "the other's"
    assert run(["--asr", "clock", "mono.wav", "-o", "mono.json", "--replace"]) == 0
    assert len(texts(read_document("mono.json"))) == SECONDS


def test_redo_hears_one_recording_and_not_two(monkeypatch, capsys) -> None:
    diarizes(monkeypatch, One(MemoryError()))
    assert run(["--diarize", "--asr", "clock", "mono.wav", "-o", "mono.json"]) == 0
    before = Path("mono.json").read_bytes()
    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": SimpleNamespace(load=lambda: Meddling)})
    assert run(["redo", "mono.json", "--asr", "clock", "--diarize"]) == 1
    assert "mono.wav changed while it was heard: the document stays as it was; do it again." in capsys.readouterr().err
    assert Path("mono.json").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be removed there")
def test_a_result_outlasts_the_folder_that_it_was_begun_in(folder, monkeypatch, capsys) -> None:
    (folder / "here").mkdir()
    (folder / "mono.wav").rename(folder / "here" / "mono.wav")
    monkeypatch.chdir(folder / "here")

    class Removing(Clock):
        def transcribe(self, samples: Samples, **asked: object) -> Transcript:
            shutil.rmtree(folder / "here")
            return super().transcribe(samples, **asked)

    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": SimpleNamespace(load=lambda: Removing)})
    assert run(["--asr", "clock", "--live-text", "mono.wav", "-o", "mono.srt"]) == 1
    assert len(texts(kept(capsys.readouterr().err, folder))) == SECONDS
    monkeypatch.chdir(folder)


def _find_and_stop(on_found, words: Transcript) -> None:
    on_found(words, None)
    raise CancelledError("Stopped.")


def _full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")
