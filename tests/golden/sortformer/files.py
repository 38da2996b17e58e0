"""Files of the official layout: what transformers and NeMo wrote of their networks, with seeded weights.

`make_sortformer_networks.py` kept all of their files but the weights themselves: of small networks in folders, of those
with the official shape (``shape="official"``) in one file.
"""

from __future__ import annotations

import io
import json
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


def read(kind: str, name: str, shape: str = "small") -> bytes:
    """A file as it was written."""
    if shape == "small":
        return (HERE / kind / name).read_bytes()
    return np.load(HERE / "official.npz")[f"{kind}/{name}"].tobytes()


def layout(kind: str, shape: str = "small") -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors."""
    if kind == "nemotron":
        header = json.loads(read(kind, "header.json", shape))
        return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    return {name: tensor.size for name, tensor in _described(kind, shape).items()}


@cache
def tensors(kind: str, shape: str = "small") -> dict[str, np.ndarray]:
    """All weights by name."""
    balanced = np.load(HERE / ("networks.npz" if shape == "small" else "official.npz"))
    found = weights.all_seeded(layout(kind, shape))
    own = {name.removeprefix(f"{kind}:"): balanced[name] for name in balanced if name.startswith(f"{kind}:")}
    counters = {name: np.zeros((), np.int64) for name in found if name.endswith("num_batches_tracked")}
    return found | own | counters


def write(kind: str, folder: Path, shape: str = "small") -> Path:
    """Put the network into `folder`; where its weights lie."""
    return _write_nemotron(folder, shape) if kind == "nemotron" else _write_nemo(kind, folder, shape)


def checkpoint(kind: str, shape: str = "small") -> bytes:
    """The torch checkpoint of a ``.nemo``."""
    buffer, values = io.BytesIO(), tensors(kind, shape)
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model_weights/data.pkl", read(kind, "data.pkl", shape))
        archive.writestr("model_weights/byteorder", "little")
        for name, tensor in _described(kind, shape).items():
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


def _described(kind: str, shape: str) -> dict[str, Tensor]:
    return follow(read(kind, "data.pkl", shape), Blame())


def _write_nemo(kind: str, folder: Path, shape: str) -> Path:
    config = read(kind, "model_config.yaml", shape)
    return tar(
        folder / f"{kind}.nemo", {"./model_config.yaml": config, "./model_weights.ckpt": checkpoint(kind, shape)}
    )


def _write_nemotron(folder: Path, shape: str) -> Path:
    header = read("nemotron", "header.json", shape)
    entries, values = json.loads(header), tensors("nemotron", shape)
    ordered = sorted((entry["data_offsets"], name) for name, entry in entries.items() if name != "__metadata__")
    for name in ("config.json", "processor_config.json"):
        (folder / name).write_bytes(read("nemotron", name, shape))
    path = folder / "model.safetensors"
    body = b"".join(np.ascontiguousarray(values[name], np.float32).tobytes() for _, name in ordered)
    path.write_bytes(len(header).to_bytes(8, "little") + header + body)
    return path
