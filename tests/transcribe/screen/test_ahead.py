"""Recordings ahead of their turn: what is told, in which order, how many at once, and the end."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import soundfile

from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.errors import AudioError
from diarfuse.fusion.types import Segment, Transcript
from diarfuse.transcribe import recognisers, runs
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.screen.ahead import Ahead
from diarfuse.transcribe.screen.terminal import Reporter


class Heard(Reporter):
    def __init__(self) -> None:
        self.all: list[object] = []

    def on_progress(self, stage: str, done: int, total: int) -> None:
        self.all.append((stage, done, total))

    def note(self, sentence: str) -> None:
        self.all.append(sentence)


def test_the_second_may_be_done_first_and_is_told_second() -> None:
    second_is_done, screen, heard = threading.Event(), Heard(), list[object]()

    def work(item: str, screen: Reporter, _: threading.Event) -> str:
        screen.on_progress(item, 0, 1)
        if item == "one":
            assert second_is_done.wait(60)
        screen.note(f"{item} is done")
        if item == "two":
            second_is_done.set()
        return item.upper()

    with Ahead(["one", "two"], work, screen, lambda: 2) as found:
        heard += [found.next(), *screen.all]
        assert heard == ["ONE", ("one", 0, 1), "one is done"]
        assert found.next() == "TWO"
    assert screen.all == [("one", 0, 1), "one is done", ("two", 0, 1), "two is done"]


def test_where_the_first_ends_all_a_problem_of_the_second_is_told() -> None:
    told, failed, screen = list[str](), threading.Event(), Reporter()
    screen.problem = told.append  # type: ignore[method-assign]

    def work(item: str, screen: Reporter, _: threading.Event) -> None:
        if item == "two":
            screen.problem("two is kept")
            failed.set()
        assert failed.wait(60)
        raise AudioError(item)

    with pytest.raises(AudioError, match="one"), Ahead(["one", "two"], work, screen, lambda: 2) as found:
        found.next()
    assert told == ["two is kept"]


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_are_in_work_than_may_be(most: int) -> None:
    lock, inside, peaks = threading.Lock(), 0, list[int]()
    together = threading.Barrier(most)

    def work(item: int, _screen: Reporter, _cancel: threading.Event) -> int:
        nonlocal inside
        with lock:
            inside += 1
            peaks.append(inside)
        if item < most:
            together.wait(60)
        with lock:
            inside -= 1
        return item

    with Ahead(range(9), work, Reporter(), lambda: most) as found:
        assert [found.next() for _ in range(9)] == list(range(9))
    assert max(peaks) == most


def test_an_error_comes_in_its_turn_and_the_others_go_on() -> None:
    def work(item: int, _screen: Reporter, _cancel: threading.Event) -> int:
        if item == 1:
            raise AudioError("bad")
        return item

    with Ahead(range(3), work, Reporter(), lambda: 3) as found:
        assert found.next() == 0
        with pytest.raises(AudioError, match="bad"):
            found.next()
        assert found.next() == 2


def test_whoever_leaves_stops_what_is_in_work() -> None:
    stopped = [threading.Event(), threading.Event()]

    def work(item: int, _screen: Reporter, cancel: threading.Event) -> None:
        if item:
            assert cancel.wait(60)
            stopped[item - 1].set()

    def leave() -> None:
        with Ahead(range(3), work, Reporter(), lambda: 3) as found:
            found.next()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert all(event.wait(60) for event in stopped)


class OneLine:
    """Hears one line in all sound."""

    def transcribe(self, samples, **_: object) -> Transcript:
        duration = len(samples) / 16_000
        lines = (Segment(0.0, duration, "Good morning to everybody"),) if samples.any() else ()
        return Transcript(lines, "de", duration)


@pytest.mark.parametrize(("command", "at_once"), [(["diarize"], 3), (["--diarize", "--asr", "moonshine"], 2)])
def test_many_recordings_are_written_as_each_by_itself(
    shared, models_dir, tmp_path, monkeypatch, capsys, command, at_once
) -> None:
    monkeypatch.setattr(recognisers, "make", lambda *_: OneLine())
    monkeypatch.chdir(tmp_path)
    samples = load_audio(shared / "audio/real/pyannote_sample.wav")
    for number, (start, seconds) in enumerate([(0, 11), (6, 5), (18, 12)]):
        soundfile.write(f"{number}.wav", samples[start * 16_000 : (start + seconds) * 16_000], 16_000)
    soundfile.write("silence.wav", np.zeros(16_000, np.float32), 16_000)
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    options = ["--diarizer", "campplus", "--models-dir", str(models_dir), "--offline", "--threads", "3"]
    monkeypatch.setattr("diarfuse.diarize.queue.usable_cores", lambda: 3)
    names = ["0", "bad", "1", "silence", "2"]
    together = []
    monkeypatch.setattr(runs, "Ahead", lambda *given: (together.append(given[-1]), Ahead(*given))[1])
    assert run([*command, *(f"{name}.wav" for name in names), "-o", "all/", "--format", "json", *options]) == 1
    assert together[0]() == at_once
    errors = capsys.readouterr().err.splitlines()
    of_whom = dict.fromkeys(line.split(":")[0] for line in errors)
    assert [name for name in of_whom if name in ("0.wav", "Error", "silence.wav", "2.wav")] == [
        *("0.wav", "Error", "silence.wav", "2.wav")
    ], errors
    assert errors[-1] == "1 of 5 recordings failed; the others are written."
    for name in ("1", "2"):
        assert run([*command, f"{name}.wav", "-o", f"{name}.json", *options]) == 0
        assert (tmp_path / f"{name}.json").read_bytes() == (tmp_path / f"all/{name}.json").read_bytes()


def test_words_that_are_shown_as_they_come_come_one_recording_after_another(models_dir, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recognisers, "make", lambda *_: OneLine())
    for name in "ab":
        soundfile.write(f"{name}.wav", np.full(16_000, 0.1, np.float32), 16_000)
    together = []
    monkeypatch.setattr(runs, "Ahead", lambda *given: (together.append(given[-1]), Ahead(*given))[1])
    options = ["--asr", "moonshine", "--diarizer", "campplus", "--models-dir", str(models_dir), "--offline"]
    assert run(["--diarize", "--live-text", *options, "a.wav", "b.wav", "-o", "all/"]) == 0
    assert together[0]() == 1
