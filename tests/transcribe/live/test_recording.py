"""`transcribe live` as its users run it: it ends with the file that `transcribe --diarize` writes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.asr_adapters.streaming import Windows
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.live import hearing, recording, sources

HERE = Path(__file__).resolve().parent
MEETING = HERE.parents[2] / "examples" / "meeting.wav"


LIVE = ["live", "--from-file", "talk.wav", "--pace", "0", "--diarizer", "campplus"]


def test_it_ends_with_the_very_files(growing, capfd):
    outs = ["-o", "live.srt", "-o", "live.json", "-o", "live.rttm"]
    assert run([*LIVE[:-2], *outs, "--events", "events.jsonl", "--save-audio", "kept.flac"]) == 0
    assert run(["--diarize", "talk.wav", "-o", "a.srt", "-o", "a.json", "-o", "a.rttm"]) == 0
    for ending in ("srt", "json", "rttm"):
        assert (growing / f"live.{ending}").read_bytes() == (growing / f"a.{ending}").read_bytes()
    notes = json.loads((growing / "live.json").read_text(encoding="utf-8"))["notes"]
    assert any("so campplus is used" in note for note in notes)  # what was said before it began
    kept, wanted = soundfile.read("kept.flac", dtype="int16")[0], soundfile.read("talk.wav", dtype="int16")[0]
    assert np.array_equal(kept, wanted)
    seen = capfd.readouterr().err
    assert "SPEAKER_00: w" in seen[: seen.index("Wrote")]  # while it ran
    events = [json.loads(line) for line in (growing / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    kinds = [event["type"] for event in events]
    assert kinds[-1] == "done"
    assert {"turn.started", "committed", "word.said"} <= set(kinds)
    said = [event for event in events if event["type"] == "word.said"]
    assert [event["word"] for event in said] == [*range(len(said))]  # each once
    assert all(set(event) == {"type", "word", "speaker"} for event in events if event["type"] == "word.revised")
    written = (growing / "live.srt").read_text(encoding="utf-8").split()
    assert not {event["text"].strip() for event in said} <= set(written)  # the files hold the final words instead


@dataclass(frozen=True)
class Everybody:
    """Knows the first speaker."""

    voices: tuple = ("Ana's",)
    link: bool = True

    def names(self, _samples, turns):
        return dict.fromkeys([turn.speaker for turn in turns][:1], "Ana"), ()


@pytest.mark.parametrize("outs", [["-o", "live.srt"], []])
def test_what_was_heard_live_outlasts_a_closing_pass_that_fails(outs, growing, monkeypatch, capfd):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(recording, "conclude", fail)
    assert run([*LIVE, *outs]) == 1
    told = capfd.readouterr()
    written = (growing / "live.srt").read_text(encoding="utf-8") if outs else told.out
    assert "SPEAKER_00: w" in written
    assert "Error: The recording cannot be heard to its end: what was heard until then, live, is written." in told.err
    assert told.err.endswith("Error: There is not enough memory: free some, or take shorter recordings.\n")


@pytest.mark.usefixtures("growing")
def test_a_recogniser_that_fails_while_they_speak_costs_nothing_that_was_said(monkeypatch, capfd):
    calls = iter(range(100))
    feed = hearing.Hearing.feed

    def tires(self, samples):
        if next(calls) > 60:
            raise MemoryError
        feed(self, samples)

    monkeypatch.setattr(hearing.Hearing, "feed", tires)
    assert run(LIVE) == 1
    told = capfd.readouterr()
    assert "SPEAKER_00: w" in told.out
    assert "what was heard until then, live, is written" in told.err


def test_names_come_as_voices_are_heard_and_nobody_enrolled_is_told_first(talk, monkeypatch, capfd):
    monkeypatch.setenv("DIARFUSE_VOICES_DIR", str(talk / "nobody"))
    assert run([*LIVE, "--identify", "-o", "live.srt"]) == 1
    assert "voice enroll" in capfd.readouterr().err
    assert not (talk / "live.srt").exists()  # nothing was recorded in vain
    monkeypatch.setattr(recording, "namer_of", lambda *_: Everybody())
    assert run([*LIVE, "--identify", "-o", "live.srt", "--events", "events.jsonl"]) == 0
    events = [json.loads(line) for line in (talk / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {"type": "speaker.named", "speaker": "SPEAKER_00", "name": "Ana"} in events
    assert "Ana: w" in (seen := capfd.readouterr().err)[: seen.index("Wrote")]
    assert "Ana: w" in (talk / "live.srt").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_all_that_was_recognised_is_written_where_somebody_ends_the_program(growing, monkeypatch):
    gone, begin = threading.Event(), hearing.Hearing.__init__

    def device(*_):
        yield from np.split(soundfile.read("talk.wav", dtype="float32")[0], 14)
        os.kill(os.getpid(), signal.SIGTERM)
        gone.wait(60)

    monkeypatch.setattr(hearing.Hearing, "__init__", lambda *given, inline: begin(*given, inline=not inline))
    monkeypatch.setattr(sources, "check_microphone", lambda *_: None)
    monkeypatch.setattr(sources, "from_microphone", device)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        assert run(["live", "--diarizer", "campplus", "-o", "a.txt", "--events", "e.jsonl", "-q"]) == 130
    finally:
        gone.set()
        for number, handler in before.items():
            signal.signal(number, handler)
    events = [json.loads(line) for line in (growing / "e.jsonl").read_text(encoding="utf-8").splitlines()]
    said = [event for event in events if event["type"] == "word.said"]
    committed = max(event["until"] for event in events if event["type"] == "committed")
    assert committed + 2 < said[-1]["end"] < 14, "the last words are said though nothing more commits them"
    written = (growing / "a.txt").read_text(encoding="utf-8").split()
    assert [word for word in written if word.startswith("w")] == [event["text"].strip() for event in said]


def test_live_words_are_kept_if_asked_for(growing, capfd):
    assert run([*LIVE, "--no-final-pass", "-o", "live.txt", "--events", "events.jsonl", "-q"]) == 0
    said = [json.loads(line) for line in (growing / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    words = [event["text"].strip() for event in said if event["type"] == "word.said"]
    written = (growing / "live.txt").read_text(encoding="utf-8").split()
    assert words == [word for word in written if word.startswith("w")][: len(words)]
    assert len(words) >= 3
    assert not capfd.readouterr().err


class Piped:
    """Stdin that is no terminal."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)

    def isatty(self) -> bool:
        return False


def test_a_recogniser_that_fails_on_the_way_ends_no_recording_that_it_hears_at_the_end(talk, monkeypatch, capfd):
    class Tired:
        """Fails in what it hears on the way."""

        def __getattr__(self, name):
            return getattr(usual, name)

        def transcribe(self, *arguments, **options):  # from Python 3.12 on protocols ask no __getattr__
            return usual.transcribe(*arguments, **options)

        def stream(self, **_):
            return Windows(lambda *_: (_ for _ in ()).throw(MemoryError("tired")))

    usual, tired = recognisers.make(), Tired()
    assert run(["--diarize", "talk.wav", "--diarizer", "campplus", "-o", "a.json"]) == 0
    monkeypatch.setattr(recognisers, "make", lambda *_: tired)
    sound, live = (talk / "talk.wav").read_bytes(), ["live", "-", "--diarizer", "campplus", "-o", "b.json"]
    monkeypatch.setattr(sys, "stdin", Piped(sound))
    assert run(live) == 0
    assert "The recogniser failed (tired): words are missing until the end.\n" in capfd.readouterr().err
    whole, found = (json.loads((talk / name).read_text(encoding="utf-8")) for name in ("a.json", "b.json"))
    assert (found["segments"], found["notes"]) == (whole["segments"], whole["notes"])
    monkeypatch.setattr(sys, "stdin", Piped(sound))
    assert run([*live, "--no-final-pass"]) == 1
    assert "Error: " in capfd.readouterr().err


def test_stdin_is_raw_or_a_container(talk, monkeypatch, capfd):
    samples = soundfile.read("talk.wav", dtype="int16")[0][: 3 * 16_000]
    monkeypatch.setattr(sys, "stdin", Piped(samples.astype("<i2").tobytes()))
    assert run(["live", "-", "--raw", "16000", "--diarizer", "campplus", "-o", "raw.rttm"]) == 0
    monkeypatch.setattr(sys, "stdin", Piped((talk / "talk.wav").read_bytes()))
    assert run(["live", "-", "--raw", "16000", "--diarizer", "campplus", "-o", "no.rttm"]) == 1
    assert "leave --raw out" in capfd.readouterr().err
    monkeypatch.setattr(sys, "stdin", Piped(b"Dear all, this is a letter.\n" * 99))
    assert run(["live", "-", "--raw", "16000", "--diarizer", "campplus", "-o", "no.rttm"]) == 1
    assert "Stdin holds text" in capfd.readouterr().err
    monkeypatch.setattr(sys, "stdin", Piped(b"this is no sound" * 99))
    assert run(["live", "-", "--diarizer", "campplus", "-o", "no.rttm"]) == 1
    assert "give --raw RATE" in capfd.readouterr().err
    monkeypatch.setattr(sys, "stdin", Piped(b""))
    assert run(["live", "-", "--raw", "8000", "--diarizer", "campplus", "-o", "no.rttm"]) == 1
    assert "No audio came" in capfd.readouterr().err
    assert not (talk / "no.rttm").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["live", "--input", "1", "--input", "1"], "the same device twice"),
        (["live", "--channels", "hybrid"], "give --from-file as well"),
        ([*LIVE, "--channels", "left"], "--channels left cannot be heard live, only --channels hybrid"),
        ([*LIVE, "--channels"], "--channels speakers cannot be heard live, only --channels hybrid"),
        ([*LIVE, "--channels", "hybrid"], "has one channel"),
        (["live", "talk.wav"], "--from-file talk.wav"),
        (["live", "--raw", "16000"], "give - as well"),
        (["live", "-", "--from-file", "talk.wav"], "choose one source"),
        (["live", "--from-file", "talk.wav", "--pace", "-1"], "--pace"),
        ([*LIVE, "--save-audio", "a.mp3"], "must end in .wav or .flac"),
        ([*LIVE, "--save-audio", "nowhere/a.wav"], "there is no folder"),
        ([*LIVE, "--save-audio", "talk.wav", "-o", "a.srt"], "'talk.wav' is the recording itself"),
        ([*LIVE, "--save-audio", "x.flac", "--events", "x.flac", "-o", "a.srt"], "is written by --events"),
        ([*LIVE, "--save-audio", "folder.wav", "-o", "a.srt"], "is a folder"),
        ([*LIVE, "--save-audio", "/proc/a.wav", "-o", "a.srt"], "--save-audio '/proc/a.wav' cannot be written"),
        ([*LIVE, "--events", "talk.wav", "-o", "a.srt"], "'talk.wav' is the recording itself"),
        ([*LIVE, "--events", "./a.srt", "-o", "a.srt"], "is written by -o"),
        ([*LIVE, "--events", "folder.wav", "-o", "a.srt"], "is a folder"),
        ([*LIVE, "--events", "nowhere/e.jsonl", "-o", "a.srt"], "Choose another --events"),
        (["live", "--from-file", "missing.wav"], "missing.wav"),
    ],
)
def test_what_cannot_be_is_refused_at_once(talk, arguments, words, capfd):
    (talk / "folder.wav").mkdir()
    before = (talk / "talk.wav").read_bytes()
    assert run(arguments) in (1, 2)
    assert words in capfd.readouterr().err
    assert {path.name for path in talk.iterdir()} == {"talk.wav", "folder.wav"}
    assert (talk / "talk.wav").read_bytes() == before


def test_no_microphone_is_told_with_a_remedy(talk, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert run(["live", "--diarizer", "campplus"]) == 1
    assert "pip install 'diarfuse[live]'" in capfd.readouterr().err
    assert run(["live", "--list-devices"]) == 1

    class Nothing:
        PortAudioError = RuntimeError

        @staticmethod
        def query_devices(*_):
            raise RuntimeError("Error querying device -1")

    monkeypatch.setattr(sources, "_sounddevice", lambda: Nothing)
    assert run(["live", "--diarizer", "campplus"]) == 1
    assert "--list-devices" in capfd.readouterr().err
    assert talk.is_dir()


def test_a_pause_a_gap_and_a_device_that_stops_are_told_and_the_rest_is_there(talk, monkeypatch, capfd):
    samples = soundfile.read("talk.wav", dtype="float32")[0][: 4 * 16_000]
    sessions = []
    monkeypatch.setattr(recording, "_keys", lambda session, *_, **__: sessions.append(session))

    def device(*_):
        yield samples[:32_000]
        sessions[0].toggle()
        yield np.ones(16_000, np.float32)  # said while it stood still
        sessions[0].toggle()
        yield samples[32_000:48_000]
        yield sources.Lost(0.5, "this machine could not keep up")
        yield samples[48_000:]
        yield sources.Stopped("the device gives nothing any more")

    monkeypatch.setattr(sources, "check_microphone", lambda *_: None)
    monkeypatch.setattr(sources, "from_microphone", device)
    outs = ["-o", "a.srt", "--events", "events.jsonl", "--save-audio", "kept.wav"]
    assert run(["live", "--diarizer", "campplus", *outs]) == 0
    events = [json.loads(line) for line in (talk / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    told = [{k: e[k] for k in e if k != "type"} | {"": e["type"]} for e in events if e["type"] in STANDS]
    assert told == [
        {"": "paused", "at": 2.0, "why": "paused"},
        {"": "resumed", "at": 2.0},
        {"": "gap", "start": 3.0, "end": 3.5, "why": "this machine could not keep up"},
        {"": "paused", "at": 4.5, "why": "the device gives nothing any more"},
    ]
    wanted = np.concatenate([samples[:48_000], np.zeros(8_000, np.float32), samples[48_000:]])
    assert np.array_equal(soundfile.read("kept.wav", dtype="float32")[0], wanted)
    seen = capfd.readouterr().err
    assert "0.5 s are missing (this machine could not keep up) and stand as silence." in seen
    assert "The recording stands still: the device gives nothing any more." in seen


STANDS = ("paused", "resumed", "gap")


def test_keys_pause_and_end(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    class Session:
        toggled = 0

        def toggle(self):
            self.toggled += 1

    session, stop, notes = Session(), threading.Event(), []
    monkeypatch.setattr(sys, "stdin", Terminal("p\n\np\nq\np\n"))
    recording._keys(session, stop, notes.append, reads=True)
    assert stop.wait(60)
    assert session.toggled == 2
    assert "p and Enter" in notes[0]
    recording._keys(session, stop, notes.append, reads=False)  # stdin is the sound
    assert len(notes) == 1


KILLED = """
import importlib.util, os, signal, sys
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.live import writing
spec = importlib.util.spec_from_file_location("fakes", sys.argv[1]); fakes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fakes)
recognisers.make = lambda *_: fakes.Counting()
usual = writing.EventLines.write
def write(self, events):
    events = list(events)
    usual(self, events)
    if any(event["type"] == "word.said" for event in events):
        os.kill(os.getpid(), signal.SIGKILL)
writing.EventLines.write = write
from diarfuse.transcribe.__main__ import main
main(sys.argv[2:])
"""


def test_after_a_kill_the_files_hold_all_that_was_committed(talk):
    command = [sys.executable, "-c", KILLED, str(HERE / "fakes.py"), *LIVE, "-o", "a.txt", "--events", "e.jsonl"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL
    events = [json.loads(line) for line in (talk / "e.jsonl").read_text(encoding="utf-8").splitlines()]
    words = [event["text"].strip() for event in events if event["type"] == "word.said"]
    assert words
    assert [word for word in (talk / "a.txt").read_text(encoding="utf-8").split() if word in words] == words
    assert {path.name for path in talk.iterdir()} == {"talk.wav", "a.txt", "e.jsonl"}
