"""The examples in docstrings, which `docs/api.md` shows too, give what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import diarfuse

ROOT = Path(diarfuse.__file__).parent
FOLDERS = ("fusion", "diarize", "asr_adapters", "exporters", "transcribe")
WITH_EXAMPLES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("path", WITH_EXAMPLES)
def test_examples_give_what_they_say(path: str) -> None:
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    tried = doctest.testmod(importlib.import_module(f"diarfuse.{name}"))
    assert tried.failed == 0


def test_examples_import_what_a_reader_can_import() -> None:
    """`import fusion` works in the root of the checkout too, and nowhere else; a relative one only in its module."""
    assert len(WITH_EXAMPLES) > 50
    lines = [(path, line.strip()) for path in WITH_EXAMPLES for line in (ROOT / path).read_text("utf-8").splitlines()]
    imports = [(path, line) for path, line in lines if line.startswith((">>> from ", ">>> import "))]
    assert [one for one in imports if not one[1].startswith(">>> from diarfuse import ")] == []
