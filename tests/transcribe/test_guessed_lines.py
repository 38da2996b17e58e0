"""A recogniser that gives lines only, in a language that cannot be aligned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn
from diarfuse.transcribe import job as job_module
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import JobOptions

TEXT = " Kommst du morgen mit? Ja, sehr gern."


class Lines:
    def transcribe(self, samples, **_: object) -> Transcript:
        return Transcript((Segment(0.0, 4.0, TEXT),), "de", len(samples) / 16_000)


class Diarizer:
    def diarize(self, samples, **_: object) -> Diarization:
        turns = (Turn(0.0, 1.9, "SPEAKER_00"), Turn(1.9, 4.0, "SPEAKER_01"))  # in "morgen mit?", as it is guessed
        return Diarization(turns, turns, len(samples) / 16_000)


@pytest.mark.parametrize("join", ["resolved", "plain"])
def test_its_sentences_stay_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, join) -> None:
    monkeypatch.setattr(recognisers, "make", lambda *_: Lines())
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: Diarizer())
    path = tmp_path / "audio.wav"
    soundfile.write(path, np.full(64_000, 0.1, np.float32), 16_000)
    transcript = Job(JobOptions(diarize=True, join=join)).transcribe(path).transcript
    assert [(s.speaker, s.text) for s in transcript.segments] == [
        ("SPEAKER_00", " Kommst du morgen mit?"),
        ("SPEAKER_01", " Ja, sehr gern."),
    ]
    assert {w.timing for w in transcript.words} == {"estimated"}
