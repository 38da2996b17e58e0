"""The sound of a recording is kept however it ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio import keeping
from diarfuse.fusion.errors import AudioError, OutputError
from diarfuse.fusion.landing import landing
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.live import recording, sound, sources
from diarfuse.transcribe.live.sound import Sound
from tests.fusion.audio.test_keeping import Small
from tests.transcribe.live.test_recording import LIVE

BLOCK = (np.arange(32_000) % 100 / 32_768).astype(np.float32)


def heard(*sizes: int):
    return lambda: iter([BLOCK[:size] for size in sizes])


@pytest.mark.usefixtures("talk")
@pytest.mark.parametrize("failing", ["conclude", "merged"])
def test_it_is_kept_where_the_end_fails(monkeypatch, capfd, failing):
    def fail(*_):
        raise AudioError("The recogniser failed: try again.")

    monkeypatch.setattr(recording, failing, fail)
    assert run([*LIVE, "-o", "a.srt", "--save-audio", "kept.wav"]) == 1
    assert np.array_equal(soundfile.read("kept.wav")[0], soundfile.read("talk.wav")[0])
    assert capfd.readouterr().err.count("Wrote kept.wav: 10 s of sound.") == 1


@pytest.mark.usefixtures("talk")
def test_it_is_kept_where_the_source_fails(monkeypatch):
    def device(*_):
        yield BLOCK
        raise OutputError("The folder for temporary files is full.")

    monkeypatch.setattr(sources, "check_microphone", lambda *_: None)
    monkeypatch.setattr(sources, "from_microphone", device)
    assert run(["live", "--diarizer", "campplus", "-o", "a.srt", "--save-audio", "kept.flac"]) == 1
    assert np.array_equal(soundfile.read("kept.flac", dtype="float32")[0], BLOCK)


@pytest.mark.usefixtures("talk")
def test_it_is_kept_where_the_folder_for_temporary_files_is_full(monkeypatch, capfd):
    monkeypatch.setattr(Small, "room", 160_001)
    monkeypatch.setattr(keeping.tempfile, "TemporaryFile", lambda *_, **__: Small())
    assert run([*LIVE, "-o", "a.srt", "--save-audio", "kept.wav"]) == 1
    kept, whole = (soundfile.read(name)[0] for name in ("kept.wav", "talk.wav"))
    assert 0 < len(kept) <= 80_000
    assert np.array_equal(kept, whole[: len(kept)])
    told = capfd.readouterr().err
    assert "The folder for temporary files" in told.splitlines()[-1]
    assert "Wrote kept.wav" in told


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]])
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.usefixtures("talk")
def test_it_is_kept_where_somebody_ends_the_program(monkeypatch, capfd, signals):
    gone = threading.Event()

    def device(*_):
        yield BLOCK
        for number in signals:
            os.kill(os.getpid(), number)
            gone.wait(0.3)  # a moment, for two at once would be one
        gone.wait(60)

    monkeypatch.setattr(sources, "check_microphone", lambda *_: None)
    monkeypatch.setattr(sources, "from_microphone", device)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        assert run(["live", "--diarizer", "campplus", "-o", "a.srt", "--save-audio", "kept.wav"]) == 130
        told = capfd.readouterr().err.splitlines()
    finally:
        gone.set()
        for number, handler in before.items():
            signal.signal(number, handler)
    assert np.array_equal(soundfile.read("kept.wav", dtype="float32")[0], BLOCK)
    assert told[-2:] == ["Wrote kept.wav: 2 s of sound.", "Stopped: nothing is half-written."]


def test_where_nothing_came_the_file_that_is_there_stays(tmp_path: Path):
    path, wrote = tmp_path / "a.wav", []
    path.write_bytes(b"of yesterday")
    kept = Sound(path, [heard()])
    kept.keep(wrote.append)
    kept.tell(lambda *_: wrote.append("told"))
    assert (path.read_bytes(), wrote) == (b"of yesterday", [])


def test_what_the_disk_had_no_room_for_is_told_and_tried_again_at_the_end(tmp_path: Path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    notes, wrote = [], []
    kept = Sound(tmp_path / "a.wav", [heard(32_000)])
    monkeypatch.setattr(sound, "landing", full)
    kept.keep(notes.append)
    kept.keep(notes.append)
    assert len(notes) == 1
    assert "No space left on device" in notes[0]
    with pytest.raises(OutputError, match="No space"):
        kept.end([BLOCK])
    kept.end([BLOCK], notes.append)
    assert len(notes) == 2
    monkeypatch.setattr(sound, "landing", landing)
    kept.end([BLOCK])
    kept.tell(lambda *told: wrote.append(told))
    assert wrote == [(tmp_path / "a.wav", "2 s of sound")]
    assert np.array_equal(soundfile.read(tmp_path / "a.wav", dtype="float32")[0], BLOCK)


def test_of_channels_of_which_one_is_a_block_ahead_all_is_kept_that_both_have(tmp_path: Path):
    Sound(tmp_path / "a.wav", [heard(32_000, 16_000), heard(32_000, 4_000)]).keep(pytest.fail)
    samples = soundfile.read(tmp_path / "a.wav", dtype="float32")[0]
    assert samples.shape == (36_000, 2)


def test_whoever_comes_second_waits_for_the_first(tmp_path: Path):
    begun, go = threading.Event(), threading.Event()

    def slowly():
        begun.set()
        assert go.wait(60)
        yield BLOCK

    kept, told = Sound(tmp_path / "a.wav", [slowly]), []
    first = threading.Thread(target=kept.keep, args=[pytest.fail])
    second = threading.Thread(target=lambda: (kept.keep(pytest.fail), kept.tell(lambda *_: told.append("it"))))
    first.start()
    assert begun.wait(60)
    second.start()
    go.set()
    first.join()
    second.join()
    assert told == ["it"]
