"""Whatever stops a recogniser, and wherever: with what it told by then it comes to the very transcript of one run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import random_whisper
from diarfuse.asr_adapters import onnx_asr, whisper_windows
from diarfuse.asr_adapters.faster_whisper import FasterWhisper
from diarfuse.asr_adapters.moonshine import Moonshine
from diarfuse.asr_adapters.onnx_asr import OnnxAsr
from diarfuse.asr_adapters.resuming import Begun, Mark, OtherwiseError, ResumingRecognizer
from diarfuse.asr_adapters.whisper_windows import Window
from diarfuse.fusion.types import SAMPLE_RATE, Samples, Segment, Transcript

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = {"beam_size": 1, "temperature": 0.0, "max_new_tokens": 12, "log_prob_threshold": None}
QUICK |= {"no_speech_threshold": None}
NOISE = np.random.default_rng(5).normal(0, 0.1, 90 * SAMPLE_RATE).astype(np.float32)


class StoppedError(Exception):
    """Raised where a recogniser is to stop."""


@dataclass
class Heard:
    """What somebody heard of a recogniser, which it stops at so many segments."""

    stops: int = -1
    segments: list[Segment] = field(default_factory=list)
    marks: list[tuple[int, Mark]] = field(default_factory=list)

    def hear(self, segment: Segment) -> None:
        if len(self.segments) == self.stops:
            raise StoppedError
        self.segments.append(segment)

    def mark(self, mark: Mark) -> None:
        self.marks.append((len(self.segments), mark))

    def begun(self) -> Iterator[Begun]:
        """What there was at each mark, as it comes back from a disk."""
        for count, told in self.marks:
            yield Begun(tuple(self.segments[:count]), replace(told, state=json.loads(json.dumps(dict(told.state)))))


def heard(
    recogniser: ResumingRecognizer, samples: Samples, begun: Begun | None = None, stops: int = -1
) -> tuple[Heard, Transcript | None]:
    told = Heard(stops)
    try:
        return told, recogniser.transcribe(samples, on_segment=told.hear, on_mark=told.mark, begun=begun)
    except StoppedError:
        return told, None


def check(recogniser: ResumingRecognizer, samples: Samples) -> Heard:
    """From every mark of a run, and from the last one of a run that was stopped, comes what came in one run."""
    assert isinstance(recogniser, ResumingRecognizer)
    whole, found = heard(recogniser, samples)
    assert found is not None
    assert found.segments == tuple(whole.segments)
    assert len(whole.marks) > 2
    times = [told.until for _, told in whole.marks]
    assert times == sorted(times)
    assert whole.marks[-1][0] == len(found.segments), "the last one is behind all"
    for begun in whole.begun():
        again, rest = heard(recogniser, samples, begun)
        assert rest == found
        assert tuple(again.segments) == found.segments
    stopped, nothing = heard(recogniser, samples, stops=len(found.segments) // 2)
    assert nothing is None
    *_, begun = stopped.begun()
    assert 0 < len(begun.segments) <= len(found.segments) // 2
    twice, nothing = heard(recogniser, samples, begun, stops=len(found.segments) - 1)
    assert nothing is None
    *_, begun = [begun, *twice.begun()]
    assert heard(recogniser, samples, begun)[1] == found
    return whole


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    pytest.importorskip("faster_whisper")
    return str(random_whisper.make(tmp_path_factory.mktemp("tiny_whisper")))


@pytest.fixture(scope="module")
def whisper(model) -> FasterWhisper:
    return FasterWhisper(model, options=QUICK)


@pytest.fixture(scope="module")
def of_whisper(whisper) -> Heard:
    return check(whisper, NOISE)


def test_whisper_goes_on_with_what_was_said_before(of_whisper, whisper):
    assert of_whisper.marks[-1][1].state["before"]
    assert whisper._engine.max_length // 2 - 1 <= whisper_windows._PROMPT, "it looks back no further"


@pytest.mark.parametrize("more", [{"prompt_reset_on_temperature": -1.0}])
def test_and_with_nothing_where_it_forgets(model, more):
    whole = check(FasterWhisper(model, options=QUICK | more), NOISE[: 70 * SAMPLE_RATE])
    assert {tuple(told.state["before"]) for _, told in whole.marks} == {()}


@pytest.mark.parametrize("change", [{"said": [1]}, {"end": 3.21}, {"seek": 1}, {"before": []}])
def test_whisper_that_says_something_else_now_does_not_go_on_and_has_told_nothing(of_whisper, whisper, change):
    *_, begun = of_whisper.begun()
    other = replace(begun, mark=replace(begun.mark, state={**begun.mark.state, **change}))
    told: list[Segment] = []
    with pytest.raises(OtherwiseError):
        whisper.transcribe(NOISE, on_segment=told.append, begun=other)
    assert told == []


@pytest.mark.parametrize("more", [{"clip_timestamps": "0,31"}, {"initial_prompt": "hello"}])
def test_whisper_marks_no_place_from_which_it_could_not_go_on_exactly(model, more):
    told, found = heard(FasterWhisper(model, options=QUICK | more), NOISE[: 35 * SAMPLE_RATE])
    assert found is not None
    assert len(found.segments) > 1
    assert told.marks == []
    assert FasterWhisper(model, options={"vad_filter": True})._is_tied
    assert FasterWhisper(model, batch_size=2)._is_tied


WINDOWS = st.lists(
    st.tuples(st.lists(st.lists(st.integers(0, 9), max_size=90), min_size=1, max_size=4), st.floats(0, 1)), max_size=12
)


@given(WINDOWS, st.booleans())
def test_what_the_next_window_looks_back_at_is_what_the_engine_would(windows, conditioned):
    window, tokens, since = Window.of({"condition_on_previous_text": conditioned}), list[int](), 0
    for seek, (segments, temperature) in enumerate(windows):
        before = tokens[since:][-whisper_windows._PROMPT :]
        for said in segments:
            window.take(SimpleNamespace(seek=seek, tokens=said, end=1.0, temperature=temperature))
            tokens += said
        if not conditioned or temperature > 0.5:
            since = len(tokens)
        assert window.state == {"seek": seek, "before": before, "said": [*chain(*segments)], "end": 1.0}


def test_moonshine_goes_on_line_by_line():
    pytest.importorskip("moonshine_voice")
    meeting = soundfile.read(EXAMPLES / "meeting.wav", dtype="float32", frames=12 * SAMPLE_RATE)[0]
    pause = np.zeros(2 * SAMPLE_RATE, np.float32)
    samples = np.concatenate([part for four in np.split(meeting, 3) for part in (four, pause)])
    recogniser = Moonshine(threads=1)
    assert isinstance(recogniser, ResumingRecognizer)
    whole, found = heard(recogniser, samples)
    begun = [*whole.begun()]
    assert len(begun) > 2
    again, rest = heard(recogniser, samples, begun[len(begun) // 2])
    assert rest == found
    assert tuple(again.segments) == found.segments


class Engine:
    """An engine of onnx-asr's kind, that hears how loud a block is."""

    def recognize(self, samples: Samples, **_: object) -> SimpleNamespace:
        text = f" {int(1e6 * float(np.abs(samples).mean()))}"
        return SimpleNamespace(tokens=None, timestamps=None, logprobs=None, text=text)


def test_onnx_asr_goes_on_block_by_block(monkeypatch):
    recogniser = OnnxAsr("any")
    monkeypatch.setattr(recogniser, "_engine", Engine())
    check(recogniser, NOISE)
    assert len(onnx_asr.blocks(NOISE)) > 4
