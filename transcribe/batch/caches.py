"""What was heard already: words and turns of every recording, so that a new join or count costs seconds.

::

    CACHE/content/   hashes of files, with the size and the times at which they hold
    CACHE/words/     what the recogniser wrote
    CACHE/parts/     what one has heard that is at work, or did not come to the end; see `parts`
    CACHE/heard/     the same of recordings that failed, to be read
    CACHE/turns/     who spoke when, with the frame-wise scores
    CACHE/voices/    what the networks heard of each voice; only if it was asked for (--keep-voices)
    CACHE/log/       when what was done

The folder is private (0700), on this machine, and never uploaded. A file of it
that is damaged is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...fusion.errors import TranscriptError
from ...fusion.given import usual_folder
from ...fusion.landing import write_whole
from ...fusion.records import read_segment, read_turn, write_segment, write_turn
from ...fusion.types import Diarization, Likeness, Transcript
from .places import Bucket, Place

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...diarize.pipeline import Heard
    from .items import Item

FOLDER = ".cache"
T = TypeVar("T")
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, RecursionError, zipfile.BadZipFile, TranscriptError)


@dataclass(frozen=True, slots=True)
class Cache:
    """The private folder beside the results; for results at an address, one of this user."""

    root: Path

    @classmethod
    def of(cls, place: Place) -> Cache:
        """That of a place."""
        if isinstance(place, Bucket):
            name = hashlib.sha256(place.address.rstrip("/").encode()).hexdigest()[:32]
            return cls(usual_folder("cache") / "batch" / name)
        return cls(Path(place.name) / FOLDER)

    def make(self) -> None:
        """Make the folder, private."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)

    def clean(self) -> bool:
        """Delete all of it; whether there was anything."""
        if not self.root.exists():
            return False
        shutil.rmtree(self.root)
        return True

    def holds(self, kind: str) -> bool:
        """Whether there is anything of one kind."""
        return any((self.root / kind).glob("*")) if self.root.exists() else False

    def get(self, kind: str, key: str, read: Callable[[bytes], T]) -> T | None:
        """What was kept; None where nothing is, or it is damaged."""
        try:
            return read((self.root / kind / key).read_bytes())
        except _DAMAGED:
            return None

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Keep it; where there is no room, nothing is kept, and only time is lost."""
        path = self.root / kind / key
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, content, mode=0o600)

    @staticmethod
    def name(item: Item) -> str:
        """What files of one recording are called."""
        return hashlib.sha256(item.id.encode("utf-8", "surrogatepass")).hexdigest()

    def known(self, item: Item) -> str | None:
        """The sha256 of a file that looks as it did when it was hashed."""
        kept = self.get("content", self.name(item), json.loads)
        try:
            return kept["sha256"] if isinstance(kept, dict) and kept.get("looks") == looks(item) else None
        except OSError:  # gone since it was listed
            return None

    def learn(self, item: Item, sha256: str, seen: list[Any]) -> str:
        """Remember the hash of a file that looked so before it was read; returns it."""
        self.put("content", self.name(item), json.dumps({"sha256": sha256, "looks": seen}).encode())
        return sha256


def looks(item: Item) -> list[Any]:
    """What changes with its files' content; and what else tells a conversation of several from another one of these."""
    found = [_looks(part) for part in item.parts]
    return [[*item.starts], [*item.files], *found] if item.files else found[0]


def _looks(path: str) -> list[Any]:
    """Where a file lies, its size and its times; the last change cannot be set back."""
    stat = Path(path).stat()
    return [os.path.realpath(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def write_words(words: Transcript) -> bytes:
    """A transcript without speakers."""
    row = {"language": words.language, "duration": float(words.duration), "notes": list(words.notes)}
    return json.dumps(row | {"segments": list(map(write_segment, words.segments))}).encode()


def read_words(content: bytes) -> Transcript:
    """What `write_words` wrote."""
    row = json.loads(content)
    segments = tuple(map(read_segment, row["segments"]))
    return Transcript(segments, row["language"], float(row["duration"]), tuple(row["notes"]))


def write_turns(found: Diarization) -> bytes:
    """Turns, without voices and times of work."""
    row = {
        "turns": list(map(write_turn, found.turns)),
        "exclusive": list(map(write_turn, found.exclusive)),
        "duration": float(found.duration),
        "notes": list(found.notes),
        "likeness": None if found.likeness is None else _likeness_row(found.likeness),
    }
    return json.dumps(row).encode()


def _likeness_row(told: Likeness) -> dict[str, Any]:
    arrays: dict[str, npt.NDArray[Any]] = {"starts": told.starts, "ends": told.ends, "scores": told.scores}
    return {"speakers": list(told.speakers), **{name: array.tolist() for name, array in arrays.items()}}


def read_turns(content: bytes) -> Diarization:
    """What `write_turns` wrote."""
    row = json.loads(content)
    turns, exclusive = (tuple(map(read_turn, row[name])) for name in ("turns", "exclusive"))
    likeness = None if row["likeness"] is None else _read_likeness(row["likeness"])
    return Diarization(turns, exclusive, row["duration"], tuple(row["notes"]), likeness=likeness)


def _read_likeness(row: dict[str, Any]) -> Likeness:
    import numpy as np

    speakers = tuple(row["speakers"])
    starts, ends = (np.array(row[name], np.float64) for name in ("starts", "ends"))
    return Likeness(starts, ends, np.array(row["scores"], np.float32).reshape(len(starts), len(speakers)), speakers)


def write_voices(heard: Heard) -> bytes:
    """What the networks heard."""
    voices = heard.voices
    row = {
        "windows": [heard.windows.num_samples, heard.windows.step],
        "spans": [[span.first, span.last] for span in voices.spans],
    }
    arrays: dict[str, npt.NDArray[Any]] = {"segmentations": heard.segmentations, "vectors": voices.vectors}
    if voices.span_vectors is not None:
        arrays["span_vectors"] = voices.span_vectors
    return _packed(row, arrays)


def read_voices(content: bytes) -> Heard:
    """What `write_voices` wrote."""
    from ...diarize.pipeline import Heard
    from ...diarize.recipes import Embedded
    from ...diarize.stretches import Stretch
    from ...diarize.windows import Windows

    row, arrays = _unpacked(content)
    spans = tuple(Stretch(first, last) for first, last in row["spans"])
    voices = Embedded(arrays["vectors"], arrays.get("span_vectors"), spans)
    return Heard(Windows(*row["windows"]), arrays["segmentations"], voices)


def _packed(row: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    import numpy as np

    file = io.BytesIO()
    text = np.frombuffer(json.dumps(row).encode(), np.uint8)
    np.savez_compressed(file, allow_pickle=False, row=text, **arrays)
    return file.getvalue()


def _unpacked(content: bytes) -> tuple[Any, dict[str, npt.NDArray[Any]]]:
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return json.loads(arrays.pop("row").tobytes()), arrays
