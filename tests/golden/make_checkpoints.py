# /// script
# requires-python = ">=3.11"
# dependencies = ["pyannote.audio==4.0.7", "lightning==2.6.6", "omegaconf==2.4.0", "torch==2.13.0"]
# ///
"""Make `checkpoints/*`: what pyannote.audio's own classes write around their weights, through Lightning.

    python tests/golden/make_checkpoints.py

Random weights, the official layout: PyanNet as segmentation, WeSpeaker ResNet34
as embedding, saved by a Lightning trainer with callbacks that have a state,
optimiser, hyper-parameters of omegaconf and of odd types. Only ``data.pkl`` is
kept, with a table of the storages (size and, for every weight, where it lies);
tests/diarize/models/test_first_contact.py puts weights of its own under them.
A third file holds one small tensor of every type that torch writes.
"""

from __future__ import annotations

import json
import lzma
import warnings
import zipfile
from collections import OrderedDict, defaultdict
from datetime import timedelta
from pathlib import Path

import torch
from omegaconf import OmegaConf

warnings.filterwarnings("ignore")  # torchcodec's, which is not used

import lightning.pytorch as pl  # noqa: E402
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint  # noqa: E402
from pyannote.audio.core.task import Problem, Resolution, Specifications  # noqa: E402
from pyannote.audio.models.embedding import WeSpeakerResNet34  # noqa: E402
from pyannote.audio.models.segmentation import PyanNet  # noqa: E402

HERE = Path(__file__).parent / "checkpoints"
TYPES = [
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "bool",
    "complex64",
    "complex128",
    "uint16",
    "uint32",
    "uint64",
]


def segmentation() -> PyanNet:
    """As community-1's: seven powerset classes of three speakers."""
    recurrent = {"hidden_size": 128, "num_layers": 4, "bidirectional": True, "monolithic": True}
    model = PyanNet(sincnet={"stride": 10}, lstm=recurrent, linear={"hidden_size": 128, "num_layers": 2})
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=10.0,
        min_duration=None,
        warm_up=(0.0, 0.0),
        classes=["speaker#1", "speaker#2", "speaker#3"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    model.build()
    model.setup()
    return model


def embedding() -> WeSpeakerResNet34:
    """As community-1's."""
    model = WeSpeakerResNet34()
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=5.0, classes=["a", "b"]
    )
    return model


def save(model: pl.LightningModule, path: Path) -> None:
    """Through a trainer that has trained nothing, but has all that trainers write."""
    with torch.no_grad():
        for tensor in model.state_dict().values():  # so that no two storages are equal
            tensor.copy_(torch.rand(tensor.shape) * 1000)
    model.hparams["odd"] = OmegaConf.create({"lr": 1e-3, "betas": [0.9, 0.999], "path": "${oc.env:HOME}"})
    model.hparams["path"] = Path("/data")
    model.hparams["seen"] = {frozenset({1, 2}): defaultdict(list, a=[torch.ones(3)]), ("a", 1): timedelta(hours=1)}
    model.configure_optimizers = lambda: torch.optim.Adam(model.parameters(), lr=1e-3)
    callbacks = [ModelCheckpoint(monitor="loss", save_top_k=2), EarlyStopping("loss")]
    trainer = pl.Trainer(callbacks=callbacks, logger=False, accelerator="cpu", enable_progress_bar=False)
    trainer.strategy.connect(model)
    model.trainer = trainer
    trainer.strategy.setup_optimizers(trainer)
    trainer.save_checkpoint(path)


def keep(path: Path, name: str, state: OrderedDict[str, torch.Tensor]) -> None:
    """Write ``NAME.pkl.xz`` and ``NAME.json``: key, offset, shape of every weight, bytes of every storage."""
    with zipfile.ZipFile(path) as archive:
        root = archive.namelist()[0].split("/")[0]
        pickled = archive.read(f"{root}/data.pkl")
        sizes = {
            info.filename.rpartition("/")[2]: info.file_size
            for info in archive.infolist()
            if info.filename.startswith(f"{root}/data/")
        }
        contents = {key: archive.read(f"{root}/data/{key}") for key in sizes}
    weights = {}
    for entry, tensor in state.items():
        raw = bytes(tensor.untyped_storage())
        key = next(key for key, content in contents.items() if content == raw)
        weights[entry] = [key, tensor.storage_offset(), list(tensor.shape)]
    (HERE / f"{name}.pkl.xz").write_bytes(lzma.compress(pickled, preset=9 | lzma.PRESET_EXTREME))
    table = {"sizes": sizes, "weights": weights}
    (HERE / f"{name}.json").write_text(json.dumps(table, separators=(",", ":")) + "\n")


def main() -> None:
    """Write the files."""
    HERE.mkdir(exist_ok=True)
    torch.manual_seed(0)
    scratch = HERE / "scratch.bin"
    for name, model in (("segmentation", segmentation()), ("embedding", embedding())):
        save(model, scratch)
        keep(scratch, name, model.state_dict())
    every = {name: torch.arange(6).to(getattr(torch, name)).reshape(2, 3) for name in TYPES}
    torch.save({"state_dict": {**every, "parameter": torch.nn.Parameter(torch.ones(2))}}, HERE / "types.bin")
    scratch.unlink()


if __name__ == "__main__":
    main()
