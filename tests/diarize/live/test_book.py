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


@given(looks=looks())
def test_a_listener_who_applies_the_events_has_the_book(looks):
    book, ledger = Book(), Ledger()
    for spans, committed in looks:
        ledger.apply(book.update(spans, committed))
        ledger.apply(book.correct(spans, committed, committed + 0.5, "heard more"))
        kept = sorted((t.start, t.end, label_of(t.number)) for t in book.turns if t.end > t.start)
        assert kept == sorted(told(ledger))

        for one in spans:  # whoever speaks behind the commitment is told, as whom they are
            if one.end > committed + 0.1:
                assert any(s < one.end and e >= one.end - 0.1 for s, e, _ in told(ledger))


def test_a_turn_begins_goes_on_turns_out_to_be_anothers_and_ends():
    book = Book()
    assert list(book.update([span(0.5, 1.0, UNKNOWN, 4)], 0.0)) == [TurnStarted(0, 0.5, 1.0, None)]
    assert list(book.update([span(0.5, 1.5, UNKNOWN, 4)], 0.0)) == [TurnExtended(0, 1.5)]
    revised = TurnRevised(0, 0.5, 2.0, "SPEAKER_02", "heard more")
    assert list(book.update([span(0.5, 2.0, 2)], 0.0)) == [revised]
    assert list(book.update([span(0.5, 2.0, 2)], 2.5)) == [TurnEnded(0, 2.0)]
    assert list(book.update([], 3.0)) == []


def test_what_was_not_committed_can_be_taken_back():
    book, ledger = Book(), Ledger()
    ledger.apply(book.update([span(1.0, 2.0)], 0.5))
    ledger.apply(book.update([], 1.0))
    assert told(ledger) == []
    assert list(book.update([], 3.0)) == []


def test_what_was_committed_stays_and_may_become_anothers():
    book, ledger = Book(), Ledger()
    ledger.apply(book.update([span(1.0, 4.0)], 0.0))
    ledger.apply(book.update([], 2.0))
    assert told(ledger) == [(1.0, 2.0, "SPEAKER_00")]
    ledger.apply(book.correct([span(0.0, 3.0, 1)], 0.0, 3.0, "voices compared"))
    assert told(ledger) == [(1.0, 2.0, "SPEAKER_01")]
    assert book.final([Turn(0.0, 9.0, "SPEAKER_07")]) == {"SPEAKER_01": "SPEAKER_07"}
    assert book.final([]) == {}
