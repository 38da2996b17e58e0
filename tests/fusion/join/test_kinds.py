"""What counts as a turn, and how a speaker is put on words of every kind."""

from __future__ import annotations

import copy
import math
import pickle
import sys
from dataclasses import InitVar, dataclass
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.errors import TranscriptError
from diarfuse.fusion.join.assign import assign_speakers
from diarfuse.fusion.join.kinds import read_evidence, read_times, read_turns, with_speakers
from diarfuse.fusion.types import Attribution, Diarization, Turn, Word

WHY = Attribution("overlap", 0.5)
SPEECH = [Turn(0, 1, "A")]
spans = st.tuples(st.integers(0, 30), st.integers(0, 8), st.sampled_from("ABC"))


def test_a_speaker_is_heard_once_at_a_time() -> None:
    turns = [Turn(0, 0.6, "A"), Turn(0, 0.6, "A"), Turn(0, 1, "B")]
    assert assign_speakers([Word(0, 1, "Hello.")], turns)[0].speaker == "B"


def test_a_speaker_is_one_however_the_accents_are_composed() -> None:
    turns = (Turn(0, 0.6, "Zo\xe9"), Turn(0.4, 1, "Zoe\u0301"), Turn(0, 0.7, "B"))
    assert assign_speakers([Word(0, 1, "Hello.")], turns)[0].speaker == "Zo\xe9"
    table = read_evidence(Diarization(turns, turns[1:], 1.0)).exclusive
    assert [table.labels[speaker] for speaker in table.speakers] == ["B", "Zo\xe9"]


@given(st.lists(spans, max_size=20))
def test_overlapping_turns_of_a_speaker_become_one_and_cover_the_same(rows) -> None:
    table = read_turns([Turn(start, start + length, who) for start, length, who in rows])
    columns = zip(table.starts.tolist(), table.ends.tolist(), table.speakers.tolist(), strict=True)
    found = [(start, end, table.labels[who]) for start, end, who in columns]
    assert found == sorted(found)
    for label in "ABC":
        ticks = [tick for start, end, who in found if who == label for tick in range(int(start), int(end))]
        assert len(ticks) == len(set(ticks))
        assert set(ticks) == {t for start, length, who in rows if who == label for t in range(start, start + length)}
        given_edges = {edge for start, length, who in rows if who == label for edge in (start, start + length)}
        assert {edge for start, end, who in found if who == label for edge in (start, end)} <= given_edges


def test_turns_that_only_touch_stay() -> None:
    table = read_turns([Turn(0, 1, "A"), Turn(1, 2, "A"), Turn(5, 7, "A"), Turn(6, 8, "A")])
    assert (table.starts.tolist(), table.ends.tolist()) == ([0, 1, 5], [1, 2, 8])


NO_TIMES = [True, b"1", "1_0", 1 + 0j, np.complex64(1), np.timedelta64(1000, "ms"), np.array([1.0])]


@pytest.mark.parametrize("time", NO_TIMES, ids=repr)
@pytest.mark.parametrize("others", [[], [{"start": None, "end": None}], [{"start": 0.5, "end": 0.6}]])
def test_what_only_converts_to_a_number_is_no_time(time, others) -> None:
    with pytest.raises(TranscriptError, match=rf"words\[{len(others)}\] has end="):
        assign_speakers([*others, {"start": 0, "end": time}], [Turn(0, 9, "A")])


def test_numbers_of_every_kind_are_times() -> None:
    kinds = (1.5, "1.5", Decimal("1.5"), Fraction(3, 2), np.float16(1.5), np.longdouble(1.5), np.array(1.5))
    starts, ends = read_times([{"start": 1, "end": time} for time in kinds] + [{"start": np.int8(1), "end": None}])
    assert starts.tolist() == [1.0] * 8
    assert ends.tolist()[:-1] == [1.5] * 7
    assert math.isnan(ends[-1])


@pytest.mark.parametrize(
    "turn",
    [
        {"start": 0, "end": 1, "speaker": None},
        SimpleNamespace(start=0, end=1, speaker=None),
        (0, 1, None),
        Turn(0, 1, None),
        Turn("a", 1, "A"),
        Turn(0, 10**400, "A"),
        {"start": 0, "end": 10**400, "speaker": "A"},
        *(Turn(0, end, "A") for end in NO_TIMES),
        *(Turn(0, 1, who) for who in (math.nan, " ", b"A", ["A"], {"name": "A"})),
        {"start": 0, "end": 1, "speaker": math.nan},  # as a table holds nobody
        "012",
    ],
)
def test_what_is_no_turn_is_named(turn) -> None:
    with pytest.raises(TranscriptError, match=r"turns\[1\]"):
        read_turns([Turn(0, 1, "A"), turn])
    with pytest.raises(TranscriptError, match=r"turns\[0\]"):
        read_turns([turn])


def test_speakers_that_are_numbers_become_text() -> None:
    assert read_turns([Turn(0, 1, 7), Turn(1, 2, "A")]).labels == ("7", "A")
    assert read_turns([Turn(0, 1, np.str_("A"))]).labels == ("A",)


class Weak:
    __slots__ = ("__private", "__weakref__", "end", "start", "unset")

    def __init__(self) -> None:
        self.start, self.end, self.__private = 0.2, 0.6, "kept"

    @property
    def private(self) -> str:
        return self.__private


class Roomy:
    __slots__ = ("__dict__", "start")

    def __init__(self) -> None:
        self.start, self.end = 0.2, 0.6


class Times:
    __slots__ = ("end", "start")

    def __init__(self) -> None:
        self.start, self.end = 0.2, 0.6


class Texts(Times):
    __slots__ = "text"  # noqa: PLC0205 - a single name, as Python allows, is what is tested


@pytest.mark.parametrize("kind", [Weak, Roomy, Times, Texts])
def test_slots_of_every_shape(kind) -> None:
    word = kind()
    (new,) = assign_speakers([word], SPEECH)
    assert isinstance(new, kind)
    assert (new.start, new.end, new.speaker) == (0.2, 0.6, "A")
    assert not hasattr(word, "speaker")


class Named(NamedTuple):
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Frozen:
    start: float
    end: float


@pytest.mark.parametrize("again", [lambda word: pickle.loads(pickle.dumps(word)), copy.copy, copy.deepcopy])  # noqa: S301 - our own
@pytest.mark.parametrize(
    "word", [Named(0.2, 0.6), Frozen(0.2, 0.6), Times(), Roomy()], ids=lambda word: type(word).__name__
)
def test_what_was_labelled_goes_to_other_processes_with_its_speaker(word, again) -> None:
    (new,) = assign_speakers(assign_speakers([word], [Turn(0, 1, "B")]), SPEECH)
    found = again(new)
    assert isinstance(found, type(word))
    assert (found.start, found.end, found.speaker) == (0.2, 0.6, "A")


def test_slots_that_are_private_or_not_set() -> None:
    (new,) = assign_speakers([Weak()], SPEECH)
    assert new.private == "kept"
    assert not hasattr(new, "unset")
    text = Texts()
    text.text = "Hi"
    assert assign_speakers([text], SPEECH)[0].text == "Hi"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="weakref_slot is new in Python 3.11")
def test_a_dataclass_with_a_weakref_slot() -> None:
    kind = dataclass(slots=True, weakref_slot=True)(
        type("Held", (), {"__annotations__": {"start": float, "end": float}})
    )
    assert assign_speakers([kind(0.2, 0.6)], SPEECH)[0].speaker == "A"


class Row:
    """As a pandas row: attributes read the items, and only items can be written."""

    def __init__(self, **items) -> None:
        vars(self)["items"] = items

    def __getattr__(self, name):
        try:
            return vars(self)["items"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __setitem__(self, name, value) -> None:
        vars(self)["items"][name] = value


class CopiedRow(Row):
    def __copy__(self):
        return type(self)(**vars(self)["items"])


@pytest.mark.parametrize("kind", [Row, CopiedRow])
def test_rows_take_the_speaker_as_an_item(kind) -> None:
    word = kind(start=0.2, end=0.6, word="Hi")
    (new,) = assign_speakers([word], SPEECH)
    assert vars(new)["items"] == {"start": 0.2, "end": 0.6, "word": "Hi", "speaker": "A"}
    assert "speaker" not in vars(new)
    assert "speaker" not in vars(word)["items"]


def test_items_that_are_something_else_leave_the_attribute() -> None:
    table = np.rec.array([(0.2, 0.6)], dtype=[("start", float), ("end", float)])
    (new,) = assign_speakers([table[0]], SPEECH)
    assert (new.start, new.speaker) == (0.2, "A")


class Noted(NamedTuple):
    start: float
    end: float
    speaker: str | None = None
    attribution: Attribution | None = None


class OnlyNoted(NamedTuple):
    start: float
    end: float
    attribution: Attribution | None = None


class Plain:
    attribution = None

    def __init__(self) -> None:
        self.start, self.end = 0.2, 0.6


class ReadOnly(Plain):
    @property
    def attribution(self) -> str:
        return "fixed"


@pytest.mark.parametrize("word", [Noted(0.2, 0.6), OnlyNoted(0.2, 0.6), Plain()], ids=lambda w: type(w).__name__)
def test_the_attribution_is_set_where_there_is_room(word) -> None:
    before = copy.copy(word)
    (new,) = assign_speakers([word], SPEECH)
    assert (new.speaker, new.attribution.reason) == ("A", "overlap")
    assert isinstance(new, type(word))
    assert word.attribution is before.attribution is None


def test_an_attribution_that_cannot_be_written_is_left() -> None:
    (new,) = assign_speakers([ReadOnly()], SPEECH)
    assert (new.speaker, new.attribution) == ("A", "fixed")
    (row,) = with_speakers([Row(attribution=None)], ["A"], [WHY])
    assert (row.speaker, row.attribution) == ("A", WHY)


@dataclass
class Explained:
    start: float
    end: float
    speaker: str | None
    attribution: object


def test_a_field_without_a_default_is_room_for_an_attribution():
    (word,) = assign_speakers([Explained(0.1, 0.4, None, None)], [Turn(0.0, 1.0, "A")])
    assert word.speaker == "A"
    assert word.attribution.reason == "overlap"


@dataclass
class MadeFrom:
    """A field is made from what is not kept."""

    start: float
    end: float
    spelling: InitVar[str]
    speaker: str | None = None


@dataclass(init=False, frozen=True)
class MadeElsewise:
    start: float
    end: float
    speaker: str | None

    def __init__(self, span: tuple[float, float]) -> None:
        for name, value in zip(("start", "end", "speaker"), (*span, None), strict=True):
            object.__setattr__(self, name, value)


@pytest.mark.parametrize("word", [MadeFrom(0.1, 0.4, "Hi"), MadeElsewise((0.1, 0.4))])
def test_a_dataclass_that_cannot_be_made_from_its_fields_is_copied(word) -> None:
    (new,) = assign_speakers([word], [Turn(0, 1, "A")])
    assert (type(new), new.start, new.end, new.speaker) == (type(word), 0.1, 0.4, "A")
    assert word.speaker is None
