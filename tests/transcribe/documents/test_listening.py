"""A player is found where one is, and told where to begin and how long to play."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diarfuse.transcribe.documents.listening import find_player

TOLD = {
    "ffplay": "-nodisp -autoexit -loglevel error -ss 1.500 -t 2.000 -i FILE",
    "mpv": "--no-video --really-quiet --start=1.500 --length=2.000 FILE",
    "play": "-q FILE trim 1.500 2.000",
}


@pytest.mark.skipif(os.name == "nt", reason="the player is a shell script")
@pytest.mark.parametrize("name", TOLD)
def test_a_player_is_told_when(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / name
    script.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/told\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    player = find_player()
    assert player is not None
    monkeypatch.chdir(tmp_path)
    player(Path("-a.wav"), 1.5, 2.0)
    told = (tmp_path / "told").read_text(encoding="utf-8").strip()
    assert told == TOLD[name].replace("FILE", str(tmp_path / "-a.wav"))


def test_none_is_found_where_none_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_player() is None
