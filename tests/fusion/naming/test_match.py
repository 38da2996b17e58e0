"""The naming rules, each by itself and all together against a plain restatement."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarfuse.fusion.errors import OptionError, VoiceError
from diarfuse.fusion.naming.match import (
    Cluster,
    Gate,
    Voice,
    cosine,
    identify,
    identify_primary,
    link_speakers,
    score,
    unit_length,
)
from tests.amounts import examples

GATE = Gate(threshold=0.5, margin=0.1, min_speech=5.0, same=0.6)
SPACE = "test:1"


def towards(*weights: float) -> np.ndarray:
    """A direction in 8 dimensions; weights are squared shares along the axes, the rest on the last."""
    vector = np.zeros(8)
    vector[: len(weights)] = weights
    vector[7] = np.sqrt(max(0.0, 1.0 - float(np.sum(np.square(weights)))))
    return vector.astype(np.float32)


def axis(index: int) -> np.ndarray:
    return np.eye(8, dtype=np.float32)[index]


ANA, BEN = Voice("Ana", SPACE, (axis(0),)), Voice("Ben", SPACE, (axis(1),))


def cluster(label: str, embedding: np.ndarray, speech: float = 30.0, **overlaps: float) -> Cluster:
    return Cluster(label, SPACE, embedding, speech, overlaps)


def test_a_clear_match_gets_the_name() -> None:
    (naming,) = identify([cluster("SPEAKER_00", towards(0.7, 0.1))], [ANA, BEN], GATE)
    assert (naming.name, naming.reason) == ("Ana", "matched 0.70")


def test_a_score_at_the_threshold_is_enough() -> None:
    gate = Gate(threshold=1.0, margin=0.1, min_speech=5.0, same=1.0)
    (everybody,) = identify([cluster("SPEAKER_00", axis(0))], [ANA, BEN], gate)
    (primary,) = identify_primary([cluster("SPEAKER_00", axis(0))], ANA, gate)
    assert everybody.name == primary.name == "Ana"


@pytest.mark.parametrize(
    ("embedding", "speech", "reason"),
    [
        (towards(0.9), 4.9, "too short: 4.9 s of speech, 5 s are needed"),
        (towards(0.62, 0.58), 30, "ambiguous: Ana 0.62 / Ben 0.58"),
        (towards(0.3, 0.2), 30, "no match: Ana 0.30"),
    ],
)
def test_each_doubt_keeps_the_label_and_says_why(embedding: np.ndarray, speech: float, reason: str) -> None:
    (naming,) = identify([cluster("SPEAKER_00", embedding, speech)], [ANA, BEN], GATE)
    assert (naming.name, naming.reason) == (None, reason)


def test_nobody_enrolled_and_nobody_speaking() -> None:
    assert identify([], [ANA], GATE) == ()
    (naming,) = identify([cluster("SPEAKER_00", axis(0))], [], GATE)
    assert naming.reason == "no match: nobody is enrolled"


def test_one_name_goes_to_the_better_cluster() -> None:
    # 0.9 and 0.6 along Ana, the rest along different axes: cosine of the two is 0.54, below `same`.
    best, second = cluster("SPEAKER_01", towards(0.9, 0, 0.43)), cluster("SPEAKER_00", towards(0.6))
    named = identify([second, best], [ANA], GATE)
    assert [n.name for n in named] == [None, "Ana"]
    assert named[0].reason == "Ana 0.60 is already SPEAKER_01 0.90"


def test_a_split_person_keeps_one_name_for_both() -> None:
    parts = [cluster("SPEAKER_00", towards(0.8)), cluster("SPEAKER_01", towards(0.85))]
    assert [n.name for n in identify(parts, [ANA], GATE)] == ["Ana", "Ana"]


def test_two_who_speak_at_once_are_not_one_person() -> None:
    parts = [cluster("SPEAKER_00", towards(0.8)), cluster("SPEAKER_01", towards(0.85), SPEAKER_00=3.0)]
    assert [n.name for n in identify(parts, [ANA], GATE)] == [None, "Ana"]


def test_spaces_and_dimensions_never_mix() -> None:
    other = Voice("Ana", "test:2", (axis(0),))
    with pytest.raises(VoiceError, match="cannot be compared"):
        identify([cluster("SPEAKER_00", axis(0))], [other], GATE)
    with pytest.raises(VoiceError, match="8 and 4 dimensions"):
        cosine(axis(0), np.ones(4, dtype=np.float32))


@pytest.mark.parametrize("bad", [np.zeros(4), np.array([np.nan, 1]), np.array([np.inf, 1]), np.zeros(0)])
def test_an_embedding_without_direction_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(VoiceError, match="finite and not zero"):
        unit_length(bad.astype(np.float32))


@pytest.mark.parametrize("field", [{"threshold": 2.0}, {"same": float("nan")}, {"margin": -1}, {"min_speech": np.inf}])
def test_gates_outside_their_range_are_refused(field: dict[str, float]) -> None:
    with pytest.raises(OptionError, match=next(iter(field))):
        Gate(**{"threshold": 0.5, "margin": 0.1, "min_speech": 5, "same": 0.6, **field})


def test_the_nearest_prototype_counts() -> None:
    voice = Voice("Ana", SPACE, (axis(0), axis(3)))
    assert score(towards(0.6, 0, 0, 0.8), voice) == pytest.approx(0.8)
    with pytest.raises(VoiceError, match="enrol it again"):
        score(axis(0), Voice("Ana", SPACE, ()))


def test_primary_is_one_cluster_or_none() -> None:
    me = Voice("me", SPACE, (axis(0),))
    names = identify_primary([cluster("SPEAKER_00", towards(0.3)), cluster("SPEAKER_01", towards(0.8))], me, GATE)
    assert [(n.name, n.reason) for n in names] == [(None, "no match: me 0.30"), ("me", "matched 0.80")]
    close = identify_primary([cluster("SPEAKER_00", towards(0.75)), cluster("SPEAKER_01", towards(0.8))], me, GATE)
    assert [n.name for n in close] == [None, None]
    assert close[0].reason == "ambiguous: SPEAKER_01 0.80 / SPEAKER_00 0.75"
    assert identify_primary([cluster("SPEAKER_00", axis(0), 1.0)], me, GATE)[0].reason.startswith("too short")
    assert identify_primary([], me, GATE) == ()


# A few directions, so that several clusters sound like one voice.
vectors = st.lists(st.sampled_from([-0.3, 0.0, 0.3, 1.0]), min_size=4, max_size=4).filter(any)
clusters_of = st.lists(st.tuples(vectors, st.floats(0, 60)), max_size=6)
voices_of = st.lists(st.lists(vectors, min_size=1, max_size=3), max_size=2)


@settings(max_examples=examples(100))
@given(clusters_of, voices_of)
def test_what_holds_for_every_meeting(heard: list, enrolled: list) -> None:
    """Restated from the rules: named => threshold, margin and speech; one name, one person; order is kept."""
    clusters = [Cluster(f"S{i}", SPACE, np.array(v, np.float32), s) for i, (v, s) in enumerate(heard)]
    voices = [
        Voice(f"V{i}", SPACE, tuple(np.array(p, np.float32) for p in prototypes))
        for i, prototypes in enumerate(enrolled)
    ]
    namings = identify(clusters, voices, GATE)
    assert [n.label for n in namings] == [c.label for c in clusters]
    for naming, one in zip(namings, clusters, strict=True):
        scores = sorted((score(one.embedding, voice) for voice in voices), reverse=True)
        passes = bool(scores) and scores[0] >= GATE.threshold and one.speech >= GATE.min_speech
        passes = passes and (len(scores) < 2 or scores[0] - scores[1] >= GATE.margin)
        assert naming.name is None or passes
        assert naming.reason
    for one, other in itertools.combinations([n for n in namings if n.name], 2):
        if one.name == other.name:
            pair = [c for c in clusters if c.label in (one.label, other.label)]
            assert cosine(pair[0].embedding, pair[1].embedding) >= GATE.same
    # Every name that passed somewhere was given to somebody.
    claimed = {n.reason.split(" ")[0] for n in namings if " is already " in n.reason}
    assert claimed <= {n.name for n in namings}


def test_the_same_stranger_keeps_one_label_over_files() -> None:
    files = [
        [cluster("SPEAKER_00", axis(0)), cluster("SPEAKER_01", axis(1))],
        [cluster("SPEAKER_00", towards(0.1, 0.9)), cluster("SPEAKER_01", axis(2))],
        [cluster("SPEAKER_00", axis(2)), cluster("SPEAKER_01", axis(1), 1.0)],
    ]
    first, second, third = link_speakers(files, GATE)
    assert first == {"SPEAKER_00": "SPEAKER_00", "SPEAKER_01": "SPEAKER_01"}
    assert second == {"SPEAKER_00": "SPEAKER_01", "SPEAKER_01": "SPEAKER_02"}
    assert third == {"SPEAKER_00": "SPEAKER_02", "SPEAKER_01": "SPEAKER_03"}  # one second proves nothing


def test_two_clusters_of_one_file_never_share_a_link() -> None:
    files = [[cluster("SPEAKER_00", axis(0))], [cluster("SPEAKER_00", towards(0.8)), cluster("SPEAKER_01", axis(0))]]
    assert link_speakers(files, GATE)[1] == {"SPEAKER_00": "SPEAKER_01", "SPEAKER_01": "SPEAKER_00"}


@given(st.lists(clusters_of, max_size=4))
def test_links_are_one_to_one_within_every_file(files: list) -> None:
    sets = [[Cluster(f"S{i}", SPACE, np.array(v, np.float32), s) for i, (v, s) in enumerate(heard)] for heard in files]
    for clusters, mapping in zip(sets, link_speakers(sets, GATE), strict=True):
        assert set(mapping) == {c.label for c in clusters}
        assert len(set(mapping.values())) == len(mapping)
