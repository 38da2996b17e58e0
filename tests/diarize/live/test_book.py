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
def test_a_listener_who_applies_the_events_has_what_is_heard(looks, since):
    book, ledger = Book(), Ledger()
    for spans, committed in looks:
        begin = min(since, committed)
        ledger.apply(book.update(spans, begin, committed, "heard more"))
        kept = sorted((t.start, t.end, label_of(t.number)) for t in book.turns.values())
        assert kept == sorted(told(ledger))
        for number in range(3) if begin == 0 else ():  # everybody is told to speak when they are heard
            heard = frames((s.start, s.end) for s in spans if s.number == number)
            assert frames((s, e) for s, e, label in told(ledger) if label == label_of(number)) == heard
        heard = frames((span.start, span.end) for span in spans)
        said = frames((start, end) for start, end, _ in told(ledger))
        assert {frame for frame in heard ^ said if frame >= begin} == set()
        assert all(entry.over for entry in ledger.entries if entry.end <= committed)


def frames(spans) -> set[int]:
    """Whole seconds that are covered."""
    return {second for start, end in spans for second in range(int(start), int(end))}


def test_a_turn_begins_goes_on_turns_out_to_be_anothers_and_ends():
    book = Book()
    assert list(look(book, [span(0.5, 1.0, UNKNOWN, 4)])) == [TurnStarted(0, 0.5, 1.0, None)]
    assert list(look(book, [span(0.5, 1.5, UNKNOWN, 4)])) == [TurnExtended(0, 1.5)]
    revised = TurnRevised(0, 0.5, 2.0, "SPEAKER_02", "heard more")
    assert list(look(book, [span(0.5, 2.0, 2)])) == [revised]
    assert list(look(book, [span(0.5, 2.02, 2)], 2.5)) == [TurnExtended(0, 2.02), TurnEnded(0, 2.02)]
    assert list(look(book, [span(0.55, 1.95, 2)], 3.0)) == []  # a trifle


def look(book: Book, spans: list[Span], committed: float = 0.0):
    return book.update(spans, 0.0, committed, "heard more")


def test_what_was_a_mistake_is_taken_back_and_what_was_missed_is_told():
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(1.0, 2.0)]))
    ledger.apply(look(book, []))
    assert told(ledger) == []
    ledger.apply(look(book, [span(3.0, 3.05), span(1.0, 2.0, 1)], 3.0))
    assert told(ledger) == [(1.0, 2.0, "SPEAKER_01")]


def test_a_comparison_that_moves_a_short_turn_does_not_take_it_back():
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(10.0, 10.3)]))
    ledger.apply(book.correct([span(9.85, 9.98)], 20.0, "voices compared", 0.25))  # its beginning hardly moves
    assert told(ledger) == [(9.85, 9.98, "SPEAKER_00")]
    ledger.apply(book.correct([span(9.85, 9.98, 1)], 20.0, "voices compared", 0.25))
    assert told(ledger) == [(9.85, 9.98, "SPEAKER_01")]


def test_what_lies_before_stays_as_it_was():
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(1.0, 4.0), span(5.0, 6.0)], 7.0))
    ledger.apply(book.update([], 2.0, 7.0, "heard more"))
    assert told(ledger) == [(1.0, 2.0, "SPEAKER_00")]


def test_a_comparison_corrects_what_is_long_over():
    book, ledger = Book(), Ledger()
    ledger.apply(look(book, [span(1.0, 4.0), span(6.0, 9.0)], 7.0))
    ledger.apply(book.correct([span(1.1, 3.0, 1), span(3.0, 4.0, 0), span(6.0, 8.0, 0)], 8.0, "voices compared", 0.25))
    assert told(ledger) == [(1.1, 3.0, "SPEAKER_01"), (3.0, 4.0, "SPEAKER_00"), (6.0, 9.0, "SPEAKER_00")]
    assert [entry.over for entry in ledger.entries] == [True, True, False]
    assert book.final([Turn(0.0, 9.0, "SPEAKER_07")]) == {"SPEAKER_00": "SPEAKER_07", "SPEAKER_01": "SPEAKER_07"}
    assert book.final([]) == {}
    book.rename({1: 0})
    assert {turn.number for turn in book.turns.values()} == {0}
    assert list(book.end()) == [TurnEnded(1, 9.0)]
    assert list(book.end()) == []
