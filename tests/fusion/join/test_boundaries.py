"""Each rule of the resolved join, alone."""

from __future__ import annotations

import numpy as np

from diarfuse.fusion.join.assign import Policy, assign_speakers
from diarfuse.fusion.join.boundaries import (
    CHANGE,
    CHEAP_CHANGE,
    DEAR_CHANGE,
    contested_words,
    drop_islands,
    follow_words,
    switch_prices,
)
from diarfuse.fusion.join.intervals import loudest, share_table
from diarfuse.fusion.join.kinds import read_turns
from diarfuse.fusion.join.timing import timed
from diarfuse.fusion.types import Activity, Diarization, Turn, Word

A, B = "A", "B"


def times(*spans: tuple[float, float]):
    return timed(np.array([s for s, _ in spans], float), np.array([e for _, e in spans], float))


def said(words: list[tuple[float, float, str]], turns, policy: Policy | None = None) -> list[str | None]:
    return [w.speaker for w in assign_speakers([Word(*w) for w in words], turns, policy or Policy())]


def test_only_words_in_doubt_are_contested():
    given = times((0.0, 0.4), (0.9, 1.3), (1.5, 1.9), (1.7, 2.0))
    shares = share_table(given.starts, given.ends, read_turns([Turn(0, 1, A), Turn(1, 5, B)]))
    assert contested_words(given, shares, loudest(shares, 4)).tolist() == [False, True, True, True]


def test_overlapping_words_of_two_voices_are_told_apart_by_when_each_speaks():
    turns = [Turn(0.0, 2.0, A), Turn(1.0, 3.0, B)]
    words = [(0.0, 0.5, "a1"), (0.5, 1.0, "a2"), (1.0, 1.5, "a3"), (1.0, 1.6, "b1"), (1.5, 2.0, "a4"), (1.6, 3.0, "b2")]
    assert said(words, turns) == [A, A, A, B, A, B]
    assert said(words, turns, Policy(join="plain")) == [A, A, A, A, A, B]


def test_a_change_of_speaker_is_cheap_after_pauses_and_sentences_and_dear_inside_one():
    given = times((0.0, 0.4), (0.4, 0.8), (0.8, 1.0), (2.0, 2.4))
    assert switch_prices(given, np.array([False, True, False, False])).tolist() == [
        DEAR_CHANGE, DEAR_CHANGE, CHEAP_CHANGE, CHEAP_CHANGE,
    ]  # fmt: skip
    assert switch_prices(given, np.zeros(4, bool)).tolist() == [CHANGE, CHANGE, CHANGE, CHEAP_CHANGE]


def test_sentence_ends_attract_changes():
    turns = [Turn(0.0, 1.0, A), Turn(1.0, 3.0, B)]
    ends_late = [(0.2, 0.5, "That"), (0.5, 0.8, "is"), (0.8, 1.2, "all."), (1.2, 1.5, "Well"), (1.5, 1.9, "then")]
    ends_early = [(0.2, 0.5, "That"), (0.5, 0.8, "all."), (0.8, 1.2, "Well"), (1.2, 1.5, "and"), (1.5, 1.9, "then")]
    assert said(ends_late, turns) == [A, A, A, B, B]
    assert said(ends_early, turns) == [A, A, B, B, B]


def test_a_short_run_on_weak_evidence_does_not_flip_a_sentence():
    given = times((0.0, 0.4), (0.4, 0.8), (0.8, 1.2))
    turns = read_turns([Turn(0.0, 1.2, A), Turn(0.45, 0.75, B)])
    shares = share_table(given.starts, given.ends, turns)
    flipped = np.array([0, 1, 0])
    assert drop_islands(given, flipped, shares, np.zeros(3, bool)).tolist() == [False, True, False]
    assert not drop_islands(given, flipped, shares, np.array([True, False, False])).any(), "a sentence ends before it"
    strong = share_table(given.starts, given.ends, read_turns([Turn(0, 0.4, A), Turn(0.4, 0.8, B), Turn(0.8, 1.2, A)]))
    assert not drop_islands(given, flipped, strong, np.zeros(3, bool)).any(), "its evidence is strong"
    apart = times((0.0, 0.3), (0.7, 0.8), (1.2, 1.5))
    assert not drop_islands(apart, flipped, shares, np.zeros(3, bool)).any(), "there are pauses around it"


def test_punctuation_follows_its_word():
    assert follow_words(["Yes", ".", "(", "No", ")", "?"]).tolist() == [0, 0, 3, 3, 3, 3]
    assert follow_words([".", "a"]).tolist() == [1, 1]
    assert follow_words([".", ","]).tolist() == [0, 1]
    turns = [Turn(0, 1, A), Turn(1, 2, B)]
    assert said([(0.2, 0.9, "Yes"), (1.05, 1.1, "."), (1.2, 1.8, "No")], turns) == [A, A, B]


def test_frame_activity_decides_where_turns_do_not():
    turns = (Turn(0.0, 2.0, A), Turn(0.0, 2.0, B))
    scores = np.zeros((200, 2), np.float32)
    scores[:100, 1] = scores[100:, 0] = 1.0
    heard = Diarization(turns, (), 2.0, activity=Activity(scores, (A, B), 0.005, 0.01))
    assert said([(0.1, 0.5, "b"), (0.5, 0.9, "b"), (1.1, 1.5, "a"), (1.5, 1.9, "a")], heard) == [B, B, A, A]


def test_the_exclusive_turns_decide_and_the_others_are_listed():
    turns = (Turn(0.0, 10.0, A), Turn(4.0, 6.0, B))
    exclusive = (Turn(0.0, 4.0, A), Turn(4.0, 6.0, B), Turn(6.0, 10.0, A))
    words = [Word(i / 2, i / 2 + 0.4, "w") for i in range(20)]
    for policy in (Policy(), Policy(join="plain")):
        joined = assign_speakers(words, Diarization(turns, exclusive, 10.0), policy)
        assert [w.speaker for w in joined] == [A] * 8 + [B] * 4 + [A] * 8
        assert [(o.speaker, o.share) for o in joined[9].attribution.others] == [(A, 1.0)]
        assert joined[0].attribution.others == ()
