"""Files of the official layout: what transformers and NeMo wrote of small networks, with seeded weights.

`make_sortformer_networks.py` kept all of their files but the weights themselves.
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

from diarfuse.diarize.models.pickles import Storage, Tensor, follow

from . import weights

HERE = Path(__file__).resolve().parent
KINDS = ("nemotron", "sortformer", "audar")


class Blame:
    """Nothing here is damaged."""

    corrupt = unsafe = ValueError


def layout(kind: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors."""
    if kind == "nemotron":
        header = json.loads((HERE / kind / "header.json").read_bytes())
        return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    return {name: tensor.size for name, tensor in _described(kind).items()}


@cache
def tensors(kind: str) -> dict[str, np.ndarray]:
    """All weights by name."""
    balanced = dict(np.load(HERE / "networks.npz"))
    found = weights.all_seeded(layout(kind))
    own = {name.removeprefix(f"{kind}:"): values for name, values in balanced.items() if name.startswith(f"{kind}:")}
    counters = {name: np.zeros((), np.int64) for name in found if name.endswith("num_batches_tracked")}
    return found | own | counters


def write(kind: str, folder: Path) -> Path:
    """Put the network into `folder`; where its weights lie."""
    return _write_nemotron(folder) if kind == "nemotron" else _write_nemo(kind, folder)


def checkpoint(kind: str) -> bytes:
    """The torch checkpoint of a ``.nemo``."""
    buffer, values = io.BytesIO(), tensors(kind)
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model_weights/data.pkl", (HERE / kind / "data.pkl").read_bytes())
        archive.writestr("model_weights/byteorder", "little")
        for name, tensor in _described(kind).items():
            assert isinstance(tensor.storage, Storage)
            counter = tensor.storage.kind.name.endswith("LongStorage")
            content = np.ascontiguousarray(values[name], np.int64 if counter else np.float32)
            archive.writestr(f"model_weights/data/{tensor.storage.key}", content.tobytes())
    return buffer.getvalue()


def tar(path: Path, members: dict[str, bytes]) -> Path:
    """A ``.nemo`` of these members."""
    with tarfile.open(path, "w:") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def _described(kind: str) -> dict[str, Tensor]:
    return follow((HERE / kind / "data.pkl").read_bytes(), Blame())


def _write_nemo(kind: str, folder: Path) -> Path:
    config = (HERE / kind / "model_config.yaml").read_bytes()
    return tar(folder / f"{kind}.nemo", {"./model_config.yaml": config, "./model_weights.ckpt": checkpoint(kind)})


def _write_nemotron(folder: Path) -> Path:
    header = (HERE / "nemotron" / "header.json").read_bytes()
    entries, values = json.loads(header), tensors("nemotron")
    ordered = sorted((entry["data_offsets"], name) for name, entry in entries.items() if name != "__metadata__")
    for name in ("config.json", "processor_config.json"):
        shutil.copy(HERE / "nemotron" / name, folder / name)
    path = folder / "model.safetensors"
    body = b"".join(np.ascontiguousarray(values[name], np.float32).tobytes() for _, name in ordered)
    path.write_bytes(len(header).to_bytes(8, "little") + header + body)
    return path
