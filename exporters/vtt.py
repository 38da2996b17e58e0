"""WebVTT; the speaker is a voice span, ``<v Ana>text``, which players can style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lines import in_order, milliseconds, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..fusion.cues import Cue
    from ..fusion.types import Seconds, Transcript


def dumps(transcript: Transcript) -> str:
    """One cue a segment, in order of time; segments without text leave none."""
    cues = (_cue(part.start, part.end, part.speaker, one_line(part.text)) for part in in_order(transcript))
    return "WEBVTT\n\n" + "".join(cues)


def dumps_cues(cues: Iterable[Cue]) -> str:
    """Cues as `fusion.cues.build_cues` made them, with their line breaks."""
    return "WEBVTT\n\n" + "".join(_cue(cue.start, cue.end, cue.speaker, cue.text) for cue in cues)


def _cue(start: Seconds, end: Seconds, speaker: str | None, text: str) -> str:
    voice = "" if speaker is None else f"<v {_escape(one_line(speaker))}>"
    return f"{_stamp(start)} --> {_stamp(end)}\n{voice}{_escape(text)}\n\n"


def _escape(text: str) -> str:
    """The three characters with a meaning in cue text; with ``>`` gone no ``-->`` can be left."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(seconds: Seconds) -> str:
    minutes, rest = divmod(milliseconds(seconds), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
