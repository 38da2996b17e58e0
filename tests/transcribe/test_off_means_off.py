"""Without --diarize the output is what the recogniser alone gives, for every recogniser and every format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from asr_adapters import registry
from exporters import registry as exporters
from fusion.types import SAMPLE_RATE, Samples, Segment, Transcript, Word
from transcribe.__main__ import run

SPOKEN = Transcript(
    (
        Segment(0.0, 1.2, " Well, 1 < 2 & so", (Word(0.0, 0.4, " Well,", 0.9), Word(None, None, " 1 < 2 & so"))),
        Segment(1.2, 1.9, "a line without words"),
    ),
    "en",
    2.0,
)


FORMATS = tuple(kind for kind in exporters.names() if kind != "rttm")  # which holds turns, and so needs --diarize


class Recogniser:
    """Answers whatever the engine behind it would; the job must not touch it."""

    def __init__(self, **_options: object) -> None:
        pass

    def transcribe(self, _samples: Samples, **_options: object) -> Transcript:
        return SPOKEN


@pytest.fixture(scope="module")
def audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("audio") / "audio.wav"  # the name that exporters give a recording without one
    sf.write(path, np.random.default_rng(0).normal(0, 0.1, 2 * SAMPLE_RATE), SAMPLE_RATE)
    return path


@pytest.mark.parametrize("name", registry.BUILTIN)
def test_bytes_are_the_recognisers_own(name: str, audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_maker", lambda _: Recogniser)
    formats = [part for kind in FORMATS for part in ("--format", kind)]
    model = ["--model", "words.json"] if name == "words-json" else []
    assert run(["--asr", name, *model, *formats, str(audio), "-o", str(tmp_path)]) == 0
    for kind in FORMATS:
        written = (tmp_path / f"audio{exporters.ending(kind)}").read_bytes()
        assert written == exporters.dumps(SPOKEN, kind).encode(), kind
