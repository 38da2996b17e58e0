import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from benchmarks import random_whisper
from diarfuse.asr_adapters import faster_whisper as adapter
from diarfuse.asr_adapters.faster_whisper import FasterWhisper, available, is_folder, on_disk
from diarfuse.fusion.errors import (
    DeviceError,
    LowMemoryError,
    ModelError,
    ModelNotFoundError,
    NetworkError,
    OptionError,
    UnknownNameError,
)

engine = pytest.importorskip("faster_whisper")
# A random model repeats itself: no fallback temperatures, and few tokens a window.
QUICK = {
    "beam_size": 1,
    "temperature": 0.0,
    "max_new_tokens": 12,
    "log_prob_threshold": None,
    "no_speech_threshold": None,
}
NOISE = np.random.default_rng(0).normal(0, 0.1, 40 * 16000).astype(np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(random_whisper.make(tmp_path_factory.mktemp("tiny_whisper")))


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    """No hub, and nothing in its cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_words_and_segments_are_the_engines_own(model):
    calls = []
    found = FasterWhisper(model, options=QUICK).transcribe(
        NOISE, language="en", on_progress=lambda *call: calls.append(call)
    )
    theirs, _ = engine.WhisperModel(model).transcribe(NOISE, language="en", word_timestamps=True, **QUICK)
    assert [(s.start, s.end, s.text, [(w.start, w.end, w.word, w.probability) for w in s.words]) for s in theirs] == [
        (s.start, s.end, s.text, [(w.start, w.end, w.text, w.probability) for w in s.words]) for s in found.segments
    ]
    assert found.words
    assert (found.language, found.duration) == ("en", 40.0)
    assert calls == sorted(calls)
    assert calls[-1] == ("recognise", 40000, 40000)


def test_a_recording_that_comes_is_heard_in_windows_with_local_agreement(model):
    recogniser, looks, told = FasterWhisper(model, options=QUICK), [], []
    transcribe = recogniser.transcribe

    def noted(piece, *, language=None):
        found = transcribe(piece, language=language)
        looks.append([word.text.strip() for word in found.words])
        return found

    recogniser.transcribe = noted
    stream = recogniser.stream(language="en")
    for start in range(0, 40_000, 20_000):
        told += [word for segment in stream.feed(NOISE[start : start + 20_000]) for word in segment.words]
    assert len(looks) == 2
    assert looks[0][0] == looks[1][0]
    same = [one == other for one, other in zip(*looks, strict=False)]
    agreed = [*same, False].index(False)
    assert [word.text.strip() for word in told] == looks[1][:agreed]
    told += [word for segment in stream.close() for word in segment.words]
    assert [word.text.strip() for word in told] == looks[2]


def test_the_language_of_the_first_piece_holds(model):
    recogniser, asked = FasterWhisper(model, options=QUICK), []
    transcribe = recogniser.transcribe

    def noted(piece, *, language=None):
        asked.append(language)
        return transcribe(piece, language=language)

    recogniser.transcribe = noted
    stream = recogniser.stream()
    stream.feed(NOISE[: 13 * 16_000])
    stream.close()
    assert asked[0] is None
    assert asked[-1] in ("en", "de")


def test_segments_are_told_as_soon_as_they_are_sure(model):
    told = []
    at_report = []
    found = FasterWhisper(model, options=QUICK).transcribe(
        NOISE, language="en", on_segment=told.append, on_progress=lambda *_: at_report.append(len(told))
    )
    assert len(told) > 1
    assert tuple(told) == found.segments
    assert at_report == [0, *range(1, len(told) + 1), len(told)]  # each before the next is begun


def test_options_reach_the_engine(model):
    found = FasterWhisper(model, options={**QUICK, "word_timestamps": False}).transcribe(NOISE, language="en")
    assert found.segments
    assert found.words == ()


def test_batches_are_the_engines_own_and_said_to_differ(model, monkeypatch):
    from faster_whisper import transcribe

    speech = [{"start": 0, "end": 20 * 16000}, {"start": 25 * 16000, "end": 40 * 16000}]
    monkeypatch.setattr(transcribe, "get_speech_timestamps", lambda *_: [dict(piece) for piece in speech])
    pipeline = engine.BatchedInferencePipeline(engine.WhisperModel(model))
    theirs, _ = pipeline.transcribe(NOISE, language="en", word_timestamps=True, batch_size=2, **QUICK)
    told = []
    found = FasterWhisper(model, options=QUICK, batch_size=2).transcribe(NOISE, language="en", on_segment=told.append)
    assert [(s.start, s.end, s.text, len(s.words)) for s in theirs] == [
        (s.start, s.end, s.text, len(s.words)) for s in found.segments
    ]
    assert tuple(told) == found.segments
    assert len(found.segments) > 1
    assert found.notes == ("Words were recognised in batches of 2 and differ from those without --batch-size.",)
    assert FasterWhisper(model, options=QUICK).transcribe(NOISE, language="en").notes == ()


def test_a_caller_can_stop_it(model):
    def stop(_stage, done, _total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FasterWhisper(model, options=QUICK).transcribe(NOISE, language="en", on_progress=stop)


def test_silence_needs_no_model():
    for num_samples in (0, 800, 16000):
        assert FasterWhisper("no/model").transcribe(np.zeros(num_samples, np.float32)).segments == ()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"options": {"beam": 3}}, OptionError, "beam=3 is no option of the recogniser faster-whisper: leave it out"),
        ({"options": {"beam_size": "five"}}, OptionError, "faster-whisper refuses beam_size='five' "),
        ({"options": {"hotwords": 3}}, OptionError, "faster-whisper refuses hotwords=3 "),
        ({"options": {"clip_timestamps": "zz"}}, OptionError, "faster-whisper refuses clip_timestamps='zz' "),
        ({"batch_size": -1}, OptionError, "batch_size=-1 must be a whole number"),
        ({"batch_size": "8"}, OptionError, "batch_size='8' must be a whole number"),
        ({"batch_size": 8, "options": {"vad_filter": False}}, OptionError, "leave vad_filter on"),
        ({"batch_size": 8, "options": {"beam": 3}}, OptionError, "beam"),
        ({"compute_type": "int3"}, OptionError, "compute_type='int3'"),
        ({"device": "tpu"}, DeviceError, "device='tpu'.*use device='cpu'"),
        ({"model": "smal"}, UnknownNameError, "did you mean 'small'"),
        ({"offline": True, "model": "small"}, ModelNotFoundError, "--asr moonshine"),
        ({"model": "some/model"}, NetworkError, "cannot be downloaded"),
    ],
)
def test_what_cannot_work_says_why(model, options, kind, message):
    with pytest.raises(kind, match=message):
        FasterWhisper(**{"model": model, **options}).transcribe(NOISE[:1600], language="en")


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=tmp_path.name):
        FasterWhisper(str(tmp_path)).transcribe(NOISE[:1600])


def test_a_folder_that_happens_to_have_the_name_of_a_size_is_no_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("small", "mine"):
        (tmp_path / name).mkdir()
    assert [is_folder(name) for name in ("small", "./small", "mine", "base")] == [False, True, True, False]
    (tmp_path / "small" / "model.bin").touch()
    assert is_folder("small")
    assert on_disk("small") == Path("small")


def test_an_interrupted_download_is_not_on_disk(tmp_path, monkeypatch):
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    monkeypatch.setattr(engine.utils, "download_model", lambda *_, **__: str(snapshot))
    assert on_disk("small") is None
    (snapshot / "model.bin").touch()
    assert on_disk("small") == snapshot


@pytest.mark.parametrize(
    ("answer", "expected"), [(None, True), (urllib.error.URLError("no route"), False), (TimeoutError(), False)]
)
def test_available_asks_the_hub_without_downloading(monkeypatch, answer, expected):
    import io

    from huggingface_hub import constants

    def urlopen(request, timeout):
        assert request.get_method() == "HEAD"
        assert timeout == 3.0
        if answer:
            raise answer
        return io.BytesIO()

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    assert available("small") is expected


def test_available_is_false_where_the_hub_is_switched_off(model):
    assert not available("small")
    assert available(model)


def test_a_failed_download_of_any_http_client_is_known(monkeypatch):
    class Client:
        class HTTPError(Exception):
            pass

    monkeypatch.setitem(sys.modules, "httpx", Client)
    assert Client.HTTPError in adapter._network_errors()


@pytest.mark.parametrize(
    ("said", "kind"),
    [("CUDA failed with error out of memory", LowMemoryError), ("CUDA driver version is insufficient", DeviceError)],
)
def test_a_device_that_is_full_is_no_device_that_is_not_there(
    said: str, kind: type[Exception], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr("faster_whisper.WhisperModel", full)
    with pytest.raises(kind):
        FasterWhisper(device="cuda")._load(tmp_path)
