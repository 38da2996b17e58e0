"""A document for Word and its like: names bold and in colour, the time of each turn, and a table of talk times."""

from __future__ import annotations

import io
import re
import zipfile
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ..fusion.errors import MissingExtraError
from ..fusion.text import direction
from .colours import colours_of
from .lines import label, timestamp
from .marks import marked
from .picture import clock
from .style import DEFAULT, Style
from .txt import fields_of
from .word_templates import fill

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

    from ..fusion.cues import Passage
    from ..fusion.document import Document

ENDING = ".docx"
NEEDS = "words"
ABOUT = "a document for Word: coloured names, times, a table of talk times (extra `docs`)"
SPEAKERS = r"<w:t[^>]*>([^<]+)</w:t></w:r>(?:(?!<w:t[ >]).)*<w:t[^>]*>: </w:t>"
"""Where a file has its speakers."""

_TITLE = "Transcript"
_GREY = "808080"
_CONTRAST = 4.5
"""Of a text on white, as WCAG 2 demands."""
_TAG = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<cp:coreProperties '
    'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{_TITLE}</dc:title></cp:coreProperties>'
)
_APP = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>'
)
_PROPERTIES = {"docProps/core.xml": _CORE, "docProps/app.xml": _APP}
"""Who made a file, when and with what is nobody's business: the writer's own say so."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def require() -> None:
    """See that the document can be written.

    Raises:
        MissingExtraError: python-docx is not installed.
    """
    try:
        import docx  # noqa: F401 - whether it is there
    except ImportError as error:
        raise MissingExtraError("A Word document", "python-docx", "docs") from error


def dumps(document: Document, style: Style = DEFAULT) -> bytes:
    """A title, the talk times where speakers are known, and a paragraph a turn of words.

    It names no file, no author and no date, so that the same content gives the same
    bytes. `style.times` False leaves out when each turn begins. `style.form` is filled
    instead, if there is one.

    Raises:
        MissingExtraError: python-docx is not installed, or docxtpl for a form.
    """
    require()
    import docx

    if style.form is not None:
        return _packed(fill(_values(document, style), style.form))
    word = docx.Document()
    _set_language(word, _language(document))
    word.add_heading(_TITLE, 0)
    colours = {label(speaker): _readable(colour) for speaker, colour in colours_of(document).items()}
    if colours:
        _add_talk_times(word, document, colours)
    writer = _Writer(word)
    for passage in marked(document, style):
        _add_turn(writer, passage, colours, times=style.times)
    return _packed(word)


def _values(document: Document, style: Style) -> dict[str, Any]:
    """What a form may name."""
    from ..fusion.editing.statistics import statistics_of

    found = statistics_of(document.content)
    talks = (
        {"name": label(t.speaker), "talk": clock(t.talk), "share": f"{t.share:.0%}", "turns": str(t.turns)}
        for t in found.speakers
    )
    turns = (fields_of(row, number) for number, row in enumerate(marked(document, style), start=1))
    return {
        "turns": [{key: _xml(value) for key, value in turn.items()} for turn in turns],
        "speakers": [{key: _xml(value) for key, value in talk.items()} for talk in talks],
        "duration": clock(found.duration),
        "language": _language(document),
    }


def _add_talk_times(word: WordDocument, document: Document, colours: dict[str, str]) -> None:
    """A table, who talks most first."""
    from ..fusion.editing.statistics import statistics_of

    writer, table = _Writer(word), word.add_table(1, 4, "Light List Accent 1")
    for cell, head in zip(table.rows[0].cells, ("Speaker", "Talk time", "Share", "Turns"), strict=True):
        cell.text = head
    for talk in statistics_of(document.content).speakers:
        name, *numbers = table.add_row().cells
        writer.add_run(name.paragraphs[0], label(talk.speaker), bold=True, colour=colours[label(talk.speaker)])
        for cell, text in zip(numbers, (clock(talk.talk), f"{talk.share:.0%}", str(talk.turns)), strict=True):
            cell.text = text
    word.add_paragraph()


def _add_turn(writer: _Writer, passage: Passage, colours: dict[str, str], *, times: bool) -> None:
    """``[00:03:40] Ana: text``, which programs that import such documents read."""
    paragraph, backwards = writer.add_paragraph(), direction(passage.text) == "R"
    if backwards:
        _turn_round(paragraph)
    if times:
        time = f"[{timestamp(passage.start).rpartition('.')[0]}] "
        writer.add_run(paragraph, time, colour=_GREY, backwards=backwards)
    if (name := passage.speaker) is not None:
        writer.add_run(paragraph, name, bold=True, colour=colours[name], backwards=direction(name) == "R")
        writer.add_run(paragraph, ": ", backwards=backwards)
    writer.add_run(paragraph, passage.text, backwards=backwards)


class _Writer:
    """Adds to a document in the same time however much is there: python-docx looks through all of it each time."""

    def __init__(self, word: WordDocument) -> None:
        self._word = word
        self._looks: dict[tuple[bool, str, bool], Any] = {}

    def add_paragraph(self) -> Paragraph:
        """At the end, before what says how the pages look."""
        from docx.oxml import OxmlElement
        from docx.text.paragraph import Paragraph

        paragraph = OxmlElement("w:p")
        self._word.element.body[-1].addprevious(paragraph)
        return Paragraph(paragraph, self._word)

    def add_run(
        self, paragraph: Paragraph, text: str, *, bold: bool = False, colour: str = "", backwards: bool = False
    ) -> None:
        """A piece of text; what XML cannot hold is shown as such."""
        look = (bold, colour, backwards)
        run = paragraph.add_run(_xml(text))
        if look not in self._looks:
            _set_look(run, *look)
            self._looks[look] = run.element.rPr
        elif self._looks[look] is not None:
            run.element.insert(0, deepcopy(self._looks[look]))


def _set_look(run: Run, bold: bool, colour: str, backwards: bool) -> None:
    from docx.shared import RGBColor

    if bold:
        run.bold = run.font.cs_bold = True
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)
    if backwards:
        run.font.rtl = True


def _xml(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)


def _turn_round(paragraph: Paragraph) -> None:
    """Let a paragraph run from right to left."""
    from docx.oxml import OxmlElement

    properties = paragraph.paragraph_format.element.get_or_add_pPr()
    properties.append(OxmlElement("w:bidi"))


def _language(document: Document) -> str:
    """The language's tag; empty where it is not known, or what other programs wrote is none."""
    language = document.transcript.language or ""
    return language if _TAG.fullmatch(language) else ""


def _set_language(word: WordDocument, language: str) -> None:
    """Have the spelling checked in the language of the text; without one, in that of whoever opens it."""
    from docx.oxml.ns import qn

    for element in word.styles.element.iter(qn("w:lang")):
        if language:
            element.set(qn("w:val"), language)
        else:
            element.attrib.pop(qn("w:val"), None)


def _readable(colour: str) -> str:
    """A colour, such as ``#f0e442``, made so dark that a text in it can be read on white; without the sign.

    Example:
        >>> _readable("#0072b2"), _readable("#f0e442")
        ('0072B2', '7F7822')
    """
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    share = 1.0
    while 1.05 / (_luminance(red * share, green * share, blue * share) + 0.05) < _CONTRAST:
        share -= 0.01
    return "".join(f"{int(part * share):02X}" for part in (red, green, blue))


def _luminance(*parts: float) -> float:
    """Relative luminance, as WCAG 2 has it."""
    linear = [p / 3294.6 if p <= 10.31475 else ((p / 255 + 0.055) / 1.055) ** 2.4 for p in parts]  # noqa: PLR2004
    return float(sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))


def _packed(word: WordDocument) -> bytes:
    """The file, without the properties and times that the writer puts into it."""
    relations = word.part.package.rels
    for key in [key for key, relation in relations.items() if relation.reltype.endswith("/thumbnail")]:
        del relations[key]
    written, packed = io.BytesIO(), io.BytesIO()
    word.save(written)
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = _PROPERTIES.get(entry.filename, source.read(entry))
            target.writestr(zipfile.ZipInfo(entry.filename, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
