"""Who spoke when: ``Diarizer.from_pretrained("auto").diarize("meeting.wav")``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .options import Execution, Options
    from .pipeline import Diarizer

__all__ = ["Diarizer", "Execution", "Options"]

_HOMES = {"Diarizer": ".pipeline", "Execution": ".options", "Options": ".options"}


def __getattr__(name: str) -> Any:
    """Import on first use: scipy and the networks' code cost half a second that ``--help`` must not."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(_HOMES[name], __name__), name)
