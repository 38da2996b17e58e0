"""`Job.queue`: words and turns of many recordings, as `Job.transcribe` gives them one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.errors import AudioNotFoundError
from diarfuse.fusion.types import Segment, Transcript
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import Setup, Wish
from diarfuse.transcribe.serving.work import make_run_job

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "meeting.wav"


class Counting:
    """Hears a line, and whether two recordings came at once."""

    def __init__(self) -> None:
        self.inside, self.most, self.made = 0, 0, 0

    def transcribe(self, samples, *, language=None, **_: object) -> Transcript:
        self.inside += 1
        self.most = max(self.most, self.inside)
        duration = len(samples) / 16_000
        float(np.abs(samples).sum())
        self.inside -= 1
        return Transcript((Segment(0.0, duration, "Good morning to everybody"),), language, duration)


def test_answers_are_those_of_one_by_one(models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples, rate = soundfile.read(EXAMPLE, dtype="float32")
    paths = [tmp_path / f"{number}.wav" for number in range(4)]
    for number, path in enumerate(paths):
        soundfile.write(path, samples[number * rate : (number + 9) * rate], rate)
    recogniser = Counting()
    monkeypatch.setattr(recognisers, "make", lambda *_: recogniser)
    job = Job(Setup(diarizer="campplus", models_dir=models_dir, offline=True))
    wish = Wish(diarize=True)
    with job.queue(wish) as queue:
        for path in (*paths, tmp_path / "gone.wav"):
            queue.push(path.name, path)
        queue.close()
        found = {done.id: done for done in queue}
    assert recogniser.most == 1, "a recogniser hears one recording after another"
    assert isinstance(found["gone.wav"].error, AudioNotFoundError)
    for path in paths:
        alone, queued = job.transcribe(path, wish), found[path.name].get()
        assert (queued.transcript, queued.notes) == (alone.transcript, alone.notes)
        assert queued.diarization.turns == alone.diarization.turns


def test_jobs_of_a_server_use_one_diarizer(models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from diarfuse.transcribe import job as job_module
    from diarfuse.transcribe.serving.jobs import JobRequest

    loaded: list[int] = []
    load = job_module.load_diarizer
    monkeypatch.setattr(job_module, "load_diarizer", lambda *given: (loaded.append(1), load(*given))[1])
    monkeypatch.setattr(recognisers, "make", lambda *_: Counting())
    samples, rate = soundfile.read(EXAMPLE, dtype="float32")
    soundfile.write(tmp_path / "a.wav", samples[: 9 * rate], rate)
    setup = Setup(diarizer="campplus", models_dir=models_dir, offline=True)
    alone = make_run_job(setup)(JobRequest(tmp_path / "a.wav", Wish(diarize=True), 60))
    loaded.clear()
    work = make_run_job(setup, 3)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(work, [JobRequest(tmp_path / "a.wav", Wish(diarize=True), 60)] * 6))
    assert loaded == [1]
    assert all(answer.transcript == alone.transcript for answer in answers)
