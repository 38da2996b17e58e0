"""Names, merged speakers and words given to others: in words, segments and turns alike."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion import relabel
from diarfuse.fusion.document import Document
from diarfuse.fusion.editing import content as names_module
from diarfuse.fusion.editing import speakers as module
from diarfuse.fusion.editing.content import check_name
from diarfuse.fusion.editing.speakers import reassign, rename
from diarfuse.fusion.errors import OptionError, UnknownNameError
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from tests.fusion.documents import MEETING, line, said, spoken


def test_a_name_is_everywhere_at_once() -> None:
    after = MEETING.rename({"SPEAKER_00": "Ana", "SPEAKER_01": "Ben K."})
    assert after.speakers == ("Ana", "Ben K.")
    assert {word.speaker for word in after.transcript.words} == {"Ana", "Ben K."}
    assert spoken(after) == [(0.0, 4.8, "Ana"), (4.6, 9.0, "Ben K.")]
    swapped = after.rename({"Ana": "Ben K.", "Ben K.": "Ana"})
    assert said(swapped)[0][0] == "Ben K."
    assert swapped.undo() == after
    assert dict(swapped.history[-1].undo.names) == {"Ana": "Ben K.", "Ben K.": "Ana"}


def test_a_name_in_use_asks_for_merge() -> None:
    with pytest.raises(OptionError, match=r"'SPEAKER_01' is in use: .*merge 'SPEAKER_01' 'SPEAKER_00'"):
        MEETING.rename({"SPEAKER_00": "SPEAKER_01"})
    with pytest.raises(OptionError, match="merge them"):
        MEETING.rename({"SPEAKER_00": "Ana", "SPEAKER_01": "Ana"})
    with pytest.raises(UnknownNameError, match="'SPEAKER_1': the known ones are SPEAKER_00, SPEAKER_01"):
        MEETING.rename({"SPEAKER_1": "Ana"})
    with pytest.raises(OptionError, match="names none"):
        Document(Transcript((line(0.0, "Hi", None),), "en", 1.0)).rename({"A": "B"})


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[0m", "x" * 101, "nobody", "Nobody", "\u202eAna", "a\u2028b"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(OptionError):
        MEETING.rename({"SPEAKER_00": name})
    with pytest.raises(OptionError):
        MEETING.reassign("1-2", name or " ") if name != "nobody" else check_name(name)


def test_who_is_called_so_already_can_be_given_words_and_a_name() -> None:
    old = Document(Transcript((line(0.0, "Hi", "UNKNOWN"), line(2.0, "Ho", "Ana")), "en", 4.0))
    assert old.rename({"UNKNOWN": "Ben"}).speakers == ("Ana", "Ben")
    assert old.reassign("2-2", "UNKNOWN").speakers == ("UNKNOWN",)


@pytest.mark.parametrize("name", ["Ana", "Ben K.", "李雷", "علی‌رضا", "<b>", "x" * 100, "SPEAKER_07", "=1+1"])
def test_what_can_be_a_name_is_taken(name: str) -> None:
    assert name in MEETING.rename({"SPEAKER_00": f" {name} "}).speakers


def test_names_that_look_alike_are_one() -> None:
    typed, stored = "Zo\xe9", "Zoe\u0301"
    assert MEETING.rename({"SPEAKER_00": f" {stored} K."}).speakers == ("SPEAKER_01", f"{typed} K.")
    old = Document(Transcript((line(0.0, "Hi", stored), line(2.0, "Ho", "Ana")), "en", 4.0))
    assert old.rename({typed: "Eve"}).speakers == ("Ana", "Eve")
    assert old.rename({typed: "Eve"}).undo() == old.rename({stored: typed}).undo() == old
    assert old.rename({"Ana": "Eve  K."}).merge("Eve K.", typed).speakers == ("Eve  K.",)
    assert old.merge(typed, "Ana").speakers == (stored,)
    assert old.reassign("2", typed).speakers == (stored,)
    with pytest.raises(OptionError, match="is in use"):
        old.rename({"Ana": typed})


def test_merging_leaves_the_first_and_joins_turns_that_touch() -> None:
    after = MEETING.merge("SPEAKER_01", "SPEAKER_00")
    assert after.speakers == ("SPEAKER_01",)
    assert spoken(after) == [(0.0, 9.0, "SPEAKER_01")]
    for keep, others in (("SPEAKER_00", ()), ("SPEAKER_00", ("SPEAKER_00",))):
        with pytest.raises(OptionError, match="nobody to merge"):
            MEETING.merge(keep, *others)
    with pytest.raises(UnknownNameError):
        MEETING.merge("SPEAKER_00", "Zoe")


def test_words_go_to_another_and_the_turns_follow() -> None:
    after = MEETING.reassign("00:00:01.5-00:00:03.5", "SPEAKER_01")
    assert said(after)[:3] == [
        ("SPEAKER_00", " Hello there Anna."),
        ("SPEAKER_01", " How are"),
        ("SPEAKER_01", " you"),
    ]
    why = after.transcript.words[3].attribution
    assert (why.reason, why.confidence, why.others) == ("edited", 1.0, ())
    assert spoken(after) == [
        (0.0, 1.45, "SPEAKER_00"),
        (1.45, 3.45, "SPEAKER_01"),
        (3.45, 4.8, "SPEAKER_00"),
        (4.6, 9.0, "SPEAKER_01"),
    ]


def test_all_of_a_turn_goes_with_all_of_its_words() -> None:
    after = MEETING.reassign(range(8), "Cy")
    assert spoken(after) == [(0.0, 4.8, "Cy"), (4.6, 9.0, "SPEAKER_01")]
    assert after.diarization.exclusive == (Turn(0.0, 4.8, "Cy"), Turn(4.8, 9.0, "SPEAKER_01"))


def test_nobodys_words_are_lines_of_their_own() -> None:
    after = MEETING.reassign("4-5", "nobody")
    assert said(after)[:3] == [
        ("SPEAKER_00", " Hello there Anna."),
        (None, " How are"),
        ("SPEAKER_00", " you to day?"),
    ]
    assert spoken(after)[:2] == [(0.0, 1.45, "SPEAKER_00"), (2.7, 4.8, "SPEAKER_00")]
    assert said(after.reassign("4-5", "SPEAKER_00"))[1] == ("SPEAKER_00", " How are")


def test_a_word_that_no_turn_covers_gets_one() -> None:
    found = Diarization((Turn(5.0, 6.0, "B"),), (Turn(5.0, 6.0, "B"),), 9.0)
    alone = Document(Transcript((line(1.0, "Hm", None), line(5.2, "Yes.", "B")), "en", 9.0), found)
    assert spoken(alone.reassign("1-1", "A")) == [(1.0, 1.4, "A"), (5.0, 6.0, "B")]
    assert spoken(alone.reassign("2-2", "A")) == [(5.0, 6.0, "A")]


def test_who_had_no_turns_still_has_words() -> None:
    plain = Document(Transcript((Segment(0.0, 2.0, "One two."),), "en", 2.0))
    after = plain.reassign("2", "Ana")
    assert said(after) == [(None, "One"), ("Ana", " two.")]
    assert after.diarization is None
    assert [turn.speaker for turn in after.turns] == ["Ana"]


starts = st.integers(0, 30).map(lambda n: n / 2)
speakers = st.sampled_from(["A", "B", "C"])


def test_a_word_that_ends_before_it_begins_makes_no_such_turn() -> None:
    words = (Word(3.0, 2.5, " Bye", speaker="A"),)
    there = Document(Transcript((Segment(2.5, 3.0, " Bye", words, "A"),), "en", 4.0), Diarization((), (), 4.0))
    assert spoken(there.reassign([0], "B")) == [(2.5, 3.0, "B")]


@given(
    st.lists(st.tuples(starts, speakers), min_size=1, max_size=8),
    st.lists(st.tuples(starts, st.integers(1, 8), speakers), max_size=6),
    st.sets(st.integers(0, 7)),
    st.none() | st.sampled_from(["A", "B", "D"]),
)
def test_only_chosen_words_change_and_exclusive_turns_stay_apart(rows, spans, chosen, speaker) -> None:
    rows.sort()
    words = tuple(Word(start, start + 0.5, f" w{i}", speaker=who) for i, (start, who) in enumerate(rows))
    segments = tuple(Segment(word.start, word.end, word.text, (word,), word.speaker) for word in words)
    turns = tuple(sorted((Turn(a, a + n / 2, who) for a, n, who in spans), key=lambda t: (t.start, t.end, t.speaker)))
    exclusive, last = [], 0.0
    for turn in turns:
        if turn.end > max(last, turn.start):
            exclusive.append(Turn(max(last, turn.start), turn.end, turn.speaker))
            last = turn.end
    content = Document(Transcript(segments, "en", 30.0), Diarization(turns, tuple(exclusive), 30.0)).content
    after = reassign(content, chosen, speaker)
    for index, (was, now) in enumerate(zip(words, after.transcript.words, strict=True)):
        assert (now.start, now.end, now.text) == (was.start, was.end, was.text)
        assert now.speaker == (speaker if index in chosen else was.speaker)
    assert after.diarization is not None
    for one, other in pairwise(after.diarization.exclusive):
        assert one.end <= other.start + 1e-9
    if speaker is not None and chosen & set(range(len(words))):
        assert speaker in after.speakers
    untouched = {t for t in turns if not any(words[i].speaker == t.speaker for i in chosen if i < len(words))}
    if speaker != "C":
        assert {t for t in untouched if t.speaker == "C"} <= set(after.diarization.turns)


def joined_slowly(turns, new):
    """The turns and one more, which becomes one with those of its speaker that it touches as it grows."""
    apart = []
    for turn in sorted(turns, key=module._order):
        if turn.speaker == new.speaker and turn.start <= new.end and turn.end >= new.start:
            new = Turn(min(turn.start, new.start), max(turn.end, new.end), new.speaker)
        else:
            apart.append(turn)
    return [*apart, new]


def moved_slowly(turns, moves, speaker, *, alone):
    """What `_moved` gives, by a look at every turn for every move."""
    kept = list(turns)
    for move in moves:
        if move.speaker == speaker:
            continue
        taken = [module._taken(turn, move) for turn in kept if module._meets(turn, move)]
        losers = {turn.speaker for turn in kept} - {speaker} if alone else {move.speaker}
        for start, end in taken or [(move.start, move.end)]:
            kept = [
                left
                for turn in kept
                for left in (module._without(turn, start, end) if turn.speaker in losers else [turn])
            ]
            kept = kept if speaker is None else joined_slowly(kept, Turn(start, end, speaker))
    return tuple(sorted(kept, key=module._order))


TIMES = st.integers(0, 60).map(lambda quarter: quarter / 4)
LENGTHS = st.sampled_from([0.07, 0.25, 1.0, 20.0])
SPAN_OF = st.builds(lambda start, length, who: (start, start + length, who), TIMES, LENGTHS, st.sampled_from("ABC"))


@given(
    st.lists(SPAN_OF, max_size=12),
    st.lists(st.tuples(SPAN_OF, st.booleans()), min_size=1, max_size=15),
    st.sampled_from(["A", "Z", None]),
    st.booleans(),
)
def test_turns_move_as_a_look_at_all_of_them_would_move_them(spans, said, speaker, alone) -> None:
    turns = sorted((Turn(*span) for span in spans), key=module._order)
    words = [Word(start, end, " x", speaker=who) for (start, end, who), _ in sorted(said)]
    chosen = {number for number, (_, picked) in enumerate(sorted(said)) if picked}
    moves = list(module._moves(words, chosen))
    assert module._moved(turns, moves, speaker, alone=alone) == moved_slowly(turns, moves, speaker, alone=alone)


def test_every_other_word_of_a_long_turn_moves_without_a_look_at_the_others(monkeypatch) -> None:
    """Each move looked at all turns that the long one had become: 6000 words took minutes."""
    looks = []
    monkeypatch.setattr(module, "_order", lambda turn: looks.append(turn) or (turn.start, turn.end, turn.speaker))
    count = 2000
    words = tuple(Word(i, i + 0.5, f" w{i}", speaker="A") for i in range(count))
    said = Transcript((Segment(0.0, count, "".join(w.text for w in words), words, "A"),), "en", float(count))
    turns = (Turn(0.0, float(count), "A"),)
    after = reassign(Document(said, Diarization(turns, turns, float(count))).content, set(range(0, count, 2)), "B")
    assert after.diarization is not None
    assert Counter(turn.speaker for turn in after.diarization.turns) == {"A": count / 2, "B": count / 2}
    assert len(looks) < 100 * count


def test_thousands_are_renamed_at_once(monkeypatch) -> None:
    """Each name was compared with all others."""
    looks = []
    monkeypatch.setattr(names_module, "_tidied", lambda name: looks.append(name) or name.strip())
    count = 500
    words = (
        Segment(float(i), i + 1.0, " hi", (Word(i, i + 1.0, " hi", speaker=f"S{i}"),), f"S{i}") for i in range(count)
    )
    content = Document(Transcript(tuple(words), "en", float(count))).content
    after = rename(content, {f"S{i} ": f"Person {i}" for i in range(count)})
    assert len(after.speakers) == count
    assert len(looks) <= 4 * count


def test_thousands_who_touch_become_one(monkeypatch) -> None:
    """Each turn was compared with all labels before it."""
    turns = tuple(Turn(float(i), i + 1.0, f"S{i}") for i in range(400))
    met = []
    of = relabel._Union.of
    monkeypatch.setattr(relabel._Union, "of", lambda turn, others: met.append(union := of(turn, others)) or union)
    assert relabel.rename_turns(turns, {turn.speaker: "Ana" for turn in turns}) == (Turn(0.0, 400.0, "Ana"),)
    assert max(len(union.ends) for union in met) == 2
