"""Who is active: equals fall by a rule, never by the processor's sort."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from diarfuse.diarize.votes import highest
from tests.amounts import examples

DRAWN = given(st.integers(0, 9999), st.integers(1, 40), st.integers(1, 6), st.sampled_from([0.0, 0.5, 1.0, 2.0]))


def draw(seed, frames, speakers):
    rng = np.random.default_rng(seed)
    votes = rng.integers(0, 4, (frames, speakers)).astype(np.float32)
    return votes, rng.integers(0, speakers + 1, frames).clip(max=3)


def slow(votes, count, margin, before):
    """The rule as it is written, frame by frame and speaker by speaker."""
    chosen = []
    last = set(np.flatnonzero(before))
    for row, many, extra in zip(votes, count, margin, strict=True):
        heard = [value + (extra + 1e-3 if k in last and value > 0 else 0) for k, value in enumerate(row)]
        last = set(sorted(range(len(row)), key=lambda k: (-heard[k], k))[:many])
        chosen.append([k in last for k in range(len(row))])
    return np.array(chosen)


@settings(max_examples=examples(200))
@DRAWN
def test_equal_to_the_rule_frame_by_frame(seed, frames, speakers, margin):
    votes, count = draw(seed, frames, speakers)
    before = np.arange(speakers) % 2 == 1
    margins = np.full(frames, margin)
    np.testing.assert_array_equal(highest(votes, count, margins, before), slow(votes, count, margins, before))


@settings(max_examples=examples(50))
@DRAWN
def test_a_recording_cut_anywhere_gives_the_same(seed, frames, speakers, margin):
    votes, count = draw(seed, frames, speakers)
    margins, cut = np.full(frames, margin), frames // 2
    first = highest(votes[:cut], count[:cut], margins[:cut])
    second = highest(votes[cut:], count[cut:], margins[cut:], first[-1] if cut else None)
    np.testing.assert_array_equal(np.concatenate((first, second)), highest(votes, count, margins))


def test_who_speaks_goes_on_until_others_have_more():
    votes = np.array([[5, 1], [3, 3], [3, 3], [3, 4], [0, 4], [4, 4]], dtype=np.float32)
    one = np.ones(6, int)
    assert highest(votes, one, np.zeros(6)).argmax(axis=1).tolist() == [0, 0, 0, 1, 1, 1]
    assert highest(votes, one, np.ones(6)).argmax(axis=1).tolist() == [0, 0, 0, 0, 1, 1]
    assert highest(votes, one).argmax(axis=1).tolist() == [0, 0, 0, 1, 1, 0]


PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from diarfuse.diarize import clustering, communities, counting
from diarfuse.diarize.plda import load_plda
from diarfuse.diarize.recipes import OURS, UPSTREAM
from diarfuse.diarize.reconstruct import reconstruct
from diarfuse.diarize.turns import build_turns
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.types import SpeakerCount
plda, *folders = (Path(name) for name in sys.argv[1:])
plda = load_plda(plda / "xvec_transform.npz", plda / "plda.npz")
learn = lambda training, _: clustering.vbx_centroids(training, plda, threshold=0.6, fa=0.07, fb=0.8)
for folder in folders:
    bits = np.load(folder / "segmentations.npz")["segmentations"].astype(np.uint8)
    voices = np.load(folder / "raw_embeddings.npz")["embeddings"]
    windows = Windows((len(bits) - 1) * 16_000 + 160_000, 1.0)
    found, _ = clustering.cluster(voices, bits, learn, SpeakerCount())
    for method in (UPSTREAM, OURS):
        timeline = reconstruct(bits, found.hard, counting.speaker_count(bits, windows), windows, keep=method.keep)
        for turns in build_turns(timeline, windows, label_order="pyannote")[:2]:
            for turn in turns:
                print(f"{folder.name} {turn.start:.3f} {turn.end:.3f} {turn.speaker}")
    heard = voices[::7][np.isfinite(voices[::7]).all(axis=-1)][:1000].astype(np.float64)
    heard /= np.linalg.norm(heard, axis=1, keepdims=True)
    print(f"{folder.name} communities {communities.cluster(heard, 3).tolist()}")
"""


@pytest.mark.filterwarnings("ignore")
def test_the_same_turns_whatever_the_processor_can_do(shared, capsys, monkeypatch):
    """From recorded network outputs; the older processor is this one with most of numpy's instructions switched off."""
    dispatched = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    if not dispatched:
        pytest.skip("numpy uses no instructions on this processor that could be switched off")
    folders = [shared / "golden/community1" / name for name in ("03_dual_speaker", "06_long_recording")]
    arguments = [str(path) for path in (shared / "models/plda", *folders)]
    monkeypatch.setattr(sys, "argv", ["-c", *arguments])
    exec(PROGRAM, {})  # noqa: S102 - as below, without a process of its own
    here = capsys.readouterr().out
    assert all(here.count(folder.name) > 10 for folder in folders)
    assert here.count("communities") == len(folders)
    older = {"NPY_DISABLE_CPU_FEATURES": " ".join(dispatched), "OPENBLAS_CORETYPE": "Nehalem"}
    assert _python(PROGRAM, older, arguments).stdout == here


def _python(program, environment, arguments=()):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
