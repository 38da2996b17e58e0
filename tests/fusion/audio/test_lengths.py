"""A recording cut short is told wherever its container says how long it is or marks its end, and only then."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.audio.framed import dolby_bytes, ends_within_a_frame
from diarfuse.fusion.audio.lengths import _caf_bytes, _nist_bytes, lacks_index
from diarfuse.fusion.audio.mpeg import frame_bytes, tag_bytes
from diarfuse.fusion.audio.source import Source
from diarfuse.fusion.errors import AudioError

KINDS = {
    "a.aiff": "pcm_s16be",
    "a.au": "pcm_s16be",
    "a.caf": "pcm_s16be",
    "a.w64": "pcm_s16le",
    "a.avi": "pcm_s16le",
    "mp3.avi": "libmp3lame",
    "adpcm.wav": "adpcm_ms",
    "mp3.wav": "libmp3lame",
    "a.flv": "aac",
    "a.tta": "tta",
}
UNKNOWN = {"a.au": slice(8, 12), "a.aiff": slice(4, 8), "a.avi": slice(4, 8), "mp3.avi": slice(4, 8), "a.caf": None}


def notes_of(path: Path) -> list[str]:
    notes: list[str] = []
    load_audio(path, on_note=notes.append)
    return notes


@pytest.mark.parametrize("name", KINDS)
def test_a_cut_is_told(encode, name: str) -> None:
    path = encode(name, KINDS[name], 16_000, seconds=4.0)
    assert notes_of(path) == []
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (note,) = notes_of(path)
    told = re.search(r"is cut short: its header promises (\S+) s", note)
    assert told, note
    assert float(told[1]) == pytest.approx(4.0, abs=0.3)  # what is there is whole blocks


def test_a_cut_of_nist_sphere_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.sph"
    soundfile.write(path, np.ones((64_000, 2), np.float32) / 4, 16_000, format="NIST")
    assert notes_of(path) == []
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    (note,) = notes_of(path)
    assert "is cut short: its header promises 4.0 s, the 2.0 s" in note
    path.write_bytes(whole[: len(whole) // 2].replace(b"-s3 pcm\n", b"-s26 pcm,embedded-shorten-v2.00\n"))
    with path.open("rb") as file:
        assert _nist_bytes(file) == 0, "what is packed is shorter than its samples"


@pytest.mark.parametrize(("name", "codec"), [("a.ogg", "flac"), ("a.opus", "libopus"), ("a.voc", "pcm_u8")])
def test_an_end_that_is_not_marked_is_told(encode, name: str, codec: str) -> None:
    path = encode(name, codec, 16_000, seconds=4.0)
    assert notes_of(path) == []
    whole = path.read_bytes()
    last = whole.rfind(b"OggS")
    for end in (len(whole) // 2, last, last + 5) if last > 0 else (len(whole) // 2, len(whole) - 2):
        path.write_bytes(whole[:end])
        assert [note for note in notes_of(path) if "is cut short: its end is missing, the " in note], end


FRAMED = {
    "a.ac3": ("ac3", 48_000),
    "b.ac3": ("ac3", 44_100),
    "c.ac3": ("ac3", 32_000),
    "a.eac3": ("eac3", 44_100),
    "a.aac": ("aac", 16_000),
    "a.mp2": ("mp2", 16_000),
    "a.mp3": ("libmp3lame", 44_100),
}


@pytest.mark.parametrize("name", ["a.m4a", "a.mov"])
def test_an_mp4_without_its_index_is_called_cut(encode, name: str) -> None:
    path = encode(name, "aac", 16_000, seconds=4.0)
    assert notes_of(path) == []
    whole = path.read_bytes()
    index = whole.index(b"moov")
    for end in (len(whole) // 2, 40, index - 4, index + 4, index + 60, index + 300, index + 600, len(whole) - 200):
        path.write_bytes(whole[:end])
        with pytest.raises(AudioError, match=r"a\.m(4a|ov) is cut: the index of an MP4"):
            load_audio(path)
    path.write_bytes(whole[:32] + bytes(1000))
    with pytest.raises(AudioError, match="is cut: the index"):
        load_audio(path)
    for size in (b"\xff" * 8, b"\x7f" + b"\xff" * 7):  # which lie beyond all places that a file can have
        path.write_bytes(whole[:32] + b"\0\0\0\1mdat" + size + bytes(100))
        with pytest.raises(AudioError, match="is cut: the index"):
            load_audio(path)
    assert lacks_index(Source(encode("b.m4a", "aac", 16_000, seconds=1.0), None, "")) is False


def test_a_chunk_of_caf_that_no_file_can_hold_ends_it() -> None:
    head = b"caff\0\1\0\0desc\x7f" + b"\xff" * 7
    assert _caf_bytes(io.BytesIO(head + bytes(100))) == 0
    assert _caf_bytes(io.BytesIO(b"caff\0\1\0\0data" + bytes(7) + b"\x09" + bytes(4))) == 29


@pytest.mark.parametrize("tag", [b"", b"TAG" + bytes(125)], ids=["plain", "tagged"])
@pytest.mark.parametrize("name", FRAMED)
def test_an_end_within_a_frame_is_told(encode, name: str, tag: bytes) -> None:
    codec, rate = FRAMED[name]
    path = encode(name, codec, rate, seconds=4.0, options={"write_xing": "0"} if name == "a.mp3" else {})
    whole, is_dolby = path.read_bytes(), name.endswith("ac3")
    path.write_bytes(whole + (b"" if is_dolby else tag))
    assert notes_of(path) == []
    size_of, at, edges = dolby_bytes if is_dolby else frame_bytes, tag_bytes(whole), []
    while at < len(whole):
        edges.append(at)
        at += size_of(whole[at : at + 7])
    assert at == len(whole), "each frame is as long as it says"
    edge = edges[len(edges) // 2]
    for end in (edge + 1, edge + 6, edge + 40):
        path.write_bytes(whole[:end])
        assert [note for note in notes_of(path) if "is cut short: its end is missing, the " in note], end
    path.write_bytes(whole[:edge])
    assert notes_of(path) == [], "nothing tells what was cut between two frames"


def test_amr_that_holds_nothing_but_pauses_is_silence_and_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.amr").write_bytes(b"#!AMR\n" + b"\x7c" * 50)  # letters, each a frame without data
    assert load_audio(tmp_path / "a.amr").tolist() == [0.0] * 16_000


@pytest.mark.parametrize(("begin", "frame"), [(b"#!AMR\n", b"\x3c" + bytes(31)), (b"#!AMR-WB\n", b"\x44" + bytes(60))])
def test_amr_that_ends_within_a_frame_is_told(tmp_path: Path, begin: bytes, frame: bytes) -> None:
    path = tmp_path / "a.amr"
    silence = b"\x7c"  # a frame of which nothing was sent
    for count, cut in ((50, 0), (50, 1), (50, 17), (2200, len(frame) - 1)):
        path.write_bytes(begin + (frame + silence) * count + frame[:cut])
        told = [f"{path} is cut short: its end is missing, the {count / 25:.1f} s that can be read are used."]
        assert notes_of(path) == (told if cut else []), (count, cut)


@pytest.mark.parametrize(
    ("begin", "frame", "noise"),
    [(b"#!AMR\n", b"\x3c" + bytes(31), b"\x44" + bytes(5)), (b"#!AMR-WB\n", b"\x44" + bytes(60), b"\x4c" + bytes(5))],
)
def test_what_a_telephone_does_not_send_in_silence_lasts(
    tmp_path: Path, begin: bytes, frame: bytes, noise: bytes
) -> None:
    """One frame of 20 ms with sound, one that tells how the silence sounds, and seven of which nothing is sent."""
    path = tmp_path / "a.amr"
    path.write_bytes(begin + (frame + noise + 7 * b"\x7c") * 50)
    notes: list[str] = []
    assert len(load_audio(path, on_note=notes.append)) == pytest.approx(9.0 * 16_000, abs=16)
    assert notes == []


@given(st.binary(max_size=200), st.sampled_from([b"\x0b\x77", b"\xff\xfb\x90", b"ID3", b"#!AMR\n", b""]))
def test_no_bytes_do_harm(content: bytes, begin: bytes) -> None:
    ends_within_a_frame(io.BytesIO(begin + content), (begin + content)[:24])


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_header_that_does_not_know_promises_nothing(encode, name: str) -> None:
    path = encode(name, KINDS[name], 16_000, seconds=4.0)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4 if name == "a.caf" else 0
    place = UNKNOWN[name] or slice(at, at + 8)
    data[place] = b"\xff" * (place.stop - place.start)
    if (at := data.find(b"strh") + 40) >= 40:  # where the AVI's track has its length, for which streams hold a guess
        data[at : at + 4] = (1 << 30).to_bytes(4, "little")
    path.write_bytes(data[: len(data) // 2])
    assert notes_of(path) == []
