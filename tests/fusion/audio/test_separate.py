"""Separate files of one conversation: read side by side, mixed, named, and refused where they are none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.fusion.audio import load_audio, load_channels, separate
from diarfuse.fusion.audio.separate import MOST_FILES, SeparateFiles, files_of, name_of, side_by_side, stem_of
from diarfuse.fusion.errors import AudioError, AudioNotFoundError, OptionError
from diarfuse.fusion.types import SAMPLE_RATE
from tests.amounts import examples


def written(path: Path, samples: np.ndarray, rate: int = SAMPLE_RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path


tracks = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=4)


@settings(max_examples=examples(60))
@given(tracks, st.integers(1, 5))
def test_tracks_lie_where_they_begin_whatever_the_size_of_a_block(made: list[tuple[int, int]], step: int) -> None:
    found = [np.arange(1, length + 1, dtype=np.float32) for length, _ in made]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(separate, "_STEP", step * len(made))
        blocks = list(side_by_side(found, [begin for _, begin in made]))
    whole = np.concatenate([block.samples for block in blocks])
    assert len(whole) == max(length + begin for length, begin in made)
    assert all(len(block.samples) <= step for block in blocks)
    for column, track, (_, begin) in zip(whole.T, found, made, strict=True):
        slow = [0.0] * begin + [*track] + [0.0] * (len(whole) - begin - len(track))
        assert column.tolist() == slow


def test_files_of_any_rate_length_and_channels_become_channels_of_one_length(tmp_path: Path) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000).astype(np.float32)
    one = written(tmp_path / "ana.wav", np.stack([tone, tone], 1), 48_000)  # a second, of two channels
    two = written(tmp_path / "ben.flac", np.full(2 * SAMPLE_RATE, 0.25, np.float32))
    ana, ben = load_channels([one, two])
    assert (len(ana), len(ben)) == (2 * SAMPLE_RATE, 2 * SAMPLE_RATE)
    np.testing.assert_array_equal(ana[:SAMPLE_RATE], load_audio(one))
    assert not ana[SAMPLE_RATE:].any()
    np.testing.assert_array_equal(ben, load_audio(two))
    np.testing.assert_allclose(load_audio([one, two]), (ana + ben) / 2, atol=1e-7)


def test_a_file_that_begins_later_is_silent_until_then(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{name}.wav", np.full(SAMPLE_RATE, 0.5, np.float32)) for name in ("a", "b")]
    first, late = load_channels(SeparateFiles(tuple(files), (0, 0.25)))
    assert len(first) == len(late) == 1.25 * SAMPLE_RATE
    assert np.flatnonzero(late)[0] == 4_000
    assert np.flatnonzero(first)[-1] == SAMPLE_RATE - 1


def test_each_file_is_told_by_its_own_name_where_it_cannot_be_read(tmp_path: Path) -> None:
    good = written(tmp_path / "a.wav", np.ones(10, np.float32))
    (tmp_path / "b.wav").write_text("not sound")
    with pytest.raises(AudioError, match=r"b\.wav"):
        load_channels([good, tmp_path / "b.wav"])
    with pytest.raises(AudioNotFoundError, match=r"c\.wav"):
        load_audio([good, tmp_path / "c.wav"])


def test_what_is_no_conversation_is_refused(tmp_path: Path) -> None:
    good = written(tmp_path / "a.wav", np.ones(10, np.float32))
    os.link(good, tmp_path / "link.wav")
    many = tuple(Path(f"{number}.wav") for number in range(MOST_FILES + 1))
    for paths, starts, told in (
        ((good,), (), "two or more"),
        ((), (), "two or more"),
        (many, (), f"{MOST_FILES} is the most"),
        ((good, good), (), "is given twice: give each"),
        ((good, tmp_path / ".." / tmp_path.name / "a.wav"), (), "is given twice, also as"),
        ((good, tmp_path / "link.wav"), (), "is given twice, also as"),
        (("gone.wav", "gone.wav"), (), "is given twice"),
        (("a", "b"), (0.0,), "a start for each of the 2 files"),
        (("a", "b"), (0.0, -1), "cannot begin at -1"),
        (("a", "b"), (0.0, float("nan")), "cannot begin at nan"),
        (("a", "b"), (0.0, 1e9), "cannot begin at 1000000000.0"),
        (("a", "b"), (0.0, "1"), "cannot begin at '1'"),
        (("a", "b"), 5, "starts=5 must be a list of seconds, one for each of the 2 files"),
        (("a", "b"), None, "starts=None must be a list of seconds"),
        (("a", "b"), "01", "starts='01' must be a list of seconds"),
    ):
        with pytest.raises(OptionError, match=told):
            SeparateFiles(paths, starts)
    with pytest.raises(AudioError):
        SeparateFiles((good, 3))
    assert SeparateFiles(many[:MOST_FILES]).starts == (0.0,) * MOST_FILES


def test_one_file_and_several_have_names_files_and_stems() -> None:
    both = ["calls/ana.v2.wav", Path("ben.flac")]
    assert (name_of("calls/ana.v2.wav"), stem_of("calls/ana.v2.wav")) == ("ana.v2.wav", "ana.v2")
    assert (name_of(both), stem_of(both)) == ("ana.v2.wav and ben.flac", "ana.v2+ben")
    assert files_of("a.wav") == (Path("a.wav"),)
    assert files_of(both) == (Path("calls/ana.v2.wav"), Path("ben.flac"))


@pytest.mark.parametrize("starts", [np.array([0, 2]), np.array([0, 2], np.float32), iter([0, 2])])
def test_starts_are_numbers_that_can_be_written(starts: Any) -> None:
    found = SeparateFiles(("a", "b"), starts).starts
    assert (found, [type(start) for start in found]) == ((0.0, 2.0), [float, float])


@pytest.mark.parametrize("name", ["a\0", "\ud800", "x" * 5000])
def test_a_name_that_no_file_can_have_is_told_of_where_it_is_read(name: str, tmp_path: Path) -> None:
    good = written(tmp_path / "good.wav", np.ones(10, np.float32))
    with pytest.raises(AudioError):
        load_audio(SeparateFiles((good, name)))
    with pytest.raises(OptionError, match="is given twice"):
        SeparateFiles((name, name))


@pytest.mark.parametrize("paths", ["ab", b"ab", Path("ab"), None, 5])
def test_one_path_is_no_list_of_files(paths: Any) -> None:
    with pytest.raises(AudioError, match=r"must be a list of the files, one for each person\.$"):
        SeparateFiles(paths)
