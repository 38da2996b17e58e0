"""The tensors of a file, whichever of the kinds of file it is that our networks come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..checkpoint import read_checkpoint
from .nemo_file import read_nemo
from .safetensors import read_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from ...arrays import AnyArray


def read_weights(path: Path) -> dict[str, AnyArray]:
    """The tensors of a ``.safetensors``, a ``.nemo`` or, called anything else, a torch checkpoint, by name.

    Raises:
        ModelNotFoundError, CorruptModelError, UnsafeModelError: see `read_checkpoint`.
    """
    readers = {".safetensors": read_safetensors, ".nemo": read_nemo}
    return readers.get(path.suffix, read_checkpoint)(path)
