"""A community-1 pack made of local files, pinned by the hashes these happen to have.

For machines that cannot reach the official weights, and for parity with a
reference that was given the same stand-ins: random weights of the official
shape cost what the real ones cost, and the int8 file knows real voices.

    python -m benchmarks.local_pack OUT --segmentation CHECKPOINT --embedding CHECKPOINT --plda FOLDER
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import shutil
from pathlib import Path

from benchmarks.community1_int8 import read_weights
from diarfuse.diarize.models import resnet34
from diarfuse.diarize.models.graphs import hash_file
from diarfuse.diarize.models.pack_file import PACKS
from diarfuse.diarize.models.packs import PackFile
from diarfuse.diarize.models.store import Store

COMMUNITY_1 = PACKS["community-1"]


def main() -> None:
    """Make a store from the files named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.local_pack", description=__doc__.split("\n", 1)[0])
    parser.add_argument("out", type=Path, help="folder of the store; `ours:local=OUT` then uses it")
    for name in ("segmentation", "embedding", "plda"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = vars(parser.parse_args())
    make_store(arguments.pop("out"), **arguments).load(COMMUNITY_1.name)


def make_store(root: Path, *, segmentation: Path, embedding: Path, plda: Path) -> Store:
    """A store whose ``community-1`` is made of copies of the files given; nothing is downloaded.

    Args:
        root: where the store is made.
        segmentation: a checkpoint of PyanNet (segmentation-3.0's decides the same as community-1's).
        embedding: a torch checkpoint of WeSpeaker ResNet34, or the int8 ``embedding.ort``.
        plda: the folder of ``xvec_transform.npz`` and ``plda.npz``.
    """
    sources = [segmentation, embedding, plda / "xvec_transform.npz", plda / "plda.npz"]
    for source, file in zip(sources, COMMUNITY_1.files, strict=True):
        target = root / COMMUNITY_1.name / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    store = open_store(root)
    if embedding.suffix == ".ort":
        _place_graphs(embedding, store.pack(COMMUNITY_1.name).files[1], root / "graphs")
    return store


def open_store(root: Path) -> Store:
    """The store that `make_store` left in `root`, its files pinned as they are."""
    files = tuple(_pin(root / COMMUNITY_1.name, file.path) for file in COMMUNITY_1.files)
    return Store(root, offline=True, packs={COMMUNITY_1.name: dataclasses.replace(COMMUNITY_1, files=files)})


def _pin(folder: Path, path: str) -> PackFile:
    content = (folder / path).read_bytes()
    return PackFile(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest())


def _place_graphs(int8: Path, file: PackFile, folder: Path) -> None:
    """Graphs of the int8 file, which no checkpoint reader reads, where the store will look for them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in resnet34.build(read_weights(int8)).items():
        content = model.SerializeToString()
        graph = folder / f"{file.sha256}-v{resnet34.VERSION}-{name}.onnx"
        graph.write_bytes(content)
        hash_file(graph).write_text(f"{len(content)} {hashlib.sha256(content).hexdigest()}\n", encoding="ascii")


if __name__ == "__main__":
    main()
