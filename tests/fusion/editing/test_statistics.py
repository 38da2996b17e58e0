"""Who talks how much: against a slow count of every hundredth of a second, and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.document import Document
from diarfuse.fusion.editing import statistics as module
from diarfuse.fusion.editing.statistics import Statistics, Talk, statistics_of
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn
from tests.fusion.documents import MEETING, line


def of(*turns: tuple[float, float, str], exclusive: tuple[tuple[float, float, str], ...] | None = None) -> Statistics:
    made = tuple(Turn(*turn) for turn in turns)
    alone = made if exclusive is None else tuple(Turn(*turn) for turn in exclusive)
    return statistics_of(Document(Transcript((), None, 20.0), Diarization(made, alone, 20.0)).content)


def test_a_meeting_by_hand() -> None:
    found = statistics_of(MEETING.content)
    assert [talk.speaker for talk in found.speakers] == ["SPEAKER_00", "SPEAKER_01"]
    first, second = found.speakers
    assert first == Talk("SPEAKER_00", 4.8, pytest.approx(4.8 / 9.2), 1, 4.8, 0, pytest.approx(0.2), 8)
    assert (second.interruptions, second.words, second.longest) == (1, 7, pytest.approx(4.2))
    assert second.words_per_minute == pytest.approx(60 * 7 / 4.4)
    assert (found.talk, found.overlap, found.words, found.turns) == (9.0, pytest.approx(0.2), 15, 2)
    assert found.silence == pytest.approx(0.1)
    assert found.interruptions == 1


def test_lines_without_words_are_cut_into_them() -> None:
    lines = (Segment(0, 2, " Hello there, all.", speaker="A"), Segment(2, 3, "  "), Segment(3, 4, "世界"))
    found = statistics_of(Document(Transcript(lines, None, 4.0)).content)
    assert (found.words, [talk.words for talk in found.speakers]) == (5, [3])


def test_a_pause_or_another_speaker_ends_a_turn() -> None:
    found = of((0, 2, "A"), (3, 5, "A"), (5, 6, "B"), (6, 7, "A"), (9.5, 10, "A"))
    assert {talk.speaker: (talk.turns, talk.longest) for talk in found.speakers} == {"A": (3, 5), "B": (1, 1)}


def test_who_only_agrees_does_not_interrupt() -> None:
    found = of((0, 5, "A"), (2, 3, "B"), (4, 8, "B"), (8, 9, "A"), (8, 10, "C"))
    assert {talk.speaker: talk.interruptions for talk in found.speakers} == {"A": 0, "B": 1, "C": 0}


def test_nothing_said_and_nothing_known() -> None:
    found = statistics_of(Document(Transcript((), None, 0.0)).content)
    assert (found.silence, found.words_per_minute, found.longest, found.speakers) == (0.0, 0.0, 0.0, ())
    assert statistics_of(Document(Transcript((), None, 5.0)).content).silence == 1.0
    plain = statistics_of(
        Document(Transcript((line(0.0, "One two.", "A"), line(2.0, "Three.", None)), "en", 4.0)).content
    )
    assert [(talk.speaker, talk.talk, talk.words) for talk in plain.speakers] == [("A", 1.0, 2)]
    assert plain.words == 3


turns = st.lists(
    st.tuples(st.integers(0, 150), st.integers(1, 60), st.sampled_from("ABC")).map(
        lambda t: (t[0] / 10, (t[0] + t[1]) / 10, t[2])
    ),
    max_size=8,
)


@given(turns)
def test_it_agrees_with_a_slow_count(rows) -> None:
    found = of(*rows)
    who = [{s for a, b, s in rows if a < at < b} for at in (n / 10 + 0.05 for n in range(210))]
    for talk in found.speakers:
        assert talk.talk == pytest.approx(sum(talk.speaker in now for now in who) / 10)
        assert talk.overlap == pytest.approx(sum(talk.speaker in now and len(now) > 1 for now in who) / 10)
    assert found.talk == pytest.approx(sum(bool(now) for now in who) / 10)
    assert found.overlap == pytest.approx(sum(len(now) > 1 for now in who) / 10)
    assert not rows or sum(talk.share for talk in found.speakers) == pytest.approx(1.0)


def test_thousands_of_speakers_are_no_look_at_all_stretches_for_each(monkeypatch) -> None:
    """A table of 10 000 speakers took minutes."""
    looks = []

    class Counted(frozenset):
        def __contains__(self, who: object) -> bool:
            looks.append(who)
            return super().__contains__(who)

    whole = module.stretches
    monkeypatch.setattr(module, "stretches", lambda turns: [(a, b, Counted(active)) for a, b, active in whole(turns)])
    found = of(*((float(i), i + 1.5, f"S{i}") for i in range(300)))
    assert [talk.talk for talk in found.speakers] == [1.5] * 300
    assert [talk.overlap for talk in found.speakers].count(1.0) == 298
    assert looks == []
