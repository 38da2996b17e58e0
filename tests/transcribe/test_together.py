"""Recogniser and diarizer at once: when, that they really are, and what stops both."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.diarize.options import Execution
from diarfuse.fusion import cuda, watch
from diarfuse.fusion.errors import CancelledError, DiarfuseError, ModelError, TranscriptError
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from diarfuse.transcribe import job as job_module
from diarfuse.transcribe import recognisers
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import JobOptions
from diarfuse.transcribe.together import beside_recogniser, together

PATIENCE = 30.0
"""Seconds until a test gives up on a thread that should have come."""

NO_GPU = cuda.Problem("there is no NVIDIA driver here", "install it")


@dataclass
class Stage:
    """A stub of either stage: `work(report)` is what it does, `report` counts its steps."""

    work: Callable[[Callable[[], None]], None]
    done: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self, name: str, on_progress) -> None:
        def report() -> None:
            on_progress(name, self.done, 1_000_000)
            self.done += 1

        try:
            report()
            self.work(report)
        finally:
            self.ended.set()

    def transcribe(self, samples, *, language=None, on_progress=None) -> Transcript:
        self.run("recognise", on_progress)
        word = Word(0.1, 0.9, " Hello", 0.9)
        return Transcript((Segment(0.1, 0.9, " Hello", (word,)),), language, len(samples) / 16_000)

    def diarize(self, samples, *, on_progress=None, **_: object) -> Diarization:
        self.run("segmentation", on_progress)
        turns = (Turn(0.0, 1.0, "SPEAKER_00"),)
        return Diarization(turns, turns, len(samples) / 16_000)


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    path = tmp_path / "audio.wav"
    soundfile.write(path, np.full(16_000, 0.1, np.float32), 16_000)
    return path


@pytest.fixture
def start(audio: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs a job of two stubs on a machine with so many cores."""

    def run(recogniser: Stage, diarizer: Stage, *, cores: int = 16, **options):
        monkeypatch.setattr(watch, "usable_cores", lambda: cores)
        monkeypatch.setattr(cuda, "problem", lambda: NO_GPU)
        monkeypatch.setattr(recognisers, "make", lambda *_: recogniser)
        monkeypatch.setattr(job_module, "load_diarizer", lambda *_: diarizer)
        return Job(JobOptions(diarize=True)).transcribe(audio, **options)

    return run


def endless(report: Callable[[], None]) -> None:
    """Work on until a report says stop."""
    while True:
        report()


def nothing(_: Callable[[], None]) -> None:
    """Have done."""


@pytest.mark.parametrize(
    ("cores", "providers", "execution", "threads"),
    [
        (2, "CPU", Execution(), None),
        (4, "CPU", Execution(), None),
        (5, "CPU", Execution(), None),
        (6, "CPU", Execution(), 2),
        (16, "CPU", Execution(), 12),
        (16, "CPU", Execution(threads=4), None),
        (1, "CUDA CPU", Execution(), None),
        (2, "CUDA CPU", Execution(), 0),
        (2, "CUDA CPU", Execution(device="cpu"), None),
    ],
)
def test_when_it_pays(cores, providers, execution, threads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "usable_cores", lambda: cores)
    monkeypatch.setattr(cuda, "problem", lambda: None if "CUDA" in providers else NO_GPU)
    found = beside_recogniser(execution)
    assert (None if found is None else found.threads) == threads


def test_the_stages_run_at_the_same_time(start) -> None:
    meeting = threading.Barrier(2)

    def work(_: Callable[[], None]) -> None:
        meeting.wait(PATIENCE)  # breaks, and fails the job, unless the other comes while this one still works

    result = start(Stage(work), Stage(work))
    assert result.transcript.words[0].speaker == "SPEAKER_00"
    assert {"recognise", "diarize", "join"} < set(result.timings)


def test_on_few_cores_they_take_turns_and_the_result_is_the_same(start) -> None:
    diarizer = Stage(nothing)

    def work(_: Callable[[], None]) -> None:
        assert diarizer.done == 0

    result = start(Stage(work), diarizer, cores=2)
    again = start(Stage(nothing), Stage(nothing))
    assert (result.transcript, result.notes) == (again.transcript, again.notes)
    assert result.diarization.turns == again.diarization.turns


@pytest.mark.parametrize("error", [ModelError("broken"), KeyboardInterrupt()])
@pytest.mark.parametrize("diarizer_fails", [True, False])
def test_an_error_stops_the_other_stage_and_reaches_the_caller(start, error, *, diarizer_fails: bool) -> None:
    other = Stage(endless)

    def fail(_: Callable[[], None]) -> None:
        while not other.done:
            pass
        raise error

    failing = Stage(fail)
    stages = (other, failing) if diarizer_fails else (failing, other)
    with pytest.raises(type(error)) as caught:
        start(*stages)
    assert caught.value is error
    assert other.ended.is_set()


def test_the_first_of_two_errors_is_the_one_told() -> None:
    failed = threading.Event()

    def first() -> None:
        raise TranscriptError("first")

    def second() -> None:
        assert failed.wait(PATIENCE)
        raise ModelError("second")

    with pytest.raises(DiarfuseError, match="first"):
        together(first, second, failed.set)


def test_cancelling_stops_both(start) -> None:
    cancel = threading.Event()
    recogniser, diarizer = Stage(endless), Stage(endless)

    def on_progress(*_: object) -> None:
        if recogniser.done and diarizer.done:
            cancel.set()

    with pytest.raises(CancelledError):
        start(recogniser, diarizer, cancel=cancel, on_progress=on_progress)
    assert recogniser.ended.is_set()
    assert diarizer.ended.is_set()


def test_an_error_of_the_callers_callback_stops_both(start) -> None:
    diarizer = Stage(endless)

    def on_progress(stage: str, *_: object) -> None:
        if stage == "segmentation":
            raise OSError("the terminal is gone")

    with pytest.raises(OSError, match="the terminal is gone"):
        start(Stage(endless), diarizer, on_progress=on_progress)
    assert diarizer.ended.is_set()


def test_reports_come_one_at_a_time_and_never_fall_within_a_stage(start) -> None:
    inside: list[str] = []
    last: dict[str, int] = {}
    both = threading.Barrier(2)

    def on_progress(stage: str, done: int, _total: int) -> None:
        inside.append(stage)
        assert done >= last.get(stage, 0)
        last[stage] = done
        assert inside == [stage]
        inside.clear()

    def work(report: Callable[[], None]) -> None:
        both.wait(PATIENCE)
        for _ in range(500):
            report()

    start(Stage(work), Stage(work), on_progress=on_progress)
    assert last["recognise"] == last["segmentation"] == 500


def test_the_real_diarizer_says_the_same_beside_a_recogniser(
    models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = Path(__file__).resolve().parents[2] / "examples" / "meeting.wav"
    samples, rate = soundfile.read(meeting, dtype="float32", stop=20 * 16_000)
    soundfile.write(tmp_path / "part.wav", samples, rate)
    monkeypatch.setattr(recognisers, "make", lambda *_: Stage(nothing))
    wish = JobOptions(diarize=True, diarizer="campplus", models_dir=models_dir, offline=True)
    found = []
    for cores in (2, 16):
        monkeypatch.setattr(watch, "usable_cores", lambda cores=cores: cores)
        found.append(Job(wish).transcribe(tmp_path / "part.wav"))
    assert len(found[0].diarization.speakers) > 1
    assert found[0].diarization.to_rttm() == found[1].diarization.to_rttm()
    assert found[0].transcript == found[1].transcript
