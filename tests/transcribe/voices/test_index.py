"""The search index on disk: listened to once, private, overwritten when replaced, and plain about what is wrong."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.diarize.voiceprint import Voiceprint
from diarfuse.fusion.errors import VoiceError
from diarfuse.transcribe.voices.index import VoiceIndex
from tests.faults import every_kill

RATE = 16_000
ANA, BEN = np.eye(2, dtype=np.float32)


class LevelEmbedder:
    """Loud is Ana, quiet is Ben; counts how often it listens."""

    space = "level-1"
    heard = 0

    def embed(self, samples, spans):
        self.heard += 1
        ((start, end),) = spans
        piece = samples[int(start * RATE) : int(end * RATE)]
        return Voiceprint(ANA if piece.mean() > 0.3 else BEN, self.space, end - start)


@pytest.fixture
def embedder(monkeypatch) -> LevelEmbedder:
    monkeypatch.setattr("diarfuse.diarize.vad.detect_speech", lambda samples, **_: [(0.0, len(samples) / RATE)])
    return LevelEmbedder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "recordings"
    (made / "sub").mkdir(parents=True)
    soundfile.write(made / "ben.wav", np.full(4 * RATE, 0.1, np.float32), RATE)
    both = np.repeat(np.array([0.1, 0.5, 0.1], np.float32), 4 * RATE)
    soundfile.write(made / "sub" / "both.wav", both, RATE)
    return made


def test_only_what_changed_is_listened_to_and_places_stay_right(embedder, folder: Path, tmp_path: Path) -> None:
    index = VoiceIndex(folder, tmp_path / "voices", embedder.space)
    assert index.update(embedder) == []
    assert embedder.heard == 4
    (first, second) = index.search(ANA, 0.5)
    assert (first.path, first.stretches) == (folder / "sub" / "both.wav", ((4.0, 8.0, 1.0),))
    assert second.stretches == ()
    index.update(embedder)
    assert embedder.heard == 4
    soundfile.write(folder / "ben.wav", np.full(8 * RATE, 0.5, np.float32), RATE)
    index.update(embedder)
    assert embedder.heard == 6
    assert {found.path.name: found.stretches for found in index.search(ANA, 0.5)} == {
        "ben.wav": ((0.0, 8.0, 1.0),),
        "both.wav": ((4.0, 8.0, 1.0),),
    }
    (folder / "sub" / "both.wav").unlink()
    index.update(embedder)
    assert [found.path.name for found in index.search(ANA, 0.5)] == ["ben.wav"]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), MemoryError(), OSError(28, "No space left on device"), RuntimeError("a network")]
)
def test_what_was_listened_to_outlasts_whatever_ends_it(embedder, folder: Path, tmp_path: Path, error) -> None:
    soundfile.write(folder / "z.wav", np.full(4 * RATE, 0.9, np.float32), RATE)
    index, hear = VoiceIndex(folder, tmp_path / "voices", embedder.space), embedder.embed

    def fails(samples, spans):
        if samples.mean() > 0.8:
            raise error
        return hear(samples, spans)

    embedder.embed = fails
    with pytest.raises(type(error)):
        index.update(embedder)
    assert embedder.heard == 4
    embedder.embed = hear
    index.update(embedder)
    assert embedder.heard == 5  # the last one alone
    assert {found.path.name: found.stretches for found in index.search(ANA, 0.5)} == {
        "both.wav": ((4.0, 8.0, 1.0),),
        "ben.wav": (),
        "z.wav": ((0.0, 4.0, 1.0),),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no Unicode")
def test_a_name_that_is_no_unicode_is_found_again(embedder, folder: Path, tmp_path: Path) -> None:
    odd = folder / os.fsdecode(b"b\xffd.wav")
    soundfile.write(os.fsencode(odd), np.full(4 * RATE, 0.5, np.float32), RATE)
    index = VoiceIndex(folder, tmp_path / "voices", embedder.space)
    for _ in range(2):
        assert index.update(embedder) == []
        assert index.search(ANA, 0.5)[0].path == odd
    assert embedder.heard == 5
    odd.unlink()
    index.update(embedder)
    assert odd not in [found.path for found in index.search(ANA, 0.5)]


def test_an_interrupt_wherever_it_comes_leaves_an_index_that_is_whole(embedder, folder: Path, tmp_path: Path) -> None:
    """Ctrl-C comes between two lines of what changes it: before the first, the eighth and so on."""
    index_file = sys.modules[VoiceIndex.__module__].__file__
    wanted = VoiceIndex(folder, tmp_path / "whole", embedder.space)
    wanted.update(embedder)
    lines, left = 0, 1
    while left == 1:  # until it gets through
        index, steps = VoiceIndex(folder, tmp_path / f"voices{lines}", embedder.space), iter(range(lines, -1, -1))

        def trace(frame, event, _, steps=steps):
            if frame.f_code.co_filename != index_file or frame.f_code.co_name not in ("update", "_add", "_save"):
                return None
            if event == "line" and next(steps, -1) == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
            return trace

        left, before = 0, sys.gettrace()
        sys.settrace(trace)
        try:
            index.update(embedder)
        except KeyboardInterrupt:
            left = 1
        finally:
            sys.settrace(before)
        index.update(embedder)
        assert index.search(ANA, 0.5) == wanted.search(ANA, 0.5)
        lines += 7
    assert lines > 30


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")
def test_the_index_is_private_and_what_it_replaces_is_overwritten(embedder, folder: Path, tmp_path: Path) -> None:
    index = VoiceIndex(folder, tmp_path / "voices", embedder.space)
    index.update(embedder)
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "voices").rglob("*")}
    assert modes == {True: 0o700, False: 0o600}
    (vectors,) = (tmp_path / "voices").rglob("vectors-*.npy")
    (tmp_path / "witness").hardlink_to(vectors)  # the same blocks under another name
    (folder / "ben.wav").unlink()
    index.update(embedder)
    assert set((tmp_path / "witness").read_bytes()) == {0}
    (database,) = (tmp_path / "voices").rglob("index.sqlite")
    assert b"ben.wav" not in database.read_bytes()


def test_a_killed_update_leaves_an_index_that_the_next_one_mends(embedder, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    VoiceIndex(folder, tmp_path / "voices", embedder.space).update(embedder)
    (folder / "ben.wav").unlink()
    for copy in every_kill(tmp_path / "voices", lambda copy: VoiceIndex(folder, copy, embedder.space).update(embedder)):
        index = VoiceIndex(folder, copy, embedder.space)
        index.update(embedder)
        assert [found.path.name for found in index.search(ANA, 0.5)] == ["both.wav"]
        assert len(list(copy.rglob("vectors-*.npy"))) == 1
        assert not list(copy.rglob("*.part"))


def test_an_index_in_use_is_not_called_damaged(embedder, folder: Path, tmp_path: Path, monkeypatch) -> None:
    index = VoiceIndex(folder, tmp_path / "voices", embedder.space)
    index.update(embedder)
    (database,) = (tmp_path / "voices").rglob("index.sqlite")
    connect = sqlite3.connect
    monkeypatch.setattr("sqlite3.connect", lambda path: connect(path, timeout=0))
    other = connect(database)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(VoiceError, match="let another search end"):
        index.search(ANA, 0.5)
    other.close()
    database.write_bytes(b"no database at all" * 100)
    with pytest.raises(VoiceError, match="is damaged"):
        index.search(ANA, 0.5)
