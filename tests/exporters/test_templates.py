"""Templates of plain text: what they write, what they refuse, and the forms that other programs import."""

from __future__ import annotations

import csv
import io
import re

import pytest

from diarfuse.exporters import registry
from diarfuse.exporters.style import Style
from diarfuse.exporters.templates import FIELDS, PRESETS, parse_template
from diarfuse.fusion.document import Document
from diarfuse.fusion.errors import OptionError, UnknownNameError
from diarfuse.fusion.types import Segment, Transcript, Word


def document(*rows: tuple[float, float, str, str | None]) -> Document:
    lines = [Segment(a - 0.2, b + 1, f" {t}", (Word(a, b, f" {t}", speaker=who),), who) for a, b, t, who in rows]
    return Document(Transcript(tuple(lines), "en", 9000.0))


TALK = document(
    (220.46, 221.0, "Why?", "Zack"), (221.5, 221.5, "{text} <b>\tso.", "Jim: {start}"), (7300, 7301, "Hm.", None)
)


def written(template: str) -> str:
    text = registry.dumps(TALK, "txt", Style(template=parse_template(template)))
    assert isinstance(text, str)
    return text


def test_any_form() -> None:
    assert written("{start} {speaker}: {text}") == (
        "00:03:40.4 Zack: Why?\n00:03:41.5 Jim: {start}: {text} <b> so.\n02:01:40.0 ?: Hm.\n"
    )
    assert written(r"{number}\t{start_seconds}\t{end_seconds}\\{{{end}}}\n").startswith(
        "1\t220.460\t221.000\\{00:03:41.0}\n\n2"
    )


def test_nvivo_reads_rows_of_timespan_speaker_and_content() -> None:
    rows = list(csv.reader(io.StringIO(written("nvivo")), delimiter="\t"))
    assert [len(row) for row in rows] == [3, 3, 3]
    assert rows[0] == ["00:03:40.4-00:03:41.0", "Zack", "Why?"]
    assert all(start < end for start, end in (row[0].split("-") for row in rows)), "a span that lasts no time is none"
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_maxqda_reads_paragraphs_of_time_and_name() -> None:
    paragraphs = written("maxqda").removesuffix("\n\n").split("\n\n")
    assert paragraphs[0] == "00:03:40.4Zack: Why?"
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d\.\d[^\s].*: [^\n]+", paragraph) for paragraph in paragraphs)


def test_atlasti_reads_a_time_in_number_signs() -> None:
    assert all(re.match(r"#\d\d:\d\d:\d\d\.\d# [^:]+: ", line) for line in written("atlasti").splitlines())


@pytest.mark.parametrize(
    "template",
    ["{text.__class__}", "{text[0]}", "{0}", "{}", "{speeker} {text}", "{ text }", "{text.__init__.__globals__}"],
)
def test_an_unknown_field_names_the_known_ones(template: str) -> None:
    with pytest.raises(UnknownNameError, match=r"known ones are number, start, .*text") as caught:
        parse_template(template)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "template", ["{text", "text}", "{text:>9999999999}", "{text!r}", "{text:{start}}", "{{text}}", "{"]
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(OptionError, match="template"):
        parse_template(template)


@pytest.mark.parametrize("template", ["", "nvivoo", "hello"])
def test_an_unknown_preset_names_the_known_ones(template: str) -> None:
    with pytest.raises(UnknownNameError, match="nvivo, maxqda, atlasti"):
        parse_template(template)


def test_every_preset_and_field_is_filled() -> None:
    assert all("{" not in parse_template(text).fill(dict.fromkeys(FIELDS, "x")) for text in PRESETS.values())
    assert parse_template("".join(f"{{{name}}}" for name in FIELDS)).fill(dict.fromkeys(FIELDS, "x")) == "x" * len(
        FIELDS
    )
