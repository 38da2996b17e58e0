"""Without --diarize the output is what the recogniser alone gives, for every recogniser and every format."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace as Made

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.asr_adapters import registry
from diarfuse.exporters import registry as exporters
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.cues import split_segments
from diarfuse.fusion.document import Document
from diarfuse.fusion.join.assign import assign_transcript
from diarfuse.fusion.types import SAMPLE_RATE, Samples, Segment, Transcript, Turn, Word
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.documents.origin import recording_of

SPOKEN = Transcript(
    (
        Segment(0.0, 1.2, " Well, 1 < 2 & so", (Word(0.0, 0.4, " Well,", 0.9), Word(None, None, " 1 < 2 & so"))),
        Segment(1.2, 1.9, "a line without words"),
    ),
    "en",
    2.0,
)


HEAD = {"format", "name", "audio", "program", "settings", "models"}
FORMATS = tuple(
    kind
    for kind in exporters.names()
    if exporters.exporter(kind).NEEDS != "turns" and kind != "html"  # a page also names the recording that it plays
)


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


def own(content: bytes, kind: str) -> object:
    """What was recognised: all of a file but what a document tells besides, about the recording and the program."""
    if kind != "json":
        return content
    return {key: value for key, value in json.loads(content).items() if key not in HEAD}


def as_written(transcript: Transcript, audio: Path, kind: str) -> bytes:
    """A file that holds nothing but what was recognised, and which recording it is of."""
    content = exporters.dumps(Document(transcript, recording=recording_of(audio, transcript.duration)), kind)
    return content.encode() if isinstance(content, str) else content


@pytest.mark.parametrize("name", registry.BUILTIN)
def test_bytes_are_the_recognisers_own(name: str, audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_maker", lambda _: Recogniser)
    formats = [part for kind in FORMATS for part in ("--format", kind)]
    model = ["--model", "words.json"] if name == "words-json" else []
    assert run(["--asr", name, *model, *formats, str(audio), "-o", str(tmp_path)]) == 0
    for kind in FORMATS:
        written = (tmp_path / f"audio{exporters.ending(kind)}").read_bytes()
        assert own(written, kind) == own(as_written(SPOKEN, audio, kind), kind), kind


class Engine:
    """The engine behind every adapter: each calls it in its own way and gets its own shape of the same words."""

    def __init__(self, *_given: object, **_options: object) -> None:
        pass

    def transcribe(self, *_audio: object, new_segment_callback: object = None, verbose: object = 0, **_options: object):
        if new_segment_callback is not None:
            return [Made(t0=10, t1=50, text="Well,"), Made(t0=60, t1=90, text="yes.")]
        words = [{"word": " Well,", "start": 0.1, "end": 0.5, "probability": 0.9}]
        if verbose is None:
            return {"segments": [{"start": 0.1, "end": 0.5, "text": " Well,", "words": words}], "language": "en"}
        return iter([Made(start=0.1, end=0.5, text=" Well,", words=[Made(**words[0])])]), Made(language="en")

    def transcribe_without_streaming(self, *_audio: object) -> Made:
        return Made(lines=[Made(start_time=0.1, duration=0.4, text="Well, yes.")])

    def with_timestamps(self) -> Engine:
        return self

    def recognize(self, *_audio: object, **_options: object) -> Made:
        return Made(tokens=[" We", "ll,"], timestamps=[0.1, 0.3], logprobs=[-0.1, -0.1], text="Well,")

    def __call__(self, _audio: object, **_options: object) -> dict[str, object]:
        return {"text": "WELL", "chunks": [{"text": "WELL", "timestamp": (0.1, 0.5)}]}


def make(*_given: object, **_options: object) -> Engine:
    return Engine()


MODULES = {
    "faster_whisper": Made(WhisperModel=Engine),
    "faster_whisper.vad": Made(
        VadOptions=Made, get_speech_timestamps=lambda samples, _: [{"start": 0, "end": len(samples)}]
    ),
    "moonshine_voice": Made(Transcriber=Engine, MoonshineError=OSError, string_to_model_arch=str),
    "whisper": Made(load_model=make),
    "onnx_asr": Made(load_model=make),
    "onnx_asr.utils": Made(ModelLoadingError=OSError),
    "transformers": Made(pipeline=make),
    "pywhispercpp.model": Made(Model=Engine),
}


@pytest.mark.parametrize("name", registry.BUILTIN)
def test_bytes_are_those_of_the_adapter_itself(
    name: str, audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, engine in MODULES.items():
        monkeypatch.setitem(sys.modules, module, engine)
    model = tmp_path / "model"
    if name == "words-json":
        model.write_text('[{"word": "Well,", "start": 0.1, "end": 0.5}]', encoding="utf-8")
    else:
        model.mkdir()
    recogniser = registry.create(name, model=str(model))
    said = recogniser.transcribe(load_audio(audio))
    assert said.segments
    formats = [part for kind in FORMATS for part in ("--format", kind)]
    assert run(["--asr", name, "--model", str(model), *formats, str(audio), "-o", f"{tmp_path}/"]) == 0
    for kind in FORMATS:
        written = (tmp_path / f"audio{exporters.ending(kind)}").read_bytes()
        assert own(written, kind) == own(as_written(said, audio, kind), kind), kind


TIMES = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda t: (t[0] / 4, (t[0] + t[1]) / 4))
TEXTS = st.text("ab .,?\u65e5\u0e01\u0e49\u0301\U0001f44d\U0001f3fd", max_size=4)
WORDS = st.builds(lambda times, text: Word(*times, text), TIMES | st.just((None, None)), TEXTS)


@given(
    st.lists(st.tuples(st.lists(WORDS, max_size=6), TEXTS), max_size=4),
    st.lists(st.builds(lambda times, who: Turn(*times, who), TIMES, st.sampled_from("AB")), max_size=6),
)
def test_with_speakers_texts_and_times_are_the_recognisers_own(lines, turns) -> None:
    segments = [Segment(0.0, 13.0, "".join(w.text for w in words) + more, tuple(words)) for words, more in lines]
    joined = split_segments(assign_transcript(Transcript(tuple(segments), "en", 13.0), turns))
    assert "".join(s.text for s in joined.segments) == "".join(s.text for s in segments)
    assert [(w.start, w.end, w.text) for w in joined.words] == [
        (w.start, w.end, w.text) for s in segments for w in s.words
    ]
