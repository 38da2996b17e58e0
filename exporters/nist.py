"""What CTM and STM share: fields that end at a space."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from .lines import label

if TYPE_CHECKING:
    from ..fusion.document import Document

CHANNEL = "1"
_UNFIT = re.compile(r"[\s%]|^[;<]")
"""Spaces, what stands for them, and what begins a comment or a label."""


def field(name: str) -> str:
    """A name without spaces, from which our readers get it back: as in addresses, ``Ben%20K.``."""
    return _UNFIT.sub(lambda found: quote(found[0], safe=""), label(name))


def recording(document: Document) -> str:
    """The first field of every line."""
    return field(document.name)
