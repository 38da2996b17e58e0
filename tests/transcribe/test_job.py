"""A job's setup and its wishes: one job, several recordings, each with a wish of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.diarize import runtime
from diarfuse.fusion import audio as audio_module
from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.types import Diarization, Segment, SpeakerCount, Transcript, Turn
from diarfuse.transcribe import job as job_module
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.job import Job, transcribe_file
from diarfuse.transcribe.options import JobOptions, Setup, Wish
from diarfuse.transcribe.serving.answers import answer_body
from diarfuse.transcribe.serving.jobs import JobRequest
from diarfuse.transcribe.serving.wishes import read_request
from diarfuse.transcribe.serving.work import make_run_job
from tests.golden.sortformer import files


class Lines:
    """Gives a line without words, as moonshine does, and keeps the languages that it was asked for."""

    asked: list[str | None]

    def __init__(self) -> None:
        self.asked = []

    def transcribe(self, samples, *, language=None, **_: object) -> Transcript:
        self.asked.append(language)
        return Transcript((Segment(0.0, 1.0, "Good morning"),), language or "xx", len(samples) / 16_000)


class Voices:
    """Finds one voice, and keeps the numbers that it was asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, object]] = []

    def diarize(self, samples, **asked: object) -> Diarization:
        self.asked.append({name: value for name, value in asked.items() if name.endswith("_speakers")})
        turns = (Turn(0.0, 1.0, "SPEAKER_00"),)
        return Diarization(turns, turns, len(samples) / 16_000)


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "audio.wav"
    soundfile.write(path, np.full(16_000, 0.1, np.float32), 16_000)
    return path


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    found = Lines()
    monkeypatch.setattr(recognisers, "make", lambda *_: found)
    return found


@pytest.fixture
def voices(monkeypatch: pytest.MonkeyPatch) -> Voices:
    found = Voices()
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: found)
    return found


def test_each_recording_has_its_own_wish(audio: Path, lines: Lines, voices: Voices) -> None:
    job = Job(Setup())
    plain = job.transcribe(audio)
    german = job.transcribe(audio, Wish(language="german"))
    found = job.transcribe(audio, Wish(diarize=True, speakers=SpeakerCount.of(min_speakers=2)))
    assert lines.asked == [None, "de", None]
    assert voices.asked == [{"min_speakers": 2}]
    assert (plain.diarization, german.transcript.language) == (None, "de")
    assert [word.speaker for word in found.transcript.words] == ["SPEAKER_00", "SPEAKER_00"]
    assert job.transcribe(audio).transcript == plain.transcript


def test_without_a_listener_the_log_says_which_model_gives_way_and_the_result_what_is_odd_about_the_file(
    audio: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def make(*given) -> Lines:
        given[-1]("moonshine is used.")
        return Lines()

    def load(*given) -> Voices:
        given[-1]("campplus is used.")
        return Voices()

    monkeypatch.setattr(recognisers, "make", make)
    monkeypatch.setattr(job_module, "load_diarizer", load)
    os.truncate(audio, audio.stat().st_size // 2)
    found = transcribe_file(audio, JobOptions(diarize=True))
    assert sorted(record.getMessage() for record in caplog.records) == ["campplus is used.", "moonshine is used."]
    assert [note for note in found.notes if "cut short" in note]
    caplog.clear()
    told: list[str] = []
    transcribe_file(audio, JobOptions(diarize=True), on_note=told.append)
    assert caplog.records == []
    assert len(told) == len(set(told)) == 3


@pytest.mark.usefixtures("lines")
def test_nothing_is_loaded_or_decoded_twice(models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[object] = []
    loaded: list[str] = []

    def decode(path: Path, *further: object) -> object:
        decoded.append(path)
        return decode_once(path, *further)

    def load(session: runtime.Session, path: Path, *further: object, **named: object) -> None:
        loaded.append(path.name)
        load_once(session, path, *further, **named)

    decode_once, load_once = audio_module.decode, runtime.Session.__init__
    monkeypatch.setattr(audio_module, "decode", decode)
    monkeypatch.setattr(runtime.Session, "__init__", load)
    job = Job(JobOptions(diarize=True, diarizer="campplus", models_dir=models_dir, offline=True))
    for count, name in enumerate(("one.wav", "two.wav"), 1):
        soundfile.write(tmp_path / name, np.random.default_rng(count).uniform(-0.1, 0.1, 24_000), 16_000)
        found = job.transcribe(tmp_path / name)
        assert {"recognise", "diarize", "align", "join"} <= set(found.timings)
        assert len(decoded) == count
    assert len(loaded) == len(set(loaded)) == 3, "segmentation, trunk and pooling, for both recordings"


@pytest.mark.usefixtures("voices")
def test_options_are_a_setup_and_a_wish_in_one(audio: Path, lines: Lines) -> None:
    options = JobOptions(diarize=True, num_speakers=2, language="en", asr="moonshine")
    assert transcribe_file(audio, options).transcript == Job(options).transcribe(audio).transcript
    assert Job(options).transcribe(audio, Wish()).diarization is None
    assert lines.asked == ["en", "en", None]


@pytest.mark.usefixtures("lines")
def test_words_are_aligned_where_they_are_wanted(audio: Path) -> None:
    job = Job(Setup())
    assert job.transcribe(audio).transcript.words == ()
    segment = job.transcribe(audio, Wish(words=True)).transcript.segments[0]
    assert [word.text for word in segment.words] == ["Good", " morning"]
    assert all(0 <= word.start < word.end <= 1.0 for word in segment.words)
    assert segment.speaker is None


@pytest.mark.usefixtures("lines")
def test_a_server_answers_with_the_words_that_were_asked_for(audio: Path) -> None:
    form = {"response_format": ["verbose_json"], "timestamp_granularities[]": ["word"]}
    request = read_request(form, "tiny")
    answer = make_run_job(Setup())(JobRequest(audio, request.wish, 60))
    body = json.loads(answer_body(answer.transcript, answer.diarization, request)[0])
    assert [word["word"] for word in body["words"]] == ["Good", "morning"]


def test_a_number_that_a_network_cannot_be_held_to_is_refused_before_anything_is_heard(audio, lines, tmp_path) -> None:
    files.write("sortformer", tmp_path)
    setup = Setup(diarizer=f"{tmp_path}/", models_dir=tmp_path / "models")
    job, server = Job(setup), make_run_job(setup)
    for count, words in (((5,), "at most 4"), ((2,), "held to 2"), ((None, 5), "at most 4"), ((None, None, 3), "to 3")):
        wish = Wish(diarize=True, speakers=SpeakerCount.of(*count, *[None] * (3 - len(count))))
        for work in (
            lambda wish=wish: job.transcribe(audio, wish),
            lambda wish=wish: server(JobRequest(audio, wish, 60)),
        ):
            with pytest.raises(OptionError, match=words):
                work()
    assert lines.asked == []
