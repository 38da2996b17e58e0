import sys
from types import SimpleNamespace

import numpy as np
import pytest

from diarfuse.asr_adapters.openai_whisper import OpenaiWhisper
from diarfuse.fusion.errors import DeviceError, MissingExtraError, NetworkError, OptionError, UnknownNameError
from diarfuse.fusion.types import Segment, Word

NOISE = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
# The dictionary that whisper.transcribe returns, as version 20250625 writes it.
RESULT = {
    "text": " Hello there.",
    "language": "en",
    "segments": [
        {
            "id": 0,
            "seek": 0,
            "start": np.float64(0.0),
            "end": np.float64(1.4),
            "text": " Hello there.",
            "tokens": [50364, 2425, 456, 13],
            "temperature": 0.0,
            "avg_logprob": -0.3,
            "compression_ratio": 0.6,
            "no_speech_prob": 0.01,
            "words": [
                {"word": " Hello", "start": np.float64(0.0), "end": np.float64(0.6), "probability": np.float64(0.9)},
                {"word": " there.", "start": np.float64(0.7), "end": np.float64(1.4), "probability": np.float64(0.8)},
            ],
        }
    ],
}


@pytest.fixture
def whisper(monkeypatch):
    calls = []

    def load_model(name, device=None, download_root=None):
        calls.append((name, device, download_root))
        problem = {"huge": RuntimeError("Model huge not found; available models = ['small']")}.get(name)
        problem = {"tpu": RuntimeError("Expected one of cpu, cuda ... device type at start of device string: tpu")}.get(
            device, problem
        )
        if name == "tiny":
            problem = ConnectionError("no route")
        if problem:
            raise problem
        return SimpleNamespace(transcribe=transcribe)

    def transcribe(audio, *, language=None, verbose=False, word_timestamps=False, beam_size=None):
        calls.append((audio.dtype, language, verbose, word_timestamps, beam_size))
        return RESULT

    monkeypatch.setitem(
        sys.modules, "whisper", SimpleNamespace(load_model=load_model, available_models=lambda: ["small"])
    )
    return calls


def test_segments_and_words_leave_as_they_came(whisper):
    found = OpenaiWhisper(options={"beam_size": 2}).transcribe(NOISE, language="en")
    words = (Word(0.0, 0.6, " Hello", 0.9), Word(0.7, 1.4, " there.", 0.8))
    assert found.segments == (Segment(0.0, 1.4, " Hello there.", words),)
    assert (found.language, found.duration) == ("en", 2.0)
    assert type(found.words[0].start) is float
    assert whisper == [("small", None, None), (np.float32, "en", None, True, 2)]


@pytest.mark.usefixtures("whisper")
@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"model": "huge"}, UnknownNameError, "known ones are small"),
        ({"device": "tpu"}, DeviceError, "device='tpu'"),
        ({"model": "tiny"}, NetworkError, "'tiny' cannot be downloaded"),
        ({"options": {"beams": 1}}, OptionError, "beams=1 is no option of the recogniser openai-whisper"),
    ],
)
def test_what_cannot_work_says_why(options, kind, message):
    with pytest.raises(kind, match=message):
        OpenaiWhisper(**options).transcribe(NOISE)


def test_a_missing_package_names_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "whisper", None)
    with pytest.raises(MissingExtraError, match=r"pip install openai-whisper"):
        OpenaiWhisper().transcribe(NOISE)
    assert OpenaiWhisper().transcribe(np.zeros(1600, np.float32)).segments == ()
