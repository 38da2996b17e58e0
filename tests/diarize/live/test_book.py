"""Whatever the spans do from one look to the next, the events lead a listener to them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from diarfuse.diarize.live.book import Book, label_of
from diarfuse.diarize.live.events import TurnEnded, TurnExtended, TurnRevised, TurnStarted
from diarfuse.diarize.live.ledger import Ledger
from diarfuse.diarize.live.speakers import UNKNOWN
from diarfuse.diarize.live.tail import Span
from diarfuse.fusion.types import Turn

NOBODY = -1


def span(start: float, end: float, number: int = 0, track: int = NOBODY) -> Span:
    return Span(start, end, number, track)


def told(ledger: Ledger) -> list[tuple]:
    return [(entry.start, entry.end, entry.speaker) for entry in ledger.entries]


@st.composite
def looks(draw):
    """Spans of half-second looks: of each speaker apart, ending at the look's time at the latest."""
    found = []
    for now in range(2, draw(st.integers(3, 8))):
        spans = []
        for number in range(draw(st.integers(0, 3))):
            start = draw(st.integers(0, now - 1))
            spans.append(span(start, draw(st.integers(start + 1, now)), number))
        found.append((spans, max(now - 3, 0)))
    return found


@given(looks=looks(), since=st.integers(0, 3))
def test_a_listener_who_applies_the_events_has_what_is_heard_and_what_is_committed_stays(looks, since):
    book, ledger = Book(), Ledger()
    for spans, committed in looks:
        begin, before = max(since, book.committed), told(ledger)
        ledger.apply(book.update(spans, since, max(committed, book.committed)))
        kept = sorted((t.start, t.end, label_of(t.number)) for t in book.turns.values())
        assert kept == sorted(told(ledger))
        for number in range(3):
            heard = frames((max(s.start, begin), s.end) for s in spans if s.number == number)
            assert {frame for frame in frames_of(number, told(ledger)) if frame >= begin} == heard
            assert before_of(number, told(ledger), begin) == before_of(number, before, begin)
        assert all(entry.over for entry in ledger.entries if entry.end <= book.committed)


def frames_of(number: int, turns) -> set[int]:
    return frames((start, end) for start, end, label in turns if label == label_of(number))


def before_of(number: int, turns, begin: int) -> set[int]:
    return {frame for frame in frames_of(number, turns) if frame < begin}


def frames(spans) -> set[int]:
    """Whole seconds that are covered."""
    return {second for start, end in spans for second in range(int(start), int(end))}


def test_a_turn_begins_goes_on_turns_out_to_be_anothers_and_ends():
    book = Book()
    assert list(look(book, [span(0.5, 1.0, UNKNOWN, 4)])) == [TurnStarted(0, 0.5, 1.0, None)]
    assert list(look(book, [span(0.5, 1.5, UNKNOWN, 4)])) == [TurnExtended(0, 1.5)]
    revised = TurnRevised(0, 0.5, 2.0, "SPEAKER_02")
    assert list(look(book, [span(0.5, 2.0, 2)])) == [revised]
    assert list(look(book, [span(0.5, 2.02, 2)], 2.5)) == [TurnExtended(0, 2.02), TurnEnded(0, 2.02)]
    assert list(look(book, [span(0.55, 1.95, 2)], 3.0)) == []  # a trifle


def look(book: Book, spans: list[Span], committed: float = 0.0):
    return book.update(spans, 0.0, committed)


def test_what_was_a_mistake_is_taken_back_and_what_was_missed_is_told():
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(1.0, 2.0)]))
    ledger.apply(look(book, []))
    assert told(ledger) == []
    ledger.apply(look(book, [span(3.0, 3.05), span(1.0, 2.0, 1)], 3.0))
    assert told(ledger) == [(1.0, 2.0, "SPEAKER_01")]


def test_what_lies_before_stays_as_it_was():
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(1.0, 4.0), span(5.0, 6.0)], 7.0))
    ledger.apply(book.update([], 2.0, 7.0))
    assert told(ledger) == [(1.0, 4.0, "SPEAKER_00"), (5.0, 6.0, "SPEAKER_00")]
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(1.0, 4.0), span(5.0, 6.0)]))
    ledger.apply(book.update([], 2.0, 0.0))
    assert told(ledger) == [(1.0, 2.0, "SPEAKER_00")]


def test_who_goes_on_as_somebody_else_stays_who_was_told_up_to_the_commitment():
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(1.0, 6.0)], 4.0))
    ledger.apply(look(book, [span(1.0, 6.5, 1)], 4.5))
    assert told(ledger) == [(1.0, 4.0, "SPEAKER_00"), (4.0, 6.5, "SPEAKER_01")]
    assert [entry.over for entry in ledger.entries] == [True, False]
    assert book.said() == {0: 3.0, 1: 0.5}
    ledger.apply(look(book, [span(1.0, 7.0)], 5.0))  # and the other, whose voice was told for half a second by then
    assert told(ledger) == [(1.0, 4.0, "SPEAKER_00"), (4.0, 4.5, "SPEAKER_01"), (4.5, 7.0, "SPEAKER_00")]


def test_a_voice_that_was_told_of_nobody_gets_its_speaker_behind_the_commitment_too():
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(1.0, 6.0, UNKNOWN, 4)], 4.0))
    ledger.apply(look(book, [span(1.0, 6.5, 1)], 4.5))
    assert told(ledger) == [(1.0, 6.5, "SPEAKER_01")]


def test_the_end_says_who_each_label_was():
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(1.0, 4.0, 1), span(6.0, 9.0)], 7.0))
    assert book.final([Turn(0.0, 9.0, "SPEAKER_07")]) == {"SPEAKER_00": "SPEAKER_07", "SPEAKER_01": "SPEAKER_07"}
    assert book.final([]) == {}
    book.rename({1: 0})
    assert {turn.number for turn in book.turns.values()} == {0}
    assert list(book.end()) == [TurnEnded(1, 9.0)]
    assert list(book.end()) == []
