from __future__ import annotations

import io
import queue
import threading

import numpy as np
import pytest
import soundfile

from diarfuse.transcribe.live import sources
from diarfuse.transcribe.live.sources import Lost, Stopped

STOP = threading.Event()


def test_a_file_is_played_whole(tmp_path):
    samples = np.random.default_rng(0).integers(-9_000, 9_000, 20_001).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    pieces = list(sources.from_file(tmp_path / "a.wav", 0, STOP, print))
    assert np.array_equal(np.concatenate(pieces) * 32_768, samples)
    stopped = threading.Event()
    stopped.set()
    assert list(sources.from_file(tmp_path / "a.wav", 1, stopped, print)) == []


def test_raw_samples_come_in_blocks_of_any_size():
    class OddPipe(io.BytesIO):
        def read1(self, _size=-1):
            return super().read(7)  # half samples

    samples = np.arange(-500, 500, dtype="<i2")
    found = np.concatenate(list(sources.from_raw(OddPipe(samples.tobytes()), 16_000, STOP)))
    assert np.array_equal(found * 32_768, samples)


@pytest.mark.parametrize("ending", ["wav", "ogg", "flac", "mp3"])
def test_a_container_is_decoded_as_it_comes(ending):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(44_100) / 20).astype(np.float32), 22_050, format=ending)
    found = np.concatenate(list(sources.from_container(Pipe(file.getvalue()), STOP)))
    assert found.dtype == np.float32
    assert len(found) / 16_000 == pytest.approx(2.0, abs=0.15)


def test_a_device_that_stops_or_loses_something_is_told(monkeypatch):
    monkeypatch.setattr(sources, "_SILENT", 0.0)
    blocks: queue.Queue = queue.Queue()
    blocks.put(np.ones(1_600, np.float32))
    first, lost, *rest = sources._drain(blocks, [800], 16_000, threading.Event())
    assert len(first) == 1_600
    assert lost == Lost(0.05, "this machine could not keep up")
    assert rest[0] == Stopped("the device gives nothing any more")


def test_a_microphone_by_number_or_name_is_opened_at_its_own_rate(monkeypatch):
    opened = {}

    class Library:
        PortAudioError = RuntimeError

        @staticmethod
        def query_devices(device=None, _kind=None):
            opened["asked"] = device
            if device is None:
                return [{"name": "Mic", "max_input_channels": 1}, {"name": "Speaker", "max_input_channels": 0}]
            return {"default_samplerate": 48_000.0}

        class InputStream:
            def __init__(self, **options):
                opened.update(options)

            def __enter__(self):
                opened["callback"](np.ones((4_800, 1), np.float32), 4_800, None, None)

            def __exit__(self, *_):
                opened["closed"] = True

    monkeypatch.setattr(sources, "_sounddevice", lambda: Library)
    monkeypatch.setattr(sources, "_SILENT", 0.0)
    assert sources.devices() == ["0  Mic"]
    pieces = list(sources.from_microphone("2", threading.Event()))
    assert opened["asked"] == 2
    assert opened["samplerate"] == 48_000
    assert sum(len(piece) for piece in pieces if isinstance(piece, np.ndarray)) == 1_600
    assert opened["closed"]
