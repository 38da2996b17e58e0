"""Formats are found by themselves: ours as files, those of other packages by their entry points."""

from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint

import pytest

from diarfuse.exporters import registry
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import OptionError, UnknownNameError
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn

SAID = Document(Transcript((Segment(0.0, 1.0, "Hi"),), "en", 1.0), name="talk")


@pytest.fixture(autouse=True)
def foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("acme_format")
    module.ENDING, module.NEEDS, module.ABOUT = ".acme.json", "words", "one byte"
    module.dumps = lambda document, _: document.name.encode()
    monkeypatch.setitem(sys.modules, "acme_format", module)
    monkeypatch.setitem(sys.modules, "no_format", types.ModuleType("no_format"))
    points = [
        EntryPoint("acme", "acme_format", registry.GROUP),
        EntryPoint("broken", "no_format", registry.GROUP),
        EntryPoint("gone", "no_such_module", registry.GROUP),
        EntryPoint("srt", "acme_format", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "_installed", registry._installed.__wrapped__)  # which keeps nothing that it found
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.GROUP else [])


def test_a_foreign_format_is_found_by_name_and_by_ending() -> None:
    assert registry.names() == (*registry.BUILTIN, "acme", "broken", "gone")
    assert registry.format_of("talk.acme.json") == "acme"
    assert registry.format_of("talk.json") == "json"
    assert registry.dumps(SAID, "acme") == b"talk"


def test_ours_win() -> None:
    assert registry.exporter("srt").ENDING == ".srt"
    assert registry.format_of("talk.srt") == "srt"


@pytest.mark.parametrize(("name", "home"), [("broken", "no_format"), ("gone", "no_such_module")])
def test_a_damaged_one_is_told_of_when_it_is_named(name: str, home: str) -> None:
    with pytest.raises(OptionError, match=rf"{name}.*{home}.*update that package"):
        registry.dumps(SAID, name)


def test_an_unknown_one_is_refused_with_all_names() -> None:
    with pytest.raises(UnknownNameError) as caught:
        registry.exporter("acm")
    assert all(name in str(caught.value) for name in registry.names())


def test_a_format_of_words_is_empty_of_a_document_of_turns_alone() -> None:
    turns = Diarization((Turn(0.0, 1.0, "A"),), (), 1.0)
    nothing, said = Transcript((), None, 1.0), Transcript((Segment(0.0, 1.0, "Hi."),), None, 1.0)
    assert registry.empty(Document(nothing, turns), "srt").startswith("holds turns and no words, so srt is empty")
    for document, name in (
        (Document(nothing, turns), "rttm"),
        (Document(said, turns), "srt"),
        (Document(nothing), "srt"),
    ):
        assert registry.empty(document, name) == ""


def test_formats_that_can_do_without_words() -> None:
    assert registry.of_turns() == ("html", "json", "png", "rttm", "svg")


@pytest.mark.parametrize("name", registry.BUILTIN)
def test_each_of_ours_says_what_it_is(name: str) -> None:
    found = registry.exporter(name)
    assert found.ENDING.startswith(".")
    assert found.NEEDS in {"words", "turns", "anything"}
    assert found.ABOUT
    assert len(found.ABOUT.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("a.pdf", r"write \.html or \.docx, and print"),
        ("A.RTF", r"write \.docx"),
        ("a.xlsx", r"\.csv"),
        ("a.scc", r"\.srt"),
    ],
)
def test_what_serves_instead_of_others_files_is_told(name: str, instead: str) -> None:
    with pytest.raises(OptionError, match=rf"are not written here: .*{instead}"):
        registry.format_of(name)


def test_a_transcript_is_no_document_yet() -> None:
    for given in (Transcript((), None, 1.0), None):
        with pytest.raises(OptionError, match=r" is no document: give Document\(transcript, diarization\)\.$"):
            registry.dumps(given, "srt")  # type: ignore[arg-type]
