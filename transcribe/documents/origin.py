"""Where a result comes from: the recording's file, the settings, the models, and what was said on the way."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...diarize.models.files import sha256_of
from ...fusion.audio.separate import SeparateFiles, files_of, name_of, source_of
from ...fusion.document import RecordedFile, Recording
from ...fusion.editing.content import Origin
from ...fusion.types import ModelRecognizer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...diarize.models.packs import ModelSet
    from ...diarize.sortformer.hybrid import Both
    from ...diarize.sortformer.pipeline import Model
    from ...fusion.audio import AudioSource
    from ...fusion.document import Document
    from ...fusion.types import Note, Recognizer, Seconds
    from ..options import Setup, Wish

_NOT_OF_RESULTS = frozenset(("models_dir", "offline", "details", "threads", "batch", "asr_options", "speakers"))
"""Options that say where things lie and how long it may take; and those that are told in another way."""
_FOLDERS = re.compile(r"(?<![\w/\\:.~])(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\'\":]+[/\\])*(?=[^\s/\\])")
"""The folders of what looks like an absolute path: up to its last part, which stays."""
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Told:
    """Passes sentences on and keeps them: a document holds all that were said, which name files but no folders.

    source: the recording, whose file or files are called by their names.
    """

    on_note: Note
    source: AudioSource
    sentences: list[str] = field(default_factory=list)
    _state: tuple[tuple[int, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_state", _state_of(self.source))

    def __call__(self, sentence: str) -> None:
        """Say and keep it."""
        shown = sentence
        for path in files_of(self.source):
            shown = shown.replace(str(path), path.name)
        self.sentences.append(without_folders(shown))
        self.on_note(shown)

    def each(self, sentences: Iterable[str]) -> None:
        """Say and keep those that were not said yet."""
        for sentence in sentences:
            if without_folders(sentence, *files_of(self.source)) not in self.sentences:
                self(sentence)

    @property
    def changed(self) -> bool:
        """Whether the recording is another one than when this was made; one that is gone is none."""
        return any(now not in ((), then) for now, then in zip(_state_of(self.source), self._state, strict=True))

    def recording(self, duration: Seconds) -> Recording | None:
        """The recording's file; without a hash where it changed, or went away, while it was heard, which is told."""
        found = recording_of(self.source, duration)
        if found is not None and () in _state_of(self.source) and () not in self._state:
            self(f"{name_of(self.source)} was moved or renamed while it was heard: the result tells its old name.")
        if found is None or not self.changed:
            return found
        self(f"{name_of(self.source)} changed while it was heard: the result is of what it held before.")
        return replace(found, sha256="", files=tuple(replace(one, sha256="") for one in found.files))


def _state_of(source: AudioSource) -> tuple[tuple[int, ...], ...]:
    """What differs, file by file, where one was changed or replaced; nothing of one that is not there."""
    return tuple(map(_state_of_file, files_of(source)))


def _state_of_file(path: Path) -> tuple[int, ...]:
    with suppress(OSError):
        found = path.stat()
        return found.st_size, found.st_mtime_ns, found.st_ino
    return ()


def without_folders(sentence: str, *paths: Path) -> str:
    """`sentence` with the names of files only: folders tell of a machine and its user.

    Args:
        sentence: any.
        paths: known ones, which may hold spaces; of others the words that look like absolute paths are shortened.

    >>> without_folders("/home/ana/a.wav and b/c.wav of https://example.org/v1 are cut.", Path("b/c.wav"))
    'a.wav and c.wav of https://example.org/v1 are cut.'
    """
    for path in paths:
        with suppress(OSError):  # the folder that all this began in may be gone by now
            sentence = sentence.replace(str(path.absolute()), path.name)
        sentence = sentence.replace(str(path), path.name)
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none, and the work is done by now
    sentence = sentence.replace(home + os.sep, "~/") if len(Path(home).parts) > 1 else sentence
    return _FOLDERS.sub("", sentence)


def only_names(document: Document, *paths: Path) -> Document:
    """The document, whose notes hold no folders."""
    return replace(document, notes=tuple(without_folders(note, *paths) for note in document.notes))


def recording_of(source: AudioSource, duration: Seconds, *, hashed: bool = True) -> Recording | None:
    """The recording's file or files; None where one is no file that can be read again, such as a pipe.

    hashed: whether they are read, to tell what they hold; of one that is gone by now the name is told alone.
    """
    found, paths = source_of(source), files_of(source)
    if hashed and any(map(_is_passing, paths)):
        return None
    hashes = [_hash(path) if hashed else "" for path in paths]
    if not isinstance(found, SeparateFiles):
        return Recording(paths[0].name, hashes[0], duration)
    names = (path.name for path in paths)
    return Recording("", "", duration, tuple(map(RecordedFile, names, hashes, found.starts)))


def _is_passing(path: Path) -> bool:
    """Whether it is there, and no file: what came out of a pipe does not come again."""
    with suppress(OSError):
        return path.exists() and not path.is_file()
    return False


def _hash(path: Path) -> str:
    """Of what it holds; "" where it cannot be read: it has been heard, and what was made of it is not to be lost."""
    with suppress(OSError):
        return sha256_of(path)
    return ""


def origin_of(
    setup: Setup, wish: Wish, recogniser: Recognizer | None, models: ModelSet | Model | Both | None
) -> Origin:
    """What made a result: the program, what was asked for, and the models that did the work."""
    settings = settings_of(setup, wish)
    if recogniser is not None:
        settings["recogniser"] = type(recogniser).__name__
    hashes = dict(models.hashes) if models is not None else {}
    if models is not None:
        settings["diarizer"] = models.name
    if isinstance(recogniser, ModelRecognizer):
        hashes |= {path.name: _model_hash(path) for path in recogniser.model_files if path.is_file()}
    return Origin(f"diarfuse {version('diarfuse')}", settings, hashes)


def settings_of(setup: Setup, wish: Wish) -> dict[str, Any]:
    """The options that were given and have a say in the result, flat, as plain values."""
    given: dict[str, Any] = {}
    for options in (asdict(setup), asdict(wish)):
        given |= {key: value for key, value in options.items() if not isinstance(value, dict)}
        given |= options.get("options", {}) | options.get("execution", {})
    kept = {key: _named(value) for key, value in given.items() if value is not None and key not in _NOT_OF_RESULTS}
    asked = {key: _plain(value) for key, value in setup.asr_options.items()}
    return kept | wish.speakers.given() | ({"asr_options": asked} if asked else {})


def _named(value: object) -> object:
    """Of a file or folder (a recogniser's model) its name alone."""
    return Path(value).name if isinstance(value, str) and os.path.lexists(value) else value


def _plain(value: object) -> object:
    """A value of a recogniser's option as JSON would have it; a text may be a password, and stays out."""
    return "..." if isinstance(value, str) else json.loads(json.dumps(value, default=lambda _: "..."))


def _model_hash(path: Path) -> str:
    """The sha256 of a model's file; the Hugging Face cache has it in the name of the file that a link leads to."""
    name, state = path.resolve().name, path.stat()
    return name if _SHA256.fullmatch(name) else _hash_as_it_is(path, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=32)
def _hash_as_it_is(path: Path, *_state: int) -> str:
    """Once while a file stays as it is, and not again for every recording."""
    return sha256_of(path)
