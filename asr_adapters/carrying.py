"""A recogniser's model carried to a machine without a network, and taken from there: by its name only.

Nobody pins Whisper's models, so that none is taken unasked; hashes that are
written down at the export tell what the way has damaged. They are laid out as
the cache of the Hugging Face hub, where faster-whisper looks for them. A
recogniser whose model lies in its package has nothing to carry.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from ..fusion.errors import CorruptModelError, ModelNotFoundError, OptionError, OutputError
from ..fusion.landing import landing, write_whole
from . import faster_whisper, moonshine
from .common import engine

LIST = "diarfuse.json"
"""Names a carried model's files and their hashes."""
_NEEDED = ("config.json", "model.bin", "tokenizer.json")
_OTHERS = ("preprocessor_config.json", "vocabulary.json", "vocabulary.txt")
_REVISION = re.compile(r"[0-9a-f]{40}")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class _Carried:
    """Which model it is, and the sha256 of each of its files."""

    repository: str
    revision: str
    files: Mapping[str, str]


def export_model(name: str, folder: Path) -> str:
    """Copy the model of ``RECOGNISER`` or ``RECOGNISER:MODEL`` from the hub's cache to `folder`; a sentence about it.

    Raises:
        OptionError: such a recogniser's models are not carried, or the model is a folder.
        ModelNotFoundError: it is not on disk.
        OutputError: it cannot be written.
    """
    model = _model(name)
    if model is None:
        return _in_its_package()
    if faster_whisper.is_folder(model):
        raise OptionError(f"{model} is a folder: copy it as it is, and name it there with --model.")
    snapshot = faster_whisper.on_disk(model)
    if snapshot is None:
        raise ModelNotFoundError(
            f"The Whisper model {model!r} is not on disk: transcribe something with --model {model} first."
        )
    if absent := [file for file in _NEEDED if not (snapshot / file).is_file()]:
        raise ModelNotFoundError(f"{snapshot} lacks {absent[0]}: delete that folder and fetch the model again.")
    repository, revision = faster_whisper.repository(model), snapshot.resolve().name
    files = [file for file in (*_NEEDED, *_OTHERS) if (snapshot / file).is_file()]
    target = _home(folder, repository)
    hashes = {file: _copy(snapshot / file, _snapshot(target, revision) / file) for file in files}
    carried = _Carried(repository, revision, hashes)
    _write(target / LIST, json.dumps(asdict(carried), indent=2) + "\n")
    _write(target / "refs" / "main", revision)
    return f"faster-whisper's {model} copied to {folder}"


def import_model(name: str, folder: Path) -> str:
    """Copy the model that `name` names from `folder` into the hub's cache; a sentence about it.

    Args:
        name: ``RECOGNISER`` or ``RECOGNISER:MODEL``.
        folder: what `export_model` wrote.

    Raises:
        OptionError: such a recogniser's models are not carried.
        ModelNotFoundError: the folder does not hold it.
        CorruptModelError: its files are not those that were copied there.
        OutputError: it cannot be written.
    """
    model = _model(name)
    if model is None:
        return _in_its_package()
    from huggingface_hub import constants

    source = _home(folder, faster_whisper.repository(model))
    carried = _read(source, model)
    if faster_whisper.on_disk(model) is not None:
        return f"faster-whisper's {model} is on disk already"
    target = _home(Path(constants.HF_HUB_CACHE), carried.repository)
    for file, sha256 in carried.files.items():
        _copy(_snapshot(source, carried.revision) / file, _snapshot(target, carried.revision) / file, sha256)
    _write(target / "refs" / "main", carried.revision)
    return f"faster-whisper's {model} copied to {target}"


def _model(name: str) -> str | None:
    """The Whisper model that is meant, or None where the model lies in the recogniser's package."""
    recogniser, _, model = name.partition(":")
    if recogniser == "faster-whisper":
        return model or faster_whisper.DEFAULT_MODEL
    if recogniser == "moonshine" and model in ("", moonshine.BUNDLED):
        return None
    raise OptionError(
        f"--asr {name!r}: only models of faster-whisper are carried (faster-whisper:small); copy another recogniser's "
        "folder as it is, and name it there with --model."
    )


def _in_its_package() -> str:
    engine("moonshine_voice", "--asr moonshine", "moonshine-voice", "offline")
    return f"moonshine's {moonshine.BUNDLED} lies in its package moonshine-voice: nothing to copy"


def _home(cache: Path, repository: str) -> Path:
    return cache / f"models--{repository.replace('/', '--')}"


def _snapshot(home: Path, revision: str) -> Path:
    return home / "snapshots" / revision


def _read(source: Path, model: str) -> _Carried:
    """What the folder of a carried model says of itself, believed as far as it has the shape."""
    advice = "give the folder that 'transcribe models export --asr' wrote."
    if not (source / LIST).is_file():
        raise ModelNotFoundError(f"There is no Whisper model {model!r} in {source.parent}: {advice}")
    try:
        carried = _Carried(**json.loads((source / LIST).read_text(encoding="utf-8")))
        files = set(carried.files)
        sound = _REVISION.fullmatch(carried.revision) and {*_NEEDED} <= files <= {*_NEEDED, *_OTHERS}
    except (ValueError, TypeError, RecursionError):
        sound = None
    if not sound or _home(source.parent, carried.repository) != source:
        raise CorruptModelError(f"{source / LIST} does not list the files of {model!r}: {advice}")
    return carried


def _copy(source: Path, target: Path, sha256: str | None = None) -> str:
    """Copy a file, whole or not at all, and only if it has the `sha256`, where one is given; the copy's sha256."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as content, landing(target) as file:
            found = _pour(content, file)
            if sha256 not in (None, found):
                raise CorruptModelError(f"{source} is not what was exported: export the model again.")
    except OSError as error:
        raise OutputError(
            f"Cannot copy {source} to {target} ({error.strerror or error}): choose folders that are whole and that you "
            "may use, on a disk with room."
        ) from error
    return found


def _pour(source: BinaryIO, target: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        raise OutputError(
            f"Cannot write {path} ({error.strerror or error}): choose a folder you may write to."
        ) from error
