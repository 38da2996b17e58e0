# /// script
# requires-python = ">=3.10"
# dependencies = ["pyannote.audio==4.0.7", "numpy", "scipy"]
# ///
"""Make `stages/*.npz`: what pyannote.audio itself answers on small invented recordings.

Run ``uv run tests/golden/make_stages.py`` (or any environment with
pyannote.audio); no model is fetched. Ties in pyannote's reconstruction are
broken by numpy's default sort, which answers otherwise on every kind of
processor where there are more than 16 clusters (with AVX-512, below that too);
here they fall to the lower number, as in the recordings that pyannote made
of up to 16. Each file holds the input (segmentations,
embeddings, a small PLDA) and the output of every stage from pyannote's own
classes. tests/diarize/test_parity.py replays them.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from pyannote.audio.core.plda import PLDA
from pyannote.audio.pipelines.clustering import VBxClustering
from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization
from pyannote.audio.pipelines.utils import SpeakerDiarizationMixin
from pyannote.audio.utils.vbx import cluster_vbx
from pyannote.core import SlidingWindow, SlidingWindowFeature
from scipy.cluster.hierarchy import fcluster, linkage

HERE = Path(__file__).parent / "stages"
FRAMES = SlidingWindow(start=0.0, duration=991 / 16000, step=270 / 16000)
POWERSET = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]])


@dataclass(frozen=True)
class Case:
    """An invented recording and how it is clustered."""

    name: str
    windows: int
    speakers: int
    spread: float = 0.25
    step: float = 1.0
    speech: float = 0.8
    num: int | None = None
    dim: int = 16


CASES = (
    Case("meeting", 24, 3),
    Case("blurred", 24, 3, spread=0.6),
    Case("sparse", 14, 2, speech=0.15),
    Case("coarse", 10, 2, step=2.5),
    Case("fine", 12, 2, step=0.7),
    Case("one_window", 1, 2),
    Case("monologue", 8, 1),
    Case("forced_two", 20, 3, num=2),
    Case("forced_three", 12, 1, num=3),
)


def segmentations(case: Case, rng: np.random.Generator) -> np.ndarray:
    """Local speakers of each window, from one conversation seen with errors, columns shuffled."""
    length = int(np.ceil((10 + case.windows * case.step) / FRAMES.step)) + 600
    truth = np.zeros((length, max(case.speakers, 3)), dtype=np.uint8)
    at = 0
    while at < length:
        span = int(rng.integers(20, 200))
        if rng.random() < case.speech:
            who = rng.choice(case.speakers, size=min(case.speakers, 1 + (rng.random() < 0.2)), replace=False)
            truth[at : at + span, who] = 1
        at += span
    out = np.zeros((case.windows, 589, 3), dtype=np.uint8)
    for window in range(case.windows):
        first = round(window * case.step / FRAMES.step)
        seen = truth[first : first + 589].copy()
        cut = int(rng.integers(0, 560))
        seen[cut : cut + 25] = POWERSET[rng.integers(7)] if truth.shape[1] == 3 else seen[cut : cut + 25]
        out[window] = seen[:, rng.permutation(3)]
    return out


def plda_files(folder: Path, dim: int, rng: np.random.Generator) -> tuple[dict[str, np.ndarray], PLDA]:
    """A PLDA of invented parameters, and its arrays."""
    rank = dim // 2
    arrays = {
        "mean1": 0.05 * rng.standard_normal(dim),
        "mean2": 0.05 * rng.standard_normal(rank),
        "lda": np.linalg.qr(rng.standard_normal((dim, dim)))[0][:, :rank],
        "mu": 0.05 * rng.standard_normal(rank),
        "tr": np.linalg.qr(rng.standard_normal((rank, rank)))[0] * 1.2,
        "psi": np.sort(rng.uniform(0.5, 6, rank))[::-1].copy(),
    }
    np.savez(folder / "xvec.npz", **{name: arrays[name] for name in ("mean1", "mean2", "lda")})
    np.savez(folder / "plda.npz", **{name: arrays[name] for name in ("mu", "tr", "psi")})
    return arrays, PLDA(folder / "xvec.npz", folder / "plda.npz", lda_dimension=rank)


def turns(discrete: SlidingWindowFeature, on: float, off: float) -> np.ndarray:
    """Rows of start, end, cluster, sorted."""
    annotation = SpeakerDiarizationMixin.to_annotation(discrete, min_duration_on=on, min_duration_off=off)
    rows = [(segment.start, segment.end, label) for segment, _, label in annotation.itertracks(yield_label=True)]
    return np.array(sorted(rows), dtype=np.float64).reshape(-1, 3)


def embeddings_of(case: Case, segments: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noisy voices; which voice a local speaker has is drawn anew, as clustering does not look at time."""
    voices = rng.standard_normal((case.speakers, case.dim))
    noise = case.spread * rng.standard_normal((*segments.shape[::2], case.dim))
    drawn = np.stack([rng.permutation(max(3, case.speakers))[:3] % case.speakers for _ in segments])
    return (voices[drawn] + noise).astype(np.float32)


def record(case: Case, seed: int) -> dict[str, np.ndarray]:
    """Input and output of every stage."""
    rng = np.random.default_rng(seed)
    local = segmentations(case, rng)
    embeddings = embeddings_of(case, local, rng)
    sliding = SlidingWindow(start=0.0, duration=10.0, step=case.step)
    feature = SlidingWindowFeature(local.astype(np.float32), sliding)
    with tempfile.TemporaryDirectory() as folder:
        arrays, plda = plda_files(Path(folder), case.dim, rng)
    clustering = VBxClustering(plda, metric="cosine").instantiate({"threshold": 0.6, "Fa": 0.07, "Fb": 0.8})
    bounds = SpeakerDiarizationMixin.set_num_speakers(num_speakers=case.num)
    hard, _, centroids = clustering(embeddings=embeddings, segmentations=feature, num_clusters=bounds[0],
                                    min_clusters=bounds[1], max_clusters=bounds[2])  # fmt: skip
    hard = hard.astype(np.int32)
    hard[local.sum(axis=1) == 0] = -2
    count = SpeakerDiarizationMixin.speaker_count(feature, FRAMES, warm_up=(0.0, 0.0))
    out = {**arrays, "segmentations": local, "embeddings": embeddings, "hard": hard, "centroids": centroids,
           "count": count.data[:, 0].copy(), "step": np.array(case.step), "num": np.array(case.num or 0)}  # fmt: skip
    train, window, speaker = clustering.filter_embeddings(embeddings, feature)
    out |= {"window": window, "speaker": speaker}
    if len(train) > 1:
        out |= vbx_stages(train, plda)
    count.data = np.minimum(count.data, bounds[2]).astype(np.int8)
    for name, limit in (("turns", 127), ("exclusive", 1)):
        count.data = np.minimum(count.data, limit).astype(np.int8)
        discrete = SpeakerDiarization.reconstruct(SpeakerDiarizationMixin(), feature, hard, count)
        out[name] = turns(discrete, 0.0, 0.0)
        if name == "turns":
            out["smoothed"] = turns(discrete, 0.3, 0.5)
    return out


def vbx_stages(train: np.ndarray, plda: PLDA) -> dict[str, np.ndarray]:
    """Agglomerative labels, features, responsibilities and priors."""
    normed = train / np.linalg.norm(train, axis=1, keepdims=True)
    flat = fcluster(linkage(normed, method="centroid", metric="euclidean"), 0.6, criterion="distance")
    labels = np.unique(flat, return_inverse=True)[1]
    features = plda(train)
    gamma, pi = cluster_vbx(labels, features, plda.phi, Fa=0.07, Fb=0.8)
    return {"ahc": labels, "features": features, "phi": plda.phi, "gamma": gamma, "pi": pi}


def main() -> None:
    """Write one file a case."""
    np.argsort = partial(np.argsort, kind="stable")  # pyannote's reconstruction takes numpy's default
    HERE.mkdir(exist_ok=True)
    for seed, case in enumerate(CASES):
        np.savez_compressed(HERE / f"{case.name}.npz", **record(case, seed))


if __name__ == "__main__":
    # `reconstruct` is a method that uses nothing of a loaded pipeline but `to_diarization`.
    main()
