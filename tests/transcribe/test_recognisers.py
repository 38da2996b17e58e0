"""What a recogniser is told: its own options, its engine's, and where to compute."""

from __future__ import annotations

import pytest

from diarfuse.asr_adapters import registry
from diarfuse.diarize.options import Execution
from diarfuse.transcribe.options import Setup, Wish
from diarfuse.transcribe.recognisers import make


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
        ("moonshine", {}),
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
