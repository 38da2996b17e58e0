"""What is no list of words or turns, though it looks like one: our own sentence, with the remedy."""

from __future__ import annotations

import errno
from collections import namedtuple

import numpy as np
import pytest

from diarfuse.fusion.attaching import attach, attach_lazily, attach_same_shape
from diarfuse.fusion.errors import AudioError, LowMemoryError, OptionError, TranscriptError
from diarfuse.fusion.given import enough_memory, ran_out
from diarfuse.fusion.join.assign import Policy, assign_speakers, assign_transcript
from diarfuse.fusion.join.guessed import assign_with_lines
from diarfuse.fusion.types import Transcript, Turn

TURNS = [Turn(0.0, 1.0, "A")]
WORDS = [{"word": "a", "start": 0.1, "end": 0.4}]
Said = namedtuple("Said", "start end word")  # noqa: PYI024 - the untyped kind is what is tested


class Table:
    """As a pandas DataFrame: walking through it gives the names of its columns."""

    columns = ("start", "end", "word")

    def __iter__(self):
        return iter(self.columns)

    def to_dict(self, orient: str) -> list[dict[str, object]]:
        assert orient == "records"
        return WORDS


NO_LISTS = {
    "table": (Table(), r"are a Table: give its rows, \w+\.to_dict\('records'\)"),
    "one named tuple": (Said(0.1, 0.4, "a"), "are one Said: give a list of them"),
    "nothing": (None, "are one NoneType|none of the transcripts known"),
    "a number": (5, "are one int|none of the transcripts known"),
    "text": (b"words.json", "are the text b'words.json'"),
}


@pytest.mark.parametrize("kind", NO_LISTS)
def test_what_is_no_list_is_named_with_the_remedy(kind):
    value, message = NO_LISTS[kind]
    for act in (
        lambda: assign_speakers(value, TURNS),
        lambda: assign_speakers(WORDS, value),
        lambda: attach(value, TURNS),
        lambda: attach(WORDS, value),
        lambda: attach_same_shape(value, TURNS),
        lambda: list(attach_lazily(value, TURNS)),
        lambda: list(attach_lazily(WORDS, value)),
        lambda: assign_with_lines(Transcript((), None, 0.0), value),
    ):
        with pytest.raises(TranscriptError, match=message):
            act()


def test_a_tables_rows_and_a_list_of_named_tuples_are_fine():
    assert assign_speakers(Table().to_dict("records"), TURNS)[0]["speaker"] == "A"
    assert attach([Said(0.1, 0.4, "a")], TURNS).words[0].speaker == "A"


@pytest.mark.parametrize(
    "words",
    [
        [[0, 1, "a"], [0, 1]],
        [{"start": [0, 1], "end": 1}, {"start": 0, "end": 1}],
        [{"start": np.zeros(2), "end": 1}],
        np.zeros((3, 2)),
        {"segments": []},
        "hello",
    ],
)
def test_ragged_lists_are_named(words):
    with pytest.raises(TranscriptError, match=r"words\[0\]|The words are"):
        assign_speakers(words, TURNS)


@pytest.mark.parametrize("policy", ["plain", None, {"join": "plain"}, Policy])
def test_a_policy_is_a_policy(policy):
    for act in (
        lambda: assign_speakers(WORDS, TURNS, policy),
        lambda: attach(WORDS, TURNS, policy=policy),
        lambda: assign_transcript(Transcript((), None, 0.0), TURNS, policy),
        lambda: list(attach_lazily([{"start": 0, "end": 1, "text": "x"}], TURNS, policy=policy)),
    ):
        with pytest.raises(OptionError, match=r"must be a Policy, such as Policy\(join='plain'\)"):
            act()
    for gap in ("1", None, [], -1, float("nan")):
        with pytest.raises(OptionError, match=r"max_gap=.* must be a number of seconds"):
            Policy(max_gap=gap)


def test_a_transcript_is_a_transcript():
    with pytest.raises(TranscriptError, match="The transcript is a list: use assign_speakers or attach"):
        assign_transcript(WORDS, TURNS)


def test_memory_that_runs_out_is_told_in_a_sentence(monkeypatch):
    def short(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("diarfuse.fusion.join.assign.read_times", short)
    with pytest.raises(LowMemoryError, match="not enough memory to join so many words"):
        assign_speakers(WORDS, TURNS)
    with pytest.raises(MemoryError), enough_memory("x"):
        raise MemoryError


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (ImportError("libx265.so: failed to map segment from shared object"), True),
        (RuntimeError("Exception during initialization: std::bad_alloc"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("Available memory of 777216 is smaller than requested bytes of 8000000"), True),
        (RuntimeError("CUDA failed with error out of memory"), True),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA failed with error no kernel image is available"), False),
        (FileNotFoundError(errno.ENOENT, "No such file", "allocate memory.wav"), False),
        (AudioError("bad_alloc.wav is empty"), False),
        (ImportError("No module named 'av'"), False),
    ],
)
def test_what_says_that_memory_ran_out(error: Exception, *, is_memory: bool) -> None:
    assert ran_out(error) is is_memory
