import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.asr_adapters.pronounce import phones, spoken

ENGLISH = {"well", "it's", "don't", "percent", "and", "john"}
CMU = set(
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split()  # noqa: SIM905 - a table
)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (" Well,", "well"),
        ("It\u2019s", "it's"),
        ("--", ""),
        ("John's", "john"),
        ("7", "seven"),
        ("42%", "forty two percent"),
        ("$1,250,", "dollars twelve fifty"),
        ("1905", "nineteen oh five"),
        ("1900", "nineteen hundred"),
        ("2026", "twenty twenty six"),
        ("2005", "two thousand five"),
        ("300,000", "three hundred thousand"),
        ("007", "zero zero seven"),
        ("5551234", "five five five one two three four"),
        ("NATO", "n a t o"),
        ("Kowalczyk", "kowalczyk"),
        ("漢字", ""),
    ],
)
def test_tokens_are_spoken(token, words):
    assert spoken(token, ENGLISH.__contains__) == words.split()


@given(st.integers(0, 999_999), st.sampled_from(["", "0", "00"]))
def test_every_number_has_words(value, zeros):
    words = spoken(f"{zeros}{value}", ENGLISH.__contains__)
    assert words
    assert all(word.isalpha() for word in words)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz'", min_size=1))
def test_phones_are_those_of_the_dictionary(word):
    found = phones(word).split()
    assert set(found) <= CMU
    assert bool(found) == bool(word.strip("'"))
