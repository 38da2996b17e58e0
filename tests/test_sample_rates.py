"""Whoever takes samples takes their rate, and means 16 kHz if none is given."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from diarfuse.asr_adapters import align, registry
from diarfuse.asr_adapters.common import told
from diarfuse.asr_adapters.moonshine import Moonshine
from diarfuse.asr_adapters.words_json import WordsJson
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.vad import detect_speech
from diarfuse.diarize.voice_quality import measure
from diarfuse.diarize.voiceprint import VoiceEmbedder
from diarfuse.fusion.audio import check_samples
from diarfuse.fusion.errors import AudioError, OptionError
from diarfuse.fusion.types import Segment

TAKERS = (
    check_samples,
    detect_speech,
    measure,
    align.align,
    Diarizer.diarize,
    VoiceEmbedder.embed,
    VoiceEmbedder.embed_pieces,
    VoiceEmbedder.overlapped,
    *(registry._maker(name).transcribe for name in registry.BUILTIN),
)


@pytest.mark.parametrize("function", TAKERS, ids=lambda function: function.__qualname__)
def test_the_default_is_16_khz(function) -> None:
    assert inspect.signature(function).parameters["sample_rate"].default == 16_000


@pytest.mark.parametrize("function", [detect_speech, measure, Moonshine().transcribe])
def test_no_rate_at_all_is_refused(function) -> None:
    with pytest.raises(OptionError, match="sample_rate=-1 must be a number"):
        function(np.ones(100, np.float32), sample_rate=-1)


def test_a_recogniser_hears_as_long_as_it_lasts(tmp_path: Path) -> None:
    path = tmp_path / "words.json"
    path.write_text(json.dumps([{"word": "a", "start": 0.0, "end": 1.0}]), encoding="utf-8")
    assert WordsJson(path).transcribe(np.ones(88_200, np.float32), sample_rate=44_100).duration == 2.0
    assert Moonshine().transcribe(np.zeros(88_200, np.float32), sample_rate=44_100).duration == 2.0
    assert WordsJson(path).transcribe(np.ones(32_000, np.float32)).duration == 2.0
    with pytest.raises(AudioError, match="audio given as bytes cannot be used"):
        WordsJson(path).transcribe(b"RIFF")  # type: ignore[arg-type]


def test_a_recogniser_tells_of_implausible_speech() -> None:
    rng = np.random.default_rng(0)
    pulses = np.zeros(160_000, np.float32)
    pulses[:: 16_000 // 40] = 1.0  # a voice of 40 Hz
    deep = np.convolve(pulses, np.exp(-np.arange(400) / 40) * np.sin(np.arange(400) / 20))[:160_000]
    samples = (deep + 1e-4 * rng.normal(size=160_000)).astype(np.float32)
    assert "implausibly slow" in told(samples, (Segment(0.0, 10.0, "hm"),), "en").notes[0]
    assert told(samples, (Segment(0.0, 1.0, "hm"),), "en").notes == ()
