"""Segments of a whole recording, told with their speakers as these are committed."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.diarize.live.events import Committed, Done, SpeakersMerged, TurnExtended, TurnStarted
from diarfuse.diarize.live.pipeline import COMMIT, HOP
from diarfuse.fusion.errors import CancelledError
from diarfuse.fusion.types import SAMPLE_RATE, Diarization, Segment, Transcript, Turn, Word
from diarfuse.fusion.watch import Watch
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.live.committing import Committing
from diarfuse.transcribe.options import JobOptions

MEETING = Path(__file__).resolve().parents[3] / "examples" / "meeting.wav"


class FakeLive:
    """The second speaker comes to be the first one in the end, and somebody is found who was nobody."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.turns = [TurnStarted(0, 0.0, 0.1, "SPEAKER_00"), TurnStarted(1, 5.0, 5.1, "SPEAKER_01")]

    def feed(self, samples):
        self.seconds += len(samples) / SAMPLE_RATE
        events = [turn for turn in self.turns if turn.start < self.seconds]
        self.turns = [turn for turn in self.turns if turn not in events]
        return [*events, TurnExtended(0, min(self.seconds, 5.0)), Committed(max(self.seconds - COMMIT, 0.0))]

    def finish(self, *_):
        turns = (Turn(0.0, 8.0, "SPEAKER_01"), Turn(8.0, 12.0, "SPEAKER_00"), Turn(12.0, 20.0, "SPEAKER_02"))
        found = Diarization(turns, turns, 20.0)
        labels = {"SPEAKER_00": "SPEAKER_01", "SPEAKER_01": "SPEAKER_00"}
        return found, None, [SpeakersMerged("SPEAKER_04", "SPEAKER_00"), Done(20.0, turns, labels)]


def said(start: float) -> Segment:
    return Segment(start, start + 1, f" at {start:g}", (Word(start, start + 1, f" at {start:g}"),))


def test_each_is_told_once_it_is_committed_and_labels_stay_as_they_were_told():
    heard: list[Segment] = []
    committing = Committing(FakeLive(), np.zeros(20 * SAMPLE_RATE, np.float32), Watch(), heard.append)
    committing.hear(said(1.0))
    assert [(s.text, s.speaker) for s in heard] == [(" at 1", "SPEAKER_00")]
    assert committing.diarizer.seconds == 2.0 + COMMIT + HOP  # no more than it takes to know
    committing.hear(said(9.0))
    committing.hear(said(18.5))
    found = committing.finish()
    assert [(s.text, s.speaker) for s in heard][2:] == [(" at 18.5", "SPEAKER_02")]
    assert heard[1].text == " at 9"
    assert [turn.speaker for turn in found.turns] == ["SPEAKER_01", "SPEAKER_00", "SPEAKER_02"]


def test_what_waits_for_the_end_alone_has_the_labels_of_the_end():
    heard: list[Segment] = []
    committing = Committing(FakeLive(), np.zeros(20 * SAMPLE_RATE, np.float32), Watch(), heard.append)
    committing.finish()
    assert heard == []
    committing = Committing(FakeLive(), np.zeros(SAMPLE_RATE, np.float32), Watch(), heard.append)
    committing.hear(said(0.0))  # a recording that is over before anything is committed
    committing.finish()
    assert [segment.speaker for segment in heard] == ["SPEAKER_01"]


def test_nobody_who_left_is_worked_for():
    cancel = threading.Event()
    cancel.set()
    committing = Committing(FakeLive(), np.zeros(99, np.float32), Watch(cancel=cancel), print)
    with pytest.raises(CancelledError):
        committing.hear(said(0.0))


class Sentences:
    """A sentence of four words every two seconds."""

    tells_segments = True

    def transcribe(self, samples, *, language=None, on_segment=None, **_):
        segments = []
        for start in np.arange(0, len(samples) / SAMPLE_RATE - 2, 2.0).tolist():
            words = tuple(Word(start + n / 2, start + n / 2 + 0.4, f" w{start:g}.{n}") for n in range(4))
            segments.append(Segment(start, start + 2, "".join(word.text for word in words), words))
            if on_segment is not None:
                on_segment(segments[-1])
        return Transcript(tuple(segments), language, len(samples) / SAMPLE_RATE)


def test_the_answer_is_the_one_without_a_listener(tmp_path, models_dir, monkeypatch):
    monkeypatch.setattr(recognisers, "make", lambda *_: Sentences())
    samples = soundfile.read(MEETING, dtype="int16", frames=14 * SAMPLE_RATE)[0]
    soundfile.write(tmp_path / "a.wav", samples, SAMPLE_RATE)
    job = Job(JobOptions(diarize=True, diarizer="campplus", models_dir=models_dir))
    told: list[tuple[str, str | None]] = []
    streamed = job.transcribe(
        tmp_path / "a.wav", on_segment=lambda segment: told.append((segment.text, segment.speaker))
    )
    plain = job.transcribe(tmp_path / "a.wav")
    assert (streamed.transcript, streamed.notes) == (plain.transcript, plain.notes)
    assert streamed.diarization.turns == plain.diarization.turns
    assert "".join(text for text, _ in told) == "".join(segment.text for segment in plain.transcript.segments)
    assert {speaker for _, speaker in told} >= {"SPEAKER_00", "SPEAKER_01"}
