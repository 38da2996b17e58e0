"""Documents for Word, as python-docx reads them back."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument

from diarfuse.exporters import registry
from diarfuse.exporters.style import Style
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import MissingExtraError
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from diarfuse.transcribe.__main__ import run
from tests.fusion.documents import MEETING

NAMED = MEETING.rename({"SPEAKER_00": "Ana", "SPEAKER_01": "Ben & <Co>"})


def written(document: Document, *, times: bool = True) -> bytes:
    content = registry.dumps(document, "docx", Style(times=times))
    assert isinstance(content, bytes)
    return content


def read(content: bytes) -> WordDocument:
    return docx.Document(io.BytesIO(content))


def paragraphs(document: Document, *, times: bool = True) -> list[str]:
    return [paragraph.text for paragraph in read(written(document, times=times)).paragraphs if paragraph.text]


def spoken(*rows: tuple[str, str | None]) -> Document:
    lines = [
        Segment(9.0 * i, 9.0 * i + 1, text, (Word(9.0 * i, 9.0 * i + 1, text, speaker=who),), who)
        for i, (text, who) in enumerate(rows)
    ]
    return Document(Transcript(tuple(lines), "de", 100.0))


def test_a_paragraph_a_turn() -> None:
    assert paragraphs(NAMED) == [
        "Transcript",
        "[00:00:00] Ana: Hello there Anna. How are you to day?",
        "[00:00:05] Ben & <Co>: I am fine Anna Smith really fine.",
    ]
    assert paragraphs(NAMED, times=False)[1].startswith("Ana: Hello")


def test_names_are_bold_and_each_has_a_colour_that_can_be_read() -> None:
    turns = [f"Speaker {number}" for number in range(14)]
    runs = [p.runs[1] for p in read(written(spoken(*((f" {t}.", t) for t in turns)))).paragraphs if len(p.runs) > 2]
    assert [run.text for run in runs] == turns
    assert all(run.bold for run in runs)
    colours = [run.font.color.rgb for run in runs]
    assert len(set(colours)) == 12
    for red, green, blue in colours:
        assert 0.2126 * (red / 255) ** 2.2 + 0.7152 * (green / 255) ** 2.2 + 0.0722 * (blue / 255) ** 2.2 < 0.19


def test_talk_times_stand_in_a_table() -> None:
    (table,) = read(written(NAMED)).tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Speaker", "Talk time", "Share", "Turns"],
        ["Ana", "0:04", "52%", "1"],
        ["Ben & <Co>", "0:04", "48%", "1"],
    ]


def test_without_speakers_there_is_text_alone() -> None:
    document = spoken((" Just text.", None))
    assert paragraphs(document) == ["Transcript", "[00:00:00] Just text."]
    assert read(written(document)).tables == []
    assert paragraphs(Document(Transcript((), None, 0.0))) == ["Transcript"]


def test_nothing_tells_who_made_it_when_or_from_what() -> None:
    content = written(NAMED)
    assert content == written(NAMED)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any("thumbnail" in name for name in archive.namelist())
        everything = b"".join(map(archive.read, archive.namelist()))
    for told in (b"SPEAKER_00", b"meeting.wav", b"abababab", b"python-docx", b"Macintosh", b"A note."):
        assert told not in everything
    properties = read(content).core_properties
    assert (properties.title, properties.author, properties.last_modified_by) == ("Transcript", "", "")
    assert (properties.created, properties.comments) == (None, "")


def test_a_paragraph_runs_as_its_text_does() -> None:
    document = spoken((" שלום, מה שלומך?", "Dana"), (" Fine.", "דנה"))
    hebrew, english = read(written(document)).paragraphs[-2:]
    assert hebrew._p.xpath("./w:pPr/w:bidi")
    assert [run.font.rtl for run in hebrew.runs] == [True, None, True, True]
    assert not english._p.xpath("./w:pPr/w:bidi")
    assert english.runs[1].font.rtl


def test_the_spelling_is_checked_in_the_language_spoken() -> None:
    languages = read(written(spoken((" Guten Tag.", None)))).styles.element.xpath("//w:lang/@w:val")
    assert set(languages) == {"de"}


@pytest.mark.parametrize("language", [None, "\x00", "\ud800", "<x>", "en\nfr", "x" * 10_000])
def test_what_is_no_language_is_left_out(language: str | None) -> None:
    document = Document(Transcript((Segment(0.0, 1.0, " Hi."),), language, 1.0))
    assert read(written(document)).styles.element.xpath("//w:lang/@w:val") == []


@pytest.mark.parametrize(
    "bad", ["\x00", "\x1b[2J", "\ud800", "\ufffe", "\u202e", "\x85", "</w:t>", "\r\n", "😀", "\x0b"]
)
def test_whatever_is_said_is_a_whole_document(bad: str) -> None:
    who = f"Ana{bad}B"
    said = Transcript((Segment(0.0, 1.0, f"one{bad}two"), Segment(3.0, 4.0, bad, (), "C")), "en", 9.0)
    turns = (Turn(0.0, 1.0, who), Turn(3.0, 4.0, "C"))
    named = Document(said, Diarization(turns, turns, 9.0)).reassign("00:00:00-00:00:01", "Ben")
    text = "".join(paragraphs(named))
    assert "two" in text
    assert not set(text) & set("\x00\x1b\ud800\ufffe\u202e\x85")
    assert ("</w:t>" in text) == (bad == "</w:t>")
    assert ("😀" in text) == (bad == "😀")


def test_long_names_are_cut() -> None:
    assert max(map(len, paragraphs(spoken((" Hi.", "A" * 10_000))))) < 200


def test_a_missing_package_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*docs"):
        registry.dumps(NAMED, "docx")
    (tmp_path / "a.wav").write_bytes(b"no sound")
    assert run([str(tmp_path / "a.wav"), "-o", str(tmp_path / "a.docx")]) == 1
    assert "docs" in capsys.readouterr().err


def test_twice_the_turns_take_twice_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of elements that python-docx looks at for the place of another: with its own paragraphs they are four times."""
    from docx.oxml.xmlchemy import BaseOxmlElement

    real, looked = BaseOxmlElement.first_child_found_in, [0]

    def counted(element: BaseOxmlElement, *tags: str) -> BaseOxmlElement | None:
        looked[0] += len(element)
        return real(element, *tags)

    monkeypatch.setattr(BaseOxmlElement, "first_child_found_in", counted)
    steps = []
    for count in (200, 400):
        before = looked[0]
        written(spoken(*((f" Line {number}.", f"SPEAKER_{number % 3:02d}") for number in range(count))))
        steps.append(looked[0] - before)
    assert steps[1] < 2.2 * steps[0]


def test_pieces_of_one_look_and_their_neighbours_each_have_their_own() -> None:
    document = spoken((" One.", "Ana"), (" שלום", "אנה"), (" Two.", "Ana"), (" Three.", None))
    looks = [
        [(run.text, run.bold, run.font.rtl, run.font.color.rgb is not None) for run in paragraph.runs]
        for paragraph in read(written(document)).paragraphs
        if len(paragraph.runs) > 1
    ]
    ana = [("Ana", True, None, True), (": ", None, None, False)]
    assert looks == [
        [("[00:00:00] ", None, None, True), *ana, ("One.", None, None, False)],
        [
            ("[00:00:09] ", None, True, True),
            ("אנה", True, True, True),
            (": ", None, True, False),
            ("שלום", None, True, False),
        ],
        [("[00:00:18] ", None, None, True), *ana, ("Two.", None, None, False)],
        [("[00:00:27] ", None, None, True), ("Three.", None, None, False)],
    ]
