"""Where the settings stand that a sentence of refusal is about, whether it ends the command or one file's turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = f"{__name__}.places"
"""Where click keeps what knows the settings of files that hold in a call."""


def trace(context: click.Context, with_places: Callable[[str], str]) -> None:
    """Let `with_places` add the places to the sentences of this call."""
    context.meta[_KEY] = with_places


def traced(sentence: str) -> str:
    """The sentence, and the places of the settings that it is about; itself where no file of settings holds."""
    context = click.get_current_context(silent=True)
    with_places = None if context is None else context.meta.get(_KEY)
    return sentence if with_places is None else str(with_places(sentence))
