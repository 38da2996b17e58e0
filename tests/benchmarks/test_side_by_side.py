"""The table of systems side by side: answers kept by content, who is bold, and who is drawn."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from benchmarks import side_by_side
from benchmarks.rivals import launch
from benchmarks.scoring import ErrorRates, Recording, find_recordings

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE = "SPEAKER {} 1 0.000 1.000 <NA> <NA> {} <NA> <NA>\n"


def _recording(folder: Path, name: str, level: float) -> None:
    folder.mkdir(exist_ok=True)
    soundfile.write(folder / f"{name}.wav", np.full(16_000, level), 16_000)
    (folder / f"{name}.rttm").write_text(LINE.format(name, "a"), encoding="utf-8")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The copies that a system, which finds one speaker everywhere, was given."""
    names: list[str] = []

    def run(_system: launch.System, audio: Sequence[Path], out: Path, *, threads: int) -> None:
        assert threads == 1
        out.mkdir(parents=True, exist_ok=True)
        for one in audio:
            names.append(one.stem)
            (out / f"{one.stem}.rttm").write_text(LINE.format(one.stem, "x"), encoding="utf-8")

    monkeypatch.setattr(launch, "run", run)
    return names


def test_an_answer_is_kept_by_the_recordings_content(tmp_path: Path, heard: list[str]) -> None:
    arguments = argparse.Namespace(answers=tmp_path / "answers", envs=tmp_path, threads=1, kept=False)
    for kind in ("full", "noise"):  # of the same names, as generated conversations are
        _recording(tmp_path / kind, "g0", {"full": 0.1, "noise": 0.2}[kind])
    recordings = [*find_recordings(tmp_path / "full"), *find_recordings(tmp_path / "noise")]
    rates, now = side_by_side._score("ours", recordings, arguments)
    assert (now, len(set(heard)), sum(rate.right for rate in rates.values())) == (2, 2, 2)
    assert side_by_side._score("ours", recordings, arguments)[1] == 0
    _recording(tmp_path / "full", "g0", 0.3)
    arguments.kept = True
    rates, now = side_by_side._score("ours", recordings, arguments)
    assert (set(rates), now) == ({recordings[1].audio}, 0)
    arguments.kept = False
    assert side_by_side._score("ours", recordings, arguments)[1] == 1
    assert len(set(heard)) == 3


def test_the_best_of_a_row_are_bold_as_they_are_shown() -> None:
    one = Recording(Path("g0.wav"), (), None)
    errors = {"ours": 12.04, "equal": 11.96, "worse": 12.06}
    columns = {name: {one.audio: ErrorRates(100, error, 0, 0, right=name != "ours")} for name, error in errors.items()}
    *_, row = side_by_side.table({"full (1)": [one]}, {**columns, "slow": {}})
    assert row == "| full (1) | **12.0** (0) | **12.0** (**1**) | 12.1 (**1**) | not run |"


def test_who_is_drawn_depends_on_names_alone() -> None:
    every = [Recording(Path(f"{number}.wav"), (), None) for number in range(20)]
    drawn = side_by_side.drawn(every, 5)
    assert len(drawn) == 5
    assert side_by_side.drawn(every[::-1], 5) == drawn
    assert set(drawn) < set(side_by_side.drawn(every, 10))
    assert len(side_by_side.drawn(every, None)) == 20


def test_a_row_is_a_kind_of_so_many_recordings(tmp_path: Path) -> None:
    arguments = argparse.Namespace(generated=tmp_path, audio=tmp_path / "audio")
    for name in ("g0", "g1", "g2"):
        _recording(tmp_path / "full", name, 0.1)
    assert side_by_side._row("full", arguments)[0] == "full (3)"
    name, recordings = side_by_side._row("full:2", arguments)
    assert (name, len(recordings)) == ("full (2)", 2)
    for wrong in ("none", "full:0", "full:", "full:x", "full:2:2", "ful"):
        with pytest.raises(SystemExit, match=f"No row '{wrong}'"):
            side_by_side._row(wrong, arguments)
