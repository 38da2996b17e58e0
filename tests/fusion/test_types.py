"""How many speakers: one rule for the library, the command line, the server's forms and the remote client."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize.pipeline import Diarizer
from diarfuse.fusion.errors import OptionError, TranscriptError
from diarfuse.fusion.types import MOST_SPEAKERS, Activity, Diarization, Likeness, SpeakerCount, Transcript, Turn
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.job import Result
from diarfuse.transcribe.options import JobOptions

NUMBERS = st.none() | st.integers(0, 6) | st.sampled_from([MOST_SPEAKERS, MOST_SPEAKERS + 1])
CONTRADICTIONS = [
    ({"num_speakers": 0}, "num_speakers=0 must be a whole number, 1 or more, at most 999"),
    ({"min_speakers": -1}, "min_speakers=-1 must be"),
    ({"max_speakers": 1000}, "max_speakers=1000 must be"),
    ({"min_speakers": 3, "max_speakers": 2}, "min_speakers=3 is above max_speakers=2: swap them"),
    ({"num_speakers": 5, "max_speakers": 3}, "num_speakers=5 lies outside"),
    ({"num_speakers": 1, "min_speakers": 2}, "num_speakers=1 lies outside"),
]


def allowed(count: int, exact: int | None, low: int | None, high: int | None) -> bool:
    return (exact is None or count == exact) and (low is None or count >= low) and (high is None or count <= high)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_count_allows_what_each_of_the_three_numbers_allows(
    exact: int | None, low: int | None, high: int | None
) -> None:
    numbers = [number for number in (exact, low, high) if number is not None]
    possible = [count for count in range(1, MOST_SPEAKERS + 2) if allowed(count, exact, low, high)]
    if not possible or not all(1 <= number <= MOST_SPEAKERS for number in numbers):
        with pytest.raises(OptionError, match="_speakers="):
            SpeakerCount.of(exact, low, high)
        return
    speakers = SpeakerCount.of(exact, low, high)
    assert bool(speakers) == bool(numbers)
    assert SpeakerCount.of(**speakers.given()) == speakers
    for count in (1, 2, 4, 5, 7, 999):
        assert (speakers.nearest(count) == count) == (count in possible)
        assert (speakers.note(count) == ()) == (count in possible)
        assert speakers.nearest(count) in possible


def test_what_is_no_whole_number_is_refused() -> None:
    for value in (2.0, True, "2", 10**5000, -(10**5000), float("nan")):
        with pytest.raises(OptionError, match=r"num_speakers=.* must be a whole number") as refused:
            SpeakerCount.of(value)
        assert len(str(refused.value)) < 120
    assert SpeakerCount.of(np.int32(2)).given() == {"num_speakers": 2}


def test_a_note_says_what_was_asked_and_what_was_found() -> None:
    assert SpeakerCount.of(3).note(1) == ("3 speakers were asked for, but 1 could be told apart.",)
    assert SpeakerCount(2, 4).note(1) == ("At least 2 speakers were asked for, but 1 could be told apart.",)
    assert SpeakerCount(1, 4).note(6) == ("At most 4 speakers were asked for, but 6 could be told apart.",)


def test_the_command_line_repeats_no_number_of_5000_digits(capsys: pytest.CaptureFixture[str]) -> None:
    for digits in ("9" * 4000, "9" * 5000):  # Python reads no more than 4300
        assert run(["diarize", "a.wav", "--num-speakers", digits]) == 2
        assert len(capsys.readouterr().err) < 600


@pytest.mark.parametrize(("numbers", "sentence"), CONTRADICTIONS)
def test_every_door_refuses_the_same_in_the_same_words(
    numbers: dict[str, int], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("starlette")
    from diarfuse.transcribe.serving.wishes import read_request

    with pytest.raises(OptionError, match=sentence):
        Diarizer.diarize(None, np.zeros(1600, np.float32), **numbers)  # refused before anything of the pack is used
    with pytest.raises(OptionError, match=sentence):
        JobOptions(**numbers)
    options = {f"--{name.replace('_', '-')}": number for name, number in numbers.items()}
    bounds = [f"'{option}': {number} is not in the range x>=1" for option, number in options.items()]
    for command in (["--diarize"], ["diarize"], ["--remote", "http://localhost:9/v1", "--diarize"]):
        assert run([*command, "a.wav", *(f"{option}={number}" for option, number in options.items())]) == 2
        said = capsys.readouterr().err
        assert any(words in said for words in (sentence, *bounds))  # an option's bounds are told whatever it is for
    fields = {name: [str(number)] for name, number in numbers.items()}
    with pytest.raises(Exception, match=sentence.partition("=")[0]) as refused:
        read_request({"diarize": ["true"], **fields}, "m")
    assert refused.value.status_code == 400


def test_diarizations_of_one_answer_are_equal_whatever_came_with_them() -> None:
    turns, scores = (Turn(0, 1, "A"),), np.zeros((2, 1), np.float32)
    plain = Diarization(turns, turns, 1.0)
    with_more = Diarization(
        turns,
        turns,
        1.0,
        embeddings={"A": np.ones(4, np.float32)},
        activity=Activity(scores, ("A",), 0.0, 0.1),
        timings={"segmentation": 0.5},
        likeness=Likeness(np.zeros(2), np.ones(2), scores, ("A",)),
    )
    assert plain == with_more == copy.deepcopy(with_more)
    assert len({plain, with_more}) == 1
    assert plain != Diarization(turns, (), 1.0)
    words = Transcript((), None, 1.0)
    assert Result(words, plain, {"segmentation": 0.5}) == Result(words, with_more, {})


@pytest.mark.parametrize("turn", [{"start": 0, "end": 1, "speaker": "A"}, (0, 1, "A"), None])
def test_what_is_no_turn_makes_no_diarization(turn: Any) -> None:
    turns = (Turn(0.0, 1.0, "A"), turn)
    for both, name in (((turns, ()), "turns"), ((turns[:1], turns), "exclusive")):
        with pytest.raises(TranscriptError) as caught:
            Diarization(*both, duration=1.0)
        told = f"{name}[1] is a {type(turn).__name__}: give Turns, such as Turn(0.0, 1.5, 'Ana')."
        assert str(caught.value) == told


@pytest.mark.parametrize("name", [None, Path("a.wav"), 3])
def test_rttm_is_of_a_recording_with_a_name(name: Any) -> None:
    with pytest.raises(OptionError, match="must be text: the recording's name"):
        Diarization((), (), 1.0).to_rttm(name)
