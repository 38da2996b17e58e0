"""CTM and STM, as meeteval and our own readers read them back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.exporters import ctm, registry, stm
from diarfuse.exporters.lines import label, passages
from diarfuse.exporters.nist import field
from diarfuse.fusion.document import Document
from diarfuse.fusion.formats import ctm as ctm_reader
from diarfuse.fusion.formats.stm import read_stm
from diarfuse.fusion.types import Segment, Transcript, Word

NAMES = ["Ana", "Ben K.", "100% 5 6", "%20", ";;", "<o>", "李 雷", "SPEAKER_00", "a\u00a0b"]


def said(*words: tuple[str | None, float, float, str], name: str = "my talk 1 2") -> Document:
    segments = tuple(Segment(a, b, text, (Word(a, b, text, 0.5, speaker=who),), who) for who, a, b, text in words)
    return Document(Transcript(segments, "en", 30.0), name=name)


TALK = said(("Ben K.", 0.5, 1.0, " New York"), (None, 2.0, 2.0, " 5"), ("Ana", 0.75, 1.5, " <unk>"))


def stm_of(document: Document, folder: Path) -> Path:
    path = folder / "a.stm"
    path.write_text(str(registry.dumps(document, "stm")), encoding="utf-8")
    return path


def test_the_lines_themselves():
    assert ctm.dumps(TALK) == (
        "my%20talk%201%202 1 0.500 0.214 New 0.500\n"
        "my%20talk%201%202 1 0.714 0.286 York 0.500\n"
        "my%20talk%201%202 1 0.750 0.750 <unk> 0.500\n"
        "my%20talk%201%202 1 2.000 0.000 5 0.500\n"
    )
    assert stm.dumps(TALK) == (
        "my%20talk%201%202 1 Ben%20K. 0.500 1.000 New York\n"
        "my%20talk%201%202 1 Ana 0.750 1.500 <NA> <unk>\n"
        "my%20talk%201%202 1 unknown 2.000 2.000 5\n"
    )


def test_meeteval_reads_both(tmp_path):
    meeteval = pytest.importorskip("meeteval", reason="it has no wheel for the newest Python")
    (tmp_path / "a.ctm").write_text(ctm.dumps(TALK))
    words = meeteval.io.CTM.load(str(tmp_path / "a.ctm")).lines
    assert [(word.word, float(word.begin_time)) for word in words] == [
        *(("New", 0.5), ("York", 0.714), ("<unk>", 0.75), ("5", 2.0)),
    ]
    lines = meeteval.io.STM.load(str(stm_of(TALK, tmp_path))).lines
    assert [(line.filename, line.speaker_id, line.transcript) for line in lines] == [
        ("my%20talk%201%202", "Ben%20K.", "New York"),
        ("my%20talk%201%202", "Ana", "<NA> <unk>"),
        ("my%20talk%201%202", "unknown", "5"),
    ]


def test_a_word_without_a_confidence_has_none():
    document = Document(Transcript((Segment(0.0, 1.0, " Hi all.", ()),), "en", 1.0))
    assert [line.split()[4:] for line in ctm.dumps(document).splitlines()] == [["Hi"], ["all."]]


@given(
    st.sampled_from(NAMES),
    st.lists(
        st.tuples(
            st.sampled_from(NAMES), st.integers(0, 20), st.sampled_from([" so", " 5", " a b", " <x> y", " 0.9", " ;;"])
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_our_readers_get_it_back(tmp_path_factory, name, rows):
    document = said(*((who, at, at + 0.5, text) for who, at, text in rows), name=name)
    expected = [(p.speaker, p.start, p.end, " ".join(p.text.split())) for p in passages(document)]
    found = read_stm(stm_of(document, tmp_path_factory.mktemp("stm")))
    assert [(u.speaker, u.start, u.end, u.text) for u in found] == [
        (label(who), pytest.approx(start, abs=0.0006), pytest.approx(end, abs=0.0006), text)
        for who, start, end, text in expected
    ]
    read = ctm_reader.read(ctm.dumps(document), "a.ctm")
    words = [word.text.strip() for line in read.lines for word in line.slots]
    assert sorted(words) == sorted(" ".join(text for *_, text in expected).split())


@given(st.text(max_size=20) | st.sampled_from(NAMES))
def test_a_field_has_no_space_and_begins_no_comment(name):
    made = field(name)
    assert made
    assert not re.search(r"\s", made)
    assert not made.startswith((";", "<"))


def test_nothing_said_is_an_empty_file():
    empty = Document(Transcript((), None, 1.0))
    assert (ctm.dumps(empty), stm.dumps(empty)) == ("", "")
