"""What a recogniser is told: its own options, its engine's, and where to compute."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pytest
import soundfile

from diarfuse.asr_adapters import align, registry
from diarfuse.diarize.options import Execution
from diarfuse.fusion.types import Samples, Segment, Transcript
from diarfuse.fusion.watch import Watch
from diarfuse.transcribe.options import Setup, Wish
from diarfuse.transcribe.recognisers import make, recognise


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch):
    """The options with which a job makes a recogniser."""
    seen: list[dict[str, object]] = []
    monkeypatch.setattr(registry, "create", lambda _, **options: seen.append(options))

    def ask(asr: str, *, device: str = "auto", threads: int = 0, **options: object) -> dict[str, object]:
        execution = Execution(device=device, threads=threads)
        make(Setup(asr=asr, execution=execution, offline=True, **options), Wish(), lambda _: None)
        return seen[-1]

    return ask


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("faster-whisper", {"device": "cuda", "threads": 3, "offline": True}),
        ("moonshine", {"threads": 3}),
        ("onnx-asr", {"device": "cuda"}),
        ("openai-whisper", {"device": "cuda"}),
        ("transformers", {"device": "cuda"}),
        ("whisper.cpp", {"threads": 3}),
    ],
)
def test_device_and_threads_reach_those_that_take_them(told, name: str, known: dict[str, object]) -> None:
    assert told(name, device="cuda", threads=3) == known
    further = told(name, device="cuda", threads=3, model="m", asr_options={"beam_size": 5})
    assert further == known | {"model": "m", "options": {"beam_size": 5}}


def test_options_of_the_adapter_itself_are_not_the_engines(told) -> None:
    options = {"quantization": "int8", "path": "folder", "pnc": True}
    assert told("onnx-asr", asr_options=options) == {
        "device": "auto",
        "quantization": "int8",
        "path": "folder",
        "options": {"pnc": True},
    }


def test_coreml_is_for_the_diarizer_only(told) -> None:
    assert told("onnx-asr", device="coreml") == {"device": "auto"}


def test_a_foreign_recogniser_gets_only_what_was_given(told, monkeypatch: pytest.MonkeyPatch) -> None:
    class Foreign:
        def __init__(self, *, device: str = "here", speed: int = 1) -> None: ...

    monkeypatch.setattr(registry, "_maker", lambda _: Foreign)
    assert told("acme", device="cuda", asr_options={"speed": 3}) == {"speed": 3}


class Lines:
    """Tells two lines without words as they come, as moonshine does."""

    tells_segments: ClassVar[Literal[True]] = True
    only_language = "en"

    def transcribe(self, samples: Samples, *, on_segment, **_: object) -> Transcript:
        found = (Segment(0.0, 2.0, "Good morning"), Segment(2.0, 4.0, "Good evening"))
        for segment in found:
            on_segment(segment)
        return Transcript(found, "en", len(samples) / 16_000)


@pytest.mark.parametrize(("wish", "aligned"), [(Wish(words=True), 2), (Wish(diarize=True), 2), (Wish(), 0)])
def test_lines_are_aligned_while_the_next_are_heard(wish: Wish, aligned: int, monkeypatch: pytest.MonkeyPatch) -> None:
    samples, told = np.full(64_000, 0.1, np.float32), list[Segment]()
    ahead: list[Segment] = []
    monkeypatch.setattr(align.Ahead, "hear", lambda _, segment: ahead.append(segment))
    found = recognise(samples, Lines(), wish, Watch(on_heard=told.append))
    assert [segment.text for segment in told] == ["Good morning", "Good evening"]
    assert len(ahead) == aligned
    assert [bool(segment.words) for segment in found.segments] == [bool(aligned)] * 2


def test_lines_that_are_repaired_are_aligned_anew() -> None:
    class Late(Lines):
        def transcribe(self, samples: Samples, *, on_segment, **_: object) -> Transcript:
            on_segment(Segment(0.5, 1.0, "Good morning"))
            return Transcript((Segment(1.0, 0.5, "Good morning"),), "en", len(samples) / 16_000)

    samples, _ = soundfile.read(Path(__file__).parents[2] / "examples/meeting.wav", 32_000, dtype="float32")
    (line,) = recognise(samples, Late(), Wish(words=True), Watch()).segments
    assert line.words
    assert all(line.start <= word.start <= word.end <= line.end for word in line.words)


def test_a_setup_is_a_key():
    assert len({Setup(asr_options={"beam_size": 1}), Setup(asr_options={"beam_size": 1}), Setup()}) == 2
