"""Languages by code and by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.text.languages import code_of, wanted, whisper_code
from diarfuse.transcribe.options import JobOptions, Wish


def test_they_are_those_of_whisper() -> None:
    tokenizer = pytest.importorskip("faster_whisper.tokenizer")
    for code in tokenizer._LANGUAGE_CODES:
        assert code_of(code) == code


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("english", "en"),
        ("English", "en"),
        ("EN", "en"),
        (" en\n", "en"),
        ("eng", "en"),
        ("Deutsch", "de"),
        ("castilian", "es"),
        ("Bokmål", "no"),
        ("jv", "jw"),
        ("lao", "lo"),
        ("auto", None),
        ("", None),
        (None, None),
    ],
)
def test_a_name_means_its_code(asked: str | None, code: str | None) -> None:
    assert Wish(language=asked).language == JobOptions(language=asked).language == code


def test_regions_are_the_recognisers_business() -> None:
    assert wanted("pt-BR") == "pt-BR"
    assert wanted("en_US") == "en_US"
    assert (whisper_code("pt-BR"), whisper_code("en_US"), whisper_code("zh-Hant-TW")) == ("pt", "en", "zh")
    assert wanted("xx") == "xx"  # another recogniser may know it


@pytest.mark.parametrize(
    ("asked", "near"),
    [("englsh", "english (en)"), ("germna", "german (de)"), ("Chinees", "chinese (zh)"), ("q" * 9000, "ISO 639-1")],
)
def test_an_unknown_language_lists_near_ones(asked: str, near: str) -> None:
    with pytest.raises(OptionError, match=r"language=.* is none that is known here") as refused:
        Wish(language=asked)
    assert near in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_code_that_whisper_does_not_know_lists_near_ones_too() -> None:
    with pytest.raises(OptionError, match=r"did you mean greek \(el\)"):
        whisper_code("gr")


@given(st.text(max_size=12))
def test_whatever_is_asked_is_a_language_or_refused(asked: str) -> None:
    try:
        language = wanted(asked)
    except OptionError:
        return
    assert language is None or (language.isascii() and 2 <= len(language) <= 12)
