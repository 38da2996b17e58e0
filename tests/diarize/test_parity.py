"""Every stage against pyannote.audio's recorded answers.

`tests/golden/stages` are small invented recordings (make_stages.py), `shared`
holds dumps with the real weights. Each stage gets pyannote's own input, so that
a fault shows where it is.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from diarfuse.diarize import ahc, clustering, counting, masks, powerset, vbx
from diarfuse.diarize.plda import load_plda, unit_length
from diarfuse.diarize.reconstruct import reconstruct
from diarfuse.diarize.turns import build_turns
from diarfuse.diarize.windows import Windows
from diarfuse.fusion.types import Diarization, SpeakerCount

STAGES = Path(__file__).resolve().parent.parent / "golden" / "stages"
CASES = sorted(path.stem for path in STAGES.glob("*.npz"))
RECORDINGS = ("02_pyannote_sample", "03_dual_speaker", "06_long_recording")
CLOSE = {"rtol": 0, "atol": 1e-6}


def windows_of(count, step=1.0):
    windows = Windows(round((count - 1) * step * 16_000) + 160_000, step)
    assert windows.count == count
    return windows


def cluster(embeddings, segmentations, plda, bounds=None):
    """Community-1's clustering, with its published settings."""

    def learn(training, _windows):
        return clustering.vbx_centroids(training, plda, threshold=0.6, fa=0.07, fb=0.8)

    return clustering.cluster(embeddings, segmentations, learn, bounds or SpeakerCount())[0]


def all_speakers(labels, features, phi):
    """VBx with community-1's settings, those without a prior kept too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vbx, "_MIN_PRIOR", -1)
        return vbx.cluster_vbx(labels, features, phi, fa=0.07, fb=0.8)


def rows(turns):
    return np.array([(turn.start, turn.end, int(turn.speaker[-2:])) for turn in turns]).reshape(-1, 3)


@pytest.fixture(params=CASES)
def case(request):
    with np.load(STAGES / f"{request.param}.npz") as file:
        return {name: file[name] for name in file.files}


@pytest.fixture
def case_plda(case, tmp_path):
    np.savez(tmp_path / "xvec.npz", **{name: case[name] for name in ("mean1", "mean2", "lda")})
    np.savez(tmp_path / "plda.npz", **{name: case[name] for name in ("mu", "tr", "psi")})
    return load_plda(tmp_path / "xvec.npz", tmp_path / "plda.npz")


def test_invented_recordings_stage_by_stage(case, case_plda):
    segmentations, embeddings = case["segmentations"], case["embeddings"]
    windows = windows_of(len(segmentations), float(case["step"]))
    np.testing.assert_array_equal(counting.speaker_count(segmentations, windows), case["count"])
    pairs = masks.training_pairs(segmentations, embeddings)
    np.testing.assert_array_equal(pairs, [case["window"], case["speaker"]])
    if "features" in case:
        check_vbx(case, case_plda, embeddings[pairs])
    bounds = SpeakerCount.of(int(case["num"]) or None)
    found = cluster(embeddings, segmentations, case_plda, bounds)
    np.testing.assert_array_equal(found.hard, case["hard"])
    np.testing.assert_allclose(found.centroids, case["centroids"], **CLOSE)


def check_vbx(case, plda, train):
    labels = ahc.cluster(train, 0.6)
    np.testing.assert_array_equal(labels, case["ahc"])
    np.testing.assert_allclose(plda.phi, case["phi"], **CLOSE)
    np.testing.assert_allclose(plda.transform(train), case["features"], **CLOSE)
    mixture = all_speakers(labels, case["features"], case["phi"])
    np.testing.assert_allclose(mixture.gamma, case["gamma"], **CLOSE)
    np.testing.assert_allclose(mixture.pi, case["pi"], **CLOSE)


def test_invented_recordings_timeline(case):
    windows = windows_of(len(case["segmentations"]), float(case["step"]))
    limit = int(case["num"]) or None
    timeline = reconstruct(case["segmentations"], case["hard"], case["count"], windows, max_speakers=limit)
    turns, exclusive, labels = build_turns(timeline, windows, label_order="pyannote")
    assert sorted(labels) == sorted(set(case["turns"][:, 2].astype(int)))
    renumbered = {cluster: place for place, cluster in enumerate(sorted(labels, key=str))}
    for ours, name in ((turns, "turns"), (exclusive, "exclusive")):
        theirs = sorted((start, end, renumbered[int(cluster)]) for start, end, cluster in case[name])
        np.testing.assert_array_equal(rows(ours), theirs)
    smoothed, _, _ = build_turns(timeline, windows, min_duration_on=0.3, min_duration_off=0.5)
    np.testing.assert_array_equal(rows(smoothed)[:, :2], case["smoothed"][:, :2])


@pytest.fixture(scope="module", params=RECORDINGS)
def recording(request, shared):
    return shared / "golden" / "community1" / request.param


@pytest.fixture(scope="module")
def plda(shared):
    folder = shared / "models" / "plda"
    return load_plda(folder / "xvec_transform.npz", folder / "plda.npz")


def test_real_weights_counting(recording):
    segmentations = np.load(recording / "segmentations.npz")["segmentations"].astype(np.uint8)
    expected = np.load(recording / "reconstruction.npz")["count"][:, 0]
    np.testing.assert_array_equal(counting.speaker_count(segmentations, windows_of(len(segmentations))), expected)


def test_real_weights_plda_and_vbx(recording, plda):
    embeddings = np.load(recording / "raw_embeddings.npz")["embeddings"]
    expected, state = np.load(recording / "plda_embeddings.npz"), np.load(recording / "vbx_state.npz")
    train = embeddings[expected["train_chunk_idx"], expected["train_speaker_idx"]]
    np.testing.assert_allclose(plda.transform(train), expected["post_plda"], **CLOSE)
    np.testing.assert_allclose(plda.phi, expected["phi"], **CLOSE)
    labels = ahc.cluster(train, 0.6)
    np.testing.assert_array_equal(labels, np.load(recording / "ahc_init_labels.npy"))
    mixture = all_speakers(labels, expected["post_plda"], expected["phi"])
    np.testing.assert_allclose(mixture.gamma, state["q_final"], **CLOSE)
    np.testing.assert_allclose(mixture.pi, state["sp_final"], **CLOSE)
    np.testing.assert_allclose(mixture.elbo, state["elbo_trajectory"], **CLOSE)


def test_real_weights_without_the_distance_matrix(recording, moved):
    embeddings = np.load(recording / "raw_embeddings.npz")["embeddings"]
    expected = np.load(recording / "plda_embeddings.npz")
    normed = unit_length(embeddings[expected["train_chunk_idx"], expected["train_speaker_idx"]])
    plain = ahc.by_first_member(np.load(recording / "ahc_init_labels.npy"))
    np.testing.assert_array_equal(ahc.merge_centroids(normed, np.ones(len(normed)), 0.6), plain)
    for block in (100, 200, 500):  # mostly equal (see ahc): of chains like these, not all are
        assert moved(ahc.two_level(normed, 0.6, block=block), plain) <= len(normed) / 100


def test_real_weights_clusters_to_rttm(recording, plda):
    segmentations = np.load(recording / "segmentations.npz")["segmentations"].astype(np.uint8)
    embeddings = np.load(recording / "raw_embeddings.npz")["embeddings"]
    expected = np.load(recording / "clustering.npz")
    found = cluster(embeddings, segmentations, plda)
    hard = np.where(masks.active_speakers(segmentations), expected["hard_clusters"], clustering.NOBODY)
    np.testing.assert_array_equal(found.hard, hard)
    np.testing.assert_allclose(found.centroids, expected["centroids"], **CLOSE)
    windows = windows_of(len(segmentations))
    timeline = reconstruct(segmentations, found.hard, counting.speaker_count(segmentations, windows), windows)
    turns, exclusive, _ = build_turns(timeline, windows, label_order="pyannote")
    rttm = Diarization(turns, exclusive, windows.num_samples / 16_000).to_rttm("clip_16k")
    assert rttm == (recording / "reference.rttm").read_text()


@pytest.mark.parametrize("name", ["sample", "trn05"])
def test_random_embeddings_from_log_probabilities(name, shared, plda):
    golden = np.load(shared / "golden" / "stages" / f"{name}.npz")
    meta = json.loads((shared / "golden" / "stages" / "meta.json").read_text())
    segmentations = powerset.to_multilabel(golden["logp"])
    np.testing.assert_array_equal(segmentations, golden["multilabel"])
    np.testing.assert_array_equal(powerset.CLASSES, meta["mapping"])
    np.testing.assert_array_equal(masks.embedding_masks(segmentations), golden["used_masks"])
    assert masks.min_clean_frames(589) == meta["min_num_frames_clean"]
    found = cluster(golden["embeddings"], segmentations, plda)
    np.testing.assert_array_equal(found.hard, golden["hard_clusters_final"])
    windows = windows_of(len(segmentations))
    count = counting.speaker_count(segmentations, windows)
    timeline = reconstruct(segmentations, found.hard, count, windows, scores=True)
    votes = golden["aggregated_activations"] / np.maximum(windows.coverage, 1)[:, None]
    np.testing.assert_allclose(timeline.scores[:, : votes.shape[1]], votes, **CLOSE)
    turns, exclusive, _ = build_turns(timeline, windows, label_order="pyannote")
    np.testing.assert_array_equal(rows(turns), golden["diarization"])
    np.testing.assert_array_equal(rows(exclusive), golden["exclusive_diarization"])
