import sys
from types import SimpleNamespace

import numpy as np
import pytest

from diarfuse.asr_adapters.transformers import Transformers
from diarfuse.fusion.errors import MissingExtraError, ModelNotFoundError, OptionError, TranscriptError
from diarfuse.fusion.types import Segment, Word

NOISE = np.random.default_rng(0).normal(0, 0.1, 64000).astype(np.float32)


class Pipeline:
    """Answers as transformers' AutomaticSpeechRecognitionPipeline does, and edits its input as it does."""

    def __init__(self, answer, kind="ctc"):
        self.answer, self.type, self.calls = answer, kind, []

    def __call__(self, inputs, **options):
        audio, rate = inputs.pop("raw"), inputs.pop("sampling_rate")
        assert rate == 16000
        audio *= 0
        self.calls.append(options)
        return self.answer


def chunks(*parts):
    return {
        "text": "".join(text for text, *_ in parts),
        "chunks": [{"text": text, "timestamp": tuple(t)} for text, *t in parts],
    }


def test_ctc_words_get_the_spaces_they_lack():
    pipeline = Pipeline(chunks(("HELLO", 0.1, 0.5), ("THERE", 0.6, 1.0), ("AGAIN", 2.5, 3.0)))
    before = NOISE.copy()
    found = Transformers(pipeline=pipeline, options={"batch_size": 4}).transcribe(NOISE, language="en")
    assert [segment.text for segment in found.segments] == ["HELLO THERE", "AGAIN"]
    assert found.words[0] == Word(0.1, 0.5, "HELLO")
    assert pipeline.calls == [{"return_timestamps": "word", "chunk_length_s": 30.0, "batch_size": 4}]
    assert (before == NOISE).all()


def test_whisper_keeps_its_spaces_gets_the_language_and_an_open_end():
    pipeline = Pipeline(chunks((" Guten", 0.1, 0.5), (" Tag.", 0.6, None)), "seq2seq_whisper")
    found = Transformers(pipeline=pipeline).transcribe(NOISE, language="de")
    assert found.segments == (Segment(0.1, 4.0, " Guten Tag.", (Word(0.1, 0.5, " Guten"), Word(0.6, 4.0, " Tag."))),)
    assert pipeline.calls[0]["generate_kwargs"] == {"language": "de"}


def test_a_pipeline_without_times_gives_a_line():
    found = Transformers(pipeline=Pipeline({"text": "hello"})).transcribe(NOISE)
    assert found.segments == (Segment(0.0, 4.0, "hello"),)
    assert Transformers(pipeline=Pipeline({"text": " "})).transcribe(NOISE).segments == ()


def test_reversed_times_are_refused_by_index():
    with pytest.raises(TranscriptError, match=r"chunk 1 .*ends at 0\.2 before 0\.6"):
        Transformers(pipeline=Pipeline(chunks(("a", 0, 0.5), ("b", 0.6, 0.2)))).transcribe(NOISE)


def test_the_model_is_loaded_once_and_late(monkeypatch):
    loads = []

    def load(task, model, **options):
        loads.append((task, model, options))
        if model == "no/model":
            raise OSError("no/model is not a local folder and is not a valid model identifier")
        return Pipeline(chunks(("a", 0.0, 0.5)))

    monkeypatch.setitem(sys.modules, "transformers", SimpleNamespace(pipeline=load))
    recogniser = Transformers("some/model", device="cpu")
    assert loads == []
    assert recogniser.transcribe(NOISE) == recogniser.transcribe(NOISE)
    assert loads == [("automatic-speech-recognition", "some/model", {"device": "cpu"})]
    with pytest.raises(ModelNotFoundError, match="'no/model'"):
        Transformers("no/model").transcribe(NOISE)


def test_an_option_that_the_pipeline_refuses_is_named():
    class Strict(Pipeline):
        def __call__(self, inputs, *, return_timestamps, chunk_length_s): ...

    with pytest.raises(OptionError, match=r"^beam_size=5 is no option of the recogniser transformers: leave it out\.$"):
        Transformers(pipeline=Strict({}), options={"beam_size": 5}).transcribe(NOISE)
    with pytest.raises(TypeError):  # which is a fault of ours
        Transformers(pipeline=lambda: None).transcribe(NOISE)


def test_a_missing_package_names_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"diarfuse\[transformers\]"):
        Transformers().transcribe(NOISE)
