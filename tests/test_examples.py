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


@pytest.mark.parametrize("path", WITH_EXAMPLES)
def test_examples_import_what_a_reader_can_import(path: str) -> None:
    """`import fusion` works in the root of the checkout too, and nowhere else; a relative one only in its module."""
    lines = map(str.strip, (ROOT / path).read_text(encoding="utf-8").splitlines())
    imports = [line for line in lines if line.startswith((">>> from ", ">>> import "))]
    assert [line for line in imports if not line.startswith(">>> from diarfuse import ")] == []
