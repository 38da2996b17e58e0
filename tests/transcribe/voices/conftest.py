"""A folder of voices that is not there yet, and keys that are made at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarfuse.transcribe.voices import encryption


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "voices"


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes whoever guesses a tenth of a second is not what is tested here."""
    monkeypatch.setattr(encryption, "_N", 16)
