"""Files with several recordings inside: all of each is heard, at its own rate and with its own channels."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio import load_audio, load_channels
from diarfuse.fusion.audio.recordings import recordings

MONO, STEREO = (16_000, "mono"), (44_100, "stereo")
KINDS = {
    "mp3": ("libmp3lame", MONO, STEREO),
    "aac": ("aac", MONO, STEREO),
    "mp2": ("mp2", MONO, STEREO),
    "ac3": ("ac3", (32_000, "mono"), STEREO),
    "ts": ("aac", MONO, STEREO),
    "mpg": ("mp2", MONO, STEREO),
    "wav": ("pcm_s16le", MONO, STEREO),
    "aiff": ("pcm_s16be", MONO, STEREO),
    "w64": ("pcm_s24le", MONO, STEREO),
    "caf": ("pcm_s16le", MONO, STEREO),
    "au": ("pcm_s16be", MONO, STEREO),
    "voc": ("pcm_s16le", MONO, STEREO),
    "flac": ("flac", MONO, STEREO),
    "oga": ("flac", MONO, STEREO),
    "opus": ("libopus", (48_000, "mono"), (48_000, "stereo")),
    "m4a": ("aac", MONO, STEREO),
    "mka": ("aac", MONO, STEREO),
    "webm": ("libopus", (48_000, "mono"), (48_000, "stereo")),
    "avi": ("libmp3lame", MONO, STEREO),
    "flv": ("aac", (22_050, "mono"), STEREO),
    "asf": ("wmav2", (32_000, "stereo"), STEREO),
    "amr": ("libopencore_amrnb", (8_000, "mono"), (8_000, "mono")),
    "tta": ("tta", MONO, STEREO),
    "wv": ("wavpack", MONO, STEREO),
}


@pytest.mark.parametrize("ending", KINDS)
@pytest.mark.parametrize("swapped", [False, True])
def test_recordings_one_after_another(tmp_path: Path, encode, pitch, ending: str, *, swapped: bool) -> None:
    codec, *shapes = KINDS[ending]
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec} to make the recordings with")
    first, second = reversed(shapes) if swapped else shapes
    one = encode(f"one.{ending}", codec, *first, seconds=1.0, hertz=500.0)
    two = encode(f"two.{ending}", codec, *second, seconds=1.5, hertz=1000.0)
    both = tmp_path / f"both.{ending}"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    notes: list[str] = []
    samples = load_audio(both, on_note=notes.append)
    assert notes == []
    assert len(samples) / 16_000 == pytest.approx(2.5, abs=0.2)  # encoders pad to whole frames
    assert pitch(samples, 0.2, 0.9) == pytest.approx(500, abs=5)
    assert pitch(samples, 1.3, 2.3) == pytest.approx(1000, abs=5)


def test_channels_of_each_recording(tmp_path: Path, encode) -> None:
    one, two = encode("1.flac", "flac", 16_000, "mono"), encode("2.flac", "flac", 48_000, "stereo", seconds=2.0)
    both = tmp_path / "both.flac"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    notes: list[str] = []
    left, right = load_channels(both, on_note=notes.append)
    assert len(left) == len(right) == 48_000
    assert left[:16_000].any()
    assert not right[:16_000].any()
    np.testing.assert_allclose(left[17_000:], right[17_000:])
    assert notes == [f"{both} has 1 channels up to 1.0 s and 2 from there on."]


def test_many_short_recordings(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "1.flac", np.full(160, 0.25), 16_000)
    (tmp_path / "all.flac").write_bytes((tmp_path / "1.flac").read_bytes() * 300)
    samples = load_audio(tmp_path / "all.flac")
    np.testing.assert_array_equal(samples, np.full(48_000, 0.25, np.float32))


def test_what_only_looks_like_a_header_is_sound(tmp_path: Path) -> None:
    """A file of samples that spell headers of its own kind, but for their sizes."""
    for name, spelled in {"a.wav": b"RIFF\0\0\0\0WAVE", "a.w64": b"riff\x2e\x91\xcf\x11", "a.caf": b"caff\0\1"}.items():
        data = np.frombuffer(spelled * 4000, "<i2")
        soundfile.write(tmp_path / name, data, 16_000, subtype="PCM_16")
        assert len(recordings(tmp_path / name)) == 1
        assert len(load_audio(tmp_path / name)) == len(data)


def test_a_recording_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "1.flac", np.full(16_000, 0.25), 16_000)
    whole = (tmp_path / "1.flac").read_bytes()
    broken = whole[:18] + bytes(len(whole) - 18)  # no rate, no channels, no frames
    path = tmp_path / "all.flac"
    path.write_bytes(whole + broken + whole)
    notes: list[str] = []
    assert len(load_audio(path, on_note=notes.append)) == 32_000
    assert [note for note in notes if f"{path} (recording 2 of 3)" in note] == notes != []


def wav(rate: int, hertz: float, seconds: float, *, size: int | None = None) -> bytes:
    sound = (10_000 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype("<i2").tobytes()
    size = len(sound) if size is None else size
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16) + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", min(size + 36, 0xFFFF_FFFF)) + b"WAVE" + head + sound


@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0])
def test_recorders_that_never_wrote_the_size_append(tmp_path: Path, pitch, size: int) -> None:
    path = tmp_path / "two.wav"
    path.write_bytes(wav(16_000, 500, 1.0, size=size) + wav(8_000, 1000, 1.0, size=size))
    notes: list[str] = []
    samples = load_audio(path, on_note=notes.append)
    assert len(samples) == pytest.approx(32_000, abs=10)
    assert pitch(samples, 1.1, 1.9) == pytest.approx(1000, abs=5)
    assert notes == []


@pytest.mark.parametrize("size", [16_000, 32_000 + 7])  # odd: no frame ends there
def test_a_header_that_was_never_brought_up_to_date(tmp_path: Path, size: int) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(wav(16_000, 500, 10.0, size=size))
    notes: list[str] = []
    assert len(load_audio(path, on_note=notes.append)) == 160_000
    assert notes == [f"{path} goes on after the end that its header tells: all of it is used."]


@pytest.mark.parametrize(
    "tail", [b"LIST\x04\0\0\0INFO", b"TAG" + bytes(125), b"ID3\4\0\0\0\0\0\0", bytes(50_000), b"APETAGEX" + b"x" * 9000]
)
def test_what_other_programs_write_after_the_sound_is_none(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "tagged.wav"
    path.write_bytes(wav(16_000, 500, 1.0) + tail)
    notes: list[str] = []
    assert len(load_audio(path, on_note=notes.append)) == 16_000
    assert notes == []


def id3(size: int) -> bytes:
    """A tag with a picture of `size` bytes, of noise."""
    picture = np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8).tobytes()
    length = bytes((size >> shift) & 127 for shift in (21, 14, 7, 0))
    return b"ID3\4\0\0" + length + picture


@pytest.mark.parametrize("size", [35, 5_000, 300_000])
def test_tags_between_mp3_recordings_are_no_damage(tmp_path: Path, encode, pitch, size: int) -> None:
    one = encode("1.mp3", "libmp3lame", 16_000).read_bytes()
    two = encode("2.mp3", "libmp3lame", 22_050, "stereo", hertz=880.0).read_bytes()
    path = tmp_path / "both.mp3"
    path.write_bytes(id3(size) + one + id3(size) + two + b"TAG" + bytes(125))
    notes: list[str] = []
    samples = load_audio(path, on_note=notes.append)
    assert len(samples) / 16_000 == pytest.approx(2.1, abs=0.1)
    assert pitch(samples, 1.3, 1.9) == pytest.approx(880, abs=5)
    assert notes == []


def test_damage_within_an_mp3_file_is_told(tmp_path: Path, encode) -> None:
    sound = bytearray(encode("1.mp3", "libmp3lame", 16_000, seconds=4.0).read_bytes())
    half = len(sound) // 2
    sound[half : half + 3000] = np.random.default_rng(0).integers(0, 256, 3000, dtype=np.uint8).tobytes()
    path = tmp_path / "damaged.mp3"
    path.write_bytes(sound)
    notes: list[str] = []
    load_audio(path, on_note=notes.append)
    assert any("is damaged" in note or "is cut short" in note for note in notes)


def test_an_mp3_length_that_is_too_short_is_not_believed(tmp_path: Path, encode) -> None:
    sound = bytearray(encode("1.mp3", "libmp3lame", 16_000, seconds=4.0).read_bytes())
    at = max(sound.find(b"Xing"), sound.find(b"Info"))
    sound[at + 8 : at + 12] = (20).to_bytes(4, "big")
    (tmp_path / "short.mp3").write_bytes(sound)
    notes: list[str] = []
    assert len(load_audio(tmp_path / "short.mp3", on_note=notes.append)) == pytest.approx(64_000, abs=2_000)
    assert notes == []
