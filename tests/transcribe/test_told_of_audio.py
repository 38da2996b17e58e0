"""What is told of a recording's audio: on stderr, and in the notes of the result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from diarfuse.asr_adapters import registry
from diarfuse.diarize.runtime import Runtime
from diarfuse.fusion.types import SAMPLE_RATE, Diarization, Samples, Segment, Transcript, Turn, Word
from diarfuse.transcribe import job as job_module
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.live.sources import count_channels

EMPTY = "The result is empty: no speech was found in {}."


class Ears:
    """Hears one word for every recording that has sound: its loudest frequency."""

    def transcribe(self, samples: Samples, *, language=None, **_: object) -> Transcript:
        if not samples.any():
            return Transcript((), language, len(samples) / SAMPLE_RATE)
        hertz = np.argmax(np.abs(np.fft.rfft(samples[:SAMPLE_RATE]))) / min(1, len(samples) / SAMPLE_RATE)
        word = Word(0.0, 0.5, f" {round(float(hertz), -1):.0f}")
        return Transcript((Segment(0.0, 0.5, word.text, (word,)),), "en", len(samples) / SAMPLE_RATE)


class Turns:
    models = None  # that could be told of
    runtime = Runtime("cpu", 1)

    def within(self, *_: object) -> Turns:
        return self

    def diarize(self, samples: Samples, **_: Any) -> Diarization:
        turns = (Turn(0.0, 0.5, "SPEAKER_00"),) if samples.any() else ()
        return Diarization(turns, turns, len(samples) / SAMPLE_RATE)


class Point:
    def load(self) -> type[Ears]:
        return Ears


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_foreign", lambda: {"ears": Point()})
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: Turns())
    return tmp_path


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was said on stderr, but for the files that were written."""
    return [line for line in capsys.readouterr().err.splitlines() if not line.startswith("Wrote ")]


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(np.float32)


def two_tracks(path: Path) -> None:
    with av.open(str(path), "w") as file:
        streams: list[Any] = [file.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono") for _ in range(2)]
        for stream, hertz in zip(streams, (500, 1000), strict=True):
            samples = (32767 * tone(hertz)).astype(np.int16)[np.newaxis]
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, 0
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))


@pytest.mark.parametrize("command", [["--asr", "ears"], ["--asr", "ears", "--diarize"], ["diarize"]])
def test_an_empty_result_is_told(folder: Path, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    soundfile.write("silence.wav", np.zeros(4000), 16_000)
    assert run([*command, "silence.wav", "-o", "out.json"]) == 0
    assert told(capsys) == [EMPTY.format("silence.wav")]
    assert json.loads(Path("out.json").read_text(encoding="utf-8"))["notes"] == [EMPTY.format("silence.wav")]
    soundfile.write("sound.wav", tone(500), 16_000)
    assert run([*command, "silence.wav", "sound.wav", "-o", "./", "--format", "json"]) == 0
    assert told(capsys) == [f"silence.wav: {EMPTY.format('silence.wav')}"]
    assert json.loads((folder / "sound.json").read_text(encoding="utf-8"))["notes"] == []


def test_speech_without_words_is_not_called_silence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = Ears()
    monkeypatch.setattr(deaf, "transcribe", lambda samples, **_: Transcript((), "en", len(samples) / SAMPLE_RATE))
    monkeypatch.setattr(Point, "load", lambda _: lambda: deaf)
    soundfile.write("quiet.wav", tone(500), SAMPLE_RATE)
    assert run(["--asr", "ears", "--diarize", "quiet.wav", "-o", "out.json"]) == 0
    said = (
        "No words were recognised in quiet.wav, in which somebody speaks for 0.5 s: "
        "check its level and --language, or take another --asr."
    )
    assert told(capsys) == [said]
    assert json.loads(Path("out.json").read_text(encoding="utf-8"))["notes"] == [said]


def test_an_empty_channel_is_no_empty_result(capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write("call.wav", np.stack([tone(500), np.zeros(SAMPLE_RATE)], 1), SAMPLE_RATE)
    assert run(["--asr", "ears", "--channels", "call.wav"]) == 0
    assert "The result is empty" not in capsys.readouterr().err
    soundfile.write("call.wav", np.stack([np.zeros(SAMPLE_RATE), np.zeros(SAMPLE_RATE)], 1), SAMPLE_RATE)
    assert run(["--asr", "ears", "--channels", "call.wav"]) == 0
    assert EMPTY.format("call.wav") in capsys.readouterr().err


def test_several_audio_tracks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_tracks(folder / "film.mkv")

    def text(*options: str) -> tuple[str, str]:
        assert run(["--asr", "ears", *options, "film.mkv"]) == 0
        said = capsys.readouterr()
        return said.out, said.err

    out, err = text()
    assert "500" in out
    assert err.startswith("film.mkv has 2 audio tracks, of which number 1 is used: ")
    assert err.count("\n") == 1
    assert "500" in text("--audio-track", "1")[0]
    assert "1000" in text("--audio-track", "2")[0]
    assert text("--audio-track", "2")[1] == ""
    out, err = text("--audio-track", "all", "--channels")
    assert "SPEAKER_00: 500" in out
    assert "SPEAKER_01: 1000" in out
    assert run(["diarize", "--audio-track", "2", "film.mkv"]) == 0
    assert capsys.readouterr().err == ""


def test_people_on_tracks_of_their_own_are_heard_as_channels(capsys: pytest.CaptureFixture[str]) -> None:
    two_tracks(Path("two.mka"))
    assert run(["--asr", "ears", "--channels", "two.mka", "-o", "a.json"]) == 1
    assert told(capsys)[-1] == (
        "Error: two.mka has 2 audio tracks, and --channels heard one, of one channel: "
        "give --audio-track all, which takes each track as a channel."
    )
    assert run(["--asr", "ears", "--channels", "--audio-track", "all", "two.mka", "-o", "a.json"]) == 0
    assert "1 is SPEAKER_00; 2 is SPEAKER_01" in told(capsys)[-1]
    live = ("live", "--from-file", "two.mka", "--pace", "0", "--channels", "hybrid", "-o", "l.rttm")
    assert run([*live, "--audio-track", "2"]) == 1
    assert "give --audio-track all" in told(capsys)[-1]
    assert count_channels(Path("two.mka"), "all") == 2


def test_audio_tracks_that_are_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_tracks(folder / "film.mkv")
    assert run(["--asr", "ears", "--audio-track", "3", "film.mkv"]) == 1
    assert "film.mkv has 2 audio tracks, and no track 3" in capsys.readouterr().err
    for wrong in ("0", "-1", "two", "1.5", "", "²", "9" * 5000):
        assert run(["--asr", "ears", f"--audio-track={wrong}", "film.mkv"]) == (1 if wrong.startswith("9") else 2)
        assert "track" in capsys.readouterr().err


def test_what_is_told_of_channels_stands_in_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write("dual.wav", np.stack([tone(500), tone(500)], 1), SAMPLE_RATE)
    soundfile.write("inverted.wav", np.stack([tone(500), -tone(500)], 1), SAMPLE_RATE)
    assert run(["--asr", "ears", "--channels", "dual.wav", "-o", "dual.json"]) == 0
    assert run(["--asr", "ears", "inverted.wav", "-o", "inverted.json"]) == 0
    said = capsys.readouterr().err
    for name, sentence in {"dual": "carry the same recording", "inverted": "channel 2 is turned over"}.items():
        (note,) = json.loads(Path(f"{name}.json").read_text(encoding="utf-8"))["notes"]
        assert sentence in note
        assert said.count(note) == 1


def test_attach_with_turns_that_are_given_tells_of_the_audio_it_aligns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Samples] = []

    def align(transcript: Transcript, samples: Samples, **_: object) -> Transcript:
        heard.append(samples)
        return transcript

    monkeypatch.setattr("diarfuse.asr_adapters.align.align", align)
    soundfile.write("inverted.wav", np.stack([tone(500), -tone(500)], 1), SAMPLE_RATE)
    Path("lines.json").write_text(json.dumps({"segments": [{"start": 0.1, "end": 0.5, "text": "Five hundred."}]}))
    Path("turns.rttm").write_text("SPEAKER a 1 0 1 <NA> <NA> A <NA> <NA>\n")
    for turns, times in ((["--rttm", "turns.rttm"], 1), ([], 1)):
        assert run(["attach", "lines.json", "inverted.wav", *turns, "-o", "out.json"]) == 0
        said = capsys.readouterr().err
        assert said.count("channel 2 is turned over") == times
        assert "channel 2 is turned over" in str(json.loads(Path("out.json").read_text(encoding="utf-8"))["notes"])
    two_tracks(Path("film.mkv"))
    assert run(["attach", "lines.json", "film.mkv", "--audio-track", "2", "--rttm", "turns.rttm", "-o", "a.srt"]) == 0
    assert told(capsys) == []
    assert [round(float(np.argmax(np.abs(np.fft.rfft(one[:SAMPLE_RATE]))))) for one in heard] == [500, 500, 1000]
