"""Where a run is cut: the cheapest way, found by trying all."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.fusion.cues import cutting
from diarfuse.fusion.cues.cutting import Cycle, cut
from diarfuse.fusion.cues.pieces import Piece, too_far
from diarfuse.fusion.layout import Layout
from diarfuse.fusion.text import Part
from tests.amounts import examples

LAYOUT = Layout(width=12)
PLAIN = Cycle((0,))


def pieces_of(
    *words: str, pace: float = 0.4, pauses: dict[int, float] | None = None, spaced: bool = True
) -> list[Piece]:
    made, at = [], 0.0
    for index, word in enumerate(words):
        at += (pauses or {}).get(index, 0.0)
        ended, closed = word.endswith("."), word.endswith((".", ","))
        part = Part(word, len(word), spaced and index > 0, word in ("the", "of"), closed)
        made.append(Piece(f" {word}", at, at + pace, ended, closed, part.weak, (part,)))
        at += pace
    return made


def texts(
    pieces: list[Piece], layout: Layout = LAYOUT, cycle: Cycle = PLAIN, crowded: tuple[bool, ...] = ()
) -> list[str]:
    return ["".join(p.text for p in pieces[a:b]).strip() for a, b in cut(pieces, layout, cycle, crowded)]


def test_no_word_is_orphaned_where_others_can_share():
    words = ["it", "grows", "quickly", "as", "the", "size", "of", "drops", "increases."]
    assert all(" " in text for text in texts(pieces_of(*words)))
    assert texts(pieces_of("Yes.", "That", "is", "how", "it", "was", "then."))[-1] != "then."


def test_cues_end_at_sentences_and_not_in_weak_words():
    words = ["we", "met", "on", "Monday.", "Then", "came", "all", "of", "the", "others", "again."]
    found = texts(pieces_of(*words), Layout(width=16))
    assert found[0] == "we met on Monday."
    assert not any(text.endswith((" of", " the")) for text in found)


def test_cues_end_at_pauses():
    words = pieces_of("one", "two", "three", "four", "five", pauses={2: 0.9})
    assert texts(words, Layout(width=14))[0] == "one two"
    far = pieces_of("one", "two", pauses={1: 2.0})
    assert texts(far) == ["one", "two"], "so far apart they share nothing, whatever else"


def test_a_silence_costs_from_the_pause_on_and_more_the_longer_it_is():
    words = pieces_of("one", "two", "three", "four", pauses={1: 0.5, 2: LAYOUT.pause + 1e-9, 3: LAYOUT.pause + 1})
    free, short, at_the_pause, long = cutting._pauses(words, LAYOUT)
    assert free == short == 0.0
    assert (at_the_pause, long) == (pytest.approx(cutting._PAUSED), pytest.approx(5.0))


def test_labels_take_room_in_some_cues_of_a_run():
    words = pieces_of(*["abcd"] * 12)
    layout = Layout(width=9, lines=1)
    assert texts(words, layout, PLAIN) == ["abcd abcd"] * 6
    assert texts(words, layout, Cycle((5, 0, 0)))[0] == "abcd"


def test_crowded_cues_leave_a_line_for_the_other():
    words = pieces_of("so", "we", "all", "went", "home", "then")
    assert len(texts(words, LAYOUT, PLAIN)) == 1 + (sum(len(p.text) for p in words) > 24)
    crowded = (False, False, False, True, True, True)
    assert all(len(text) <= 12 for text in texts(words, LAYOUT, PLAIN, crowded)[1:])


@settings(max_examples=examples(60))
@given(
    st.lists(st.sampled_from(["a", "the", "word,", "end.", "longest"]), min_size=1, max_size=7),
    st.sampled_from([PLAIN, Cycle((4, 0, 0)), Cycle((4, 0), loops=False)]),
    st.data(),
)
def test_the_way_found_is_the_cheapest_of_all(words, cycle, data):
    pieces = pieces_of(*words, pauses={i: data.draw(st.sampled_from([0.0, 0.3, 1.0])) for i in range(len(words))})
    prices: dict[tuple[int, int, int], tuple[float, bool]] = {}

    original = cutting._reach

    def noted(row, start, indent, layout, given_cycle):
        for stop, price, crowd in original(row, start, indent, layout, given_cycle):
            prices[start, stop, indent] = price, crowd
            yield stop, price, crowd

    cutting._reach = noted
    try:
        found = cut(pieces, LAYOUT, cycle)
    finally:
        cutting._reach = original

    def cost(bounds: list[tuple[int, int]]) -> float:
        state, total = 0, 0.0
        for start, stop in bounds:
            if (start, stop, cycle.indents[state]) not in prices:
                return float("inf")
            total += prices[start, stop, cycle.indents[state]][0]
            state = cycle.after(state)
        return total

    ways = (
        list(pairwise([0, *(i + 1 for i, mark in enumerate(marks) if mark), len(pieces)]))
        for marks in product([False, True], repeat=len(pieces) - 1)
    )
    assert cost(found) <= min(map(cost, ways)) + 1e-9


def columns(pieces: list[Piece]) -> int:
    return sum(len(part.text) + part.spaced for piece in pieces for part in piece.parts)


def price_of(pieces: list[Piece], start: int, stop: int, indent: int, crowded: list[bool]) -> float | None:
    """The price list, read out for one cue of a run that `LAYOUT` is for; None where it does not fit."""
    inside, last, lines = pieces[start:stop], pieces[stop - 1], [indent]
    begins = []
    for index, piece in enumerate(inside):
        wide = columns([piece])
        if lines[-1] and lines[-1] + wide > LAYOUT.width:
            lines.append(0)
            begins.append(start + index)
        lines[-1] += wide if lines[-1] else wide - piece.parts[0].spaced
    read = columns(inside) / LAYOUT.speed
    if len(inside) > 1 and (len(lines) > 2 or max(read, last.end - inside[0].start) > LAYOUT.longest):
        return None
    price = 1.0 + cutting._FULL * (columns(inside) / 24) ** 2
    for before, after in pairwise(inside):
        silence = after.start - before.end
        price += cutting._PAUSED + cutting._PAUSE_SECOND * (silence - LAYOUT.pause) if silence >= LAYOUT.pause else 0
    follows = pieces[stop] if stop < len(pieces) else None
    if follows and not last.ended:
        silence = follows.start - last.end
        heard = min(1.5, silence) if silence >= cutting._HEARD_PAUSE else 0
        price += max(0, (cutting._CLAUSE if last.closed else cutting._INSIDE) - heard) + cutting._WEAK * last.weak
        price += cutting._RAGGED * any(piece.ended for piece in inside[:-1])
    spaces = any(piece.parts[0].spaced for piece in pieces)
    if len(inside) < len(pieces) and (len(inside) == 1 if spaces else columns(inside) <= cutting._FEW_COLUMNS):
        whole = (start == 0 or pieces[start - 1].ended) and (not follows or last.ended)
        price += cutting._SINGLE if whole else cutting._ORPHAN
    room = max((follows.start if follows else UNTIL) - LAYOUT.gap - inside[0].start, 1e-3)
    price += cutting._SHORT * max(0, 1 - room / LAYOUT.shortest)
    price += cutting._FAST * max(0, min(3, (columns(inside) + indent) / LAYOUT.speed / room - 1))
    if len(lines) == 2 and begins[0] > start:
        folds = [k for k in range(start + 1, begins[0] + 1) if columns(pieces[k:stop]) <= LAYOUT.width]
        price += cutting._WEAK_LINE * all(pieces[k - 1].weak for k in folds)
    if any(crowded[start:stop]) and columns(inside) + len("- ") + indent > LAYOUT.width:
        price += cutting._CROWDED
    return price


UNTIL = 9.0


@given(
    st.lists(st.sampled_from(["a", "the", "word,", "end.", "longest", "verylongest"]), min_size=1, max_size=7),
    st.data(),
    st.booleans(),
    st.sampled_from([0.2, 2.4]),
)
def test_each_cue_has_the_price_of_what_readers_mind(words, data, spaced, pace):
    drawn = [data.draw(st.tuples(st.sampled_from([0.0, 0.2, 0.3, 0.8, 1.0]), st.booleans())) for _ in words]
    pieces = pieces_of(*words, pauses={i: pause for i, (pause, _) in enumerate(drawn)}, pace=pace, spaced=spaced)
    crowded = [crowd for _, crowd in drawn]
    noted = {}

    original = cutting._reach

    def reach(row, start, indent, *rest):
        for stop, price, crowd in original(row, start, indent, *rest):
            noted[start, stop, indent] = price
            yield stop, price, crowd

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "_reach", reach)
        cut(pieces, LAYOUT, Cycle((4, 0)), crowded, UNTIL)
    for (start, stop, indent), price in noted.items():
        room = 4 if any(crowded[start:stop]) else indent
        assert price == pytest.approx(price_of(pieces, start, stop, room, crowded)), (start, stop, indent)
    for start, indent in {(start, indent) for start, _, indent in noted}:
        longest = max(stop for begin, stop, room in noted if (begin, room) == (start, indent))
        if longest < len(pieces) and not too_far(pieces[longest - 1], pieces[longest]):
            room = 4 if any(crowded[start : longest + 1]) else indent
            assert price_of(pieces, start, longest + 1, room, crowded) is None
