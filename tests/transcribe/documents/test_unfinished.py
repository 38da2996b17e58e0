"""Whatever stops a recogniser midway: the next run of the same goes on behind it, to the result of one run."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
import soundfile
from hypothesis import example, given
from hypothesis import strategies as st

from diarfuse.asr_adapters import registry
from diarfuse.asr_adapters.resuming import Begun, Mark, OtherwiseError
from diarfuse.fusion.document import read_document
from diarfuse.fusion.errors import ModelError
from diarfuse.fusion.types import SAMPLE_RATE, Diarization, Samples, Segment, Transcript, Turn, Word
from diarfuse.transcribe import job as job_module
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.documents import rescue, unfinished
from diarfuse.transcribe.documents.unfinished import Journal
from diarfuse.transcribe.job import Job
from diarfuse.transcribe.options import JobOptions
from diarfuse.transcribe.screen.interrupt import Interruptible

SECONDS = 5


class Clock:
    """Hears the number of every second and how loud it is, in German unless told otherwise; stops where it is to."""

    tells_segments = True
    resumes_with = ("numpy",)
    stops: ClassVar[float] = float("inf")
    least: ClassVar[float] = 0.0
    heard: ClassVar[list[int]] = []
    otherwise: ClassVar[bool] = False

    def __init__(self, model: str = "", loud: str = "") -> None:
        self.model, self.loud = model, loud

    def transcribe(
        self, samples: Samples, *, language=None, on_progress=None, on_segment=None, on_mark=None, begun=None
    ) -> Transcript:
        if begun is not None and self.otherwise:
            raise OtherwiseError
        segments = [] if begun is None else [*begun.segments]
        for segment in segments:
            on_segment(segment)
        for number in range(len(segments), len(samples) // SAMPLE_RATE):
            if number == self.stops and samples[-1] > self.least:
                raise ModelError("The recogniser is broken.")
            at = float(number)
            text = f" {number}.{round(10 * float(samples[int(at * SAMPLE_RATE)]))}"
            segments.append(Segment(at, at + 0.5, text, (Word(at, at + 0.5, text, 0.3),)))
            self.heard.append(number)
            on_segment(segments[-1])
            if on_mark is not None:
                on_mark(Mark(at + 1, language or "de", {"number": number}))
            if on_progress is not None:
                on_progress("recognise", number, SECONDS)
        return Transcript(tuple(segments), language or "de", len(samples) / SAMPLE_RATE)


class One:
    """A diarizer that hears one voice, or fails."""

    models = SimpleNamespace(name="one", hashes={})

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def diarize(self, samples: Samples, **_: object) -> Diarization:
        if self.error is not None:
            raise self.error
        turns = (Turn(0.0, len(samples) / SAMPLE_RATE, "SPEAKER_00"),)
        return Diarization(turns, turns, len(samples) / SAMPLE_RATE)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    level = np.full((SECONDS * SAMPLE_RATE, 2), (3276, 6552), np.int16)
    level[:8000, 1] = 0
    soundfile.write(folder / "talk.wav", level[:, 0], SAMPLE_RATE)
    soundfile.write(folder / "call.wav", level, SAMPLE_RATE)
    soundfile.write(folder / "short.wav", level[:SAMPLE_RATE, 0], SAMPLE_RATE)
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sounds: Path) -> Path:
    """Here lie the recordings; what is kept lies in ``words/``, temporary files in ``temporary/``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "temporary").mkdir()
    for file in sounds.iterdir():
        os.link(file, tmp_path / file.name)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("DIARFUSE_UNFINISHED_DIR", str(tmp_path / "words"))
    monkeypatch.setattr(unfinished, "WORTH", 1.0)
    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": SimpleNamespace(load=lambda: Clock)})
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: One())
    for name, value in (("stops", float("inf")), ("least", 0.0), ("heard", []), ("otherwise", False)):
        monkeypatch.setattr(Clock, name, value)
    return tmp_path


def transcribe(*given: str, audio: str = "talk.wav", code: int = 0) -> list[int]:
    """Which seconds are heard by a run."""
    Clock.heard.clear()
    assert run([audio, "--asr", "clock", *given]) == code
    return [*Clock.heard]


def stopped(monkeypatch: pytest.MonkeyPatch, at: int, *given: str, **of: object) -> list[int]:
    """The same by one that fails behind so many seconds."""
    with monkeypatch.context() as patch:
        patch.setattr(Clock, "stops", at)
        return transcribe(*given, code=1, **of)


@pytest.mark.parametrize("more", [["-o", "talk.json"], ["-o", "talk.json", "--diarize"]])
def test_the_next_run_goes_on_to_what_one_run_gives(folder, monkeypatch, capsys, more) -> None:
    assert transcribe(*more) == [0, 1, 2, 3, 4]
    whole = Path("talk.json").read_bytes()
    Path("talk.json").unlink()
    assert stopped(monkeypatch, 3, *more) == [0, 1, 2]
    said = capsys.readouterr().err
    assert "then remove it. The next run of the same goes on from 00:00:03." in said
    (kept,) = (folder / "temporary").iterdir()
    assert read_document(kept).transcript.language == "de"
    (words,) = (folder / "words").iterdir()
    if sys.platform != "win32":
        assert stat.S_IMODE(words.stat().st_mode) == 0o600
        assert stat.S_IMODE(words.parent.stat().st_mode) == 0o700
    assert stopped(monkeypatch, 4, *more) == [3], "as often as it takes"
    assert transcribe(*more) == [4]
    said = capsys.readouterr().err
    assert f"talk.wav goes on from 00:00:04, where it was stopped (to begin anew, delete {words})." in said
    assert Path("talk.json").read_bytes() == whole
    assert list((folder / "words").iterdir()) == [], "what is finished is deleted"


@pytest.mark.parametrize(
    "other",
    [
        ["--language", "en"],
        ["--model", "large"],
        ["--asr-option", "loud=yes"],
        ["--device", "cuda"],
    ],
)
@pytest.mark.usefixtures("folder")
def test_another_wish_begins_anew_and_takes_nothing_of_the_first(monkeypatch, other) -> None:
    assert stopped(monkeypatch, 3) == [0, 1, 2]
    assert transcribe(*other) == [0, 1, 2, 3, 4]
    assert transcribe() == [3, 4]


@pytest.mark.usefixtures("folder")
def test_another_program_recogniser_or_recording_begins_anew_too(monkeypatch) -> None:
    assert stopped(monkeypatch, 3) == [0, 1, 2]
    with monkeypatch.context() as patch:
        patch.setattr(unfinished, "version", lambda _: "99")
        assert transcribe() == [0, 1, 2, 3, 4]
    Path("talk.wav").rename("again.wav")
    samples = soundfile.read("again.wav", dtype="int16")[0]
    samples[-1] += 1
    soundfile.write("talk.wav", samples, SAMPLE_RATE)
    assert transcribe() == [0, 1, 2, 3, 4]
    assert transcribe(audio="again.wav") == [3, 4], "the recording is known by what it holds"


@pytest.mark.usefixtures("folder")
def test_where_the_speakers_cannot_be_found_the_words_are_not_heard_again(monkeypatch, capsys) -> None:
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: One(MemoryError()))
    assert transcribe("--diarize", code=1) == [0, 1, 2, 3, 4]
    assert "The next run of the same goes on from 00:00:05." in capsys.readouterr().err
    monkeypatch.setattr(job_module, "load_diarizer", lambda *_: One())
    assert transcribe("--diarize", "-o", "talk.json") == []
    assert read_document("talk.json").speakers == ("SPEAKER_00",)


def test_each_channel_goes_on_by_itself(folder, monkeypatch) -> None:
    of = {"audio": "call.wav"}
    assert transcribe("--channels", "-o", "call.json", **of) == [0, 1, 2, 3, 4] * 2
    whole = Path("call.json").read_bytes()
    Path("call.json").unlink()
    monkeypatch.setattr(Clock, "least", 0.15)
    assert stopped(monkeypatch, 2, "--channels", **of) == [0, 1, 2, 3, 4, 0, 1]
    assert len(list((folder / "words").iterdir())) == 2
    assert transcribe("--channels", "-o", "call.json", **of) == [2, 3, 4]
    assert Path("call.json").read_bytes() == whole
    assert list((folder / "words").iterdir()) == []


@pytest.mark.usefixtures("folder")
def test_one_that_hears_something_else_now_begins_anew_and_says_so(monkeypatch, capsys) -> None:
    assert stopped(monkeypatch, 3) == [0, 1, 2]
    monkeypatch.setattr(Clock, "otherwise", True)
    assert stopped(monkeypatch, 2) == [0, 1]
    said = capsys.readouterr().err
    assert "hears something else in talk.wav now than it did then, so it begins anew." in said
    monkeypatch.setattr(Clock, "otherwise", False)
    assert transcribe() == [2, 3, 4]


def test_whoever_deletes_the_file_begins_anew(folder, monkeypatch, capsys) -> None:
    stopped(monkeypatch, 3)
    (words,) = (folder / "words").iterdir()
    words.unlink()
    assert transcribe() == [0, 1, 2, 3, 4]
    assert "goes on" not in capsys.readouterr().err.split("kept", 1)[1].split("\n", 1)[1]


def test_nothing_is_kept_of_what_is_hardly_begun_and_where_there_is_no_room(folder, monkeypatch, capsys) -> None:
    assert stopped(monkeypatch, 0, audio="short.wav") == []
    assert not (folder / "words").exists()
    (folder / "words").write_text("a file")
    assert stopped(monkeypatch, 3) == [0, 1, 2]
    assert "goes on" not in capsys.readouterr().err
    assert transcribe() == [0, 1, 2, 3, 4]


def test_whoever_wants_nothing_kept_names_the_null_device(folder, monkeypatch, capsys) -> None:
    before = sorted(folder.rglob("*"))
    monkeypatch.setenv("DIARFUSE_UNFINISHED_DIR", os.devnull)
    assert stopped(monkeypatch, 3) == [0, 1, 2]
    assert "goes on" not in capsys.readouterr().err
    assert transcribe() == [0, 1, 2, 3, 4]
    rescued = [file for file in sorted(folder.rglob("*")) if file not in before]
    assert all(file.parent.name == "temporary" for file in rescued), "what a failed run tells of"


def test_a_user_without_a_home_is_served_all_the_same(folder, monkeypatch) -> None:
    monkeypatch.delenv("DIARFUSE_UNFINISHED_DIR")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: "~/cache")
    monkeypatch.setenv("DIARFUSE_MODELS_DIR", str(folder / "models"))
    assert stopped(monkeypatch, 3) == [0, 1, 2]
    assert transcribe() == [0, 1, 2, 3, 4]


def test_what_nobody_goes_on_with_is_deleted_after_a_month(folder, monkeypatch) -> None:
    stopped(monkeypatch, 3)
    (words,) = (folder / "words").iterdir()
    young, old, others = (words.with_name(name) for name in ("a" * 64, "b" * 64, "thesis.txt"))
    for file, days in ((young, 29), (old, 31), (others, 400)):
        file.write_text("words")
        os.utime(file, (words.stat().st_mtime - days * 86_400,) * 2)
    assert transcribe() == [3, 4]
    assert (young.exists(), old.exists(), words.exists()) == (True, False, False)
    assert others.exists(), "the folder may be one that holds other files as well"


@pytest.mark.usefixtures("folder")
def test_redo_goes_on_as_well(monkeypatch, capsys) -> None:
    transcribe("-o", "talk.json")
    Clock.heard.clear()
    with monkeypatch.context() as patch:
        patch.setattr(Clock, "stops", 3)
        assert run(["redo", "talk.json", "--asr", "clock", "--language", "en"]) == 1
    assert run(["redo", "talk.json", "--asr", "clock", "--language", "en"]) == 0
    assert Clock.heard == [0, 1, 2, 3, 4]
    assert "talk.wav goes on from 00:00:03" in capsys.readouterr().err
    assert not [note for note in read_document("talk.json").notes if "goes on" in note]


class Hanging(Clock):
    """Hears three seconds, and then nothing any more until it may end."""

    hangs: ClassVar[threading.Event]
    may_end: ClassVar[threading.Event]

    def transcribe(self, samples: Samples, *, on_segment=None, **asked: object) -> Transcript:
        def hear(segment: Segment) -> None:
            if segment.start == 3 and not self.may_end.is_set():
                self.hangs.set()
                assert self.may_end.wait(60)
                raise StoppedError
            on_segment(segment)

        return super().transcribe(samples, on_segment=hear, **asked)


class StoppedError(Exception):
    """Ends what was left behind."""


def test_one_that_hangs_is_left_behind_and_gone_on_with(folder, monkeypatch) -> None:
    monkeypatch.setattr(rescue, "WORTH", 1.0)
    monkeypatch.setattr(Hanging, "hangs", threading.Event(), raising=False)
    monkeypatch.setattr(Hanging, "may_end", threading.Event(), raising=False)
    monkeypatch.setattr(registry, "_foreign", lambda: {"clock": SimpleNamespace(load=lambda: Hanging)})
    told: list[str] = []
    options = JobOptions(asr="clock")

    def work(cancel: threading.Event) -> None:
        with rescue.rescuing(Path("talk.wav"), told.append, cancel, setup=options) as found:
            Job(options).transcribe("talk.wav", options, cancel=cancel, on_part=found)

    running = Interruptible(work)
    assert Hanging.hangs.wait(60)
    running.end()  # as Ctrl-C does, behind which the process ends
    (sentence,) = told
    assert sentence.endswith("then remove it. The next run of the same goes on from 00:00:03.")
    (kept,) = (folder / "temporary").iterdir()
    assert [segment.text for segment in read_document(kept).transcript.segments] == [" 0.1", " 1.1", " 2.1"]
    Hanging.may_end.set()
    with pytest.raises(StoppedError):
        running.result()
    assert transcribe() == [3, 4]


SEGMENTS = [Segment(70.0 * n, 70.0 * n + 1, f" {n}", (Word(70.0 * n, None, f" {n}", 1 / 3),)) for n in range(6)]


def write(journal: Journal, first: int, last: int) -> None:
    for number in range(first, last):
        journal.hear(SEGMENTS[number])
        journal.mark(Mark(70.0 * (number + 1), "en", {"number": number}))


def left(path: Path) -> int:
    """How many segments can be gone on with; all of them are as they were."""
    begun = Journal.at(path).begun
    if begun is None:
        return 0
    count = len(begun.segments)
    assert begun == Begun(tuple(SEGMENTS[:count]), Mark(70.0 * count, "en", {"number": count - 1}))
    return count


@given(st.integers(0, 7), st.integers(0, 1 << 10), st.sampled_from([b"", b"\0\0\0", b'{"count": 9}\n', b"[[[\n"]))
@example(0, 1, b"")  # all of a segment's line but its end, and all of a mark's
@example(1, 1, b"")
def test_a_file_that_is_cut_anywhere_holds_what_was_marked_before_and_can_be_gone_on_with(line, before, tail) -> None:
    """Cut so many bytes before the end of a line, and something else written behind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "key"
        write(journal := Journal.at(path), 0, 4)
        journal.close()
        content = path.read_bytes()
        *lines, rest = content.splitlines(keepends=True)[: line + 1]
        cut = len(b"".join(lines)) + len(rest) - before % (len(rest) + 1)
        path.write_bytes(content[:cut] + tail)
        count = left(path)
        assert count == content[:cut].count(b'"count"') - (not content[:cut].endswith(b"\n") and _is_mark(content, cut))
        again = Journal.at(path)
        for segment in again.begun.segments if again.begun else ():
            again.hear(segment)
        write(again, count, 6)
        again.close()
        assert left(path) == 6


@given(st.integers(0, 1 << 20), st.integers(1, 255))
def test_no_damaged_byte_is_taken_for_what_was_heard(place, damage) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        write(journal := Journal.at(path), 0, 4)
        journal.close()
        content = bytearray(path.read_bytes())
        content[place % len(content)] ^= damage
        path.write_bytes(content)
        before = content[: place % len(content)].count(b"\n") // 2
        assert left(path) == before, "what was marked before is whole"


def _is_mark(content: bytes, cut: int) -> bool:
    """Whether the cut lies in a line that holds a mark, behind its first key."""
    return b'"count"' in content[:cut].rsplit(b"\n", 1)[-1]


@pytest.mark.parametrize("at", [0, 2])
def test_of_two_that_write_at_once_nothing_false_is_left(tmp_path, at) -> None:
    path = tmp_path / "key"
    write(first := Journal.at(path), 0, at)
    one, other = first, Journal.at(path)
    for segment in SEGMENTS[:at]:
        other.hear(segment)
    for number in range(at, 5):
        write(one, number, number + 1)
        write(other, number, number + 1)
    one.close()
    other.close()
    assert at <= left(path) <= at + 1
    one.forget()
    other.forget()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_nothing_and_leaves_what_there_was(tmp_path, monkeypatch) -> None:
    path = tmp_path / "key"
    write(journal := Journal.at(path), 0, 2)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        write(journal, 2, 3)
    write(journal, 3, 4)
    assert (left(path), journal.kept) == (2, 140.0)
    assert json.loads(path.read_bytes().splitlines()[-1].partition(b" ")[2])["count"] == 2
