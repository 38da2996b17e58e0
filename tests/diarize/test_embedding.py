"""Filterbanks of many stretches at once are those of each by itself."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from diarfuse.diarize.embedding import TrunkEmbedder
from diarfuse.diarize.front_ends import FRONT_ENDS
from diarfuse.diarize.models.packs import Cut
from diarfuse.diarize.stretches import Stretch


@pytest.mark.parametrize("name", ["kaldi", "3d-speaker", "speechbrain"])
def test_filterbanks_of_many_stretches_are_those_of_each(name):
    samples = np.random.default_rng(0).normal(0, 0.1, 16_000 * 9).astype(np.float32)
    cuts = [(0, 40), (40, 310), (320, 330), (600, 890), (890, 898), (900, 910)]  # the last in the zeros behind the end
    stretches = [Stretch(*cut) for cut in cuts]
    embedder = TrunkEmbedder(FRONT_ENDS[name], SimpleNamespace(), SimpleNamespace(), 2, 4, Cut(3.0, at_changes=True))
    found = embedder._bands_of_all(samples, stretches)
    wanted = [embedder._bands(samples, stretch) for stretch in stretches]
    assert [begin for begin, _ in found] == [begin for begin, _ in wanted] == [first // 2 for first, _ in cuts]
    for (_, one), (_, other) in zip(found, wanted, strict=True):
        assert np.array_equal(one, other)
