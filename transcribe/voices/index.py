"""An index of a folder of recordings by voice: numpy for the vectors, sqlite for what they belong to.

Only what is new or changed is listened to again. The index lies in the voices
folder (0700), never among the recordings, and goes with `voice forget-all`.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ...diarize.arrays import Span
from ...diarize.voiceprint import VoiceEmbedder
from ...fusion.audio import load_audio
from ...fusion.errors import AudioError, VoiceError
from ...fusion.types import Embedding, Note, Samples, Seconds
from .files import create, held, make_private, shred

State: TypeAlias = tuple[int, int]
"""Of a file: its size, and when it was changed, in nanoseconds."""

AUDIO_ENDINGS = frozenset(
    {".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".au", ".caf", ".w64", ".m4a", ".mp4", ".mov", ".mkv"}
    | {".webm", ".opus", ".aac", ".wma", ".amr", ".avi", ".mpg", ".mpeg"}
)
SAVE_EVERY = 20
"""Recordings after which an update is saved, so that an interrupted one is not for nothing."""
PIECE = 4.0
"""Seconds of speech in one indexed stretch."""
SHORTEST = 1.5
BEST = 3
"""A recording's score is the mean of its best so many stretches: one alone is luck."""

_SCHEMA = """
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS files (id INTEGER PRIMARY KEY, path TEXT UNIQUE, size INTEGER, changed INTEGER);
CREATE TABLE IF NOT EXISTS stretches (file INTEGER, start REAL, end REAL, row INTEGER);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
"""
_WHOLE, _BACK = "SAVEPOINT whole", "ROLLBACK TO whole"
"""Until here all that was added is whole; and what takes the rest back."""


@dataclass(frozen=True, slots=True)
class Found:
    """A recording in which the voice may speak. stretches: (start, end, score) from the threshold on, in order."""

    path: Path
    score: float
    stretches: tuple[tuple[Seconds, Seconds, float], ...]


class VoiceIndex:
    """The index of one folder in one embedding space."""

    def __init__(self, folder: Path, store_root: Path, space: str) -> None:
        if not folder.is_dir():
            raise VoiceError(f"{folder} is no folder: give the folder of recordings to search.")
        self.folder = folder.resolve()
        key = hashlib.sha256(f"{space}\n{self.folder}".encode()).hexdigest()[:16]
        self._place = store_root / "index" / key
        for folder_of_ours in (store_root, store_root / "index", self._place):
            make_private(folder_of_ours)

    def update(
        self,
        embedder: VoiceEmbedder,
        on_file: Callable[[Path, int, int], None] | None = None,
        on_note: Note | None = None,
    ) -> list[str]:
        """Listen to new and changed recordings, forget removed ones; the sentences about unreadable ones.

        Of a file with several audio tracks the default one is listened to, as `on_note` hears.
        """
        problems: list[str] = []
        with self._open() as database:
            vectors = self._vectors(database)
            todo = self._stale(database)
            try:
                for done, (path, state) in enumerate(todo.items()):
                    database.execute(_WHOLE)
                    if on_file:
                        on_file(path, done, len(todo))
                    try:
                        found = _stretches(path, embedder, on_note)
                    except (AudioError, VoiceError) as error:
                        problems.append(str(error))
                        found = []
                    vectors = self._add(database, path, state, found, vectors)
                    if done % SAVE_EVERY == SAVE_EVERY - 1:
                        vectors = self._save(database, vectors)
                database.execute(_WHOLE)
                self._save(database, vectors)
            except BaseException:  # Ctrl-C, a full disk, a lack of memory: what was listened to is not to be again
                self._save_whole(database, vectors)
                raise
        return problems

    def search(self, query: Embedding, threshold: float) -> list[Found]:
        """All recordings with speech, the likeliest first."""
        with self._open() as database:
            vectors = self._vectors(database)
            rows = database.execute(
                "SELECT path, start, end, row FROM stretches JOIN files ON files.id = file ORDER BY path, start"
            ).fetchall()
        if not rows:
            return []
        scores = vectors.astype(np.float64) @ query.astype(np.float64)
        by_path: dict[str, list[tuple[Seconds, Seconds, float]]] = {}
        for path, start, end, row in rows:
            by_path.setdefault(os.fsdecode(path), []).append((start, end, float(scores[row])))
        found = [_rank(self.folder / path, stretches, threshold) for path, stretches in by_path.items()]
        return sorted(found, key=lambda one: (-one.score, one.path))

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        path = self._place / "index.sqlite"
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(path)
        try:
            database.executescript(_SCHEMA)
            with held(self._place), database:
                yield database
        except sqlite3.OperationalError as error:
            raise VoiceError(
                f"The index {path} cannot be used now ({error}): let another search end, or make room on the disk."
            ) from error
        except sqlite3.DatabaseError as error:
            raise VoiceError(f"The index {path} is damaged ({error}): delete its folder, it is made again.") from error
        finally:
            database.close()

    def _stale(self, database: sqlite3.Connection) -> dict[Path, State]:
        """Recordings to listen to, as they are now; what was removed or changed leaves the index here."""
        known = {
            os.fsdecode(path): (size, changed)
            for path, size, changed in database.execute("SELECT path, size, changed FROM files")
        }
        states = {str(path.relative_to(self.folder)): _state(path) for path in recordings_in(self.folder)}
        for name, state in known.items():
            if states.get(name) != state:
                key = (_key(name),)
                database.execute("DELETE FROM stretches WHERE file = (SELECT id FROM files WHERE path = ?)", key)
                database.execute("DELETE FROM files WHERE path = ?", key)
        return {self.folder / name: states[name] for name in sorted(states) if states[name] != known.get(name)}

    def _add(
        self,
        database: sqlite3.Connection,
        path: Path,
        state: State,
        found: Sequence[tuple[Span, Embedding]],
        vectors: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.float32]:
        row = (_key(str(path.relative_to(self.folder))), *state)
        file = database.execute("INSERT INTO files (path, size, changed) VALUES (?, ?, ?)", row).lastrowid
        rows = [(file, span[0], span[1], len(vectors) + i) for i, (span, _) in enumerate(found)]
        database.executemany("INSERT INTO stretches VALUES (?, ?, ?, ?)", rows)
        new = [embedding for _, embedding in found]
        return np.stack([*vectors, *new]) if new else vectors

    def _vectors(self, database: sqlite3.Connection) -> npt.NDArray[np.float32]:
        """The vectors that the database speaks of; a file from an interrupted update is not among them."""
        name = database.execute("SELECT value FROM facts WHERE name = 'vectors'").fetchone()
        if name is None:
            return np.zeros((0, 0), np.float32)
        try:
            vectors: npt.NDArray[np.float32] = np.load(self._place / Path(name[0]).name, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise VoiceError(f"The index {self._place} is damaged ({error}): delete it, it is made again.") from error
        return vectors

    def _save(self, database: sqlite3.Connection, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Write the rows still in use to a new file, then point the database at it; those rows come back."""
        used = [row for (row,) in database.execute("SELECT row FROM stretches ORDER BY row")]
        name = f"vectors-{os.urandom(4).hex()}.npy"
        kept, content = vectors[used] if used else np.zeros((0, 0), np.float32), io.BytesIO()
        np.save(content, kept, allow_pickle=False)
        create(self._place / name, content.getvalue())
        # Downwards never: the new number of a row is at most its old one, so the order of updates is safe.
        database.executemany("UPDATE stretches SET row = ? WHERE row = ?", [(new, old) for new, old in enumerate(used)])
        database.execute("INSERT OR REPLACE INTO facts VALUES ('vectors', ?)", (name,))
        database.commit()
        for old in self._place.glob("vectors-*.npy"):
            if old.name != name:
                shred(old)
        return kept

    def _save_whole(self, database: sqlite3.Connection, vectors: npt.NDArray[np.float32]) -> None:
        """Keep what was added up to the last `_WHOLE`; where that cannot be either, the index stays as it was saved."""
        with contextlib.suppress(sqlite3.Error, OSError, MemoryError, VoiceError):
            database.execute(_BACK)  # which raises where all is saved, and nothing begun
            self._save(database, vectors)


def recordings_in(folder: Path) -> list[Path]:
    """The files in a folder, and below it, that are named as recordings, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_ENDINGS and path.is_file())


def _key(name: str) -> str | bytes:
    """A name as the database has it: of one that is no Unicode the bytes."""
    return name if name.isprintable() or name == name.encode("utf-8", "replace").decode() else os.fsencode(name)


def _state(path: Path) -> State:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _stretches(path: Path, embedder: VoiceEmbedder, on_note: Note | None) -> list[tuple[Span, Embedding]]:
    """A recording's speech in pieces of about 4 s, each embedded; pieces never cross a pause of a second."""
    from ...diarize.vad import detect_speech

    samples: Samples = load_audio(path, on_note=on_note)
    spans = detect_speech(samples, min_silence=1.0)
    pieces = [piece for span in spans for piece in _cut(span) if piece[1] - piece[0] >= SHORTEST]
    return [(piece, embedder.embed(samples, [piece]).embedding) for piece in pieces]


def _cut(span: Span) -> list[Span]:
    count = max(1, round((span[1] - span[0]) / PIECE))
    edges = np.linspace(span[0], span[1], count + 1)
    return [(float(a), float(b)) for a, b in pairwise(edges)]


def _rank(path: Path, stretches: list[tuple[Seconds, Seconds, float]], threshold: float) -> Found:
    best = sorted((score for _, _, score in stretches), reverse=True)[:BEST]
    hits: list[tuple[Seconds, Seconds, float]] = []
    for start, end, score in stretches:
        if score < threshold:
            continue
        if hits and start - hits[-1][1] < 1.0:
            hits[-1] = (hits[-1][0], end, max(hits[-1][2], score))
        else:
            hits.append((start, end, score))
    return Found(path, sum(best) / len(best), tuple(hits))
