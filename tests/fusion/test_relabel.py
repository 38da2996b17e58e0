"""Renaming changes speakers and nothing else."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.relabel import is_name, rename_diarization, rename_transcript, rename_turns
from diarfuse.fusion.types import (
    Activity,
    Attribution,
    Diarization,
    Likeness,
    Segment,
    SpeakerShare,
    Transcript,
    Turn,
    Word,
)


def test_words_segments_and_others_are_renamed_and_texts_stay() -> None:
    others = (SpeakerShare("SPEAKER_01", 0.5), SpeakerShare("SPEAKER_02", 0.4), SpeakerShare("SPEAKER_03", 0.2))
    word = Word(0.0, 0.5, " hi", speaker="SPEAKER_00", attribution=Attribution("overlap", 0.9, others))
    plain = Word(0.5, 1.0, " you")
    before = Transcript((Segment(0.0, 1.0, " hi you", (word, plain), "SPEAKER_00"),), "en", 1.0)
    after = rename_transcript(before, {"SPEAKER_00": "Ana", "SPEAKER_01": "Ana", "SPEAKER_03": "Ben"})
    (segment,) = after.segments
    assert (segment.speaker, segment.text, segment.words[1]) == ("Ana", " hi you", plain)
    assert segment.words[0].attribution.others == (SpeakerShare("SPEAKER_02", 0.4), SpeakerShare("Ben", 0.2))
    assert rename_transcript(before, {}) == before


def test_only_a_shared_name_merges_turns() -> None:
    turns = [Turn(0, 2, "A"), Turn(1, 3, "B"), Turn(3, 4, "B"), Turn(5, 6, "A"), Turn(5, 7, "C")]
    assert rename_turns(turns, {"A": "Ana", "B": "Ana"}) == (
        Turn(0, 3, "Ana"),
        Turn(3, 4, "Ana"),
        Turn(5, 6, "Ana"),
        Turn(5, 7, "C"),
    )
    assert rename_turns(turns, {}) == tuple(turns)


def test_the_turn_that_reaches_furthest_is_not_forgotten() -> None:
    turns = [Turn(0, 5, "a1"), Turn(1, 2, "a2"), Turn(4, 6, "a2")]
    assert rename_turns(turns, {"a1": "X", "a2": "X"}) == (Turn(0, 6, "X"),)
    tied = [Turn(0, 2, "a1"), Turn(2, 2.5, "a1"), Turn(2, 3, "a2")]
    assert rename_turns(tied, {"a1": "X", "a2": "X"}) == (Turn(0, 3, "X"),)


NAMES = {"A": "Ana", "B": "Ana", "C": "Ana", "D": "Dan"}
ticks = st.tuples(st.integers(0, 20), st.integers(0, 6), st.sampled_from("ABCD"))


@given(st.lists(ticks, max_size=12))
def test_labels_of_one_name_are_merged_wherever_they_touch(rows) -> None:
    turns = [Turn(start, start + length, label) for start, length, label in rows]
    group = list(range(len(turns)))
    for i, j in combinations(range(len(turns)), 2):
        a, b = turns[i], turns[j]
        one = a.speaker != b.speaker and NAMES[a.speaker] == NAMES[b.speaker]
        if one and a.start <= b.end and b.start <= a.end:
            group = [group[i] if g == group[j] else g for g in group]
    expected = []
    for number in set(group):
        own = [turn for turn, g in zip(turns, group, strict=True) if g == number]
        expected.append(Turn(min(t.start for t in own), max(t.end for t in own), NAMES[own[0].speaker]))
    expected.sort(key=lambda t: (t.start, t.end, t.speaker))
    assert rename_turns(turns, NAMES) == tuple(expected)


def test_embeddings_and_activity_follow_a_merge() -> None:
    turns = (Turn(0, 3, "A"), Turn(3, 4, "B"), Turn(4, 5, "C"))
    embeddings = {label: np.eye(3, dtype=np.float32)[i] for i, label in enumerate("ABC")}
    scores = np.array([[0.1, 0.6, 0.2]], dtype=np.float32)
    diarization = Diarization(turns, turns, 5.0, (), embeddings, Activity(scores, ("A", "B", "C"), 0.0, 0.1))
    named = rename_diarization(diarization, {"A": "Ana", "B": "Ana"})
    np.testing.assert_allclose(named.embeddings["Ana"], [0.75, 0.25, 0], atol=1e-6)
    assert named.activity.speakers == ("Ana", "C")
    np.testing.assert_array_equal(named.activity.scores, np.array([[0.6, 0.2]], np.float32))
    assert named.speakers == ("Ana", "C")
    assert rename_diarization(diarization, {"A": "Ana"}).activity.scores is scores


def test_likeness_follows_a_merge_and_keeps_what_is_known() -> None:
    turns = (Turn(0, 3, "A"), Turn(3, 4, "B"), Turn(4, 5, "C"))
    scores = np.array([[0.1, 0.6, 0.2], [0.4, np.nan, np.nan], [np.nan, np.nan, 0.3]], np.float32)
    told = Likeness(np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]), scores, ("A", "B", "C"))
    named = rename_diarization(Diarization(turns, turns, 5.0, likeness=told), {"A": "Ana", "B": "Ana"}).likeness
    assert named.speakers == ("Ana", "C")
    np.testing.assert_array_equal(named.scores, np.float32([[0.6, 0.2], [0.4, np.nan], [np.nan, 0.3]]))
    np.testing.assert_array_equal(named.starts, told.starts)


def test_numbers_and_letters_are_no_names() -> None:
    numbered = (
        "SPEAKER_00",
        "speaker_1",
        "spk_0",
        "spk0",
        "S1",
        "UU",
        "A",
        "0",
        "Guest-2",
        "Speaker A",
        "ch_1",
        "ls1998",
    )
    assert [label for label in (*numbered, "", "unknown", "MEE068", "channel:3") if is_name(label)] == []
    names = ("Ana", "Ben K.", "李雷", "Ö", "Dr. No", "Al", "علی", "Speaker of the house")
    assert [name for name in names if not is_name(name)] == []
