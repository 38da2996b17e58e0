import difflib
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from diarfuse.asr_adapters.moonshine import Moonshine, installed
from diarfuse.fusion.errors import (
    AudioError,
    LowMemoryError,
    MissingExtraError,
    ModelError,
    ModelNotFoundError,
    OptionError,
)

moonshine_voice = pytest.importorskip("moonshine_voice")
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def recogniser():
    return Moonshine()


@pytest.fixture(scope="module")
def meeting():
    return sf.read(EXAMPLES / "meeting.wav", dtype="float32")[0]


@pytest.fixture(scope="module")
def plain(recogniser, meeting):
    """What is heard in the first six seconds."""
    return recogniser.transcribe(meeting[: 6 * 16_000])


def words(text):
    return re.findall(r"[a-z']+", text.lower())


def test_the_example_is_understood(recogniser, meeting):
    calls, told = [], []
    end = sum(map(float, (EXAMPLES / "meeting.rttm").read_text().splitlines()[2].split()[3:5]))
    found = recogniser.transcribe(
        meeting[: round(end * 16000)], on_progress=lambda *call: calls.append(call), on_segment=told.append
    )
    assert tuple(told) == found.segments
    turns = (EXAMPLES / "meeting.txt").read_text().splitlines()[:3]
    truth = words(" ".join(turn.partition(": ")[2] for turn in turns))
    heard = words(" ".join(segment.text for segment in found.segments))
    assert difflib.SequenceMatcher(None, truth, heard, autojunk=False).ratio() > 0.9
    assert found.language == "en"
    assert all(0 <= segment.start < segment.end <= found.duration for segment in found.segments)
    assert found.words == ()
    assert calls == sorted(calls)
    assert calls[0][1] == 0
    assert calls[-1][1] == calls[-1][2] == round(found.duration * 1000)


def test_words_are_told_while_they_come(recogniser, meeting):
    stream, told, early = recogniser.stream(), [], 0
    for start in range(0, 8 * 16_000, 16_000):
        told += [word for segment in stream.feed(meeting[start : start + 16_000]) for word in segment.words]
        early = early or len(told)
        assert stream.until <= start / 16_000 + 1
    assert 0 < early < len(told)
    told += [word for segment in stream.close() for word in segment.words]
    turns = (EXAMPLES / "meeting.txt").read_text().splitlines()[:2]
    truth = words(" ".join(turn.partition(": ")[2] for turn in turns))
    heard = words(" ".join(word.text for word in told))
    assert difflib.SequenceMatcher(None, truth[: len(heard)], heard, autojunk=False).ratio() > 0.8
    assert [word.start for word in told] == sorted(word.start for word in told)


def test_no_word_is_made_of_noise(recogniser):
    stream = recogniser.stream(language="en")
    noise = np.random.default_rng(0).normal(0, 0.01, 5 * 16_000).astype(np.float32)
    assert (*stream.feed(noise), *stream.close()) == ()
    with pytest.raises(OptionError, match="language='de'"):
        recogniser.stream(language="de")


@pytest.mark.parametrize(
    ("gain", "offset", "told"),
    [
        pytest.param(0.05, 0.3, "off the middle", marks=pytest.mark.official),
        (0.002, -0.4, "off the middle"),
        (2**-10, 0.0, "times as loud"),
        (1.0, 0.02, ""),
    ],
)
def test_words_are_heard_whatever_the_level_and_the_offset(recogniser, meeting, plain, gain, offset, told):
    found = recogniser.transcribe((gain * meeting[: 6 * 16_000] + offset).astype(np.float32))
    wanted, heard = (words(" ".join(segment.text for segment in one.segments)) for one in (plain, found))
    assert len(wanted) > 10
    assert difflib.SequenceMatcher(None, wanted, heard).ratio() > 0.8, heard
    assert told in " ".join(found.notes)
    assert bool(found.notes) == bool(told)


def test_two_may_be_loaded_at_once(monkeypatch):
    """As in a server with two jobs: the package hands a second thread a library that is not loaded yet."""
    library = moonshine_voice.moonshine_api._MoonshineLib
    load = library._load_library

    def slowly(self):
        time.sleep(0.2)
        load(self)

    monkeypatch.setattr(library, "_instance", None)
    monkeypatch.setattr(library, "_lib", None)
    monkeypatch.setattr(library, "_load_library", slowly)
    noise = np.random.default_rng(0).normal(0, 0.01, 16000).astype(np.float32)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda recogniser: recogniser.transcribe(noise), [Moonshine(), Moonshine()]))
    assert found[0] == found[1]


def test_what_was_heard_before_changes_nothing(recogniser, meeting):
    """The engine's own voice detector is one for the whole process, and remembers."""
    one, other = meeting[: 2 * 16000], meeting[10 * 16000 : 12 * 16000]
    second = Moonshine()
    alone = [second.transcribe(one), recogniser.transcribe(other)]
    assert [recogniser.transcribe(one), second.transcribe(other)] == alone
    with ThreadPoolExecutor(2) as pool:
        beside = [pool.submit(recogniser.transcribe, one), pool.submit(second.transcribe, other)]
        assert [found.result() for found in beside] == alone
    assert all(found.segments for found in alone)


@pytest.fixture
def two_pieces(monkeypatch):
    """Speech in the first and in the next 3 s of every recording."""
    monkeypatch.setattr(Moonshine, "_speech", lambda *_: iter([(0, 48_000), (48_000, 96_000)]))


@pytest.mark.usefixtures("two_pieces")
def test_lines_heard_at_once_are_those_heard_one_by_one(recogniser, meeting, monkeypatch):
    monkeypatch.setattr(recogniser, "_threads", 1)
    one_by_one = recogniser.transcribe(meeting[:96_000])
    both, hear, told = threading.Barrier(2), Moonshine._lines, []

    def at_once(*given):
        both.wait(60)
        return hear(*given)

    monkeypatch.setattr(Moonshine, "_lines", at_once)
    assert Moonshine(threads=2).transcribe(meeting[:96_000], on_segment=told.append) == one_by_one
    assert tuple(told) == one_by_one.segments
    assert {segment.start < 3 for segment in told} == {True, False}


def test_a_caller_can_stop_it(recogniser, meeting):
    def stop(_stage, done, _total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recogniser.transcribe(meeting[: 10 * 16000], on_progress=stop)


def test_a_piece_that_the_engine_fails_on_costs_the_recording_only(recogniser, meeting, monkeypatch):
    def fail(*_):
        raise moonshine_voice.MoonshineError("Unknown error")

    monkeypatch.setattr(moonshine_voice.Transcriber, "transcribe_without_streaming", fail)
    with pytest.raises(
        AudioError, match=r"Moonshine failed at \d+\.\d s of the recording \(Unknown error\): free memory"
    ):
        recogniser.transcribe(meeting[: 3 * 16000])


@pytest.mark.usefixtures("two_pieces")
def test_a_second_copy_that_has_no_room_is_told(meeting, monkeypatch):
    recogniser, tried = Moonshine(threads=2), threading.Event()
    recogniser._loaded()

    def fail(*_, **__):
        tried.set()
        raise moonshine_voice.MoonshineError("Failed to load transcriber: Unknown error")

    monkeypatch.setattr(Moonshine, "_lines", lambda *_: [tried.wait(60)][:0])
    monkeypatch.setattr(moonshine_voice, "Transcriber", fail)
    with pytest.raises(LowMemoryError, match=r"a second copy of moonshine's model: free some, or give --threads 1\."):
        recogniser.transcribe(meeting[:96_000])


def test_the_second_of_two_threads_finds_the_model_of_the_first(monkeypatch):
    recogniser, loads = Moonshine(), []
    second = threading.Thread(target=recogniser._loaded)

    def load(*_):
        loads.append(threading.current_thread())
        if len(loads) == 1:
            second.start()
            second.join(0.05)
        return "model"

    monkeypatch.setattr(Moonshine, "_load", load)
    recogniser._loaded()
    second.join(60)
    assert loads == [threading.current_thread()]


def test_why_speech_cannot_be_looked_for_is_told(recogniser, meeting, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match="--asr moonshine needs faster-whisper"):
        recogniser.transcribe(meeting[:16000])


@pytest.mark.parametrize("num_samples", [0, 1, 800, 16000])
def test_silence_is_an_empty_transcript(recogniser, num_samples):
    assert recogniser.transcribe(np.zeros(num_samples, np.float32)).segments == ()


def test_speech_cut_at_any_place_is_no_failure(recogniser, meeting):
    for num_samples in (1, 100, 800, 3000):
        found = recogniser.transcribe(meeting[20000 : 20000 + num_samples])
        assert all(segment.end <= found.duration for segment in found.segments)


def test_other_languages_and_models_are_refused(recogniser, tmp_path):
    speech = np.ones(1600, np.float32)
    with pytest.raises(OptionError, match="language='de'"):
        recogniser.transcribe(speech, language="de")
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        Moonshine(str(tmp_path / "nowhere")).transcribe(speech)
    with pytest.raises(ModelError, match="does not hold a Moonshine model"):
        Moonshine(str(tmp_path)).transcribe(speech)
    with pytest.raises(OptionError, match="arch='huge'"):
        Moonshine(str(tmp_path), arch="huge").transcribe(speech)


@pytest.mark.parametrize("options", [{"foo": 1}, {"vad_hop_size": "much"}])
def test_an_option_the_engine_does_not_take_is_named(options):
    ((name, value),) = options.items()
    with pytest.raises(OptionError, match=f"with {name}={value!r}, most likely because it has no such option"):
        Moonshine(options=options).transcribe(np.ones(1600, np.float32))


@pytest.mark.parametrize("value", [0, 1, -0.5, "much", float("nan")])
def test_a_threshold_is_a_probability(value):
    with pytest.raises(OptionError, match="vad_threshold="):
        Moonshine(vad_threshold=value)


@pytest.mark.parametrize("value", [-1, 1.5, "many", True])
def test_lines_at_once_are_a_number(value):
    with pytest.raises(OptionError, match="threads="):
        Moonshine(threads=value)


def test_it_is_installed():
    assert installed()
