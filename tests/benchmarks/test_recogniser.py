"""The model of what recognisers do to words, and how their words are found again in the truth."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.generated.recogniser import NO_WORD, Model, load_models, matched, mishear, places
from benchmarks.metrics_words import TrueWord, turn_mapping
from diarfuse.fusion.types import Turn

SAID = [TrueWord(i * 0.5, i * 0.5 + 0.4, f"w{i}", "a") for i in range(400)]
NONE = dict.fromkeys(("alone", "louder", "softer"), 0.0)
PERFECT = Model(NONE, NONE, 0.0, 0.0, [0.0], [0.0])
ALONE = ["alone"] * len(SAID)


def test_a_perfect_recogniser_changes_nothing() -> None:
    heard = mishear(SAID, ALONE, PERFECT, 1)
    assert [(w.start, w.end, w.text) for w in heard.words] == [(w.start, w.end, w.text) for w in SAID]
    assert heard.truth == list(range(len(SAID)))


def test_each_fault_is_as_frequent_as_the_model_says() -> None:
    third = NONE | {"alone": 0.3}
    lost = mishear(SAID, ALONE, replace(PERFECT, lost=third), 1)
    assert 0.6 < len(lost.words) / len(SAID) < 0.8
    wrong = mishear(SAID, ALONE, replace(PERFECT, wrong=third), 1)
    assert 0.2 < wrong.truth.count(NO_WORD) / len(SAID) < 0.4
    merged = mishear(SAID, ALONE, replace(PERFECT, merged=0.3), 1)
    assert 0.6 < len(merged.words) / len(SAID) < 0.8
    assert "".join(w.text for w in merged.words) == "".join(w.text for w in SAID)
    inserted = mishear(SAID, ALONE, replace(PERFECT, inserted=0.3), 1)
    assert 1.2 < len(inserted.words) / len(SAID) < 1.4
    assert mishear(SAID, ALONE, replace(PERFECT, lost=third), 1) == lost, "the same seed gives the same"


def test_a_recogniser_writes_one_word_at_a_time() -> None:
    late = mishear(SAID, ALONE, replace(PERFECT, starts=[-0.3, 0.3], ends=[-0.3, 0.3]), 2)
    for word, after in zip(late.words, late.words[1:], strict=False):
        assert word.start < word.end
        assert word.start <= after.start
        assert word.end <= max(after.start, word.start + 0.03) + 1e-9


def test_words_under_a_louder_voice_are_the_softer() -> None:
    words = [TrueWord(0.0, 1.0, "x", "a"), TrueWord(0.1, 0.9, "y", "b"), TrueWord(0.9, 2.0, "z", "b")]
    assert places(words, {"a": -20.0, "b": -30.0}) == ["louder", "softer", "alone"]
    assert places(words, {"a": -30.0, "b": -20.0}) == ["softer", "louder", "alone"]


def test_words_are_found_by_text_near_their_time() -> None:
    truth = [TrueWord(1.0, 1.2, "yes", "a"), TrueWord(1.1, 1.3, "no", "b"), TrueWord(5.0, 5.2, "yes", "b")]
    given = [(1.2, 1.4, "No,"), (1.0, 1.1, "Yes."), (3.0, 3.1, "yes"), (5.5, 5.6, "YES"), (6.0, 6.2, "maybe")]
    assert matched(truth, given) == [1, 0, NO_WORD, 2, NO_WORD]
    assert matched([], given) == [NO_WORD] * 5


def test_the_fitted_models_lose_more_where_voices_overlap() -> None:
    for name, model in load_models().items():
        assert model.lost["alone"] < min(model.lost["louder"], model.lost["softer"]), name
        assert model.starts == sorted(model.starts), name


def test_labels_stand_for_those_they_share_most_time_with() -> None:
    truth = [Turn(0, 4, "Ann"), Turn(4, 6, "Bob")]
    assert turn_mapping(truth, [Turn(0, 3, "x"), Turn(3, 6, "y")]) == {"x": "Ann", "y": "Bob"}
    assert turn_mapping(truth, [Turn(0, 6, "x")]) == {"x": "Ann"}
    assert turn_mapping(truth, []) == {}
