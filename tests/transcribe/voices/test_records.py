"""One person's record: names, numbers that can be none, and any other bytes."""

from __future__ import annotations

import base64
import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.errors import OptionError, VoiceError
from diarfuse.transcribe.voices.records import MAX_PROTOTYPES, Person, check_name, dumps, from_json, loads, name_key
from tests.transcribe.voices.made import WHEN, prototype


def test_at_most_32_recordings_are_kept() -> None:
    person = Person("Ana", WHEN, (prototype(0),))
    for seed in range(1, 40):
        person = person.with_prototypes([prototype(seed)])
    assert len(person.prototypes) == MAX_PROTOTYPES
    np.testing.assert_array_equal(person.prototypes[-1].embedding, prototype(39).embedding)


@pytest.mark.parametrize(
    "number", [b"\x00\x00\xc0\x7f", b"\x01\x00\xa0\x7f", b"\x00\x00\x80\xff"], ids=["NaN", "sNaN", "inf"]
)
def test_numbers_that_are_none_are_refused_without_a_warning(number: bytes) -> None:
    document = json.loads(dumps(Person("Ana", WHEN, (prototype(),))))
    document["prototypes"][0]["embedding"] = base64.b64encode(number * 192).decode()
    with pytest.raises(VoiceError, match="is no voice file"):
        from_json(document, "x")


@pytest.mark.parametrize("name", ["SPEAKER_01", "speaker_7"])
def test_names_are_no_anonymous_labels(name: str) -> None:
    with pytest.raises(OptionError, match="unknown speakers are called"):
        check_name(name)


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\x00", "x" * 101, "\u202eevil", "\ud800", "nobody", "Unknown", "?", "\u200d"]
)
def test_names_are_one_visible_line(name: str) -> None:
    with pytest.raises(OptionError, match=r"name|Nobody"):
        check_name(name)
    document = json.loads(dumps(Person("Ana", WHEN, (prototype(),))))
    with pytest.raises(VoiceError, match=r"a\.json: .*(name|Nobody)"):
        from_json({**document, "name": name}, "a.json")


def test_names_are_written_as_their_language_writes_them() -> None:
    persian = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"
    assert check_name(f" {persian} ") == persian
    assert name_key(persian) == name_key(persian.replace("\u200c", ""))
    assert check_name("Jose\u0301 B.") == "Jos\u00e9 B."
    assert loads(dumps(Person(persian, WHEN, (prototype(),))), "x").name == persian


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.just("diarfuse-voice"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "x"]), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["format", "version", "name", "consent", "prototypes"]), json_values)
def test_a_changed_field_is_refused_or_harmless(field: str, value: object) -> None:
    document = json.loads(dumps(Person("Ana", WHEN, (prototype(),))))
    document[field] = value
    with contextlib.suppress(VoiceError):
        assert isinstance(from_json(document, "x"), Person)


@given(st.sampled_from(["embedding", "space", "speech", "added"]), json_values | st.text(max_size=40))
def test_a_changed_number_is_refused_or_harmless(field: str, value: object) -> None:
    document = json.loads(dumps(Person("Ana", WHEN, (prototype(),))))
    document["prototypes"][0][field] = value
    try:
        (kept,) = from_json(document, "x").prototypes
    except VoiceError:
        return
    assert np.isfinite(kept.embedding).all()
    assert np.linalg.norm(kept.embedding) == pytest.approx(1, abs=1e-5)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(VoiceError):
        loads(data, "x.voice")
