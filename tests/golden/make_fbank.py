# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.13.0", "torchaudio==2.11.0", "numpy", "soundfile"]
# ///
"""Make `networks/fbank_real.npz`: torchaudio's Kaldi filterbank of every real recording.

Called as pyannote.audio's WeSpeaker models call it, but for the mean, which is
left in. Each array, named after its recording, holds every 100th frame from
frame 7 on, float32 (n, 80)::

    python tests/golden/make_fbank.py --audio ../shared/audio/real
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile
import torch
from torchaudio.compliance import kaldi

HERE = Path(__file__).resolve().parent / "networks"


def features(path: Path) -> np.ndarray:
    """All frames of one recording."""
    samples = torch.from_numpy(soundfile.read(path, dtype="float32")[0])
    return kaldi.fbank(
        samples[None] * 2**15,
        num_mel_bins=80,
        frame_length=25,
        frame_shift=10,
        dither=0.0,
        sample_frequency=16_000,
        window_type="hamming",
        use_energy=False,
    ).numpy()


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", type=Path, required=True)
    recordings = sorted(parser.parse_args().audio.glob("*.wav"))
    np.savez_compressed(HERE / "fbank_real.npz", **{path.stem: features(path)[7::100] for path in recordings})


if __name__ == "__main__":
    main()
