from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize import vad
from diarfuse.diarize.options import Execution
from diarfuse.diarize.runtime import Runtime
from diarfuse.fusion.errors import MissingExtraError, OptionError

oracle = pytest.importorskip("faster_whisper.vad")
MEETING = Path(__file__).parents[2] / "examples" / "meeting"


@pytest.fixture(scope="module")
def meeting():
    return sf.read(MEETING.with_suffix(".wav"), dtype="float32")[0]


def theirs(scores, num_samples, **options):
    """faster-whisper's own post-processing of the same probabilities."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oracle, "get_vad_model", lambda: lambda _: scores)
        found = oracle.get_speech_timestamps(np.zeros(num_samples, np.float32), oracle.VadOptions(**options))
    return [(span["start"], span["end"]) for span in found]


scores_of_speech = st.lists(st.sampled_from([0.0, 0.3, 0.36, 0.5, 0.9]), max_size=80).map(np.array)


@given(scores_of_speech, st.integers(1, 512), st.sampled_from([0, 64, 250]), st.sampled_from([32, 100, 300]))
def test_spans_are_those_of_faster_whisper(scores, last, min_speech_ms, min_silence_ms):
    num_samples = max(len(scores) - 1, 0) * vad.CHUNK + (last if len(scores) else 0)
    expected = theirs(
        scores,
        num_samples,
        min_speech_duration_ms=min_speech_ms,
        min_silence_duration_ms=min_silence_ms,
        speech_pad_ms=0,
    )
    found = vad.speech_spans(scores, num_samples, min_speech=min_speech_ms / 1000, min_silence=min_silence_ms / 1000)
    assert found == expected


@given(st.lists(st.integers(0, 5000), max_size=20, unique=True), st.integers(0, 2000))
def test_padded_ranges_keep_their_order_and_hold_what_they_held(edges, pad):
    edges = sorted(edges)[: len(edges) // 2 * 2]
    ranges = list(zip(edges[::2], edges[1::2], strict=True))
    wider = vad.padded(ranges, pad, 5000)
    assert all(a <= c and d <= b for (a, b), (c, d) in zip(wider, ranges, strict=True))
    assert all(first[1] <= second[0] for first, second in pairwise(wider))
    assert all(start >= 0 and end <= 5000 for start, end in wider)


def test_probabilities_do_not_depend_on_the_block_size(meeting, monkeypatch):
    whole = vad.probabilities(meeting[: 20 * 16000 + 5])
    monkeypatch.setattr(vad, "BLOCK", 100)
    assert np.abs(vad.probabilities(meeting[: 20 * 16000 + 5]) - whole).max() < 1e-5
    assert len(whole) == 626


def test_probabilities_are_those_of_faster_whisper(meeting):
    samples = meeting[: 1000 * vad.CHUNK]
    difference = np.abs(vad.probabilities(samples) - oracle.get_vad_model()(samples.copy()))
    assert difference[:-1].max() < 1e-5  # theirs blanks the end of the last chunk where it means its context


def test_speech_of_the_example_is_found(meeting):
    step = 160  # 10 ms
    truth = np.zeros(len(meeting) // step + 1, bool)
    for line in MEETING.with_suffix(".rttm").read_text().splitlines():
        start, duration = (float(value) for value in line.split()[3:5])
        truth[round(start * 100) : round((start + duration) * 100)] = True
    found = np.zeros_like(truth)
    for start, end in vad.detect_speech(meeting):
        found[round(start * 100) : round(end * 100)] = True
    assert (found & truth).sum() > 0.9 * truth.sum()  # the turns of the truth hold short pauses
    assert (found & ~truth).sum() < 0.03 * len(truth)


def test_silence_and_nothing_hold_no_speech():
    for num_samples in (0, 1, 800, 16000):
        assert vad.detect_speech(np.zeros(num_samples, np.float32)) == []


def test_progress_reaches_its_total(meeting):
    calls = []
    vad.detect_speech(meeting, on_progress=lambda *call: calls.append(call))
    total = -(-len(meeting) // vad.CHUNK)
    assert calls == [("vad", vad.BLOCK, total), ("vad", total, total)]


def test_a_network_that_hears_chunk_by_chunk_gets_context_state_and_rate(tmp_path):
    from onnx import TensorProto, helper, save

    # output = mean(input) + state's mean; the new state is the old one plus 1: silero_vad.onnx's shape.
    kinds = {"input": (TensorProto.FLOAT, [None, None]), "state": (TensorProto.FLOAT, [2, None, 128])}
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in kinds.items()]
    inputs.append(helper.make_tensor_value_info("sr", TensorProto.INT64, []))
    one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
    nodes = [
        helper.make_node("ReduceSum", ["input"], ["sum"], keepdims=0),
        helper.make_node("ReduceMean", ["state"], ["mean"], keepdims=0),
        helper.make_node("Cast", ["sr"], ["rate"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["rate", "rate"], ["unit"]),
        helper.make_node("Mul", ["mean", "unit"], ["carried"]),
        helper.make_node("Add", ["sum", "carried"], ["output"]),
        helper.make_node("Add", ["state", "one"], ["stateN"]),
    ]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)]
    outputs.append(helper.make_tensor_value_info("stateN", TensorProto.FLOAT, [2, None, 128]))
    graph = helper.make_graph(nodes, "chunks", inputs, outputs, [one])
    path = tmp_path / "chunks.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    samples = np.ones(3 * vad.CHUNK + 10, np.float32)
    found = vad.run(Runtime.of(Execution(device="cpu", threads=1)).session(path), samples, whole=False)
    assert found.tolist() == [512, 64 + 512 + 1, 64 + 512 + 2, 64 + 10 + 3]


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_impossible_options_are_refused_by_name(seconds):
    with pytest.raises(OptionError, match="min_silence"):
        vad.detect_speech(np.zeros(16000, np.float32), min_silence=seconds)


def test_a_missing_network_names_the_pip_line(monkeypatch):
    monkeypatch.setattr(vad.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match="pip install"):
        vad.network()
