"""Text on a terminal: names in colours, and the same text without them elsewhere."""

from __future__ import annotations

import io
from types import SimpleNamespace

import click
import pytest

from diarfuse.exporters import registry
from diarfuse.exporters.style import Style
from diarfuse.exporters.templates import parse_template
from diarfuse.fusion.document import Document
from diarfuse.fusion.types import Segment, Transcript, Word
from diarfuse.transcribe.output import Target
from diarfuse.transcribe.screen import showing
from diarfuse.transcribe.screen.showing import content, summary

TEXT = Target(None, "txt")


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def document(*said: tuple[str | None, str]) -> Document:
    segments = tuple(
        Segment(i, i + 1.0, text, (Word(i, i + 1.0, text, speaker=who),), speaker=who)
        for i, (who, text) in enumerate(said)
    )
    return Document(Transcript(segments, "en", float(len(said))))


TALK = document(("Ana", " Hello."), ("Ben", " Good\x1b[2J day."), ("Ana", " Bye."), (None, " Noise."))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "sys", SimpleNamespace(stdout=Tty()))  # pytest puts its own into sys again and again
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("terminal")
def test_each_name_has_its_colour_and_the_text_is_the_formats() -> None:
    shown = str(content(TALK, TEXT, Style()))
    assert click.unstyle(shown) == registry.dumps(TALK, "txt")
    ana, ben, again, nobody = shown.split("\n\n")
    assert ana.split("Ana")[0] == again.split("Ana")[0] != ben.split("Ben")[0]
    assert nobody == "Noise.\n"
    assert "\x1b[2J" not in shown


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
@pytest.mark.usefixtures("terminal")
def test_colour_can_be_declined(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert content(TALK, TEXT, Style()) == registry.dumps(TALK, "txt")


@pytest.mark.usefixtures("terminal")
def test_only_text_as_we_write_it_is_coloured() -> None:
    for target in (Target(None, "srt"), Target(None, "json")):
        assert content(TALK, target, Style()) == registry.dumps(TALK, target.format, Style())
    style = Style(template=parse_template("{speaker}\t{text}"))
    assert content(TALK, TEXT, style) == registry.dumps(TALK, "txt", style)


def test_a_pipe_gets_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "sys", SimpleNamespace(stdout=io.StringIO()))
    assert content(TALK, TEXT, Style()) == registry.dumps(TALK, "txt")


def test_what_a_file_holds() -> None:
    assert summary(TALK) == "2 speakers, 4 words in 0:04"
    assert summary(document()) == "no speech in 0:00"


def test_what_a_recogniser_heard_without_words_times_is_no_silence() -> None:
    segments = (Segment(0.0, 1.0, " Hello there."), Segment(1.0, 2.0, " "))
    assert summary(Document(Transcript(segments, "en", 61.0))) == "1 segment in 1:01"
    assert summary(Document(Transcript(segments[1:], "en", 61.0))) == "no speech in 1:01"
