"""Every error is one printable line, whatever it quotes."""

from __future__ import annotations

import copy
import pickle

import pytest

from diarfuse.fusion import errors
from diarfuse.fusion.errors import (
    JOINERS,
    AudioNotFoundError,
    DiarfuseError,
    MissingExtraError,
    OptionError,
    OutputError,
    TranscriptError,
    UnknownNameError,
    printable,
)
from diarfuse.fusion.given import short


@pytest.mark.parametrize("kind", [TranscriptError, OutputError, AudioNotFoundError])
def test_what_is_quoted_steers_no_terminal(kind: type[Exception]) -> None:
    error = kind("the name 'a\x1b[2J\x07\u202eb\ud800\r\n\x9b1m' is none: give another, as in Añá 日本.")
    assert str(error) == r"the name 'a\x1b[2J\x07\u202eb\ud800\r\n\x9b1m' is none: give another, as in Añá 日本."
    assert str(error).isprintable()


def test_names_in_lists_too() -> None:
    error = UnknownNameError("format", "x", ["a\x1bb"])
    assert str(error) == r"Unknown format 'x': the known ones are a\x1bb."
    assert error.known == ("a\x1bb",)  # as it is, for programs


def test_printable_text_stays_as_it_is() -> None:
    text = "Ana Maria López 日本 ไทย"
    assert printable(text) is text


@pytest.mark.parametrize(
    "name", ["👨\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈", "\u0641\u0627\u200c\u0631\u0633", "\u0928\u094d\u200d\u0937"]
)
def test_what_joins_pictures_or_letters_stays(name: str) -> None:
    assert printable(f"rename A to {name}\n") == f"rename A to {name}\\n"
    assert printable(f"\u200d{name}\u200c") == f"\\u200d{name}\\u200c"


@pytest.mark.parametrize(
    "name", ["👨\u200d👩\u200d👧", "🏳\ufe0f\u200d🌈", "\u0641\u0627\u200c\u0631\u0633", "\u0928\u094d\u200d\u0937"]
)
def test_it_stays_in_names_that_a_sentence_quotes(name: str) -> None:
    assert str(OptionError(f"There is no {name!r}.")) == f"There is no '{name}'."
    assert str(UnknownNameError("speaker", name, ["A"])).startswith(f"Unknown speaker '{name}':")
    assert short(name) == f"'{name}'"


def test_what_is_quoted_with_a_backslash_of_its_own_stays() -> None:
    assert str(OptionError(f"There is no {'日' + chr(92) + 'u200d本'!r}.")) == r"There is no '日\\u200d本'."
    assert str(OptionError(f"There is no {'Ann' + JOINERS[1] + 'a'!r}.")) == r"There is no 'Ann\u200da'."


def test_what_joins_nothing_is_shown() -> None:
    assert printable("Ann\u200da \u200c\u200d x") == r"Ann\u200da \u200c\u200d x"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("pyannote/speaker-diarization-community-1", "community-1"),
        ("Systran/faster-whisper", "faster-whisper"),
        ("comunity-1", "community-1"),
        ("somebody", None),
        (7, None),
    ],
)
def test_a_name_that_stands_in_anothers_is_the_one_that_is_meant(name: str, meant: str | None) -> None:
    said = str(UnknownNameError("pack", name, ["auto", "whisper", "faster-whisper", "community-1"]))
    assert said.endswith(f"; did you mean {meant!r}?" if meant else "community-1.")


def test_every_error_is_a_sentence_first() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DiarfuseError)]
    assert all(kind.__str__ is DiarfuseError.__str__ for kind in kinds)
    assert len(kinds) > 10


@pytest.mark.parametrize(
    "error",
    [UnknownNameError("format", "srr", ["srt"]), MissingExtraError("eval", "meeteval", "eval"), OutputError("a")],
)
@pytest.mark.parametrize("send", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301 - our own
def test_an_error_comes_back_from_another_process_as_it_was(error: DiarfuseError, send) -> None:
    back = send(error)
    assert (type(back), str(back), vars(back), back.args) == (type(error), str(error), vars(error), error.args)


@pytest.mark.parametrize(
    ("name", "near"),
    [("CAMPPLUS", "campplus"), ("Campluss", "campplus"), ("pyannote/Speaker-Community-1", "community-1")],
)
def test_the_nearest_name_is_found_however_it_is_written(name: str, near: str) -> None:
    error = UnknownNameError("diarization pack", name, ["community-1", "campplus", "auto"])
    assert str(error).endswith(f"did you mean {near!r}?")
