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
from diarfuse.fusion.errors import AudioError

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


@pytest.mark.parametrize(
    ("kind", "subtype", "endian"),
    [
        *(("NIST", "PCM_16", endian) for endian in ("LITTLE", "BIG")),
        *(("PAF", "PCM_24", endian) for endian in ("LITTLE", "BIG")),
        *(("MAT4", "FLOAT", endian) for endian in ("LITTLE", "BIG")),
        ("MAT5", "PCM_16", None),
        ("PVF", "PCM_16", None),
        ("AVR", "PCM_16", None),
        ("IRCAM", "PCM_16", "LITTLE"),
        ("SDS", "PCM_16", None),
    ],
)
def test_two_of_the_kinds_that_libsndfile_alone_reads(
    tmp_path: Path, pitch, kind: str, subtype: str, endian: str | None
) -> None:
    """The second one of some was not heard, and of others its header was."""
    whole = b""
    for rate, hertz in ((16_000, 500), (22_050, 1000)):
        sound = 0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
        soundfile.write(tmp_path / "one", sound, rate, format=kind, subtype=subtype, endian=endian)
        whole += (tmp_path / "one").read_bytes()
    path = tmp_path / "both"
    path.write_bytes(whole)
    notes: list[str] = []
    samples = load_audio(path, on_note=notes.append)
    assert notes == []
    assert len(samples) == pytest.approx(32_000, abs=5 if kind != "SDS" else 60)  # whose rate is a whole number of ns
    assert pitch(samples, 0.1, 0.9) == pytest.approx(500, abs=5)
    assert pitch(samples, 1.1, 1.9) == pytest.approx(1000, abs=5)


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


@pytest.mark.parametrize(
    "order",
    [
        "mp3 wav",
        "wav mp3",
        "mp3 flac",
        "mp3 opus",
        "mp3 m4a",
        "m4a mp3",
        "m4a wav",
        "wav aac",
        "mka mp3",
        "mp3 wav m4a",
    ],
)
def test_a_recording_of_another_kind_follows(tmp_path: Path, encode, pitch, order: str) -> None:
    """It was noise, or damage, or not heard at all."""
    codecs = {"mp3": "libmp3lame", "m4a": "aac", "aac": "aac", "mka": "aac", "opus": "libopus", "flac": "flac"}
    endings = order.split()
    parts = [
        wav(16_000, 500 + 200 * number, 1.0)
        if ending == "wav"
        else encode(f"{number}.{ending}", codecs[ending], 48_000, hertz=500.0 + 200 * number).read_bytes()
        for number, ending in enumerate(endings)
    ]
    path = tmp_path / "all"
    path.write_bytes(b"".join(parts))
    notes: list[str] = []
    samples = load_audio(path, on_note=notes.append)
    assert len(samples) / 16_000 == pytest.approx(len(parts), abs=0.15)
    for number in range(len(parts)):
        assert pitch(samples, number + 0.3, number + 0.8) == pytest.approx(500 + 200 * number, abs=5)
    assert notes == []


def test_a_wav_file_whose_samples_lie_in_several_chunks(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "1.wav", np.full(4_000, 0.25), 16_000)
    second = b"data" + struct.pack("<I", 24_000) + np.full(12_000, 0x4000, "<i2").tobytes()
    path = tmp_path / "two.wav"
    path.write_bytes((tmp_path / "1.wav").read_bytes() + b"LIST\4\0\0\0INFO" + second)
    np.testing.assert_array_equal(load_audio(path), np.repeat(np.float32([0.25, 0.5]), [4_000, 12_000]))


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


@pytest.mark.parametrize("promised", [0, 8_000])
def test_kin_of_wav_whose_sizes_were_never_brought_up_to_date(tmp_path: Path, promised: int) -> None:
    sound = np.full(16_000, 0.25)
    for kind in ("RF64", "AU", "WAV"):
        path = tmp_path / f"{promised}.{kind.lower()}"
        soundfile.write(path, sound, 16_000, format=kind, subtype="PCM_16", endian="BIG" if kind == "WAV" else None)
        data = bytearray(path.read_bytes())
        at, size = {
            "RF64": (28, struct.pack("<Q", promised)),
            "AU": (8, struct.pack(">I", promised or 0xFFFF_FFFF)),
        }.get(kind, (40, struct.pack(">I", promised)))
        data[at : at + len(size)] = size
        path.write_bytes(data)
        notes: list[str] = []
        if kind != "WAV":
            np.testing.assert_array_equal(load_audio(path, on_note=notes.append), np.full(16_000, 0.25, np.float32))
        elif promised:
            assert len(load_audio(path, on_note=notes.append)) == promised // 2
            assert notes == [f"{path} goes on after the end that its header tells: the rest cannot be read."]
        else:
            with pytest.raises(AudioError, match="its header promises no samples"):
                load_audio(path)


def pages(data: bytes) -> list[bytes]:
    return [b"OggS" + page for page in data.split(b"OggS")[1:]]


@pytest.mark.parametrize("kind", ["VORBIS", "OPUS"])
def test_what_follows_a_hole_in_ogg_keeps_its_time(tmp_path: Path, pitch, kind: str) -> None:
    seconds = np.arange(8 * 16_000) / 16_000
    rising = 0.5 * np.sin(2 * np.pi * (400 + 200 * np.floor(seconds)) * seconds)
    noise = np.random.default_rng(0).normal(0, 0.05, len(seconds))  # or all would fit in a few pages
    soundfile.write(tmp_path / "a.ogg", rising + noise, 16_000, format="OGG", subtype=kind)
    whole = pages((tmp_path / "a.ogg").read_bytes())
    path = tmp_path / "hole.ogg"
    path.write_bytes(b"".join(page for number, page in enumerate(whole) if number != 4))
    notes: list[str] = []
    samples = load_audio(path, on_note=notes.append)
    assert len(samples) == len(seconds)
    assert [round(pitch(samples, second + 0.2, second + 0.8), -2) for second in (0, 4, 5, 6, 7)] == [
        *(400, 1200, 1400, 1600, 1800)
    ]
    assert notes == [f"{path} is damaged: pieces of it are missing, and silence stands for them."]


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
