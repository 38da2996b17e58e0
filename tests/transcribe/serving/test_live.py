"""The real work of a live session, with the tests' own recogniser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile

from diarfuse.diarize.live import LiveDiarizer
from diarfuse.diarize.models.store import Store
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.fusion.types import SAMPLE_RATE, Segment, Transcript, Word
from diarfuse.fusion.watch import Watch
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import Setup, Wish
from diarfuse.transcribe.serving import live
from diarfuse.transcribe.serving.jobs import JobRequest
from diarfuse.transcribe.serving.live import make_open_live
from diarfuse.transcribe.serving.work import make_run_job

MEETING = Path(__file__).resolve().parents[3] / "examples" / "meeting.wav"


class Word100:
    def transcribe(self, samples, *, language=None, **_):
        end = len(samples) / SAMPLE_RATE
        words = tuple(Word(float(n), n + 0.5, f" {n}") for n in range(int(end)))
        return Transcript((Segment(0.0, end, "".join(word.text for word in words), words),), language, end)


def test_a_session_ends_with_the_offline_answer_and_names_nobody(store: Store, models_dir, monkeypatch):
    monkeypatch.setattr(recognisers, "make", lambda *_: Word100())
    monkeypatch.setattr("tempfile.TemporaryFile", None)  # nothing on a disk
    samples = soundfile.read(MEETING, dtype="int16", frames=12 * SAMPLE_RATE)[0]
    setup = Setup(diarizer="campplus", models_dir=models_dir)
    lender = Job(setup)
    session = make_open_live(setup, lender)(None)
    assert session.diarizer.models is lender.lend(Watch()).models  # nothing is loaded twice
    events = []
    for start in range(0, len(samples), 10_000):
        events += session.feed(samples[start : start + 10_000].tobytes(), SAMPLE_RATE)
    early = {event["type"] for event in events}
    assert {"diarization.turn.started", "diarization.committed", "diarization.word.said"} <= early
    assert "conversation.item.input_audio_transcription.delta" in early
    events = list(session.finish())
    last = [event for event in events if event["type"] == "diarization.word.said"]
    assert last[-1]["end"] > 11  # all that was heard is told, committed or not
    (done,) = (event for event in events if event["type"] == "diarization.done")
    offline = Diarizer.from_pretrained("campplus", store=store).diarize(samples.astype(np.float32) / 32_768)
    assert [(turn["start"], turn["end"], turn["speaker"]) for turn in done["turns"]] == [
        (turn.start, turn.end, turn.speaker) for turn in offline.turns
    ]
    assert events[-1]["type"] == "conversation.item.input_audio_transcription.completed"
    segments = [event for event in events if event["type"].endswith("transcription.segment")]
    assert {segment["speaker"] for segment in segments} <= {"SPEAKER_00", "SPEAKER_01", "UNKNOWN"}
    assert "embedding" not in json.dumps(events)
    session.abandon()


def test_the_first_client_chooses_no_recogniser_for_the_others(models_dir, monkeypatch):
    wishes = []
    monkeypatch.setattr(recognisers, "make", lambda _setup, wish, _note: wishes.append(wish.language) or Word100())
    setup = Setup(diarizer="campplus", models_dir=models_dir)
    session = make_open_live(setup)("de")
    assert (wishes, session.wish.language) == ([None], "de")
    session.abandon()
    make_run_job(setup)(JobRequest(MEETING, Wish(language="de"), 600))
    assert wishes == [None, None]


def test_a_machine_that_is_too_slow_is_told_first(models_dir, monkeypatch):
    monkeypatch.setattr(recognisers, "make", lambda *_: Word100())

    def slow(diarizer, *, in_memory, on_note):
        on_note("This machine cannot keep up: take --preset cpu, which it can.")
        return LiveDiarizer(diarizer, in_memory=in_memory)

    monkeypatch.setattr(live, "live_of", slow)
    session = make_open_live(Setup(diarizer="campplus", models_dir=models_dir))(None)
    told = [event for _ in range(2) for event in session.feed(bytes(3_200), SAMPLE_RATE)]
    assert [event["message"] for event in told] == ["This machine cannot keep up: take --preset cpu, which it can."]
    session.abandon()
