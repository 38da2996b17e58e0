"""A document comes back from its file as it was, old files are read, and damaged ones are refused by the place."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diarfuse
from diarfuse.exporters import registry
from diarfuse.fusion.document import Document, parse_document, read_document
from diarfuse.fusion.editing.content import Content
from diarfuse.fusion.editing.operations import spans_of
from diarfuse.fusion.errors import OptionError, TranscriptError
from diarfuse.fusion.records import FORMAT
from diarfuse.fusion.types import Diarization, Segment, Transcript, Turn, Word
from tests.amounts import examples
from tests.fusion.documents import MEETING, documents, said

SCHEMA = json.loads((Path(diarfuse.__file__).parent / "fusion" / "document.schema.json").read_text(encoding="utf-8"))
valid = jsonschema.Draft202012Validator(SCHEMA)
EDITED = (
    MEETING.rename({"SPEAKER_00": "Ana"})
    .text("00:00:02", "How are you doing today?")
    .replace_text("Anna", "Hanna")
    .reassign("00:00:00-00:00:01", "Cy")
    .merge("Ana", "Cy")
    .reassign("1-2", "nobody")
    .redone(replace(MEETING.content, notes=("New.",)), "diarize")
)


def written(document: Document) -> str:
    return str(registry.dumps(document, "json"))


@settings(max_examples=examples(60))
@given(documents)
def test_what_is_read_is_what_was_written(document: Document) -> None:
    text = written(document)
    assert parse_document(text, "x") == document
    assert written(parse_document(text, "x")) == text
    valid.validate(json.loads(text))


def test_edits_come_back_too() -> None:
    text = written(EDITED)
    valid.validate(json.loads(text))
    assert parse_document(text, "x") == EDITED


@pytest.mark.parametrize("name", registry.names())
def test_every_format_is_the_same_from_the_file(name: str) -> None:
    assert registry.dumps(parse_document(written(EDITED), "x"), name) == registry.dumps(EDITED, name)


def test_undo_leads_all_the_way_back() -> None:
    document = EDITED
    for _ in EDITED.history:
        document = document.undo()
    assert document == MEETING
    with pytest.raises(OptionError, match="nothing to undo"):
        document.undo()


def test_an_embedding_is_never_kept() -> None:
    found = Diarization((Turn(0, 1, "A"),), (), 1.0, ("B.",), {"A": np.ones(2, np.float32)}, timings={"x": 1.0})
    document = Document(Transcript((), None, 2.0, ("A.",)), found, notes=("C.", "A."))
    assert document.diarization == Diarization((Turn(0, 1, "A"),), (), 2.0)
    assert document.notes == ("A.", "B.", "C.")
    assert "1.0, 1.0" not in written(document)


def test_numbers_of_numpy_are_written_and_numbers_that_are_none_are_not() -> None:
    row = Word(np.float32(0.5), np.float64(1.0), "a")
    assert '"start": 0.5' in written(Document(Transcript((Segment(0, 1, "a", (row,)),), None, 1.0)))
    with pytest.raises(TranscriptError, match="no number"):
        written(Document(Transcript((Segment(0.0, float("nan"), "a"),), None, 1.0)))


OLD = {
    "duration": 1.0,
    "language": "en",
    "speakers": ["A"],
    "notes": ["Old."],
    "segments": [{"start": 0.0, "end": 1.0, "speaker": "A", "text": "Hi", "words": []}],
}


def test_a_file_of_before_there_were_versions_is_read(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text(json.dumps(OLD), encoding="utf-8")
    document = read_document(path)
    assert (document.name, document.notes, document.diarization) == ("talk", ("Old.",), None)
    assert said(document) == [("A", "Hi")]
    assert json.loads(written(document))["format"] == FORMAT


def test_old_turns_are_read() -> None:
    row = {"start": 0.0, "end": 1.0, "speaker": "A"}
    old = {"duration": 2.0, "speakers": ["A"], "turns": [row], "exclusive": [row], "notes": []}
    assert parse_document(json.dumps(old), "x").turns == (Turn(0.0, 1.0, "A"),)


DAMAGE: dict[str, tuple[Any, str]] = {
    "another": ({"segments": [], "language": "en"}, "is no transcript of this program"),
    "list": ([1], "is no transcript of this program"),
    "newer": (["format", "diarfuse/2"], "format is 'diarfuse/2', of a newer version.*install that version"),
    "of no version": (["format", "diarfuse/0"], "format is 'diarfuse/0', where 'diarfuse/1' is expected"),
    "format": (["format", 3], "format is 3"),
    "time": (["segments", 0, "words", 1, "start", "x"], r"segments\[0\]\.words\[1\]\.start is 'x'"),
    "nan": (["duration", float("nan")], "duration is nan"),
    "negative": (["duration", -1], "duration is -1: times count"),
    "negative audio": (["audio", {"name": "x", "sha256": "", "duration": -1}], r"audio\.duration is -1: times count"),
    "infinity": (["segments", 0, "end", 10**400], r"segments\[0\]\.end is 1000"),
    "missing": (["segments", 0, "text", None], r"segments\[0\]\.text is None"),
    "unknown": (["segments", 0, "speakr", "A"], r"segments\[0\]\.speakr is no key"),
    "reason": (["segments", 0, "words", 0, "attribution", "reason", "luck"], r"attribution\.reason is 'luck'"),
    "speakers": (["speakers", ["Zoe"]], "speakers does not list"),
    "turn": (["turns", 0, "end", -1], r"turns\[0\]\.end is -1"),
    "half": (["turns", ...], "turns is missing"),
    "edit": (["history", 0, "op", "drop"], r"history\[0\]\.op is 'drop'"),
    "undo": (["history", 1, "undo", "segments", 0, "first", -1], r"history\[1\]\.undo\.segments\[0\]\.first is -1"),
    "words": (["history", 1, "words", [5, 4]], r"history\[1\]\.words is \[5, 4\]"),
    "audio": (["audio", {"name": "x"}], "audio.duration is missing"),
    "settings": (["settings", []], "settings is no object"),
    "program": (["program", ...], "program is missing"),
    "edited": (["segments", 0, "words", 0, "edited", "yes"], "edited is 'yes'"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_told_by_its_place(kind: str) -> None:
    change, sentence = DAMAGE[kind]
    row: Any = json.loads(written(EDITED.undo().undo().undo()))
    if change and isinstance(change, list) and isinstance(change[0], str):
        *way, key, value = change if change[-1] is not ... else [*change[:-1], ...]
        inner = row
        for step in way:
            inner = inner[step]
        if value is ...:
            del inner[key]
        else:
            inner[key] = value
    else:
        row = change
    with pytest.raises(TranscriptError, match=rf"^talk\.json: .*{sentence}") as caught:
        parse_document(json.dumps(row), "talk.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [-0.01, 1e9, 10**20, float("inf"), "1.0", True])
@pytest.mark.parametrize("place", [("turns", 0, "start"), ("segments", 0, "end"), ("segments", 0, "words", 0, "start")])
def test_a_time_that_cannot_be_is_told_by_its_place(place: tuple[Any, ...], value: object) -> None:
    row = json.loads(written(MEETING))
    box = row
    for step in place[:-1]:
        box = box[step]
    box[place[-1]] = value
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    with pytest.raises(TranscriptError, match=re.escape(path)):
        parse_document(json.dumps(row), "x")


def test_what_is_no_json_is_told_so(tmp_path: Path) -> None:
    for text in ("", "{", "[" * 100_000, "\x00"):
        with pytest.raises(TranscriptError, match="is no JSON"):
            parse_document(text, "x")
    with pytest.raises(TranscriptError, match=r"make one of other programs' words with `transcribe attach`\.$"):
        parse_document("1\n00:00:01,000 --> 00:00:02,000\nHi.\n", "a.srt")
    with pytest.raises(TranscriptError, match="cannot be read"):
        read_document(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TranscriptError, match="is no JSON"):
        read_document(tmp_path / "bytes.json")


values = st.none() | st.booleans() | st.integers(-1, 1) | st.floats() | st.text(max_size=3) | st.just([]) | st.just({})


@settings(max_examples=examples(150))
@given(st.data())
def test_the_reader_takes_nothing_that_the_schema_refuses(data: st.DataObject) -> None:
    row: Any = json.loads(written(EDITED))
    inner: Any = row
    while isinstance(inner, dict | list) and inner:
        key = data.draw(st.sampled_from(sorted(inner) if isinstance(inner, dict) else range(len(inner))))
        if not isinstance(inner[key], dict | list) or data.draw(st.integers(0, 3)) == 0:
            inner[key] = data.draw(values)
            break
        inner = inner[key]
    try:
        document = parse_document(json.dumps(row), "x")
    except TranscriptError:
        return
    assert valid.is_valid(row)
    assert parse_document(written(document), "x") == document


def test_clean_has_no_names_of_before_and_no_paths() -> None:
    text = written(EDITED.undo().clean())
    for secret in ("SPEAKER_00", "Anna", "meeting", "abab", "diarize", "A note", "Cy"):
        assert secret not in text
    assert "Hanna" in text
    assert parse_document(text, "x").history == ()
    assert EDITED.forget().history == ()
    assert EDITED.forget().content == EDITED.content


def test_an_edit_that_changes_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="changes nothing"):
        MEETING.rename({"SPEAKER_00": "SPEAKER_00"})


def test_a_history_that_does_not_fit_is_refused() -> None:
    edited = MEETING.text("00:00:02", "How?")
    broken = replace(edited, transcript=Transcript((), "en", 10.0))
    with pytest.raises(TranscriptError, match="history is damaged"):
        broken.undo()


def test_what_is_equal_has_one_hash() -> None:
    """Also where it holds a dict, as settings and names do."""
    one, other = (MEETING.rename({"SPEAKER_00": "Ana"}).merge("Ana", "SPEAKER_01") for _ in range(2))
    assert one == other
    assert len({one, other, MEETING}) == 2


def test_content_is_what_a_document_holds() -> None:
    assert MEETING.content == Content(MEETING.transcript, MEETING.diarization, MEETING.origin, MEETING.notes)
    assert MEETING.speakers == ("SPEAKER_00", "SPEAKER_01")


def test_names_that_differ_in_how_accents_are_composed_are_one_speaker_again() -> None:
    row = MEETING.rename({"SPEAKER_00": "Zo\xe9", "SPEAKER_01": "Ana"}).forget().to_json()
    changed = json.loads(json.dumps(row).replace("Ana", "Zoe\\u0301"))
    changed["speakers"] = ["Zoe\u0301", "Zo\xe9"]
    assert Document.from_json(changed).speakers == ("Zoe\u0301",)


@given(st.sets(st.integers(0, 30)))
def test_spans_are_the_numbers_and_as_few_as_can_be(numbers: set[int]) -> None:
    spans = spans_of(tuple(sorted(numbers)))
    assert [number for first, last in spans for number in range(first - 1, last)] == sorted(numbers)
    assert len(spans) == len([number for number in numbers if number - 1 not in numbers])


def test_turns_alone_are_no_diarization() -> None:
    with pytest.raises(OptionError, match=r"^diarization=\[Turn\(.* must be Diarization or None\.$"):
        Document(Transcript((), None, 1.0), [Turn(0.0, 1.0, "A")])  # type: ignore[arg-type]


@pytest.mark.parametrize("operation", [None, "rename", {"operation": "rename"}])
def test_what_is_no_edit_is_refused(operation: Any) -> None:
    with pytest.raises(OptionError, match=r" is no edit: rename, merge, reassign, text and others make one\.$"):
        MEETING.edited(operation)
