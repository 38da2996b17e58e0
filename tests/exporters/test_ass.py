"""ASS, as another reader reads it."""

from __future__ import annotations

import pysubs2
import pytest

from diarfuse.exporters import ass
from diarfuse.exporters.style import Style
from diarfuse.fusion.document import Document
from diarfuse.fusion.layout import Layout
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word

TURNS = Diarization((Turn(0.0, 9.0, "Ana"),), (Turn(0.0, 9.0, "Ana"),), 9.0)


def document(*turns: tuple[str, str | None, float]) -> Document:
    segments = []
    for text, who, at in turns:
        words = tuple(Word(at + i / 2, at + i / 2 + 0.4, f" {w}", speaker=who) for i, w in enumerate(text.split()))
        segments.append(Segment(at, words[-1].end, f" {text}", words, who))
    return Document(Transcript(tuple(segments), "en", 9.0), TURNS)


def events(said: Document, **style: object) -> list[pysubs2.SSAEvent]:
    return list(pysubs2.SSAFile.from_string(ass.dumps(said, Style(**style))))


def test_another_reader_finds_speakers_times_and_text():
    who = "Ana, B."
    found = events(document(("Good morning all.", who, 0.0), ("It is early.", who, 1.5), ("Hm.", None, 4.0)))
    assert [(e.name, e.plaintext) for e in found] == [
        ("Ana; B.", "Ana; B.: Good morning all. It is early."),
        ("", "?: Hm."),
    ]
    assert [(e.start, e.end) for e in found] == [(0, 2900), (4000, 4830)]


@pytest.mark.parametrize("at", [59.99, 60.0, 3599.99, 3600.0, 3723.4, 36_000.05])
def test_another_reader_finds_when_it_is_said_however_late(at):
    (found,) = events(document(("Late.", "Ana", at)))
    assert found.start == round(1000 * at)
    assert 830 <= found.end - found.start <= 850


def test_each_speaker_has_a_style():
    text = ass.dumps(document(("One.", "Ana", 0.0), ("Two.", "Ben", 2.0), ("Three.", "Ana", 4.0)))
    file = pysubs2.SSAFile.from_string(text)
    assert [event.style for event in file] == ["Speaker 1", "Speaker 2", "Speaker 1"]
    assert set(file.styles) == {"Default", "Speaker 1", "Speaker 2"}
    assert file.styles["Speaker 1"].primarycolor != file.styles["Speaker 2"].primarycolor


def test_two_voices_are_two_events_of_one_time():
    found = events(document(("Are you sure?", "Ana", 0.0), ("Yes, I am.", "Ben", 0.2)))
    assert [(e.name, e.plaintext) for e in found] == [("Ben", "- Ben: Yes, I am."), ("Ana", "- Ana: Are you sure?")]
    assert (found[0].start, found[0].end) == (found[1].start, found[1].end)


def test_words_are_filled_as_they_are_said():
    (event,) = events(document(("So it is.", "Ana", 1.0)), highlight_words=True, layout=Layout(labels="none"))
    assert event.text == "{\\k50}So {\\k50}it {\\k40}is."
    assert sum(int(k) for k in ("50", "50", "40")) * 10 == event.end - event.start
    narrow = Layout(labels="none", width=8)
    (event,) = events(document(("So it is today.", "Ana", 1.0)), highlight_words=True, layout=narrow)
    assert event.text == "{\\k50}So {\\k50}it {\\k50}is\\N{\\k40}today."


def test_text_is_never_markup():
    (event,) = events(document(("a {\\b1}b \\N c", "{Ana}", 0.0)))
    assert event.plaintext == "｛Ana｝: a ｛＼b1｝b ＼N c"
