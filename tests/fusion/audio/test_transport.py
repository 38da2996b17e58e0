"""MPEG transport streams that were joined: each is heard, whichever streams it has; a broadcast is left whole."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.audio.transport import joins


def packet(pid: int, section: bytes = b"", shape: int = 188) -> bytes:
    """One packet: a table, or a picture's bytes where there is none."""
    begins = 0x4000 if section else 0
    body = b"\x47" + struct.pack(">HB", begins | pid, 0x10) + (b"\0" + section if section else b"\x12" * 8)
    return bytes(4 if shape == 192 else 0) + body.ljust(188, b"\xff") + bytes(16 if shape == 204 else 0)


def pat(**programmes: int) -> bytes:
    entries = b"".join(struct.pack(">HH", int(name[1:]), 0xE000 | pid) for name, pid in programmes.items())
    return b"\0" + struct.pack(">H", 0xB000 | 9 + len(entries)) + bytes(5) + entries + bytes(4)


def pmt(*streams: tuple[int, int]) -> bytes:
    entries = b"".join(struct.pack(">BHH", kind, 0xE000 | pid, 0xF000) for kind, pid in streams)
    return b"\2" + struct.pack(">H", 0xB000 | 13 + len(entries)) + bytes(9) + entries + bytes(4)


def found(*sections: tuple[int, bytes], shape: int = 188) -> list[int]:
    data = b"".join(packet(pid, section, shape) + 3 * packet(300, shape=shape) for pid, section in sections)
    return [at // (4 * shape) for at in joins(io.BytesIO(data), len(data))]


ONE, OTHER = (0, pat(p1=100)), (0, pat(p2=100))


@pytest.mark.parametrize("shape", [188, 192, 204])
def test_a_join_is_where_no_stream_goes_on(shape: int) -> None:
    first, second = (100, pmt((15, 256), (27, 257))), (100, pmt((15, 512)))
    assert found(ONE, first, ONE, first, ONE, second, ONE, second, shape=shape) == [4]
    assert found(ONE, first, OTHER, first, shape=shape) == [2]
    assert found(ONE, (100, pmt((15, 256))), ONE, (100, pmt((3, 256))), shape=shape) == [2]


def test_a_place_is_told_once() -> None:
    three = ((100, pmt((15, pid))) for pid in (256, 512, 700))
    assert found(ONE, next(three), ONE, *three) == [2]
    assert found(ONE, (100, pmt((15, 256))), (100, pmt((15, 512)))) == []


def test_a_broadcast_is_left_whole() -> None:
    gains, less = (100, pmt((15, 256), (15, 258))), (100, pmt((15, 258)))
    assert found(ONE, (100, pmt((15, 256))), ONE, gains, ONE, less) == []
    two = (0, pat(p1=100, p2=200))
    assert found(two, (100, pmt((15, 256))), (200, pmt((15, 300))), two, (200, pmt((15, 300)))) == []
    assert found(two, (100, pmt((15, 256))), ONE, (100, pmt((15, 256)))) == []
    assert found(ONE, (100, pmt()), ONE, (999, pmt((15, 512)))) == []


@pytest.mark.parametrize(
    "data", [b"", b"G", b"G" * 9999, b"\x47" + bytes(187), bytes(4) + b"G", b"GIF89a" + bytes(999)]
)
def test_what_is_none_has_no_joins(data: bytes) -> None:
    assert list(joins(io.BytesIO(data), len(data))) == []


@pytest.mark.parametrize("cut", [0, 100])
@pytest.mark.parametrize(
    ("codec", "rate", "options"),
    [("aac", 48_000, {"mpegts_start_pid": "0x200"}), ("mp2", 44_100, {}), ("ac3", 48_000, {"mpegts_service_id": "7"})],
)
def test_joined_streams_are_heard_to_the_end(
    tmp_path: Path, encode, pitch, cut: int, codec: str, rate: int, options: dict[str, str]
) -> None:
    first = encode("a.ts", "aac", 48_000, seconds=3.0, hertz=500.0).read_bytes()
    second = encode("b.ts", codec, rate, seconds=2.0, hertz=1000.0, options=options).read_bytes()
    (tmp_path / "joined.ts").write_bytes(first[: len(first) - cut] + second)
    notes: list[str] = []
    samples = load_audio(tmp_path / "joined.ts", on_note=notes.append)
    assert len(samples) / 16_000 == pytest.approx(5.0, abs=0.3)
    assert (pitch(samples, 1.0, 2.0), pitch(samples, 3.5, 4.5)) == (500, 1000)
    assert not any("audio tracks" in note for note in notes)


def test_another_kind_after_a_wav(tmp_path: Path, encode, pitch) -> None:
    first = encode("a.wav", "pcm_s16le", 16_000, seconds=2.0, hertz=500.0).read_bytes()
    for name, codec in (("b.flac", "flac"), ("b.m4a", "aac"), ("b.mka", "aac"), ("b.ogg", "libopus")):
        rate = 48_000 if codec == "libopus" else 16_000
        second = encode(name, codec, rate, seconds=2.0, hertz=1000.0).read_bytes()
        (tmp_path / "joined.wav").write_bytes(first + second)
        samples = load_audio(tmp_path / "joined.wav")
        assert (pitch(samples, 0.5, 1.5), pitch(samples, 2.5, 3.5)) == (500, 1000)
