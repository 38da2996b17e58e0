from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diarfuse.fusion.audio import keeping, resampling
from diarfuse.fusion.audio.keeping import Kept
from diarfuse.fusion.audio.resampling import Recorder
from diarfuse.fusion.errors import OutputError

FULL = Path("/dev/full")
SIXTEEN = arrays(np.int16, st.integers(0, 20)).map(lambda samples: samples.astype(np.float32) / 32_768)
FLOATS = arrays(np.float32, st.integers(0, 20), elements=st.floats(-2, 2, width=32))


@given(blocks=st.lists(st.one_of(SIXTEEN, FLOATS), max_size=5), in_memory=st.booleans())
def test_every_sample_comes_back(blocks, in_memory):
    kept = Kept(in_memory=in_memory)
    for block in blocks:
        kept.write(block)
    whole = np.concatenate([np.empty(0, np.float32), *blocks])
    assert kept.size == whole.size
    assert np.array_equal(kept.finish(), whole)


def test_what_comes_of_16_bits_takes_16_bits():
    kept = Kept(in_memory=True)
    kept.write(np.arange(-32_768, 32_768, dtype=np.float32) / 32_768)
    assert kept._file.seek(0, os.SEEK_END) == 2 * 65_536
    kept.write(np.array([0.1], np.float32))
    assert kept._file.seek(0, os.SEEK_END) == 4 * 65_537


def test_in_memory_no_file_is_made(monkeypatch):
    monkeypatch.setattr(keeping.tempfile, "TemporaryFile", None)
    monkeypatch.setattr(keeping, "Recorder", None)
    kept = Kept(in_memory=True)
    kept.write(np.array([0.1, 0.2], np.float32))
    assert kept.finish().tolist() == np.array([0.1, 0.2], np.float32).tolist()


def test_a_full_disk_is_told_with_the_remedy(monkeypatch):
    class Full(io.BytesIO):
        def write(self, _data):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping.tempfile, "TemporaryFile", lambda *_, **__: Full())
    with pytest.raises(OutputError, match=r"No space left.*TMPDIR"):
        Kept().write(np.zeros(3, np.float32))


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("kind", [Kept, Recorder])
def test_a_disk_that_is_full_only_when_the_buffer_goes_there_is_told_too(kind, monkeypatch):
    monkeypatch.setattr("tempfile.TemporaryFile", lambda _mode="", size=-1, **_: FULL.open("r+b", size))
    monkeypatch.setattr(resampling, "_MEMORY_SAMPLES", 2)
    kept = kind()
    with pytest.raises(OutputError, match=r"No space left.*TMPDIR"):
        kept.write(np.zeros(3, np.float32))
    kept.close()


class Small(io.BytesIO):
    """A disk of 100 bytes, of which a write takes what there is room for."""

    room = 100

    def write(self, data):
        if self.tell() >= self.room:
            raise OSError(28, "No space left on device")
        return super().write(data[: self.room - self.tell()])


@given(blocks=st.lists(st.one_of(SIXTEEN, FLOATS), min_size=1, max_size=9))
def test_what_had_room_on_a_disk_that_got_full_is_there(blocks):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(keeping.tempfile, "TemporaryFile", lambda *_, **__: Small())
        kept, took = Kept(), [np.empty(0, np.float32)]
        for block in blocks:
            try:
                kept.write(block)
            except OutputError:
                continue
            took.append(block)
        assert np.array_equal(np.concatenate([took[0], *kept.read()]), np.concatenate(took))
        assert kept.size == sum(map(len, took))
