"""A ``.nemo`` file: a tar of ``model_config.yaml`` and ``model_weights.ckpt``, which is a torch checkpoint.

Nothing is unpacked to the disk, and no pickle is run: the checkpoint is read
where it lies (`checkpoint`).
"""

from __future__ import annotations

import tarfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

import yaml

from ....fusion.errors import CorruptModelError, ModelNotFoundError, UnsafeModelError
from ..checkpoint import read_zip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ...arrays import AnyArray

MAX_MEMBERS = 1000
MAX_CONFIG_BYTES = 1 << 17
"""Many times what NeMo writes."""
_LONGEST_NUMBER = 40
_CONFIG, _WEIGHTS = "model_config.yaml", "model_weights.ckpt"
_YAML_ERRORS = (yaml.YAMLError, ValueError, RecursionError, ArithmeticError, LookupError, AttributeError)
"""The last four: PyYAML's own words for a tag on what it does not fit."""
_TAR_ERRORS = (tarfile.TarError, OSError, EOFError, ValueError, OverflowError)


def read_nemo(path: Path) -> dict[str, AnyArray]:
    """The tensors by name.

    Raises:
        ModelNotFoundError: no such file.
        CorruptModelError, UnsafeModelError: it is no plain tar, lacks its weights, or see `read_checkpoint`.
    """
    with _opened(path) as archive:
        member = _member(path, archive, _WEIGHTS)
        return read_zip(_content(archive, member), path, member.size)


def read_nemo_config(path: Path) -> dict[str, Any]:
    """What the file says of its network.

    Raises:
        ModelNotFoundError: no such file.
        CorruptModelError, UnsafeModelError: it is no plain tar, or has no such page that can be read.
    """
    with _opened(path) as archive:
        member = _member(path, archive, _CONFIG)
        if member.size > MAX_CONFIG_BYTES:
            raise UnsafeModelError(f"{path} has a {_CONFIG} of {member.size} bytes: take it from its official source.")
        text = _content(archive, member).read()
    try:
        config = yaml.load(text, _Plain)  # noqa: S506 - a safe loader
    except _YAML_ERRORS as error:
        raise CorruptModelError(f"{path} has a {_CONFIG} that is no plain YAML: fetch the model again.") from error
    if not isinstance(config, dict):
        raise CorruptModelError(f"{path} has a {_CONFIG} that names nothing: fetch the model again.")
    return config


class _Plain(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML brings no types
    """Reads what NeMo writes: nothing by reference, ten of which could stand for billions, and no long numbers.

    PyYAML needs the square of their length for those in base 60.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next value."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError
        return super().compose_node(parent, index)

    def construct_scalar(self, node: Any) -> Any:
        """The text of a value."""
        is_number = node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
        if is_number and len(node.value) > _LONGEST_NUMBER:
            raise yaml.YAMLError
        return super().construct_scalar(node)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    if not path.is_file():
        raise ModelNotFoundError(f"No weights at {path}: pull the model, or name another file.")
    try:
        with tarfile.open(path, "r:") as archive:
            yield archive
    except (CorruptModelError, UnsafeModelError):
        raise
    except _TAR_ERRORS as error:
        raise CorruptModelError(
            f"{path} is no whole .nemo file, which is a tar without compression ({error}): fetch the model again."
        ) from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    return cast("IO[bytes]", archive.extractfile(member))  # None only for what is no plain file


def _member(path: Path, archive: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    """The one member that is called `name`, a plain file with all of its bytes."""
    members: list[tarfile.TarInfo] = []
    for member in archive:
        members.append(member)
        if len(members) > MAX_MEMBERS:
            raise UnsafeModelError(f"{path} has more than {MAX_MEMBERS} members; take it from its official source.")
    found = [member for member in members if member.name.removeprefix("./") == name]
    if len(found) != 1:
        raise CorruptModelError(f"{path} has {len(found)} members {name}, not one: it is no .nemo of this kind.")
    if not found[0].isreg() or found[0].issparse():
        raise UnsafeModelError(f"{path} has a {name} that is no plain file; take it from its official source.")
    if found[0].offset_data + found[0].size > path.stat().st_size:
        raise CorruptModelError(f"{path} is cut short in {name}: fetch the model again.")
    return found[0]
