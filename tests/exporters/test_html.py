"""The page as a file: what stands in it, and what must not."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import diarfuse
from diarfuse.exporters import html, registry
from diarfuse.exporters.style import Audio, Style
from diarfuse.fusion.document import Document, Recording
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word

SOURCES = sorted((Path(diarfuse.__file__).parent / "exporters" / "page").iterdir())
EVIL = "</script><script>alert(1)</script><!--<script>"


class Elements(HTMLParser):
    """Every element with its attributes, and what stands in scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = dict(attrs).get("type") or tag

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._inside = ""

    def handle_data(self, data: str) -> None:
        self.texts[self._inside] = self.texts.get(self._inside, "") + data


def document(text: str = " Hello there.", speaker: str = "SPEAKER_00") -> Document:
    words = tuple(Word(i / 2, i / 2 + 0.4, f" {part}", 0.9, speaker=speaker) for i, part in enumerate(text.split()))
    turns = (Turn(0.0, 2.0, speaker),)
    transcript = Transcript((Segment(0.0, 2.0, text, words, speaker),), "en", 2.0)
    return Document(transcript, Diarization(turns, turns, 2.0), "secret-name", Recording("secret.wav", "ab" * 32, 2.0))


def data_of(page: str) -> dict[str, object]:
    found = json.loads(Elements(page).texts["application/json"])
    assert isinstance(found, dict)
    return found


def test_the_policy_allows_this_script_and_this_style_and_nothing_else() -> None:
    page = html.dumps(document())
    seen = Elements(page)
    policy = next(a["content"] for tag, a in seen.found if tag == "meta" and a.get("http-equiv")) or ""
    for kind, text in (("script", seen.texts["module"]), ("style", seen.texts["style"])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_nothing_in_the_page_leads_outside_or_runs_from_an_attribute() -> None:
    for tag, attributes in Elements(html.dumps(document())).found:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "href", "style"}], tag
    # The only address in all sources is none that is ever asked: there is none.
    assert not [path.name for path in SOURCES if re.search(r"https?://", path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    "word", ["eval(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "Function("]
)
def test_no_source_makes_code_or_markup_of_text(word: str) -> None:
    assert not [path.name for path in SOURCES if word in path.read_text(encoding="utf-8")]


def test_hostile_text_stays_data() -> None:
    page = html.dumps(document(EVIL, EVIL))
    assert [tag for tag, _ in Elements(page).found].count("script") == 3
    assert json.dumps(data_of(page)["document"]).count(json.dumps(EVIL)[1:-1]) > 1


def test_a_page_is_clean_and_names_the_recording_only_where_it_is_told_to() -> None:
    edited = document().rename({"SPEAKER_00": "Ana"})
    page = html.dumps(edited)
    assert "secret" not in page
    assert "SPEAKER_00" not in json.dumps(data_of(page))
    assert data_of(html.dumps(edited, Style(audio=Audio("secret.wav"))))["audio"] == {"address": "secret.wav"}


def test_a_page_holds_the_recording_where_it_is_given() -> None:
    page = html.dumps(document(), Style(audio=Audio(data=b"sound", media_type="audio/webm")))
    assert data_of(page)["audio"] == {"embedded": "audio/webm"}
    assert base64.b64decode(Elements(page).texts["application/octet-stream"]) == b"sound"


def test_the_page_holds_the_whole_document() -> None:
    clean = document().clean()
    assert Document.from_json(data_of(html.dumps(document()))["document"]) == clean
    assert registry.format_of("a.html") == "html"


def test_drafts_belong_to_one_document() -> None:
    one, other = data_of(html.dumps(document())), data_of(html.dumps(document(" Hello again.")))
    assert one["key"] != other["key"]


def test_modules_import_only_what_stands_before_them_and_can_be_read() -> None:
    order = list(html._SCRIPTS)
    assert sorted(order) == sorted(path.stem for path in SOURCES if path.suffix == ".js")
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, path.name
        for name in re.findall(r'from "\./(\w+)\.js"', text):
            assert order.index(name) < order.index(path.stem), f"{path.name} imports {name}"


def test_every_word_that_the_page_says_stands_in_its_table_and_is_used() -> None:
    sources = {path.name: path.read_text(encoding="utf-8") for path in SOURCES}
    body = re.sub(
        r"<kbd>.*?</kbd>|<option.*?</option>|<script.*|\{\{\w+\}\}", "", sources["page.html"].split("</head>")[1]
    )
    assert re.findall(r">[^<]*[A-Za-z][^<]*<", body) == []
    assert re.findall(r" (?:aria-label|title|placeholder|alt)=", body) == []
    asked = "\n".join(text for name, text in sources.items() if name != "strings.js")
    keys = set(re.findall(r"^  (\w+): \"", sources["strings.js"], re.MULTILINE))
    used = set(re.findall(r"STRINGS\.(\w+)|say\(\"(\w+)\"|data-\w+=\"(\w+)\"", asked))
    assert keys <= {key for found in used for key in found}
