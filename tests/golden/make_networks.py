# /// script
# requires-python = ">=3.10"
# dependencies = ["pyannote.audio==4.0.7", "numpy"]
# ///
"""Make `networks/*.npz`: what torch answers for the weights and inputs of `networks/inputs.py`.

Needs pyannote.audio (with torch) and, for CAM++, the ``speakerlab`` folder of
github.com/modelscope/3D-Speaker. Run::

    python tests/golden/make_networks.py --speakerlab 3D-Speaker \
        --resnet34 rand_resnet34_seed0.pt --campplus campplus_cn_en_common.pt

The last two name the checkpoints behind the arrays called ``shared`` and
``real``: the random ResNet34 of the shared folder, and the campplus pack's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from pyannote.audio.models.embedding.wespeaker import WeSpeakerResNet34
from pyannote.audio.models.segmentation import PyanNet

HERE = Path(__file__).resolve().parent / "networks"
sys.path.insert(0, str(HERE))

import inputs  # noqa: E402 - found through the line above


def as_torch(weights: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values) for name, values in weights.items()}


def load(network: torch.nn.Module, weights: dict[str, torch.Tensor]) -> torch.nn.Module:
    """All weights must find their place; only counters of training steps may be absent."""
    lacking, unknown = network.load_state_dict(weights, strict=False)
    assert not unknown, unknown
    assert all(name.endswith("num_batches_tracked") for name in lacking), lacking
    return network.eval()


def pyannet() -> dict[str, np.ndarray]:
    network = PyanNet(lstm={"num_layers": 4})
    network.classifier, network.activation = torch.nn.Linear(128, 7), torch.nn.LogSoftmax(dim=-1)
    load(network, as_torch(inputs.pyannet_weights()))
    lengths = {"window": 160_000, "odd": 5003, "shortest": 1261}
    return {
        name: network(torch.from_numpy(inputs.waveforms(1, 2, samples))).numpy() for name, samples in lengths.items()
    }


def resnet34(checkpoint: Path) -> dict[str, np.ndarray]:
    shared = torch.load(checkpoint, map_location="cpu", weights_only=True)
    answers = {}
    for name, weights in (
        ("seeded", as_torch(inputs.resnet34_weights())),
        ("shared", shared.get("state_dict", shared)),
    ):
        network = load(WeSpeakerResNet34(), weights).resnet
        for frames in (998, 203):
            fbank, masks = torch.from_numpy(inputs.fbanks(2, 1, frames)), inputs.masks(3, 1, -(-frames // 8))
            answers[f"{name}_{frames}"] = network(fbank, weights=torch.from_numpy(masks))[1].numpy()
    return answers


def campplus(checkpoint: Path) -> dict[str, np.ndarray]:
    from speakerlab.models.campplus.DTDNN import CAMPPlus

    real = torch.load(checkpoint, map_location="cpu", weights_only=True)
    answers = {}
    for name, weights in (("seeded", as_torch(inputs.campplus_weights())), ("real", real)):
        network = load(CAMPPlus(feat_dim=80, embedding_size=192), weights)
        for frames in (998, 401, 200, 150, 7):
            answers[f"{name}_{frames}"] = network(torch.from_numpy(inputs.fbanks(4, 2, frames))).numpy()
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("speakerlab", "resnet34", "campplus"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    sys.path.insert(0, str(given.speakerlab))
    with torch.inference_mode():
        np.savez_compressed(HERE / "pyannet.npz", **pyannet())
        np.savez_compressed(HERE / "resnet34.npz", **resnet34(given.resnet34))
        np.savez_compressed(HERE / "campplus.npz", **campplus(given.campplus))


if __name__ == "__main__":
    main()
