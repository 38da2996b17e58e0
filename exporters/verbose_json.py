"""OpenAI's ``verbose_json``, with words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import renamed, to_json
from .openai import verbose
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".verbose.json"
NEEDS = "words"
ABOUT = "OpenAI's `verbose_json`, with words"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """The recogniser's segments, and the words that have times; both name their speakers where any is known."""
    body = verbose(renamed(document.transcript), words=True, speakers=bool(document.speakers))
    return to_json(body, indent=1) + "\n"
