"""Which files of a call are one conversation, and when each of them begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarfuse.fusion.audio import SeparateFiles
from diarfuse.fusion.errors import OptionError
from diarfuse.transcribe.inputs.sources import files_in, pairs, sources
from diarfuse.transcribe.output import Picture

BOTH = [Path("calls/ana.wav"), Path("ben.flac")]


@pytest.mark.parametrize("outs", [[], ["talk.srt"], ["-"], ["talk.srt", "talk.json"], ["-", Picture("who.svg")]])
def test_what_goes_to_one_place_is_one_conversation(outs: list[str]) -> None:
    assert sources(BOTH, outs, "speakers", {}) == [SeparateFiles(tuple(BOTH))]
    assert sources(BOTH, outs, "hybrid", {}) == [SeparateFiles(tuple(BOTH))]
    assert sources(BOTH, outs, None, {}) == BOTH
    assert sources(BOTH[:1], outs, "speakers", {}) == BOTH[:1]


@pytest.mark.parametrize("outs", [["results/"], ["."], ["results/", Picture("who.svg")], ["talk.srt", "results/"]])
def test_a_folder_takes_a_result_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outs: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert sources(BOTH, outs, "speakers", {}) == BOTH


@pytest.mark.parametrize(("text", "start"), [("1.25", 1.25), ("0", 0.0), ("1.25s", 1.25), ("1:02.5", 62.5)])
def test_an_offset_is_told_by_path_or_by_name(text: str, start: float) -> None:
    for name in ("calls/ana.wav", "ana.wav"):
        found = sources(BOTH, [], "speakers", pairs([f"{name}={text}"]))
        assert found == [SeparateFiles(tuple(BOTH), (start, 0.0))]
    assert pairs(["a=b.wav=2"]) == {"a=b.wav": 2.0}


@pytest.mark.parametrize("value", ["ben.flac", "ben.flac=", "=1", "ben.flac=soon", "ben.flac=nan", "ben.flac=1_0"])
def test_what_is_no_offset_is_refused(value: str) -> None:
    with pytest.raises(OptionError, match=r"must be a file and a time from 0 on, as in ben\.wav=1\.25"):
        pairs([value])


def test_offsets_that_belong_to_nothing_are_refused() -> None:
    with pytest.raises(OptionError, match=r"'ben\.flac' two times"):
        pairs(["ben.flac=1", "ben.flac=2"])
    assert pairs(["ben.flac=1", "ben.flac=1.0"]) == {"ben.flac": 1.0}
    with pytest.raises(OptionError, match=r"'cy\.wav' is none of the files: give one of calls/ana\.wav, ben\.flac"):
        sources(BOTH, [], "speakers", {"cy.wav": 1.0})
    with pytest.raises(OptionError, match="is several files"):
        sources([Path("a/x.wav"), Path("b/x.wav")], [], "speakers", {"x.wav": 1.0})
    for audio, outs, channels in ((BOTH, [], None), (BOTH, ["o/"], "speakers"), (BOTH[:1], [], "speakers")):
        with pytest.raises(OptionError, match="--offset is for the files of one conversation"):
            sources(audio, outs, channels, {"ben.flac": 1.0})


def test_all_files_of_all_recordings() -> None:
    assert files_in([SeparateFiles(tuple(BOTH)), Path("c.wav")]) == [*BOTH, Path("c.wav")]
