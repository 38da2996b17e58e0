"""What a narrow band does to all voices alike."""

from __future__ import annotations

import numpy as np
import pytest

from diarfuse.diarize.bands import Bands
from diarfuse.diarize.models.pack_file import PACKS
from diarfuse.diarize.plda import unit_length


@pytest.fixture
def bands():
    rng = np.random.default_rng(0)
    full, narrow = 0.3 * unit_length(rng.standard_normal(64)), 0.6 * unit_length(rng.standard_normal(64))
    return Bands(full, narrow)


def heard(mean, seed, people=4):
    """Unit vectors of some people around a mean voice."""
    rng = np.random.default_rng(seed)
    voices = unit_length(rng.standard_normal((people, 64))) * np.sqrt(1 - mean @ mean)
    return unit_length(mean + voices.repeat(10, axis=0) + 0.02 * rng.standard_normal((10 * people, 64)))


def test_every_pack_of_ours_knows_its_bands():
    for pack in PACKS.values():
        found = Bands.of(pack.distances.bands)
        assert found.full.shape == found.narrow.shape == (pack.embedding.dimension,)
        assert 0 < np.linalg.norm(found.full) < np.linalg.norm(found.narrow) < 1
    assert Bands.of("") is None


def test_the_band_is_told_by_the_recording_itself(bands):
    for seed in range(5):
        assert bands.narrowness(heard(bands.full, seed)) < 0.3
        assert bands.narrowness(heard(bands.narrow, seed)) > 0.7
    assert bands.narrowness(np.empty((0, 64))) == 0


def test_people_on_the_telephone_are_as_far_apart_as_in_full_band(bands):
    def apart(vectors):
        return np.linalg.norm(unit_length(vectors[0]) - unit_length(vectors[10]))

    full, narrow = heard(bands.full, 1), heard(bands.narrow, 1)
    assert apart(narrow) < apart(full) - 0.1
    levelled = [bands.centred(vectors, bands.narrowness(vectors)) for vectors in (full, narrow)]
    assert apart(levelled[0]) == pytest.approx(apart(levelled[1]), abs=0.1)


def test_missing_and_unscaled_vectors(bands):
    vectors = heard(bands.full, 2).astype(np.float32)
    vectors[3] = np.nan
    centred = bands.centred(7 * vectors, 0.5)
    assert centred.dtype == np.float32
    assert np.isnan(centred).any(axis=1).tolist() == [k == 3 for k in range(len(vectors))]
    np.testing.assert_allclose(centred, bands.centred(vectors, 0.5), atol=1e-6)


def test_a_narrow_band_is_told(bands):
    assert bands.note(0.1) == ()
    assert bands.note(0.9)[0].startswith("narrow band: ")
