"""What a page plays: a file as it lies there, and the mix of separate ones, which lies nowhere."""

from __future__ import annotations

import hashlib
import io
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio import SeparateFiles, load_audio
from diarfuse.transcribe.documents.opening.sounds import MixedSound, Sound

RATE = 16_000


@pytest.fixture
def files(tmp_path: Path) -> SeparateFiles:
    """Ana in the first second, Ben from 1.5 s on."""
    loud = np.random.default_rng(0).uniform(-0.4, 0.4, RATE).astype(np.float32)
    paths = [tmp_path / "ana.wav", tmp_path / "ben.flac"]
    for path in paths:
        soundfile.write(path, loud, RATE)
    return SeparateFiles(tuple(paths), (0.0, 1.5))


def test_the_mix_is_a_wav_of_all_files_as_loud_as_each(files: SeparateFiles) -> None:
    sound = MixedSound(files)
    assert (sound.media_type, sound.name, sound.other) == ("audio/wav", "ana.wav and ben.flac", False)
    with sound.opened() as file:
        heard, rate = soundfile.read(io.BytesIO(file.read()), dtype="float32")
    assert (rate, len(heard)) == (RATE, 2.5 * RATE)
    np.testing.assert_allclose(heard, 2 * load_audio(files), atol=1e-4)  # of two files, whose mean it is


def test_voices_that_are_loud_at_once_are_not_cut_off(tmp_path: Path) -> None:
    paths = tuple(tmp_path / f"{name}.wav" for name in "abc")
    for path in paths:
        soundfile.write(path, np.full(RATE, 0.8, np.float32) * (-1) ** np.arange(RATE), RATE)
    with MixedSound(SeparateFiles(paths)).opened() as file:
        heard, _ = soundfile.read(io.BytesIO(file.read()))
    assert 0.99 < np.abs(heard).max() <= 1
    assert len(np.unique(np.abs(heard).round(3))) == 1


@pytest.mark.parametrize(("at", "size"), [(0, 44), (0, 5), (43, 3), (44, 1), (45, 1), (45, 4_001), (79_990, 100)])
def test_any_part_is_that_of_the_whole(files: SeparateFiles, at: int, size: int) -> None:
    sound = MixedSound(files)
    with sound.opened() as file:
        whole = file.read()
        assert file.seek(0, 2) == len(whole) == 44 + 2 * 40_000
        file.seek(at)
        assert file.read(size) == whole[at : at + size]


def test_files_that_are_others_or_gone_are_told(files: SeparateFiles) -> None:
    hashes, heard = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files.paths], threading.Event()
    files.paths[1].write_bytes(files.paths[1].read_bytes() + b"x")
    other = MixedSound(files, hashes, heard.set)
    assert heard.wait(60)
    assert other.other is True
    files.paths[0].unlink()
    with pytest.raises(OSError, match=r"ana\.wav"):
        MixedSound(files).opened()


def test_a_file_is_what_it_is(files: SeparateFiles) -> None:
    sound = Sound(files.paths[0])
    assert (sound.name, sound.media_type, sound.other) == ("ana.wav", "audio/x-wav", False)
    with sound.opened() as file:
        assert file.read() == files.paths[0].read_bytes()
