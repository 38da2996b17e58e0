"""A language that somebody told cuts the lines of every format, whatever the data say of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from diarfuse.fusion.attaching import attach, attach_same_shape
from diarfuse.fusion.errors import OptionError
from diarfuse.fusion.formats.files import read_any
from diarfuse.fusion.types import Turn

TEXTS = ("Wir", "kommen", "am", "3.", "Oktober.", "Gut.")
TEXT = " ".join(TEXTS)
WHOLE, CUT = ["Wir kommen am 3. Oktober.", "Gut."], ["Wir kommen am 3.", "Oktober.", "Gut."]


def words(name: str = "word") -> list[dict[str, Any]]:
    return [{name: text, "start": float(i), "end": i + 0.9} for i, text in enumerate(TEXTS)]


def data(language: str | None) -> dict[str, Any]:
    """The same in several formats, which tell this language."""
    deepgram = {"alternatives": [{"transcript": TEXT, "words": words()}], "detected_language": language}
    assembly = [{**word, "start": 1000 * i, "end": 1000 * i + 900} for i, word in enumerate(words("text"))]
    return {
        "plain list": {"language": language, "words": words()},
        "OpenAI": {"task": "transcribe", "duration": 9.0, "language": language, "text": TEXT, "words": words()},
        "Deepgram": {"metadata": {"duration": 9.0}, "results": {"channels": [deepgram]}},
        "AssemblyAI": {"audio_duration": 9, "language_code": language, "text": TEXT, "words": assembly},
    }


def lines(found: Any) -> list[str]:
    return [line.text.strip() for line in getattr(found, "lines", None) or found.segments]


@pytest.mark.parametrize("format_", data(None))
def test_what_is_told_goes_before_what_the_data_tell(format_: str) -> None:
    for tells, told, expected in (
        (None, None, CUT), (None, "de", WHOLE), ("en", "German", WHOLE), ("de", None, WHOLE), ("de", "en", CUT),
    ):  # fmt: skip
        found = read_any(data(tells)[format_], language=told)
        assert lines(found) == expected
        assert found.language == ("de" if expected == WHOLE else told or tells)
    assert lines(read_any(data(None)[format_])) == CUT  # nothing of it stays


def test_files_are_read_so_too(tmp_path: Path) -> None:
    ctm = "".join(f"a 1 {i}.00 0.90 {text}\n" for i, text in enumerate(TEXTS))
    for name, content in (("a.ctm", ctm), ("a.json", json.dumps(words())), ("a.txt", ctm)):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        assert lines(read_any(path)) == CUT
        assert lines(read_any(path, language="de")) == WHOLE


def test_lines_of_what_is_attached_are_cut_by_it() -> None:
    one = (Turn(0.0, 9.0, "A"),)
    assert lines(attach(words(), one)) == CUT
    assert lines(attach(words(), one, language="de")) == WHOLE
    for put in (attach, attach_same_shape):
        with pytest.raises(OptionError, match="did you mean german"):
            put(words(), one, language="germann")
