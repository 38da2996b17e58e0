from __future__ import annotations

import errno
import io

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio import encode

NOISE = np.random.default_rng(0).integers(-9_000, 9_000, 50_000).astype(np.float32) / 32_768


class FullDisk(io.BytesIO):
    """Takes so many bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data) -> int:
        if self.tell() + len(data) > self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.mark.parametrize("container", ["WAV", "FLAC"])
def test_what_was_written_is_read_back(container, monkeypatch):
    monkeypatch.setattr(encode, "_PART", 7_000)
    file = io.BytesIO()
    with encode.encoding(file, 2, "PCM_16", container) as add:
        add(np.stack([NOISE, -NOISE], axis=1))
        add(np.stack([NOISE, NOISE], axis=1))
    file.seek(0)
    samples, rate = soundfile.read(file, dtype="float32")
    assert rate == 16_000
    np.testing.assert_array_equal(samples[:, 0], [*NOISE, *NOISE])
    np.testing.assert_array_equal(samples[:, 1], [*-NOISE, *NOISE])


@pytest.mark.parametrize("container", ["WAV", "FLAC"])
@pytest.mark.parametrize("room", [0, 30, 20_000, 99_999])
def test_a_full_disk_is_an_error_and_no_traceback_beside_it(container, room, capfd):
    room = min(room, 60_000) if container == "FLAC" else room
    with pytest.raises(OSError, match="No space left"), encode.encoding(FullDisk(room), 1, "PCM_16", container) as add:
        add(NOISE)
    assert capfd.readouterr().err == ""
