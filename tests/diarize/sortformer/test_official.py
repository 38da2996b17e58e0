"""Networks of the official shape, with seeded weights in files of the official layout, over a minute of speech.

Against what transformers and NeMo say of the same minute (`make_sortformer_networks.py --official`). It takes a minute
and gigabytes, so `.ci/run` does it and the default run does not: ``pytest -m official``.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from diarfuse.diarize.models.store import Store
from diarfuse.diarize.options import Options, Preset
from diarfuse.diarize.sortformer import memory
from diarfuse.diarize.sortformer.pipeline import SortformerDiarizer
from diarfuse.fusion.watch import Watch
from tests.golden.sortformer import files, weights
from tests.golden.sortformer.choices import CLOSE, Choices

pytestmark = pytest.mark.official

EVERY = {"low": 4}
"""Of the many pieces of a pace one in so many is heard, and all after which frames go to the cache.

What the others would say changes nothing that follows: a piece's embeddings do not depend on what is remembered.
"""
UNKNOWN = 0.5
"""What is put for it, of everybody: the network itself says it of nobody."""


@pytest.fixture(scope="module", params=files.KINDS)
def loaded(request, tmp_path_factory):
    """A kind, and its diarizer, read from its files."""
    folder = tmp_path_factory.mktemp(request.param)
    files.write(request.param, folder, "official")
    files.tensors.cache_clear()
    yield request.param, SortformerDiarizer.from_path(folder, store=Store(folder / "store", offline=True))
    shutil.rmtree(folder)  # up to 0.9 GB, and another kind is next


def sometimes(diarizer, every):
    """The diarizer, made to hear one piece in `every`, and to say that it does not know of the others."""
    networks, pace, pieces = diarizer.networks, diarizer.pace(), iter(range(10_000))

    def hear(cache, fifo, mel):
        if next(pieces) % every == 0 or len(fifo) + pace.chunk > pace.fifo:
            return networks.hear(cache, fifo, mel)
        embeddings, said = networks.hear(cache[:0], fifo[:0], mel)
        rows = (len(cache) + len(fifo) + len(embeddings)) * networks.rows
        return embeddings, np.full((rows, said.shape[1]), UNKNOWN, np.float32)

    diarizer.networks = replace(networks, hear=hear)
    return diarizer


@pytest.mark.parametrize("preset", get_args(Preset))
def test_a_minute_as_the_reference(loaded, preset, monkeypatch):
    """Within 1e-4 (1.5e-5 of it are the golden file's steps): every row, and all that the memory chooses from.

    What it chose is the reference's, and so is every choice here from what the reference said (`Choices`).
    """
    kind, whole = loaded
    diarizer = SortformerDiarizer(whole.networks, whole.models, whole.runtime, Options(preset=preset), whole.execution)
    with np.load(files.HERE / "official.npz") as kept:
        expected, choices = kept[f"{kind}_{preset}"] / 65535, Choices(kept, f"{kind}_{preset}")
    monkeypatch.setattr(memory, "choose", choices)
    said = sometimes(diarizer, EVERY.get(preset, 1)).hear(weights.speech(16_000 * 60), Watch())
    assert said.shape == ((6000, 8) if kind == "nemotron" else (750, 4 if kind == "sortformer" else 8))
    said = said[:: 5 if kind == "nemotron" else 1]
    heard = (said != UNKNOWN).any(axis=1)
    assert heard.mean() >= 1 / (EVERY.get(preset, 1) + 0.1)
    np.testing.assert_allclose(said[heard], expected[heard], rtol=0, atol=CLOSE)
    assert choices.left == 0
    assert 0.1 < (expected > 0.5).mean() < 0.9
