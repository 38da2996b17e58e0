from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from diarfuse.diarize.front_ends import FRONT_ENDS
from diarfuse.diarize.joined import JoinedEmbedder, joined
from diarfuse.diarize.options import Execution
from diarfuse.diarize.runtime import Runtime
from diarfuse.diarize.stretches import Stretch
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.errors import CorruptModelError
from tests.diarize.tiny_embedder import tiny_embedder

RUNTIME = Runtime.of(Execution(device="cpu", threads=1))


@pytest.fixture
def embedder(tmp_path):
    """``embedder(front_end, ...)``: a loaded tiny network."""

    def load(front_end="kaldi", dimension=80, **options):
        path = tmp_path / "model.onnx"
        onnx.save(tiny_embedder(front_end, **options), path)
        bands_first = options.get("bands_first", False)
        return JoinedEmbedder(FRONT_ENDS[front_end], RUNTIME.session(path), "embedding", bands_first, dimension)

    return load


def deviation(front_end, samples, count):
    features = FRONT_ENDS[front_end].features(samples)[:count]
    return features.std(axis=0)


@pytest.mark.parametrize("front_end", ["kaldi", "nemo", "speechbrain"])
@pytest.mark.parametrize(
    "options", [{}, {"bands_first": True}, {"lengths": TensorProto.INT64}, {"lengths": TensorProto.FLOAT}]
)
def test_every_layout_gives_the_same_vector(embedder, inputs, front_end, options):
    samples = inputs.noise(1, 16_000)
    plain, other = embedder(front_end).whole(samples), embedder(front_end, **options).whole(samples)
    assert plain.shape == (80,)
    if "lengths" in options and front_end == "nemo":  # such networks get NeMo's padding too, and its true length
        assert not np.allclose(plain, other)
    else:
        np.testing.assert_allclose(plain, other, atol=1e-5)


def test_the_number_of_frames_is_what_the_graph_asks_for(embedder, inputs):
    samples = inputs.noise(1, 16_000)
    whole_numbers = embedder("nemo", lengths=TensorProto.INT64)._inputs(np.zeros((112, 80), np.float32), 100)
    share = embedder("nemo", lengths=TensorProto.FLOAT)._inputs(np.zeros((112, 80), np.float32), 100)
    assert (whole_numbers[1].tolist(), share[1].tolist()) == ([100], [1.0])
    assert whole_numbers[0].shape == (1, 112, 80)
    assert embedder("nemo").whole(samples).shape == (80,)


def test_own_frames_are_laid_end_to_end():
    windows = Windows(160_000)
    samples = np.arange(160_000, dtype=np.float32)
    mask = np.zeros(589, np.float32)
    mask[:2] = mask[300:302] = mask[588] = 1
    found = joined(samples, mask, windows)
    first, last = round(2 * 270 + 360.5), round(588 * 270 + 360.5)
    assert abs(len(found) - (first + 2 * 270 + 160_000 - last)) <= 2
    assert found[0] == 0
    assert found[-1] == 159_999
    np.testing.assert_array_equal(joined(samples, np.ones(589, np.float32), windows), samples)


def test_less_than_half_a_second_is_repeated_and_silence_is_nobody(embedder, inputs):
    network = embedder()
    samples = inputs.noise(2, 160_000)
    windows = Windows(160_000)
    segmentations = np.zeros((1, 589, 3), np.uint8)
    segmentations[0, 100:110, 0] = 1  # 0.17 s
    segmentations[0, 300:500, 1] = 1
    vectors = network.windows(samples, windows, segmentations, RUNTIME, lambda *_: None)
    assert np.isnan(vectors[0, 2]).all()
    short = joined(samples, segmentations[0, :, 0].astype(np.float32), windows)
    np.testing.assert_array_equal(vectors[0, 0], network.whole(np.resize(short, 8000)))
    long = joined(samples, segmentations[0, :, 1].astype(np.float32), windows)
    np.testing.assert_array_equal(vectors[0, 1], network.whole(long))


def test_overlap_is_left_out_as_with_masks(embedder, inputs):
    network = embedder()
    samples, windows = inputs.noise(2, 160_000), Windows(160_000)
    segmentations = np.zeros((1, 589, 3), np.uint8)
    segmentations[0, 100:300, 0] = segmentations[0, 200:400, 1] = 1
    vectors = network.windows(samples, windows, segmentations, RUNTIME, lambda *_: None)
    alone = segmentations.copy()
    alone[0, 200:300] = 0
    np.testing.assert_array_equal(
        vectors[0, :2], network.windows(samples, windows, alone, RUNTIME, lambda *_: None)[0, :2]
    )


def test_spans_too_short_to_hear_have_no_vector(embedder, inputs):
    network, samples, windows = embedder(), inputs.noise(2, 160_000), Windows(160_000)
    spans = (Stretch(0, 30), Stretch(100, 300))
    none = np.zeros((1, 589, 3), np.uint8)
    vectors, looks = network.stretches(samples, windows, none, spans, RUNTIME, lambda *_: None)
    assert np.isnan(vectors).all()
    assert np.isnan(looks[0]).all()
    np.testing.assert_array_equal(looks[1], network.whole(samples[16_000 : 299 * 160 + 400]))
    assert network.stretches(samples, windows, none, (), RUNTIME, lambda *_: None)[1].shape == (0, 80)


def test_a_network_that_gives_something_else_is_one_sentence(embedder, inputs):
    with pytest.raises(CorruptModelError, match=r"gives 80 numbers for 1\.0 s of speech, not 192"):
        embedder(dimension=192).whole(inputs.noise(1, 16_000))
    fixed = embedder()
    fixed.network._inputs[0] = "absent"
    with pytest.raises(CorruptModelError, match="cannot compute 'embedding' of inputs"):
        fixed.whole(inputs.noise(1, 16_000))
    assert embedder().measured_dimension() == 80
