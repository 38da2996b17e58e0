"""sherpa-onnx. Options: models (folder of sherpa_models.py), threshold (default 0.5)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sherpa_onnx

from benchmarks.rivals.runner import Engine, main, read
from diarfuse.fusion.types import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.rivals.runner import Answer


def load(options: Mapping[str, str], threads: int) -> Engine:
    """Sherpa's diarizer with its own defaults but for the clustering threshold."""
    models = Path(options["models"])
    segmentation = sherpa_onnx.OfflineSpeakerSegmentationModelConfig(
        pyannote=sherpa_onnx.OfflineSpeakerSegmentationPyannoteModelConfig(model=str(models / "segmentation.onnx")),
        num_threads=threads,
    )
    embedding = sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=str(models / "embedding.onnx"), num_threads=threads)
    clustering = sherpa_onnx.FastClusteringConfig(threshold=float(options.get("threshold", "0.5")))
    config = sherpa_onnx.OfflineSpeakerDiarizationConfig(segmentation, embedding, clustering)
    diarizer = sherpa_onnx.OfflineSpeakerDiarization(config)

    def diarize(audio: Path) -> Answer:
        found = diarizer.process(read(audio)).sort_by_start_time()
        return [Turn(turn.start, turn.end, f"SPEAKER_{turn.speaker:02d}") for turn in found], {}

    return diarize


if __name__ == "__main__":
    main(load, ["sherpa-onnx", "numpy"])
