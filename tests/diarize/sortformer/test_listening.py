"""Networks and memory together, against what transformers and NeMo say of the same speech at the same paces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diarfuse.diarize.sortformer import memory
from diarfuse.diarize.sortformer.listening import Listener
from diarfuse.diarize.sortformer.memory import Pace
from diarfuse.fusion.errors import CorruptModelError
from tests.golden.sortformer import weights
from tests.golden.sortformer.choices import CLOSE, Choices

GOLDEN = Path(__file__).parents[2] / "golden" / "sortformer" / "networks.npz"
CASES = {
    "nemotron_low": Pace(9, 4, 264, 222),
    "nemotron_cpu": Pace(32, 4, 40, 40),
    "nemotron_offline": Pace(340, 40, 40, 300),
    "sortformer_low": Pace(6, 7, 188, 144, 1),
    "sortformer_cpu": Pace(124, 1, 124, 124, 1),
    "sortformer_offline": Pace(340, 40, 40, 300, 1),
    "audar_low": Pace(13, 7, 40, 300, 1),
    "audar_cpu": Pace(124, 1, 124, 124, 1),
    "audar_offline": Pace(340, 40, 40, 300, 1),
}


def hear(networks, pace, samples, block=50_000):
    listener = Listener(networks, pace)
    said = [each for start in range(0, len(samples), block) for each in listener.feed(samples[start : start + block])]
    return np.concatenate([*said, *listener.close()])


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    return weights.speech(16_000 * 45)


DEFAULT = ("nemotron_low", "sortformer_cpu", "audar_offline")
"""One of each kind, and of each pace."""


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[] if case in DEFAULT else pytest.mark.official) for case in CASES]
)
def test_as_the_reference(networks, speech, case, monkeypatch):
    """Within 1e-4 (1.5e-5 of it are the golden file's steps): every row, and all that the memory chooses from.

    What it chose is the reference's, and so is every choice here from what the reference said (`Choices`).
    """
    kind = networks[case.partition("_")[0]]
    with np.load(GOLDEN) as kept:
        expected = kept[case] / 65535
        choices = Choices(kept, case) if f"{case}:sizes" in kept else None
    monkeypatch.setattr(memory, "choose", choices)
    said = hear(kind, CASES[case], speech)
    assert len(said) == (4500 if kind.rows == 8 else 563)
    np.testing.assert_allclose(said[:: 5 if kind.rows == 8 else 1], expected, rtol=0, atol=CLOSE)
    assert choices.left == 0
    assert 0.1 < (said > 0.5).mean() < 0.9


@pytest.mark.parametrize("part", [0, 1])
def test_a_network_that_says_nan_is_not_taken_for_one_that_hears_nobody(networks, speech, part):
    good = networks["sortformer"]

    def hear_nan(*given):
        said = list(good.hear(*given))
        said[part] = np.full_like(said[part], np.nan)
        return tuple(said)

    with pytest.raises(CorruptModelError, match="says NaN of the recording"):
        hear(replace(good, hear=hear_nan), CASES["sortformer_low"], speech[:48_000])


@pytest.mark.parametrize("kind", ["nemotron", "sortformer"])
def test_it_does_not_matter_how_the_samples_come(networks, speech, kind):
    pace, part = Pace(5, 3, 10, 6, 1), speech[: 16_000 * 2 + 77]
    whole = hear(networks[kind], pace, part, len(part))
    for block in (641, 7_000, 33_333):
        np.testing.assert_array_equal(hear(networks[kind], pace, part, block), whole)


@pytest.mark.parametrize("kind", ["nemotron", "sortformer"])
@pytest.mark.parametrize("samples", [0, 1, 159, 160, 1279, 1280, 1281, 8000])
def test_recordings_of_any_length_have_their_rows(networks, speech, kind, samples):
    listener = Listener(networks[kind], Pace(3, 1, 264, 222))
    said = [*listener.feed(speech[:samples]), *listener.close()]
    mels, rows = samples // 160, networks[kind].rows
    assert sum(map(len, said)) == (mels if rows == 8 else -(-mels // 8))


def test_a_long_stream_keeps_no_more_audio_than_it_needs(networks, speech):
    listener = Listener(networks["sortformer"], Pace(6, 7, 188, 144, 1))
    for start in range(0, 16_000 * 8, 16_000):
        list(listener.feed(speech[start : start + 16_000]))
        assert listener._kept.size < 16_000 * 2.2
