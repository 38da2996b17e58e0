# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.13.0", "pyannote.audio==4.0.7", "numpy", "soundfile"]
# ///
"""Make `turns.npz`: pyannote.audio's turns of 12.3 s of a real recording, from the samples on.

Needs the checkpoint of segmentation-3.0 (``pytorch_model.bin`` of the campplus
pack) and the folder with the recordings and the random weights of ResNet34::

    python tests/golden/make_turns.py --checkpoint pytorch_model.bin --shared ../shared

Three windows fit, and a fourth is padded with silence. ``diarization`` and
``exclusive_diarization`` are rows of start, end and number of the speaker.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile
import torch
from pyannote.audio import Model
from pyannote.audio.models.embedding import WeSpeakerResNet34
from pyannote.audio.pipelines import SpeakerDiarization

HERE = Path(__file__).resolve().parent
FIRST, LAST = 10 * 16_000, 356_800
PARAMETERS = {"segmentation": {"min_duration_off": 0.0}, "clustering": {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8}}


def pipeline(checkpoint: Path, models: Path) -> SpeakerDiarization:
    """Community-1 with random weights in the embedding network; one window a call."""
    network = WeSpeakerResNet34()
    network.load_state_dict(torch.load(models / "rand_resnet34_seed0.pt", weights_only=True), strict=False)
    return SpeakerDiarization(
        segmentation=Model.from_pretrained(str(checkpoint)),
        embedding=network.eval(),
        embedding_exclude_overlap=True,
        plda=str(models / "plda"),
        clustering="VBxClustering",
    ).instantiate(PARAMETERS)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("checkpoint", "shared"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    samples = soundfile.read(given.shared / "audio/real/pyannote_sample.wav", dtype="float32")[0][FIRST:LAST]
    wave = {"waveform": torch.from_numpy(samples)[None], "sample_rate": 16_000}
    found = pipeline(given.checkpoint, given.shared / "models")(wave)
    np.savez(
        HERE / "turns.npz",
        diarization=_rows(found.speaker_diarization),
        exclusive_diarization=_rows(found.exclusive_speaker_diarization),
    )


def _rows(annotation: object) -> np.ndarray:
    tracks = annotation.itertracks(yield_label=True)
    return np.array([(segment.start, segment.end, int(label[-2:])) for segment, _, label in tracks])


if __name__ == "__main__":
    main()
