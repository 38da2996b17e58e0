"""The language that somebody told of a transcript: its lines are cut by the rules of that, whatever the data say."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOLD: ContextVar[str | None] = ContextVar("told", default=None)
"""Every format cuts lines while it reads, in a place of its own; what is told holds for all of them, within a block."""


@contextmanager
def in_language(language: str | None) -> Iterator[None]:
    """While the block reads a transcript, its language is this one; None: the one that the data tell."""
    token = _TOLD.set(language)
    try:
        yield
    finally:
        _TOLD.reset(token)


def told(language: str | None) -> str | None:
    """The language that was told, else the one that the data have."""
    return _TOLD.get() or language
