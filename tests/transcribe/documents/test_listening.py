"""A player is found where one is, and told where to begin and how long to play."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio.separate import SeparateFiles
from diarfuse.transcribe.documents.listening import find_player, listener

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


def test_what_was_told_of_separate_files_is_not_told_again_between_the_questions(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    sound = np.sin(np.arange(32_000) / 8).astype(np.float32) / 2
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, np.stack([sound, -sound], 1), 16_000)
    heard = list[float]()
    listen = listener(
        lambda path, *_: heard.append(soundfile.info(path).duration),
        SeparateFiles((tmp_path / "a.wav", tmp_path / "b.wav"), (0.0, 0.0)),
    )
    for _ in range(2):
        listen(0.5, 1.0)
    assert heard == [1.0, 1.0]
    assert (caplog.messages, *capfd.readouterr()) == ([], "", "")
