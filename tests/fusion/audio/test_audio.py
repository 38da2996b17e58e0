from __future__ import annotations

import os
import struct
import sys
import tempfile
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import diarfuse.fusion.audio.resampling
from diarfuse.fusion.audio import check_samples, load_audio, load_channels, release, same_channels
from diarfuse.fusion.audio.resampling import Recorder, resample
from diarfuse.fusion.audio.source import Block
from diarfuse.fusion.errors import AudioError, AudioNotFoundError

if TYPE_CHECKING:
    from pathlib import Path


def tone(rate: int, seconds: float, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def encode(path: Path, codec: str | None, rate: int, layout: str, *, video: bool = False, start: float = 0.0) -> Path:
    """Two seconds of a tone (none, if `codec` is None), optionally beside a black video."""
    with av.open(str(path), "w") as container:
        if codec is not None:
            stream: Any = container.add_stream(codec, rate=rate, layout=layout)
            stream.bit_rate = 128_000
        picture: Any = container.add_stream("mpeg4", rate=10, width=64, height=64) if video else None
        if codec is not None:
            channels = tone(rate, 2.0)[np.newaxis].repeat(len(stream.layout.channels), axis=0)
            for first in range(0, channels.shape[1], 960):
                part = np.ascontiguousarray(channels[:, first : first + 960])
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
                frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), first + round(start * rate)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        if video:
            for number in range(20):
                black = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                black.pts = number
                container.mux(picture.encode(black))
            container.mux(picture.encode(None))
    return path


def assert_tone(samples: np.ndarray, start: float = 0.0) -> None:
    """A 440 Hz tone of amplitude 0.5 from `start` on; its phase is the codec's own affair."""
    middle = samples[round((start + 0.5) * 16_000) : round((start + 1.5) * 16_000)].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) == 440
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout", "video"),
    [
        ("a.m4a", "aac", 44_100, "stereo", False),
        ("a.mp4", "aac", 48_000, "stereo", True),
        ("a.mkv", "ac3", 48_000, "5.1", False),
        ("a.webm", "libopus", 48_000, "mono", False),
        ("a.opus", "libopus", 48_000, "stereo", False),
        ("a.aac", "aac", 32_000, "mono", False),
        ("a.wma", "wmav2", 44_100, "stereo", False),
    ],
)
def test_ffmpeg_formats(tmp_path: Path, name: str, codec: str, rate: int, layout: str, *, video: bool) -> None:
    notes: list[str] = []
    samples = load_audio(encode(tmp_path / name, codec, rate, layout, video=video), on_note=notes.append)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert len(samples) == pytest.approx(32_000, abs=1_600)  # encoders pad to whole frames
    if layout != "5.1":  # its low-frequency channel holds no 440 Hz
        assert_tone(samples)
    assert notes == []


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("a.wav", 16_000, 1, "PCM_16"),
        ("a.wav", 8_000, 2, "PCM_16"),
        ("a.wav", 96_000, 1, "PCM_24"),
        ("a.wav", 48_000, 6, "PCM_16"),
        ("a.wav", 22_050, 1, "DOUBLE"),
        ("a.flac", 44_100, 2, "PCM_24"),
        ("a.ogg", 16_000, 1, "VORBIS"),
        ("a.mp3", 16_000, 1, "MPEG_LAYER_III"),
        ("a.aiff", 11_025, 1, "PCM_16"),
    ],
)
def test_libsndfile_formats(tmp_path: Path, name: str, rate: int, channels: int, subtype: str) -> None:
    path = tmp_path / name
    soundfile.write(path, tone(rate, 2.0)[:, np.newaxis].repeat(channels, axis=1), rate, subtype=subtype)
    samples = load_audio(str(path))
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(32_000, abs=1)
    assert_tone(samples)
    assert len(load_channels(path)) == channels


def test_16_khz_comes_back_as_it_is(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(-32768, 32768, 200_000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", noise, 16_000, subtype="PCM_16")
    np.testing.assert_array_equal(load_audio(tmp_path / "a.wav"), noise / np.float32(32768))


def test_mono_is_the_mean_of_the_channels(tmp_path: Path) -> None:
    stereo = np.random.default_rng(0).uniform(-1, 1, (40_000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", stereo, 16_000, subtype="FLOAT")
    np.testing.assert_allclose(load_audio(tmp_path / "a.wav"), stereo.mean(axis=1), atol=1e-7)
    left, right = load_channels(tmp_path / "a.wav")
    np.testing.assert_array_equal(left, stereo[:, 0])
    np.testing.assert_array_equal(right, stereo[:, 1])


def test_a_track_that_starts_late_keeps_the_video_s_time(tmp_path: Path) -> None:
    samples = load_audio(encode(tmp_path / "late.mkv", "ac3", 48_000, "mono", video=True, start=1.5))
    assert np.argmax(np.abs(samples) > 0.2) == pytest.approx(1.5 * 16_000, abs=800)
    assert_tone(samples, start=1.5)


@given(
    rate=st.sampled_from([8_000, 11_025, 22_050, 44_100, 48_000, 96_000]),
    sizes=st.lists(st.integers(1, 5_000), min_size=1, max_size=6),
)
def test_blocks_do_not_matter(rate: int, sizes: list[int]) -> None:
    import soxr

    noise = np.random.default_rng(sum(sizes)).uniform(-1, 1, (sum(sizes), 1)).astype(np.float32)
    blocks = [Block(part, rate) for part in np.split(noise, np.cumsum(sizes)[:-1])]
    streamed = np.concatenate(list(resample(blocks)))
    np.testing.assert_allclose(streamed, soxr.resample(noise, rate, 16_000, quality="HQ"), atol=1e-6)


@given(st.lists(st.integers(0, 3_000), max_size=20))
def test_recorder_keeps_everything_on_both_sides_of_the_spill(sizes: list[int]) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, sum(sizes)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diarfuse.fusion.audio.resampling, "_MEMORY_SAMPLES", 5_000)
        patch.setattr(diarfuse.fusion.audio.resampling, "_FIRST_SAMPLES", 100)
        recorder = Recorder()
        for part in np.split(noise, np.cumsum(sizes)):
            recorder.write(part)
        whole = recorder.finish()
    np.testing.assert_array_equal(whole, noise)
    release(whole)
    np.testing.assert_array_equal(whole, noise)
    assert isinstance(whole, np.memmap) == (sum(sizes) > 5_000)


def test_what_spills_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(diarfuse.fusion.audio.resampling, "_MEMORY_SAMPLES", 100)
    recorder = Recorder()
    recorder.write(np.ones(1_000, np.float32))
    assert os.name == "nt" or not list(tmp_path.iterdir())
    assert recorder.finish().sum() == 1_000
    assert not list(tmp_path.iterdir())


def test_release_keeps_what_a_caller_wrote_into_a_map(tmp_path: Path) -> None:
    np.zeros(5_000, np.float32).tofile(tmp_path / "a")
    for mode in ("c", "r+"):
        mapped = np.memmap(tmp_path / "a", np.float32, mode=mode)
        mapped[:] = 1
        assert check_samples(mapped).sum() == 5_000
        assert mapped.sum() == 5_000


def wav(frames: bytes, *, size: int | None = None, rate: int = 16_000, channels: int = 1) -> bytes:
    """A 16-bit WAV whose header claims `size` bytes of data."""
    head = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    body = b"fmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(frames) if size is None else size)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body + frames


@pytest.mark.parametrize("name", ["cut.wav", "cut.flac", "cut.mp3"])
def test_a_file_cut_in_the_middle_is_used_as_far_as_it_goes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    notes: list[str] = []
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 160_000), 16_000)
    os.truncate(path, path.stat().st_size // 2)
    samples = load_audio(path, on_note=notes.append)
    assert len(samples) == pytest.approx(80_000, rel=0.1)
    assert len(notes) == 1
    assert f"{path} is cut short: its header promises 10.0 s" in notes[0]


@pytest.mark.parametrize("read", [load_audio, load_channels])
def test_without_a_listener_the_log_says_what_is_odd_about_a_file(tmp_path: Path, caplog, read) -> None:
    path, notes = tmp_path / "cut.wav", []
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, 160_000), 16_000)
    os.truncate(path, path.stat().st_size // 2)
    read(path)
    read(path, on_note=notes.append)
    assert len(notes) == 1
    assert [record.getMessage() for record in caplog.records] == notes


def test_a_cut_video_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = encode(tmp_path / "cut.mkv", "ac3", 48_000, "mono")
    notes: list[str] = []
    os.truncate(path, path.stat().st_size // 2)
    samples = load_audio(path, on_note=notes.append)
    assert len(samples) == pytest.approx(16_000, rel=0.2)
    assert any("cut short" in note for note in notes)


@pytest.mark.parametrize("claimed", [0xFFFF_FFFF, 0x7FFF_FF00, 0])
def test_a_recorder_that_never_wrote_the_size(tmp_path: Path, claimed: int) -> None:
    path = tmp_path / "a.wav"
    notes: list[str] = []
    path.write_bytes(wav(b"\1\0" * 32_000, size=claimed))
    assert len(load_audio(path, on_note=notes.append)) == 32_000
    assert notes == []


def test_a_lying_size_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    notes: list[str] = []
    path.write_bytes(wav(b"\1\0" * 32_000, size=0x7000_0000))
    assert len(load_audio(path, on_note=notes.append)) == 32_000
    assert "58720.3 s, the 2.0 s" in notes[0]


@given(content=st.binary(max_size=200), cut=st.integers(0, 44), at=st.integers(0, 43))
def test_no_header_does_harm(tmp_path_factory: pytest.TempPathFactory, content: bytes, cut: int, at: int) -> None:
    whole = bytearray(wav(b"\1\0" * 50, size=100))
    whole[at : at + len(content) % 5] = content[: len(content) % 5]
    path = tmp_path_factory.mktemp("fuzz") / "a.wav"
    path.write_bytes(bytes(whole[:-cut] if cut else whole))
    try:
        assert load_audio(path).size <= 160_000
    except AudioError as error:
        assert str(path) in str(error)  # noqa: PT017  (either outcome is right; only a crash is not)


@pytest.mark.parametrize("kind", ["WAV", "AU", "AIFF", "FLAC", "OGG", "CAF", "RF64", "W64", "MP3"])
def test_a_recording_cut_anywhere_in_its_head_is_sound_or_refused_in_one_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "whole"
    soundfile.write(path, np.sin(np.arange(16_000) / 9), 16_000, format=kind)
    whole = path.read_bytes()
    pages = [at for at in range(len(whole)) if whole.startswith(b"OggS", at)]  # of others: none
    for length in {*range(4, 64), *(page + cut for page in pages[1:] for cut in (3, 4, 14, 26, 27, 28))}:
        path.write_bytes(whole[:length])
        try:
            assert load_audio(path).size <= 16_000
        except AudioError as error:
            assert "text" not in str(error), f"{length} bytes"  # noqa: PT017  (either outcome is right)


@pytest.mark.parametrize("codec", ["pcm_f32le", "pcm_alaw", "pcm_s24le"])
@pytest.mark.parametrize("ending", ["w64", "wav"])
def test_sound_of_more_than_two_channels_is_of_the_kind_that_its_longer_header_says(encode, codec: str, ending) -> None:
    samples = load_audio(encode(f"a.{ending}", codec, 16_000, "quad", hertz=440.0))
    assert np.abs(samples - 0.5 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)).max() < 0.02


def test_nan_and_infinity_are_refused_with_their_position(tmp_path: Path) -> None:
    stereo = np.zeros((200_000, 2), np.float32)
    stereo[150_000, 1] = np.nan
    soundfile.write(tmp_path / "a.wav", stereo, 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"a\.wav holds NaN at 9\.375 s \(channel 2, sample 150000\)"):
        load_audio(tmp_path / "a.wav")
    stereo[150_000, 1] = -np.inf
    soundfile.write(tmp_path / "b.wav", stereo[:, 1], 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"b\.wav holds infinity at 9\.375 s \(sample 150000\)"):
        load_channels(tmp_path / "b.wav")


def test_floats_far_beyond_full_scale_are_damage_but_those_of_integers_are_not(tmp_path: Path) -> None:
    samples = np.sin(np.arange(16_000, dtype=np.float32))
    soundfile.write(tmp_path / "a.wav", samples * np.float32(2**31), 16_000, subtype="FLOAT")
    np.testing.assert_array_equal(load_audio(tmp_path / "a.wav"), samples * np.float32(2**31))
    samples[8_000] = -3e37
    soundfile.write(tmp_path / "b.wav", samples, 16_000, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"b\.wav holds the sample -3e\+37 at 0\.500 s \(sample 8000\): export"):
        load_audio(tmp_path / "b.wav")


def test_what_is_no_audio_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("minutes of the meeting\n" * 50)
    (tmp_path / "text.raw").write_text("minutes of the meeting\n" * 50)
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "slow.wav").write_bytes(wav(b"\1\0" * 50, rate=1))
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 16_000)
    encode(tmp_path / "silent.mp4", None, 0, "", video=True)
    for name, sentence in {
        "text.wav": "no audio or video that can be read",
        "text.raw": "no audio or video that can be read",
        "list.m3u8": "no audio or video that can be read",
        "empty.wav": "is empty",
        "none.wav": "holds no samples",
        "slow.wav": "claims 1 samples a second",
        "silent.mp4": "has no audio track",
        "": "is a folder",
    }.items():
        with pytest.raises(AudioError, match=sentence) as caught:
            load_audio(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
        assert "\n" not in str(caught.value)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AudioError, match="is no regular file"):
        load_audio(tmp_path / "pipe")
    with pytest.raises(AudioError, match="cannot be read"):
        load_audio(tmp_path / ("long" * 200))
    for gone in ("gone.wav", "empty.wav/in.wav", "nul\0.wav"):
        with pytest.raises(AudioNotFoundError, match=r"no file .*wav: check the name"):
            load_audio(tmp_path / gone)


def test_a_moment_of_audio_and_silence_are_fine(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", tone(48_000, 0.05), 48_000)
    assert len(load_audio(tmp_path / "short.wav")) == 800
    soundfile.write(tmp_path / "zeros.wav", np.zeros(16_000), 16_000)
    assert not load_audio(tmp_path / "zeros.wav").any()


def test_same_channels() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.uniform(-1, 1, (2, 50_000)).astype(np.float32)
    nothing = np.zeros_like(one)
    assert same_channels([one])
    assert same_channels([one, one])
    assert same_channels([one, 0.25 * one + 1e-3 * other])
    assert same_channels([nothing, nothing])
    assert not same_channels([one, other])
    assert not same_channels([one, nothing])
    assert not same_channels([one, one, one + 0.1 * other])


def test_check_samples_converts_what_is_safe() -> None:
    wanted = np.array([0.0, 0.5, -1.0], np.float32)
    for given_ in (
        wanted.astype(np.float64),
        wanted.astype(np.float16),
        wanted.astype(">f4"),
        (wanted * 32768).astype(np.int16),
        (wanted.astype(np.float64) * 2**31).astype(np.int32),
        (wanted * 128 + 128).astype(np.uint8),
        np.stack([wanted, wanted], axis=1)[:, 0],
        wanted.tolist(),
    ):
        checked = check_samples(given_)
        assert checked.dtype == np.float32
        assert checked.flags.c_contiguous
        np.testing.assert_array_equal(checked, wanted)
    wanted.setflags(write=False)
    assert np.shares_memory(check_samples(wanted), wanted)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (np.zeros((100, 2)), r"shape \(100, 2\) must be mono"),
        (np.float32(1), "given as float32 cannot be used: give a file"),
        (np.zeros(0), "empty"),
        (np.zeros(3, complex), "complex128"),
        (np.zeros(3, bool), "bool"),
        (["a"], "no audio"),
        (np.array([0, np.nan]), r"NaN at 0\.000 s \(sample 1\)"),
        (np.array([0, 1e300]), "infinity"),
    ],
)
def test_check_samples_refuses_the_rest(samples: Any, sentence: str) -> None:
    with pytest.raises(AudioError, match=sentence):
        check_samples(samples)


def test_tags_that_are_no_utf8_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Cafeteria"
        stream: Any = container.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(16_000, 2.0)[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    written = path.read_bytes()
    assert written.count(b"Cafeteria") == 1
    path.write_bytes(written.replace(b"Cafeteria", b"Caf\xe9teria"))
    assert_tone(load_audio(path))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are Unicode")
def test_names_that_are_not_utf8_are_read_by_both_libraries(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "good.wav", tone(16_000, 2.0), 16_000)
    encode(tmp_path / "good.m4a", "aac", 16_000, "mono")
    for ending in ("wav", "m4a"):
        path = (tmp_path / f"good.{ending}").rename(tmp_path / os.fsdecode(b"bad\xff." + ending.encode()))
        assert_tone(load_audio(path))
    broken = tmp_path / os.fsdecode(b"bad\xff.txt")
    broken.write_bytes(b"no audio")
    with pytest.raises(AudioError, match="is no audio or video that can be read"):
        load_audio(broken)
