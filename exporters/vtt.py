"""WebVTT; the speaker is a voice span, ``<v Ana>text``, which players can style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import cues_of, milliseconds, one_line
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.cues import Cue
    from ..fusion.document import Document
    from ..fusion.types import Seconds

ENDING = ".vtt"
NEEDS = "words"
ABOUT = "WebVTT with voice tags, `<v SPEAKER_00>text`"


def dumps(document: Document, style: Style = DEFAULT) -> str:
    """One cue after the other, in order of time; segments without text leave none."""
    return "WEBVTT\n\n" + "".join(map(_cue, cues_of(document, style)))


def _cue(cue: Cue) -> str:
    voice = "" if cue.speaker is None else f"<v {_escape(one_line(cue.speaker))}>"
    return f"{_stamp(cue.start)} --> {_stamp(cue.end)}\n{voice}{_escape(cue.text)}\n\n"


def _escape(text: str) -> str:
    """The three characters with a meaning in cue text; with ``>`` gone no ``-->`` can be left."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(seconds: Seconds) -> str:
    minutes, rest = divmod(milliseconds(seconds), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
