"""Checkpoints, damaged anywhere: refused in a sentence, or only numbers."""

from __future__ import annotations

import io
import pickle
import random
import struct
import zipfile
from pathlib import Path

import numpy as np

from diarfuse.diarize.models.checkpoint import read_checkpoint
from tests.security.mutations import answer, fuzz, mutate_bytes, put

VALUES = np.arange(24, dtype="<f4")


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def _number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def _tensor(*size: int) -> bytes:
    """The opcodes that torch writes for a contiguous tensor over the one storage."""
    stored = b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text("0") + _text("cpu") + _number(24) + b"tQ"
    strides = [int(np.prod(size[i + 1 :])) for i in range(len(size))]
    shape = b"(" + b"".join(map(_number, size)) + b"t(" + b"".join(map(_number, strides)) + b"t"
    arguments = b"(" + stored + _number(0) + shape + b"\x89ccollections\nOrderedDict\n)Rt"
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R"


PROGRAM = b"\x80\x02}(" + _text("w") + _tensor(4, 6) + _text("b") + _tensor(24) + b"u."


def checkpoint(program: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/data/0", VALUES.tobytes())
    return buffer.getvalue()


def test_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    evil = b"cos\nsystem\n(" + _text("touch ran") + b"tR"
    others = [PROGRAM, evil, pickle.dumps({"w": [1.0, "x"]}, 2), checkpoint(evil + b".")]
    taken: list[int] = []

    def one(chance: random.Random) -> None:
        inside = chance.random() < 0.7
        good = checkpoint(mutate_bytes(PROGRAM, others, chance)) if inside else checkpoint(PROGRAM)
        data = good if inside else mutate_bytes(good, others, chance)
        put(path, data)
        weights = answer(lambda _: read_checkpoint(path), data)
        if weights is not None:
            assert all(value.size <= 24 * 24 and value.dtype.kind in "fiub" for value in weights.values())
            taken.append(len(weights))

    path.write_bytes(checkpoint(PROGRAM))
    np.testing.assert_array_equal(read_checkpoint(path)["w"], VALUES.reshape(4, 6))
    fuzz(150, one)
    assert len(taken) > 5
    assert not Path("ran").exists()
