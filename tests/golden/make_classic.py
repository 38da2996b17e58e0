# /// script
# requires-python = ">=3.11"
# dependencies = ["pyannote.audio==4.0.7", "numpy", "scipy"]
# ///
"""Make `classic.npz`: what pyannote.audio's own AgglomerativeClustering answers, with 3.1's published numbers.

Run ``uv run tests/golden/make_classic.py SHARED`` (or any environment with
pyannote.audio); no model is fetched. Its input is the invented recordings of
`stages/*.npz`, embeddings of a network with random weights
(``SHARED/golden/stages``), and recorded ones (``SHARED/golden/community1``).
Only the answers are kept: clusters of the training embeddings, and of
everybody. tests/diarize/test_classic.py replays them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pyannote.audio.pipelines.clustering import AgglomerativeClustering
from pyannote.core import SlidingWindow, SlidingWindowFeature

HERE = Path(__file__).parent
BOUNDS = ((0, 0, 0), (2, 0, 0), (3, 0, 0), (5, 0, 0), (0, 3, 0), (0, 0, 2), (0, 2, 4))
"""num, min and max speakers; 0 for what nobody asked."""


def cases(shared: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, segmentations (windows, frames, 3) and embeddings (windows, 3, dimension)."""
    for path in sorted((HERE / "stages").glob("*.npz")):
        case = np.load(path)
        yield path.stem, case["segmentations"], case["embeddings"]
    for path in sorted((shared / "golden" / "stages").glob("*.npz")):
        case = np.load(path)
        yield f"random-{path.stem}", case["multilabel"], case["embeddings"]
    for folder in sorted((shared / "golden" / "community1").iterdir()):
        segmentations = np.load(folder / "segmentations.npz")["segmentations"]
        yield f"recorded-{folder.name}", segmentations, np.load(folder / "raw_embeddings.npz")["embeddings"]


def main() -> None:
    """Write every case's answers under each of `BOUNDS`."""
    clustering = AgglomerativeClustering(metric="cosine").instantiate(
        {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045654963945799}
    )
    found: dict[str, np.ndarray] = {}
    for name, segmentations, embeddings in cases(Path(sys.argv[1])):
        feature = SlidingWindowFeature(segmentations.astype(np.float32), SlidingWindow(duration=10, step=1))
        for bounds in BOUNDS:
            asked = dict(
                zip(("num_clusters", "min_clusters", "max_clusters"), (n or None for n in bounds), strict=True)
            )
            training, _, _ = clustering.filter_embeddings(embeddings, segmentations=feature)
            number, least, most = clustering.set_num_clusters(len(training), **asked)
            key = f"{name}/{'-'.join(map(str, bounds))}"
            if len(training) and most > 1:
                labels = clustering.cluster(training.copy(), min_clusters=least, max_clusters=most, num_clusters=number)
                found[f"{key}/labels"] = labels.astype(np.int8)
            hard, _, _ = clustering(embeddings, segmentations=feature, **asked)
            found[f"{key}/hard"] = hard.astype(np.int8)
    np.savez_compressed(HERE / "classic.npz", **found)


if __name__ == "__main__":
    main()
