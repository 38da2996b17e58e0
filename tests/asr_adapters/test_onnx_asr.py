import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.asr_adapters.onnx_asr import OnnxAsr, words_of
from diarfuse.fusion import cuda
from diarfuse.fusion.errors import DeviceError, MissingExtraError, ModelError, OptionError
from diarfuse.fusion.types import Segment

NOISE = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
TOKENS = ["\u2581he", "llo", "\u2581there", ".", "<blk>"]
FRAME = 0.08
HEARD = {1: 0, 2: 1, 6: 2, 8: 3}  # frame -> token; blanks elsewhere


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A NeMo CTC model for onnx-asr's own class, that always hears the same two words."""
    pytest.importorskip("onnx_asr")
    from onnx import TensorProto, helper, numpy_helper, save

    logprobs = np.full((1, 300, len(TOKENS)), -9.0, np.float32)
    for frame in range(300):
        logprobs[0, frame, HEARD.get(frame, 4)] = -0.1
    inputs = [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, [None, 80, None]),
        helper.make_tensor_value_info("length", TensorProto.INT64, [None]),
    ]
    outputs = [helper.make_tensor_value_info("logprobs", TensorProto.FLOAT, [1, 300, len(TOKENS)])]
    nodes = [helper.make_node("Identity", ["always"], ["logprobs"])]
    graph = helper.make_graph(nodes, "ctc", inputs, outputs, [numpy_helper.from_array(logprobs, "always")])
    folder = tmp_path_factory.mktemp("nemo")
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "model.onnx")
    (folder / "vocab.txt").write_text("".join(f"{token} {number}\n" for number, token in enumerate(TOKENS)), "utf-8")
    return str(folder)


def test_word_pieces_become_timed_words(model):
    calls = []
    recogniser = OnnxAsr("nemo-conformer-ctc", path=model, device="cpu")
    found = recogniser.transcribe(NOISE, on_progress=lambda *call: calls.append(call))
    (segment,) = found.segments
    assert [word.text for word in segment.words] == [" he" + "llo", " there."]
    assert segment.text == " hello there."
    times = [time for word in segment.words for time in (word.start, word.end)]
    assert times == pytest.approx([1 * FRAME, 2 * FRAME + 0.24, 6 * FRAME, 8 * FRAME + 0.24])
    assert segment.words[0].probability == pytest.approx(np.exp(-0.1), abs=1e-6)
    assert calls == [("recognise", 0, 2000), ("recognise", 2000, 2000)]


def test_a_recording_that_comes_is_heard_in_windows(model):
    stream = OnnxAsr("nemo-conformer-ctc", path=model, device="cpu").stream(language="en")
    told = [segment for part in np.split(NOISE, 4) for segment in stream.feed(part)]
    assert [segment.text for segment in told] == [" hello there."]
    assert stream.close() == ()


def test_times_count_from_the_start_of_the_recording(model):
    long = np.tile(NOISE, 15)
    told = []
    found = OnnxAsr("nemo-conformer-ctc", path=model, device="cpu").transcribe(long, on_segment=told.append)
    assert len(found.segments) == 2
    assert tuple(told) == found.segments
    assert 12 < found.segments[1].start < 20.5
    assert found.duration == 30.0


def test_a_model_without_token_times_gives_lines(model, monkeypatch):
    from onnx_asr.asr import TimestampedResult

    recogniser = OnnxAsr("nemo-conformer-ctc", path=model, device="cpu")
    recogniser.transcribe(NOISE)
    monkeypatch.setattr(recogniser._engine, "recognize", lambda *_, **__: TimestampedResult("Hello."))
    assert recogniser.transcribe(NOISE).segments == (Segment(0.0, 2.0, "Hello."),)
    monkeypatch.setattr(recogniser._engine, "recognize", lambda *_, **__: TimestampedResult(" "))
    assert recogniser.transcribe(NOISE).segments == ()


def test_a_word_is_as_likely_as_its_own_tokens():
    words = words_of([" a", "b", " c"], [0.0, 0.1, 0.2], [-1.0, -3.0, -5.0], 0.0, 1.0)
    assert [word.probability for word in words] == pytest.approx([np.exp(-2), np.exp(-5)])


def test_what_cannot_work_says_why(model, tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="'parakeat'"):
        OnnxAsr("parakeat").transcribe(NOISE)
    with pytest.raises(ModelError, match=r"vocab\.txt|model\.onnx"):
        OnnxAsr("nemo-conformer-ctc", path=str(tmp_path)).transcribe(NOISE)
    monkeypatch.setattr(cuda, "problem", lambda: cuda.Problem("there is no NVIDIA driver here", "install it"))
    with pytest.raises(DeviceError, match="no NVIDIA driver here; install it; or use device='cpu'"):
        OnnxAsr("nemo-conformer-ctc", path=model, device="cuda").transcribe(NOISE)


@pytest.mark.parametrize(("device", "usable", "gpu"), [("auto", True, 1), ("auto", False, 0), ("cpu", True, 0)])
def test_a_gpu_is_used_where_it_can_be(device, usable, gpu, monkeypatch):
    monkeypatch.setattr(cuda, "problem", lambda: None if usable else cuda.Problem("none", "buy one"))
    assert OnnxAsr("any", device=device)._providers() == [cuda.PROVIDER] * gpu + ["CPUExecutionProvider"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"beam_size": 5}, "beam_size=5 is no option of the recogniser onnx-asr, which takes channel, language, "),
        ({"sample_rate": 5}, "sample_rate=5 is no option of the recogniser onnx-asr, which takes channel, language, "),
    ],
)
def test_an_option_that_it_does_not_take_is_named(model, options, said):
    with pytest.raises(OptionError, match=said):
        OnnxAsr("nemo-conformer-ctc", path=model, device="cpu", options=options).transcribe(NOISE)


def test_a_missing_package_names_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx_asr", None)
    with pytest.raises(MissingExtraError, match=r"diarfuse\[onnx-asr\]"):
        OnnxAsr().transcribe(NOISE)


@given(st.lists(st.tuples(st.sampled_from([" a", "b", " ", ".", " c"]), st.floats(0, 1)), min_size=1, max_size=20))
def test_words_hold_their_tokens_and_never_fall_back(parts):
    times = np.cumsum([step for _, step in parts]).tolist()
    words = list(words_of([token for token, _ in parts], times, None, 5.0, 5.0 + times[-1]))
    assert "".join(word.text for word in words).split() == "".join(token for token, _ in parts).split()
    edges = [time for word in words for time in (word.start, word.end)]
    assert all(before <= after + 1e-9 for before, after in pairwise([5.0, *edges, 5.0 + times[-1]]))
