"""Documents of Word that are filled: what they show, what they are refused for, and what they cannot reach."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import docx
import pytest

from diarfuse.exporters import registry, word_templates
from diarfuse.exporters.style import Style
from diarfuse.exporters.word_templates import KNOWN, check_form
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import MissingExtraError, OptionError
from diarfuse.fusion.types import Transcript
from diarfuse.transcribe.__main__ import run
from tests.fusion.documents import MEETING

NAMED = MEETING.rename({"SPEAKER_00": "Ana {{ 7 * 7 }} & <b>"})
USUAL = (
    "Interview of {{ duration }}, {{ language }}",
    "{%p for turn in turns %}",
    "{{ loop.index }} {{ turn.speaker }} ({{ turn.start }}): {{ turn.text }}{% if loop.last %} END{% endif %}",
    "{%p endfor %}",
    "{% for s in speakers %}{{ s.name }} {{ s.talk }} {{ s.share }} {{ s.turns }}; {% endfor %}",
)


def form(*paragraphs: str) -> bytes:
    made = docx.Document()
    made.core_properties.author = "Its maker"
    for text in paragraphs:
        made.add_paragraph(text)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def filled(document: Document, *paragraphs: str) -> list[str]:
    content = registry.dumps(document, "docx", Style(form=form(*paragraphs)))
    assert isinstance(content, bytes)
    read = docx.Document(io.BytesIO(content))
    assert read.core_properties.author == ""
    return [paragraph.text for paragraph in read.paragraphs if paragraph.text]


def test_a_form_is_filled() -> None:
    assert filled(NAMED, *USUAL) == [
        "Interview of 0:10, en",
        "1 Ana {{ 7 * 7 }} & <b> (00:00:00.0): Hello there Anna. How are you to day?",
        "2 SPEAKER_01 (00:00:05.0): I am fine Anna Smith really fine. END",
        "Ana {{ 7 * 7 }} & <b> 0:04 52% 1; SPEAKER_01 0:04 48% 1; ",
    ]


def test_everything_that_is_known_can_be_named() -> None:
    lists = [f"{{% for x in {key} %}}{{{{ x.{field} }}}}{{% endfor %}}" for key in KNOWN for field in KNOWN[key]]
    check_form(form(*lists, "{{ duration }}{{ language }}", *USUAL), "a.docx")
    assert filled(NAMED, *lists)


def test_a_form_may_count() -> None:
    assert filled(NAMED, "{% for turn in turns %}{{ loop.index % 2 }} {% endfor %}") == ["1 0 "]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ speeker }}", "'speeker' is undefined"),
        ("{% for t in turns %}{{ t.txt }}{% endfor %}", "no attribute 'txt'"),
        ("{{ turns.__class__ }}", "__class__"),
        ("{{ ''.__class__.__mro__ }}", "__class__"),
        ("{{ duration.upper() }}", "upper"),
        ("{{ turns|attr('pop') }}", "pop"),
        ("{{ cycler.__init__.__globals__ }}", "unsafe"),
        ("{{ cycler }}", "cycler"),
        ("{{ lipsum(n=999999999) }}", "lipsum"),
        ("{{ '%999999999999d'|format(1) }}", "format"),
        ("{% for t in turns %}{{ loop._iterable }}{% endfor %}", "_iterable"),
        ("{{ 'a' * 999999999999 }}", "memory"),
        ("{{ '%999999999999d' % 1 }}", "memory"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{{ duration", "unexpected"),
    ],
)
def test_what_it_cannot_be_filled_with_is_told_with_what_it_may_name(text: str, why: str) -> None:
    with pytest.raises(
        OptionError, match=rf"(?s)'a.docx' cannot be filled .*{why}.*may name turns: number, start"
    ) as caught:
        check_form(form(text), "'a.docx'")
    assert caught.value.exit_code == 2


def test_what_is_no_document_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.docx").write_bytes(b"PK no document")
    Path("folder.docx").mkdir()
    for name, why in (
        ("bad.docx", "cannot be filled"),
        ("gone.docx", "No such file"),
        ("folder.docx", "cannot be read"),
    ):
        assert run(["gone.wav", "--docx-template", name, "-o", "a.docx"]) == 2
        assert why in capsys.readouterr().err
    assert run(["gone.wav", "--template", "bad.docx", "-o", "a.docx"]) == 2
    assert "--docx-template" in capsys.readouterr().err


def test_what_one_document_has_another_may_lack() -> None:
    check_form(form("{{ turns[0].text }}"), "a.docx")
    with pytest.raises(OptionError, match="template for Word cannot be filled"):
        filled(Document(Transcript((), None, 1.0)), "{{ turns[0].text }}")


def test_a_packed_giant_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_templates, "LARGEST", 1 << 20)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(11 << 20))
    with pytest.raises(OptionError, match="larger than 1 MB"):
        check_form(packed.getvalue(), "a.docx")


def test_the_command_fills_a_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("form.docx").write_bytes(form(*USUAL))
    Path("meeting.json").write_text(str(registry.dumps(NAMED, "json")), encoding="utf-8")
    assert run(["export", "meeting.json", "--docx-template", "form.docx", "-o", "meeting.docx"]) == 0
    assert Path("meeting.docx").read_bytes() == registry.dumps(NAMED, "docx", Style(form=form(*USUAL)))


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docxtpl", None)
    with pytest.raises(MissingExtraError, match=r"docxtpl: pip install .*docs"):
        check_form(form(), "a.docx")
