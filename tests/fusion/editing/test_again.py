"""Heard again: names follow the voices in time, what was edited stays, and what could not stay is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.document import Document
from diarfuse.fusion.editing.again import _shared, names_by_overlap, rediarized, rerecognised
from diarfuse.fusion.types import Diarization, Transcript, Turn
from tests.fusion.documents import MEETING, line

NAMED = MEETING.rename({"SPEAKER_00": "Ana", "SPEAKER_01": "Ben"})


def found(*turns: tuple[float, float, str]) -> Diarization:
    made = tuple(Turn(*turn) for turn in turns)
    return Diarization(made, made, 10.0, ("A note.",))


def said(content) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in content.transcript.segments]


def test_names_follow_the_voices_in_time() -> None:
    after, lost = rediarized(NAMED.content, found((0, 4.5, "SPEAKER_01"), (4.5, 9.0, "SPEAKER_00")))
    assert lost == ()
    assert [speaker for speaker, _ in said(after)] == ["Ana", "Ana", "Ben", "Ben"]
    assert after.diarization == replace(found((0, 4.5, "Ana"), (4.5, 9.0, "Ben")), notes=())
    assert [w.text for w in after.transcript.words] == [w.text for w in NAMED.transcript.words]


def test_new_voices_get_labels_that_nobody_has_and_lost_names_are_told() -> None:
    parts = found((0, 1.45, "SPEAKER_00"), (1.45, 4.5, "SPEAKER_01"), (4.5, 9.0, "SPEAKER_02"))
    after, lost = rediarized(NAMED.content, parts)
    assert after.speakers == ("Ana", "Ben", "SPEAKER_00")
    assert lost == ()
    after, lost = rediarized(NAMED.content, found((0, 9.0, "SPEAKER_00")))
    assert after.speakers == ("Ana",)
    assert lost == ("Ben is not found any more: those words are another speaker's now.",)
    _, lost = rediarized(MEETING.content, found((0, 9.0, "SPEAKER_00")))
    assert lost == ()  # a number is no name that anybody would miss


def test_words_given_by_hand_stay_with_their_speaker() -> None:
    edited = NAMED.reassign("4-5", "Cy").reassign("1-1", "nobody").text("00:00:05", "I am well, Anna.")
    after, lost = rediarized(edited.content, found((0, 4.5, "X"), (4.5, 9.0, "Y")))
    assert lost == ()
    for was, now in zip(edited.transcript.words, after.transcript.words, strict=True):
        assert (was.text, was.start, was.edited) == (now.text, now.start, now.edited)
        if was.attribution.reason == "edited":
            assert (now.speaker, now.attribution) == (was.speaker, was.attribution)
    assert after.speakers == ("Ana", "Ben", "Cy")
    assert "Cy" in {turn.speaker for turn in after.diarization.turns}


def test_a_line_that_was_cut_at_a_change_is_whole_where_there_is_none() -> None:
    cut = NAMED.reassign("2-2", "Cy")
    plain = replace(
        cut,
        transcript=replace(
            cut.transcript,
            segments=tuple(
                replace(s, words=tuple(replace(w, attribution=None) for w in s.words)) for s in cut.transcript.segments
            ),
        ),
    )
    after, _ = rediarized(plain.content, found((0, 4.5, "X"), (4.5, 9.0, "Y")))
    assert said(after)[0] == ("Ana", " Hello there Anna. How are")


HEARD = Transcript(
    (
        line(0.1, "Hallo there Hannah. How are", None),
        line(3.0, "you doing today?", None),
        line(5.0, "I'm fine Hanna Smith", None),
        line(8.0, "indeed fine.", None),
    ),
    "en",
    10.0,
    ("Heard anew.",),
)


def test_new_words_go_to_the_same_turns() -> None:
    after, lost = rerecognised(NAMED.content, HEARD)
    assert lost == ()
    assert [speaker for speaker, _ in said(after)] == ["Ana", "Ana", "Ben", "Ben"]
    assert said(after)[1][1] == " you doing today?"
    assert after.diarization == NAMED.diarization


def test_a_corrected_sentence_stands_where_it_stood() -> None:
    edited = NAMED.text("00:00:02", "How do you do?")
    after, lost = rerecognised(edited.content, HEARD)
    assert lost == ()
    assert said(after)[:3] == [("Ana", " Hallo there Hannah."), ("Ana", " How do"), ("Ana", " you do?")]
    kept = [word for word in after.transcript.words if word.edited]
    assert kept == [word for word in edited.transcript.words if word.edited]
    starts = [segment.start for segment in after.transcript.segments]
    assert starts == sorted(starts)


def test_given_words_are_given_again_or_it_is_told() -> None:
    edited = NAMED.reassign("4-5", "Cy").reassign("14-15", "nobody")
    after, lost = rerecognised(edited.content, HEARD)
    assert lost == ()
    assert [(s, t) for s, t in said(after) if s in {"Cy", None}] == [("Cy", " How are"), (None, " indeed fine.")]
    early = replace(HEARD, segments=HEARD.segments[:2])
    _, lost = rerecognised(edited.content, early)
    assert lost == ("Nothing is heard any more at 00:00:08.0, which was given to somebody by hand.",)


def test_without_turns_the_words_are_just_new() -> None:
    plain = Document(Transcript((line(0.0, "Hi all.", None),), "en", 10.0))
    after, lost = rerecognised(plain.content, HEARD)
    assert (after.transcript.segments, lost, after.diarization) == (HEARD.segments, (), None)


turns = st.lists(
    st.builds(
        lambda a, n, who: Turn(a / 2, (a + n) / 2, who), st.integers(0, 30), st.integers(1, 9), st.sampled_from("ABC")
    ),
    max_size=8,
)


@given(turns, turns)
def test_every_new_speaker_has_a_name_of_its_own_and_the_largest_overlap_is_kept(old, new) -> None:
    content = Document(Transcript((), None, 20.0), Diarization(tuple(old), (), 20.0)).content
    fresh = [replace(turn, speaker=f"N{turn.speaker}") for turn in new]
    names = names_by_overlap(content, fresh)
    assert set(names) == {turn.speaker for turn in fresh}
    assert len(set(names.values())) == len(names)
    shared: dict[tuple[str, str], float] = {}
    for one in fresh:
        for other in old:
            seconds = min(one.end, other.end) - max(one.start, other.start)
            if seconds > 0:
                pair = (one.speaker, other.speaker)
                shared[pair] = shared.get(pair, 0.0) + seconds
    assert _shared(fresh, old) == pytest.approx(shared)
    if shared:
        (label, name), _ = min(shared.items(), key=lambda item: (-item[1], item[0]))
        assert names[label] == name
    assert all(name in {t.speaker for t in old} or name.startswith("SPEAKER_") for name in names.values())
