"""A recogniser that stops midway in a batch: its words are kept, and the next try goes on behind them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.document import read_document
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.batch import parts
from diarfuse.transcribe.batch.doing import Hands
from diarfuse.transcribe.batch.items import Asked, Item
from diarfuse.transcribe.batch.settling import Outcome, Plan
from diarfuse.transcribe.documents import unfinished
from diarfuse.transcribe.options import Setup, Wish

from .conftest import tree

TALK = Item("night/talk", "talk.wav", "")
FAILED = "talk.wav could not be done (ZeroDivisionError: too much)."


@pytest.fixture
def seconds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording of five seconds, which are worth it."""
    monkeypatch.setattr(unfinished, "WORTH", 1.0)
    level = np.full((5 * 16_000, 2), 0.1, np.float32)
    level[:8_000, 1] = 0.0
    soundfile.write("talk.wav", level[:, 0], 16_000)
    soundfile.write("call.wav", level, 16_000)
    return folder


def done(asr: str, out: str, item: Item = TALK, **further: object) -> tuple[Outcome, list[str]]:
    """What a worker makes of the recording, and what it tells."""
    wish, notes = Wish(channels=further.pop("channels", None)), list[str]()
    plan = Plan(out=out, asked=Asked(wish), setup=Setup(asr=asr, offline=True), redo="failed", **further)
    return Hands.of(plan, turns=False, on_note=notes.append).do(item), notes


def heard() -> str:
    """The numbers that were heard since this was asked last."""
    log = Path("log")
    found = log.read_text(encoding="utf-8") if log.exists() else ""
    log.write_text("", encoding="utf-8")
    return found


def kept(out: str) -> list[str]:
    """Files of words that are unfinished."""
    return sorted(
        file.relative_to(Path(out, ".cache")).as_posix()
        for kind in ("parts", "heard")
        for file in Path(out, ".cache", kind).rglob("*")
        if file.is_file()
    )


@pytest.mark.usefixtures("seconds")
def test_the_next_try_goes_on_to_the_bytes_of_one_run_and_leaves_nothing() -> None:
    assert done("resuming", "one")[0].state == "done"
    assert heard() == "01234"
    Path("stop").write_text("3", encoding="utf-8")
    outcome, _ = done("resuming", "out")
    readable = "out/.cache/heard/night/talk.json"
    told = f" Its words up to 00:00:03 are kept in {readable}, and the next try (--redo failed) goes on from there."
    assert (outcome.state, outcome.reason, heard()) == ("failed", FAILED + told, "012")
    failure = json.loads(Path("out/failures/night/talk.json").read_text(encoding="utf-8"))
    assert failure["reason"] == FAILED, "what is published tells nothing of this machine"
    document = read_document(readable)
    assert [segment.text for segment in document.transcript.segments] == [" 0", " 1", " 2"]
    assert (document.transcript.language, document.recording.name) == ("de", "talk.wav")
    assert document.notes == ("The words are those that were heard until the work ended; more was to come.",)
    assert Path(readable).stat().st_mode & 0o777 == 0o600
    Path("stop").unlink()
    outcome, notes = done("resuming", "out")
    assert (outcome.state, heard()) == ("done", "34")
    (note,) = (note for note in notes if "goes on" in note)
    assert note.startswith(
        "night/talk goes on from 00:00:03, where it was stopped (to begin anew, delete out/.cache/parts"
    )
    assert tree(Path("out")) == tree(Path("one"))
    assert kept("out") == kept("one") == []


@pytest.mark.usefixtures("seconds")
def test_the_words_of_one_that_cannot_go_on_are_kept_to_be_read() -> None:
    Path("stop").write_text("3", encoding="utf-8")
    outcome, _ = done("telling", "out")
    readable = "out/.cache/heard/night/talk.json"
    assert outcome.reason == f"{FAILED} Its words up to 00:00:02 are kept in {readable}."
    assert len(read_document(readable).transcript.segments) == 3
    assert run(["export", readable, "-o", "talk.srt"]) == 0
    Path("stop").write_text("2", encoding="utf-8")
    assert done("telling", "out")[0].state == "failed"
    assert len(read_document(readable).transcript.segments) == 2, "of the last try"
    Path("stop").unlink()
    heard()
    assert done("telling", "out")[0].state == "done"
    assert (heard(), kept("out")) == ("01234", [])


@pytest.mark.usefixtures("seconds")
def test_other_options_begin_anew_and_leave_nothing_of_the_first() -> None:
    Path("stop").write_text("3", encoding="utf-8")
    done("resuming", "out")
    first = kept("out")
    done("telling", "out")
    assert len(kept("out")) == len(first) == 2
    heard()
    Path("stop").unlink()
    assert done("resuming", "out")[0].state == "done"
    assert heard() == "01234"


@pytest.mark.usefixtures("seconds")
def test_words_of_before_are_not_told_of_as_those_of_a_recording_that_cannot_be_read() -> None:
    Path("stop").write_text("3", encoding="utf-8")
    assert "are kept in" in done("resuming", "out")[0].reason
    Path("talk.wav").write_bytes(b"no audio any more")
    outcome, _ = done("resuming", "out")
    assert (outcome.stage, "are kept in" in outcome.reason) == ("load audio", False)


@pytest.mark.usefixtures("seconds")
def test_words_of_before_are_not_told_of_where_the_model_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("stop").write_text("3", encoding="utf-8")
    assert "are kept in" in done("resuming", "out")[0].reason

    def no_model(*_given: object) -> str:
        raise ZeroDivisionError("too much")

    monkeypatch.setattr(parts, "key_of", no_model)
    soundfile.write("talk.wav", np.full(5 * 16_000, 0.2, np.float32), 16_000)
    outcome, _ = done("resuming", "out")
    assert (outcome.state, "are kept in" in outcome.reason) == ("failed", False)


@pytest.mark.usefixtures("seconds")
def test_of_channels_nothing_is_heard_twice_and_no_half_conversation_is_kept() -> None:
    call = Item("call", "call.wav", "")
    assert done("resuming", "one", call, channels="speakers")[0].state == "done"
    assert heard() == "01234" * 2
    Path("stop").write_text("3", encoding="utf-8")
    outcome, _ = done("resuming", "out", call, channels="speakers")
    assert outcome.reason == FAILED.replace("talk", "call")
    Path("stop").unlink()
    assert done("resuming", "out", call, channels="speakers")[0].state == "done"
    assert heard() == "012" + "34" + "01234"
    assert tree(Path("out")) == tree(Path("one"))


@pytest.mark.usefixtures("seconds")
def test_where_there_is_no_room_only_time_is_lost() -> None:
    Path("out/.cache").mkdir(parents=True)
    Path("out/.cache/parts").write_text("a file", encoding="utf-8")
    Path("stop").write_text("3", encoding="utf-8")
    assert done("resuming", "out")[0].reason == FAILED
    Path("stop").unlink()
    heard()
    assert (done("resuming", "out")[0].state, heard()) == ("done", "01234")


def test_a_worker_that_is_killed_costs_no_words(folder: Path, capsys: pytest.CaptureFixture) -> None:
    level = np.full(4 * 60 * 16_000, 3_276, np.int16)
    (folder / "talks").mkdir()
    soundfile.write("talks/talk.wav", level, 16_000)
    command = ["batch", "talks", "--asr", "resuming", "--asr-option", "step=60", "--offline", "--workers", "1", "-o"]
    assert run([*command, "one"]) == 0
    assert heard() == "0123"
    Path("stop").write_text("2 kill", encoding="utf-8")
    assert run([*command, "out"]) == 1
    told = capsys.readouterr().err
    assert "its worker was ended by SIGKILL" in told
    assert " Its words up to 00:02:00 are kept in out/.cache/heard/talk.json, and the next try" in told
    Path("stop").unlink()
    assert run([*command, "out", "--redo", "failed"]) == 0
    assert heard() == "0123"
    assert "talk goes on from 00:02:00, where it was stopped" in capsys.readouterr().err
    assert tree(Path("out")) == tree(Path("one"))
    assert kept("out") == []
    assert run(["batch", "clean", "out"]) == 0
