# /// script
# requires-python = ">=3.11"
# dependencies = ["nemo_toolkit[asr]==3.0.0", "speechbrain==1.1.2", "torch==2.13.0", "numpy"]
# ///
"""Make `front_ends.npz`: NeMo's and SpeechBrain's own features of a few invented signals.

    python tests/golden/make_front_ends.py nemo
    python tests/golden/make_front_ends.py speechbrain

The two want different environments, so each run replaces its own half of the
file. NeMo's `AudioToMelSpectrogramPreprocessor` is set up as TitaNet's
configuration sets it up, SpeechBrain's `Fbank` and `InputNormalization` as its
ECAPA-TDNN for VoxCeleb. Every third frame is kept, float32 (n, 80).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from signals import signals

HERE = Path(__file__).parent
EVERY = 3


def nemo(samples: torch.Tensor) -> np.ndarray:
    """(frames, 80), zeros behind the last frame up to a multiple of 16."""
    from nemo.collections.asr.modules import AudioToMelSpectrogramPreprocessor

    preprocessor = AudioToMelSpectrogramPreprocessor(
        normalize="per_feature",
        window_size=0.025,
        window_stride=0.01,
        sample_rate=16_000,
        window="hann",
        features=80,
        n_fft=512,
        frame_splicing=1,
        dither=1e-5,
    ).eval()
    features, _ = preprocessor(input_signal=samples[None], length=torch.tensor([samples.numel()]))
    return features[0].T.numpy()


def speechbrain(samples: torch.Tensor) -> np.ndarray:
    """(frames, 80)."""
    from speechbrain.lobes.features import Fbank
    from speechbrain.processing.features import InputNormalization

    features = Fbank(n_mels=80)(samples[None])
    return InputNormalization(norm_type="sentence", std_norm=False)(features, torch.ones(1))[0].numpy()


def main() -> None:
    """Replace one library's arrays in the file."""
    which = sys.argv[1]
    path = HERE / "front_ends.npz"
    kept = dict(np.load(path)) if path.exists() else {}
    compute = {"nemo": nemo, "speechbrain": speechbrain}[which]
    for name, samples in signals():
        features = compute(torch.from_numpy(samples)).astype(np.float32)
        kept[f"{which}/{name}"], kept[f"{which}/{name}/frames"] = features[::EVERY], np.array(len(features))
    np.savez_compressed(path, **dict(sorted(kept.items())))


if __name__ == "__main__":
    main()
