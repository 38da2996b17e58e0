"""Tracks, the container's clock, and what decoders say."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio import load_audio, load_channels
from diarfuse.fusion.errors import AudioError, OptionError

TRACKS = {"mkv": "aac", "mp4": "aac", "mka": "ac3", "ts": "aac", "webm": "libopus", "oga": "flac"}


@pytest.mark.parametrize("ending", TRACKS)
def test_one_track_of_several_is_told_and_any_can_be_had(encode, pitch, ending: str) -> None:
    path = encode(f"a.{ending}", TRACKS[ending], 48_000, hertz=(500.0, 1000.0, 1500.0))
    notes: list[str] = []
    assert pitch(load_audio(path, on_note=notes.append), 0.2, 0.8) == pytest.approx(500, abs=5)
    others = "--audio-track N takes another one, --audio-track all each as a channel"
    assert notes == [f"{path} has 3 audio tracks, of which number 1 is used: {others}."]
    for track, hertz in ((1, 500), (2, 1000), (3, 1500)):
        assert pitch(load_audio(path, on_note=notes.append, track=track), 0.2, 0.8) == pytest.approx(hertz, abs=5)
    every = load_channels(path, on_note=notes.append, track="all")
    assert [round(pitch(channel, 0.2, 0.8), -1) for channel in every] == [500, 1000, 1500]
    mixed = load_audio(path, on_note=notes.append, track="all")
    np.testing.assert_allclose(mixed, np.mean(every, axis=0), atol=1e-6)
    assert len(notes) == 1


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_the_default_track_is_the_one_marked_so(encode, pitch, ending: str) -> None:
    path = encode(f"a.{ending}", "aac", 48_000, hertz=(500.0, 1000.0), default=2)
    notes: list[str] = []
    assert pitch(load_audio(path, on_note=notes.append), 0.2, 0.8) == pytest.approx(1000, abs=5)
    assert "of which number 2 is used" in notes[0]


def test_a_track_that_is_not_there(tmp_path: Path, encode) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(160), 16_000)
    assert len(load_audio(tmp_path / "a.wav", track=1)) == 160
    assert len(load_channels(tmp_path / "a.wav", track="all")) == 1
    with pytest.raises(AudioError, match=r"a\.wav has one audio track, and no track 2: choose another --audio-track"):
        load_audio(tmp_path / "a.wav", track=2)
    with pytest.raises(AudioError, match=r"a\.mkv has 2 audio tracks, and no track 3"):
        load_audio(encode("a.mkv", "aac", 48_000, hertz=(500.0, 1000.0)), track=3)
    for wrong in (0, -1, "two", 1.5):
        with pytest.raises(OptionError, match=r"The audio track .* must be a number from 1, or 'all'"):
            load_audio(tmp_path / "a.wav", track=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ending", "codec"), [("mka", "aac"), ("mkv", "ac3"), ("webm", "libopus"), ("ts", "aac"), ("m4a", "aac")]
)
def test_sound_that_starts_late_is_not_cut_short(encode, ending: str, codec: str) -> None:
    path = encode(f"late.{ending}", codec, 48_000, seconds=3.0, start=4.2)
    notes: list[str] = []
    assert len(load_audio(path, on_note=notes.append)) / 16_000 == pytest.approx(3.0, abs=0.1)
    assert notes == []


def test_a_flac_stream_that_does_not_tell_its_length(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.full(16_000, 0.25), 16_000)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(data)
    notes: list[str] = []
    assert len(load_audio(tmp_path / "a.flac", on_note=notes.append)) == 16_000
    assert notes == []


@pytest.mark.parametrize("codec", ["aac", "ac3", "libmp3lame"])
def test_frames_of_another_rate_do_not_move_the_clock(tmp_path: Path, encode, codec: str) -> None:
    """Streams without a clock of their own, whose times FFmpeg counts in the first rate."""
    ending = {"aac": "aac", "ac3": "ac3", "libmp3lame": "mp3"}[codec]
    parts = [
        encode(f"{rate}.{ending}", codec, rate, seconds=2.0).read_bytes() for rate in (32_000, 48_000, 44_100, 32_000)
    ]
    (tmp_path / f"all.{ending}").write_bytes(b"".join(parts))
    notes: list[str] = []
    assert len(load_audio(tmp_path / f"all.{ending}", on_note=notes.append)) / 16_000 == pytest.approx(8.0, abs=0.4)
    assert notes == []


def test_joined_transport_streams_whose_clocks_are_far_apart(tmp_path: Path, encode) -> None:
    for name, starts in {"forward.ts": (0.0, 600.0, 1200.0), "back.ts": (600.0, 0.0, 100.0)}.items():
        parts = [encode(f"{i}.ts", "aac", 48_000, seconds=1.0, start=start) for i, start in enumerate(starts)]
        (tmp_path / name).write_bytes(b"".join(part.read_bytes() for part in parts))
        assert len(load_audio(tmp_path / name)) / 16_000 == pytest.approx(3.1, abs=0.2)


def test_a_header_that_contradicts_itself(tmp_path: Path) -> None:
    """Each library computes the size of a frame from other numbers; neither may be let loose on it."""
    head = struct.pack("<IHHIIHH", 16, 1, 101, 16_000, 48_000, 3, 24)
    body = b"WAVEfmt " + head + b"data" + struct.pack("<I", 48_000) + bytes(14_000)
    for name in ("a.raw", "a.wav"):
        path = tmp_path / name
        path.write_bytes(b"RIFF" + struct.pack("<I", 48_036) + body)
        with pytest.raises(AudioError, match="claims 101 channels of 24 bits in frames of 3 bytes, which cannot be"):
            load_audio(path)


@pytest.mark.parametrize("layout", ["5.1", "7.1"])
def test_planes_of_many_channels(tmp_path: Path, layout: str) -> None:
    """PyAV tells nine planes of eight channels."""
    channels = len(av.AudioLayout(layout).channels)
    with av.open(str(tmp_path / "a.wv"), "w") as file:
        stream: Any = file.add_stream("wavpack", rate=16_000, layout=layout)
        samples = (256 * np.random.default_rng(0).integers(-99, 99, (1, 1600 * channels))).astype(
            np.int16
        )  # 8 bits are kept
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        frame.sample_rate, frame.pts = 16_000, 0
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    for number, channel in enumerate(load_channels(tmp_path / "a.wv")):
        np.testing.assert_allclose(channel, samples[0, number::channels] / np.float32(32768), atol=1e-6)


def test_many_channels_without_a_layout(tmp_path: Path) -> None:
    """More than FFmpeg's converter takes."""
    samples = np.random.default_rng(0).integers(-9999, 9999, (1600, 101)).astype("<i2")
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 101, 16_000, 16_000 * 202, 202, 16)
    (tmp_path / "a.wav").write_bytes(
        b"RIFF" + bytes(4) + body + b"data" + struct.pack("<I", 0xFFFF_FFFF) + samples.tobytes()
    )
    for number, channel in enumerate(load_channels(tmp_path / "a.wav")):
        np.testing.assert_array_equal(channel, samples[:, number] / np.float32(32768))


def test_wav_by_another_name(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.full(160, 0.25), 16_000)
    for name in ("a.raw", "a.mp3", "a", "a.RAW"):
        (tmp_path / name).write_bytes((tmp_path / "a.wav").read_bytes())
        assert len(load_audio(tmp_path / name)) == 160


TEXTS = {
    "ascii": (b"minutes of the meeting\n" * 400, "it holds text"),
    "utf-8": ("Protokoll für Özgür\n".encode() * 9, "it holds text"),
    "utf-16": ("utf-16\n".encode("utf-16") * 99, "it holds text"),
    "cp1252": ("“Café” straße, Özgür\n".encode("cp1252") * 99, "it holds text"),
    "error": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "it holds text"),
    "page": (b"\r\n<!DOCTYPE HTML><html><body>Please log in" + b" " * 9000, "it holds a web page"),
    "playlist": (b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n", "it is a playlist, which only names one"),
    "transcript": (b'{\n "format": "diarfuse/1",\n "name": "a"}', "it holds a saved transcript"),
    "srt": (b"\r\n1\r\n00:00:01,000 --> 00:00:02,000\r\nHi.\r\n", "it holds subtitles"),
    "vtt": ("\ufeffWEBVTT\n\n00:01.000 --> 00:02.000\nHi.\n".encode(), "it holds subtitles"),
    "object": (b'{"segments": []}', "it holds JSON"),
    "list": (b'[\n  {"word": "Hi"}]', "it holds JSON"),
    "another": (b"[playlist]\nFile1=http://127.0.0.1:9/a.mp3\n", "it is a playlist, which only names one"),
}


@pytest.mark.parametrize(("content", "what"), TEXTS.values(), ids=TEXTS)
def test_text_is_called_text(tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes, what: str) -> None:
    for ending in (".mp3", ".flac", ".wav", ".m4a", ".ogg", ".aac", ".ac3", ".raw", ".au", ".vox", ".mkv", ""):
        (tmp_path / f"fake{ending}").write_bytes(content)
        with pytest.raises(AudioError, match=rf"fake{ending} is no audio or video that can be read \({what}\)"):
            load_audio(tmp_path / f"fake{ending}")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("kind", "instead"),
    [
        ("transcript", "give the recording; `transcribe export`"),
        ("srt", "`transcribe attach`"),
        ("page", "check the file"),
    ],
)
def test_what_to_do_about_it_is_told(tmp_path: Path, kind: str, instead: str) -> None:
    (tmp_path / "a.json").write_bytes(TEXTS[kind][0])
    with pytest.raises(AudioError, match=rf"\({TEXTS[kind][1]}\): .*{instead}"):
        load_audio(tmp_path / "a.json")


@pytest.mark.parametrize("content", [bytes(9999), b"\1 sync \xff" * 999, None], ids=["zeros", "little", "noise"])
def test_what_is_neither_is_told_quietly(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    for ending in (".mp3", ".flac", ".ogg", ".wav", ".m4a", ".aac"):
        path = tmp_path / f"noise{ending}"
        path.write_bytes(content or np.random.default_rng(0).integers(0, 256, 9999, dtype=np.uint8).tobytes())
        with pytest.raises(AudioError, match=r"its format is unknown|FFmpeg cannot decode"):
            load_audio(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("ending", "codec"), [("mp3", "libmp3lame"), ("opus", "libopus"), ("flac", "flac"), ("m4a", "aac")]
)
def test_decoders_write_nothing_to_stderr(
    tmp_path: Path, encode, capfd: pytest.CaptureFixture[str], ending: str, codec: str
) -> None:
    """What damaged files make them say would stand between a program's own lines, or in a log of JSON."""
    sound = encode(f"a.{ending}", codec, 48_000, seconds=2.0).read_bytes()
    capfd.readouterr()  # encoders may talk
    rng = np.random.default_rng(0)
    for number in range(20):
        data = bytearray(sound)
        for at in rng.integers(200, len(data), 30):
            data[at] = rng.integers(256)
        (tmp_path / f"{number}.{ending}").write_bytes(data)
        with suppress(AudioError):
            load_audio(tmp_path / f"{number}.{ending}")
    (tmp_path / f"twice.{ending}").write_bytes(sound * 2)
    load_audio(tmp_path / f"twice.{ending}")
    assert capfd.readouterr() == ("", "")
