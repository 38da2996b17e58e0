"""Everything a document holds, as JSON that `fusion.document` reads back; docs/formats.md describes each key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..fusion.errors import TranscriptError
from .lines import to_json
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".json"
NEEDS = "anything"
ABOUT = (
    "everything, and what `transcribe export` and the other editing commands read ([docs/formats.md](docs/formats.md))"
)


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """UTF-8 text as JSON, keys in a fixed order, one line a word, so that versions can be compared line by line.

    Raises:
        TranscriptError: a recogniser gave a time that is no number.
    """
    return (
        "{\n"
        + ",\n".join(f" {_text(key)}: {_value(key, value)}" for key, value in document.to_json().items())
        + "\n}\n"
    )


def _value(key: str, value: Any) -> str:
    if key == "segments":
        return _lines(map(_segment, value), " ")
    return _lines(map(_text, value), " ") if key in {"turns", "exclusive", "history"} else _text(value)


def _segment(row: Mapping[str, Any]) -> str:
    head = _text({key: value for key, value in row.items() if key != "words"})
    return f'{head[:-1]}, "words": {_lines(map(_text, row["words"]), "  ")}}}'


def _lines(items: Iterable[str], indent: str) -> str:
    """A list with one item a line."""
    inner = ",\n".join(f"{indent} {item}" for item in items)
    return f"[\n{inner}\n{indent}]" if inner else "[]"


def _text(value: Any) -> str:
    try:
        return to_json(value)
    except ValueError as error:
        raise TranscriptError(f"The transcript holds a time or a probability that is no number ({error}).") from error
