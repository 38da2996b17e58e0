"""What hides a recording's sound is undone exactly; every other recording stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.fusion.audio import audible as module
from diarfuse.fusion.audio.audible import audible
from tests.amounts import examples

SPEECH = np.random.default_rng(0).uniform(-0.6, 0.6, 20_000).astype(np.float32)


@pytest.mark.parametrize("exponent", [10, 14, 40])
def test_a_faint_recording_is_made_loud_without_any_loss(exponent: int) -> None:
    heard, told = audible(SPEECH * np.float32(2.0**-exponent))
    times = 2 ** (exponent - 1)  # whose loudest sample lies just below half of full scale
    np.testing.assert_array_equal(heard, SPEECH / 2)
    assert [f"{times} times as loud" in sentence for sentence in told] == [True]


@pytest.mark.parametrize("offset", [0.25, -0.4])
def test_an_offset_far_above_the_sound_is_taken_away(offset: float) -> None:
    quiet = SPEECH / 50
    heard, told = audible(quiet + np.float32(offset))
    np.testing.assert_allclose(heard - heard.mean(), quiet - quiet.mean(), atol=1e-7)
    assert abs(float(heard.mean())) < 1e-6
    assert len(told) == 1
    assert "off the middle" in told[0]


@given(st.floats(-0.3, 0.3), st.floats(0.002, 1.0))
@settings(max_examples=examples(30))
def test_any_other_recording_is_the_very_same(offset: float, gain: float) -> None:
    samples = SPEECH * np.float32(gain) + np.float32(offset)
    heard, told = audible(samples)
    if abs(float(samples.mean())) < 3.9 * float(samples.std()):
        assert heard is samples
        assert told == ()


@pytest.mark.parametrize("value", [0.0, 0.3, -1.0])
def test_a_constant_has_no_sound_to_be_heard(value: float) -> None:
    samples = np.full(5_000, value, np.float32)
    heard, told = audible(samples)
    assert heard is samples
    assert told == ()


def test_a_long_recording_is_looked_at_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    shifted = np.append(SPEECH / 50 + np.float32(0.3), SPEECH[:1] / 50 + np.float32(0.3))
    whole = audible(shifted)
    monkeypatch.setattr(module, "_STEP", 4_000)
    parts = audible(shifted)
    np.testing.assert_allclose(parts[0], whole[0], atol=1e-7)
    assert parts[1] == whole[1]
