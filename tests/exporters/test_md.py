"""Markdown, read back by a reader of CommonMark and one of YAML."""

from __future__ import annotations

import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from diarfuse.exporters import registry
from diarfuse.exporters.style import Style
from diarfuse.fusion.document import Document
from diarfuse.fusion.types import Segment, Transcript, Word
from tests.fusion.documents import MEETING

texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z", "Cf", "Cn", "Co")), min_size=1, max_size=20)


def spoken(text: str, who: str | None) -> Document:
    return Document(Transcript((Segment(0.0, 1.0, text, (Word(0.0, 1.0, text, speaker=who),), who),), "en", 5.0))


def parts(document: Document, *, times: bool = True) -> tuple[dict, str]:
    content = registry.dumps(document, "md", Style(times=times))
    assert isinstance(content, str)
    nothing, head, body = content.split("---\n", 2)
    assert nothing == ""
    return yaml.safe_load(head), body


def test_a_head_and_a_paragraph_a_turn() -> None:
    head, body = parts(MEETING.rename({"SPEAKER_00": "Ana"}))
    assert head == {
        "title": "Transcript",
        "language": "en",
        "duration": 10.0,
        "speakers": [
            {"name": "Ana", "talk": 4.8, "share": 0.5217, "turns": 1},
            {"name": "SPEAKER_01", "talk": 4.4, "share": 0.4783, "turns": 1},
        ],
    }
    assert body == (
        "\n[00:00:00] **Ana**: Hello there Anna. How are you to day?\n"
        "\n[00:00:05] **SPEAKER\\_01**: I am fine Anna Smith really fine.\n"
    )


def test_it_names_no_file_and_nobody_of_before() -> None:
    content = str(registry.dumps(MEETING.rename({"SPEAKER_00": "Ana"}), "md"))
    assert not any(told in content for told in ("meeting", "SPEAKER_00", "abab", "A note."))


@given(texts, st.none() | texts, st.booleans())
@example("# Head", None, False)
@example("1) one", None, False)
@example("[a]: /b", None, False)
@example("```", None, False)
@example("---", None, False)
@example("![x](y) <script> &lt; http://a.b ~~c~~ $d$ ==e==", "**Ana*", True)
@example("\"quoted\": 'yaml' #no", "- {a: b}", True)
def test_text_and_names_mean_nothing_but_themselves(text: str, who: str | None, times: bool) -> None:
    head, body = parts(spoken(text, who), times=times)
    assert [row["name"] for row in head["speakers"]] == ([] if who is None else [who])
    _, inline, _ = MarkdownIt().enable(["table", "strikethrough"]).parse(body)
    runs = inline.children or []
    name = "" if who is None else f"{who}: "
    assert "".join(run.content for run in runs) == ("[00:00:00] " if times else "") + name + text
    assert [run.type for run in runs if run.type not in {"text", "text_special"}] == (
        [] if who is None else ["strong_open", "strong_close"]
    )


def test_what_cannot_be_seen_hides_no_beginning_of_a_line() -> None:
    assert parts(spoken("\x1b- so", None), times=False)[1] == "\n\\- so\n"
    assert parts(spoken("\x1b", None))[1] == ""


def test_an_empty_transcript_has_a_head_alone() -> None:
    assert parts(Document(Transcript((), None, 0.0))) == (
        {"title": "Transcript", "language": None, "duration": 0.0, "speakers": []},
        "",
    )
