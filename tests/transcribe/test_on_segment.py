"""Segments told before the job is done: those that nothing can change any more, or that have committed speakers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from diarfuse.transcribe import job as job_module
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import JobOptions, Wish
from diarfuse.transcribe.serving.jobs import JobRequest
from diarfuse.transcribe.serving.work import make_run_job

SAID = Segment(0.1, 0.9, " Hello", (Word(0.1, 0.9, " Hello"),))


class Plain:
    """As other packages write them: it knows nothing of early segments."""

    def transcribe(self, samples, *, language=None, **_: object) -> Transcript:
        return Transcript((SAID,), language, len(samples) / 16_000)


class Early(Plain):
    tells_segments = True

    def transcribe(self, samples, *, language=None, on_segment=None, **_: object) -> Transcript:
        if on_segment is not None:
            on_segment(SAID)
        return super().transcribe(samples, language=language)


class Diarizer:
    tell_apart = None  # a second is too short for it

    def diarize(self, samples, **_: object) -> Diarization:
        turns = (Turn(0.0, 1.0, "SPEAKER_00"),)
        return Diarization(turns, turns, len(samples) / 16_000)

    def remembering(self, _recall):
        return self


@pytest.fixture
def audio(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: Diarizer())
    path = tmp_path / "audio.wav"
    soundfile.write(path, np.full(16_000, 0.1, np.float32), 16_000)
    return path


@pytest.mark.parametrize(
    ("recogniser", "diarize", "told"), [(Early, False, 1), (Early, True, 1), (Plain, False, 0), (Plain, True, 0)]
)
def test_segments_are_told_as_soon_as_they_may_be(audio: Path, monkeypatch, recogniser, diarize, told) -> None:
    monkeypatch.setattr(recognisers, "make", lambda *_: recogniser())
    heard: list[Segment] = []
    result = Job(JobOptions(diarize=diarize)).transcribe(audio, on_segment=heard.append)
    speaker = "SPEAKER_00" if diarize else None
    assert [(segment.text, segment.speaker) for segment in heard] == [(" Hello", speaker)] * told
    assert result.transcript.segments[0].speaker == speaker
    Job(JobOptions(diarize=diarize)).transcribe(audio)  # and nobody has to listen


def test_a_servers_job_passes_them_on(audio: Path, monkeypatch) -> None:
    monkeypatch.setattr(recognisers, "make", lambda *_: Early())
    heard: list[Segment] = []
    make_run_job(JobOptions())(JobRequest(audio, Wish(), 60, on_segment=heard.append))
    assert heard == [SAID]
