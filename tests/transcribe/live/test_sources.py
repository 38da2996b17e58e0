from __future__ import annotations

import io
import os
import queue
import sys
import threading

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.errors import AudioError, DeviceError
from diarfuse.transcribe.live import sources
from diarfuse.transcribe.live.sources import Lost, Stopped

STOP = threading.Event()


def test_a_file_is_played_whole(tmp_path):
    samples = np.random.default_rng(0).integers(-9_000, 9_000, 20_001).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    pieces = list(sources.from_file(tmp_path / "a.wav", 0, STOP, print))
    assert np.array_equal(np.concatenate(pieces) * 32_768, samples)
    with pytest.raises(AudioError, match=r"a\.wav has one audio track, and no track 2: choose another --audio-track"):
        list(sources.from_file(tmp_path / "a.wav", 0, STOP, print, track=2))
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


class Pipe(io.BytesIO):
    def seekable(self):
        return False


def file_of(ending: str, rate: int, *channels: float) -> bytes:
    """Two seconds of a tone, each channel as loud as is said."""
    file, tone = io.BytesIO(), np.sin(np.arange(2 * rate) / 20)
    soundfile.write(file, np.outer(tone, channels or (1.0,)).astype(np.float32) / 2, rate, format=ending)
    return file.getvalue()


def heard(data: bytes) -> tuple[np.ndarray, list[str]]:
    notes: list[str] = []
    found = np.concatenate(list(sources.from_container(Pipe(data), STOP, notes.append)))
    assert found.dtype == np.float32
    return found, notes


@pytest.mark.parametrize("kind", [Pipe, io.BytesIO])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "No audio came"),
        (b"Dear all, this is a letter.\n" * 9, r"as it comes \(it holds text\)"),
        (bytes(range(1, 256)) * 9, r"as it comes \(its format is unknown\): .* --raw RATE"),
    ],
)
def test_what_is_no_container_is_told_for_what_it_is(kind, data, words):
    stream = kind(b"before" + data)
    stream.read(6)  # what a shell took of a file does not count
    with pytest.raises(AudioError, match=words):
        list(sources.from_container(stream, STOP, print))


@pytest.mark.parametrize("ending", ["wav", "ogg", "flac", "mp3"])
@pytest.mark.parametrize("channels", [(1.0,), (1.0, 0.5)])
def test_a_container_is_decoded_as_it_comes_to_the_samples_of_the_file(ending, channels, tmp_path):
    data = file_of(ending, 22_050, *channels)
    (tmp_path / "a").write_bytes(data)
    found, whole = heard(data)[0], load_audio(tmp_path / "a")
    shared = min(len(found), len(whole))
    assert abs(len(found) - len(whole)) < 1_000  # an MP3's own delay is cut by who can look ahead
    assert np.abs(found[:shared] - whole[:shared]).max() < (1e-6 if len(found) == len(whole) else 2)


def test_recordings_of_several_rates_that_follow_one_another_are_all_heard():
    assert len(heard(file_of("mp3", 22_050) + file_of("mp3", 44_100))[0]) / 16_000 == pytest.approx(4.0, abs=0.3)


def test_damage_on_the_way_does_not_end_it():
    data = bytearray(file_of("mp3", 44_100))
    data[8_000:9_000] = b"\xff" * 1_000
    assert len(heard(bytes(data))[0]) / 16_000 == pytest.approx(2.0, abs=0.3)


def test_channels_that_cancel_each_other_are_mixed_in_another_way_once_that_shows():
    found, notes = heard(file_of("wav", 16_000, 1.0, -1.0))
    assert "channel 2 is turned over from here on" in notes[0]
    assert np.abs(found[-8_000:]).max() > 0.4


@pytest.mark.parametrize("text", ["#EXTM3U\n#EXTINF:1,\n{}\n", "ffconcat version 1.0\nfile {}\n"])
def test_what_leads_to_other_files_is_no_audio(text, tmp_path):
    (tmp_path / "a.wav").write_bytes(file_of("wav", 16_000))
    with pytest.raises(AudioError, match="no audio that can be decoded"):
        heard(text.format(tmp_path / "a.wav").encode())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows awaits no pipes")
def test_a_pipe_that_stands_still_can_be_ended():
    read, write = os.pipe()
    with os.fdopen(read, "rb") as stream, os.fdopen(write, "wb", buffering=0) as writer:
        writer.write(np.ones(1_600, "<i2").tobytes())
        stop = threading.Event()
        pieces = sources.from_raw(stream, 16_000, stop)
        assert len(next(pieces)) == 1_600
        threading.Timer(0.05, stop.set).start()
        assert sum(map(len, pieces)) == 0
        writer.write(file_of("wav", 16_000)[:20_000])
        assert len(next(sources.from_container(stream, stop, print))) > 0


def test_a_device_that_stops_or_loses_something_is_told(monkeypatch):
    monkeypatch.setattr(sources, "_SILENT", 0.0)
    blocks: queue.Queue = queue.Queue()
    blocks.put(np.ones(1_600, np.float32))
    first, lost, *rest = sources._drain(blocks, [800], 16_000, threading.Event())
    assert len(first) == 1_600
    assert lost == Lost(0.05, "this machine could not keep up")
    assert rest[0] == Stopped("the device gives nothing any more")


def test_what_a_device_gives_that_is_no_sound_is_a_gap(monkeypatch):
    monkeypatch.setattr(sources, "_SILENT", 0.0)
    blocks: queue.Queue = queue.Queue()
    for value in (1, np.nan, np.inf, 1, *[np.nan] * 101):
        blocks.put(np.full(1_600, value, np.float32))
    pieces = list(sources._drain(blocks, [0], 16_000, threading.Event()))
    why = "the device gave no numbers but NaN or infinity"
    assert [piece for piece in pieces if isinstance(piece, Lost)] == [Lost(0.2, why), Lost(10.1, why)]
    assert sum(len(piece) for piece in pieces if isinstance(piece, np.ndarray)) == 3_200


def test_a_device_that_is_pulled_out_ends_the_recording_as_one_that_stops(monkeypatch):
    class Pulled:
        PortAudioError = RuntimeError
        rate = 16_000.0

        @classmethod
        def query_devices(cls, *_):
            return {"default_samplerate": cls.rate}

        class InputStream:
            def __init__(self, **_):
                pass

            def __enter__(self):
                pass

            def __exit__(self, *_):
                raise RuntimeError("Stream is not open")

    monkeypatch.setattr(sources, "_sounddevice", lambda: Pulled)
    monkeypatch.setattr(sources, "_SILENT", 0.0)
    pieces = [piece for piece in sources.from_microphone("1", threading.Event()) if isinstance(piece, Stopped)]
    assert pieces == [Stopped("the device gives nothing any more")]
    Pulled.rate = 0.0
    with pytest.raises(DeviceError, match="no sample rate"):
        sources.check_microphone("1")


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

    def refuse(*_):
        raise RuntimeError("Device unavailable")

    monkeypatch.setattr(Library.InputStream, "__enter__", refuse)
    with pytest.raises(DeviceError, match=r"'2' cannot be opened \(Device unavailable\)"):
        next(sources.from_microphone("2", threading.Event()))
