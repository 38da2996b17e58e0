from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import soundfile

from diarfuse.diarize.models.pack_file import PACKS
from diarfuse.diarize.models.packs import Distances
from diarfuse.diarize.options import Execution, Mode, Options, RecipeName
from diarfuse.diarize.pipeline import Diarizer
from diarfuse.diarize.plda import Plda
from diarfuse.diarize.recipes import OURS, RECIPES, UPSTREAM, Setting
from diarfuse.fusion.errors import OptionError, UnknownNameError
from diarfuse.fusion.types import SpeakerCount


def test_every_recipe_can_be_asked_for_and_says_what_each_mode_does():
    assert set(RECIPES) == set(get_args(RecipeName))
    for recipe in RECIPES.values():
        assert set(recipe.steps) == set(recipe.methods) == set(get_args(Mode))


def test_every_pack_can_run_its_recipe():
    for pack in PACKS.values():
        assert pack.plda or not RECIPES[pack.recipe].needs_plda


def test_upstreams_steps_are_taken_where_upstream_is_promised():
    taken = {
        (name, mode) for name, recipe in RECIPES.items() for mode in get_args(Mode) if recipe.methods[mode] is UPSTREAM
    }
    assert taken == {("community-1", "exact"), *(("speaker-diarization-3.1", mode) for mode in get_args(Mode))}
    segmentations = np.ones((1, 589, 3), np.uint8)
    UPSTREAM.trim(segmentations, None)
    assert segmentations.all()
    assert (UPSTREAM.end(5.0), OURS.end(5.0)) == (np.inf, 5.0)


def test_the_classic_recipe_runs_over_any_pack(store, shared):
    samples = soundfile.read(shared / "audio/real/pyannote_sample.wav", dtype="float32", frames=13 * 16_000)[0]
    diarizer = Diarizer.from_pretrained("campplus", options=Options(recipe="speaker-diarization-3.1"), store=store)
    found = diarizer.diarize(samples)
    assert {turn.speaker for turn in found.turns} == {"SPEAKER_00", "SPEAKER_01"}
    exact = Diarizer(diarizer.models, options=diarizer.options, execution=Execution(mode="exact"))
    assert exact.diarize(samples).to_rttm() == found.to_rttm()


def test_a_recipe_that_the_pack_cannot_run_is_refused_before_anything_runs(store):
    with pytest.raises(OptionError, match=r"needs a PLDA, and the pack campplus has none: use agglomerative"):
        Diarizer.from_pretrained("campplus", options=Options(recipe="community-1"), store=store)
    with pytest.raises(UnknownNameError, match=r"did you mean 'speaker-diarization-3\.1'"):
        Options(recipe="speaker-diarization-31")


def test_vbx_at_a_longer_hop_takes_each_window_for_as_many_as_it_stands_for():
    rng, dim = np.random.default_rng(0), 8
    plda = Plda(np.zeros(dim), np.eye(dim), np.zeros(dim), np.zeros(dim), np.eye(dim), np.full(dim, 10.0))
    voices = np.eye(dim)[rng.integers(4, size=60)] + 0.3 * rng.standard_normal((60, dim))

    def learn(rows, step):
        setting = Setting(SpeakerCount(), Distances(alone=0.8), plda, Options(), step)
        return RECIPES["community-1"].learn["exact"](rows, np.arange(len(rows)), setting)

    for hop in (2, 5):
        np.testing.assert_allclose(learn(voices, hop), learn(voices.repeat(hop, axis=0), 1), atol=1e-6)
