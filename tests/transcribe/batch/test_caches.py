"""What is kept to save time: turns come back as they were, and all of it goes when it is asked to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from diarfuse.fusion.types import Diarization, Likeness, Turn
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.batch.caches import Cache, read_turns, write_turns
from diarfuse.transcribe.batch.places import place_of

from .conftest import batch, tree

TURNS = (Turn(0.0, 2.0, "A"), Turn(2.0, 4.0, "B"))


def test_turns_come_back_with_what_voices_say_of_them():
    scores = np.float32([[0.1, 0.7], [np.nan, 0.3]])
    told = Likeness(np.array([0.1, 2.0]), np.array([2.0, 3.9]), scores, ("A", "B"))
    found = Diarization(TURNS, TURNS, 4.0, ("a note",), likeness=told)
    back = read_turns(write_turns(found))
    assert (back, back.likeness.speakers) == (found, told.speakers)
    for name in ("starts", "ends", "scores"):
        kept, given = getattr(back.likeness, name), getattr(told, name)
        np.testing.assert_array_equal(kept, given)
        assert kept.dtype == given.dtype


@pytest.mark.parametrize("speakers", [(), ("A",)])
def test_no_stretch_is_not_the_same_as_no_comparison(speakers):
    none = Likeness(np.empty(0), np.empty(0), np.empty((0, len(speakers)), np.float32), speakers)
    back = read_turns(write_turns(Diarization(TURNS, TURNS, 4.0, likeness=none)))
    assert back.likeness.scores.shape == (0, len(speakers))
    assert read_turns(write_turns(Diarization(TURNS, TURNS, 4.0))).likeness is None


def test_turns_of_before_are_as_good_as_none():
    row = json.loads(write_turns(Diarization(TURNS, TURNS, 4.0)))
    del row["likeness"]
    with pytest.raises(KeyError):  # which the cache takes for a damaged file, and hears the recording again
        read_turns(json.dumps(row).encode())


@pytest.mark.usefixtures("folder")
def test_clean_deletes_what_is_kept_and_no_result(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    assert batch("-o", "out") == 0
    assert Path("out/.cache").stat().st_mode & 0o777 == 0o700
    before = tree(Path("out"))
    assert run(["batch", "clean", "out"]) == 0
    assert not Path("out/.cache").exists()
    assert tree(Path("out")) == before
    assert run(["batch", "clean", "calls"]) == 2
    kept = Cache.of(place_of("nobody://knows/this")).root
    kept.mkdir(parents=True)
    assert run(["batch", "clean", "nobody://knows/this"]) == 0, "no network is needed for it"
    assert not kept.exists()
    assert run(["batch", "status", "nowhere"]) == 2
    assert "'nowhere' holds no results of transcribe batch" in capsys.readouterr().err
