"""Words that tell where a text may be divided."""

from __future__ import annotations

from diarfuse.fusion.text import wordlists


def test_lists_are_in_lower_case_and_without_marks_at_their_ends():
    lists = [wordlists.BEFORE_NAMES, wordlists.BEFORE_NUMBERS, wordlists.GERMAN_STARTS, *wordlists.WEAK_ENDS.values()]
    for words in lists:
        assert all(word == word.lower() and not word.endswith((".", ",")) for word in words)
    assert wordlists.WORDS_TOO <= wordlists.BEFORE_NUMBERS


def test_each_language_has_its_own():
    assert "the" in wordlists.weak_ends("en-US")
    assert "the" in wordlists.weak_ends(None)
    assert "der" in wordlists.weak_ends("de_AT")
    assert wordlists.weak_ends("German") == wordlists.weak_ends("deu") == wordlists.weak_ends("de")
    assert "the" not in wordlists.weak_ends("de")
    assert wordlists.weak_ends("zz") == frozenset()
