from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.asr_adapters.common import blocks, engine, quietest
from diarfuse.fusion.errors import MissingExtraError


@given(st.integers(0, 70 * 16000), st.integers(0, 100))
def test_blocks_cover_the_samples_without_overlap(num_samples, seed):
    samples = np.random.default_rng(seed).normal(size=num_samples).astype(np.float32)
    found = blocks(samples)
    assert found[0][0] == 0
    assert found[-1][1] == num_samples
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert all(last - first <= 20 * 16000 for first, last in found)


def test_cuts_lie_in_pauses():
    samples = np.ones(50 * 16000, np.float32)
    for pause in (15.0, 33.0):
        samples[int(pause * 16000) : int((pause + 0.5) * 16000)] = 0
    cuts = [last / 16000 for _, last in blocks(samples)[:-1]]
    assert cuts == [pytest.approx(15.2, abs=0.1), pytest.approx(33.2, abs=0.1)]


@given(st.lists(st.floats(-1, 1, width=32), max_size=50), st.integers(0, 9000))
def test_the_quietest_place_lies_inside(values, more):
    samples = np.concatenate([np.array(values, np.float32), np.zeros(more, np.float32)])
    assert 0 <= quietest(samples) <= len(samples)


def test_a_missing_engine_names_the_pip_line():
    with pytest.raises(MissingExtraError, match=r"pip install 'diarfuse\[some\]'"):
        engine("no_such_engine", "--asr none", "no-such-engine", "some")
