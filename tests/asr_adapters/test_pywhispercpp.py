import sys

import numpy as np
import pytest

from diarfuse.asr_adapters.pywhispercpp import WhisperCpp
from diarfuse.fusion.errors import MissingExtraError, ModelNotFoundError, OptionError

engine = pytest.importorskip("pywhispercpp.model")
NOISE = np.random.default_rng(0).normal(0, 0.1, 64000).astype(np.float32)
# One word a segment, in hundredths of a second, as `-ml 1 -sow` gives them; the engine strips the texts.
HEARD = [(0, 0, ""), (10, 50, "Hello"), (50, 90, "there."), (120, 160, "Again"), (380, 450, "late")]


class Model:
    """The engine's interface over its real parameters and segments, without a network."""

    def __init__(self, model, _models_dir=None, redirect_whispercpp_logs_to=False, **params):
        if model == "nowhere.bin":
            raise FileNotFoundError(model)
        assert redirect_whispercpp_logs_to is None
        self.params = engine.pw.whisper_full_default_params(engine.pw.whisper_sampling_strategy.WHISPER_SAMPLING_GREEDY)
        self._set(params)
        assert (self.params.max_len, self.params.split_on_word, self.params.print_progress) == (1, True, False)

    def _set(self, params):
        for name, value in params.items():
            setattr(self.params, name, value)

    def transcribe(self, _media, n_processors=None, new_segment_callback=None, abort_callback=None, **params):
        assert n_processors in (None, 2)
        self._set(params)
        heard = []
        for t0, t1, text in HEARD:
            heard.append(engine.Segment(t0, t1, text))
            try:
                new_segment_callback(heard[-1])
            except BaseException as error:
                raise AssertionError("the engine would lose this error") from error
            if abort_callback():
                break
        return heard


@pytest.fixture(autouse=True)
def network(monkeypatch):
    monkeypatch.setattr(engine, "Model", Model)


def test_words_are_grouped_and_get_their_spaces_back():
    calls = []
    recogniser = WhisperCpp("tiny", threads=2)
    found = recogniser.transcribe(NOISE, language="en", on_progress=lambda *call: calls.append(call))
    assert [segment.text for segment in found.segments] == [" Hello there.", " Again", " late"]
    assert [(word.start, word.end) for word in found.words] == [(0.1, 0.5), (0.5, 0.9), (1.2, 1.6), (3.8, 4.0)]
    assert recogniser._engine.params.language == "en"
    assert recogniser._engine.params.n_threads == 2
    assert calls[-1] == ("recognise", 4000, 4000)


@pytest.mark.parametrize("options", [{}, {"n_processors": 2}])
def test_segments_are_told_as_they_become_whole(options):
    told, at = [], []
    recogniser = WhisperCpp(options=options)
    found = recogniser.transcribe(
        NOISE, on_segment=told.append, on_progress=lambda _, done, __: at.append((done, len(told)))
    )
    assert tuple(told) == found.segments
    several = bool(options)  # whose parts come in another order than they are in the result
    assert dict(at) == {0: 0, 500: 0, 900: 0, 1600: 0 if several else 1, 4000: 3}


def test_unspaced_languages_get_no_spaces(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "HEARD", [(0, 50, "今日"), (50, 90, "は。")])
    for language in ("ja", None):
        assert WhisperCpp().transcribe(NOISE, language=language).segments[0].text == "今日は。"
    monkeypatch.setattr(sys.modules[__name__], "HEARD", [(0, 50, "hello"), (50, 80, "world"), (80, 90, "你好")])
    assert WhisperCpp().transcribe(NOISE, language="zh").segments[0].text == " hello world你好"


def test_an_error_of_whoever_hears_segments_stops_it():
    def fail(_segment):
        raise KeyboardInterrupt("enough")

    with pytest.raises(KeyboardInterrupt, match="enough"):
        WhisperCpp().transcribe(NOISE, on_segment=fail)


def test_a_caller_can_stop_it_with_its_own_error():
    def stop(_stage, done, _total):
        if done:
            raise KeyboardInterrupt("enough")

    with pytest.raises(KeyboardInterrupt, match="enough"):
        WhisperCpp().transcribe(NOISE, on_progress=stop)


def test_what_cannot_work_says_why(monkeypatch):
    with pytest.raises(OptionError, match=r"beam=3 is no option of the recogniser whisper\.cpp"):
        WhisperCpp(options={"beam": 3}).transcribe(NOISE)
    with pytest.raises(ModelNotFoundError, match=r"nowhere\.bin"):
        WhisperCpp("nowhere.bin").transcribe(NOISE)
    monkeypatch.setitem(sys.modules, "pywhispercpp.model", None)
    with pytest.raises(MissingExtraError, match=r"diarfuse\[whisper-cpp\]"):
        WhisperCpp().transcribe(NOISE)
