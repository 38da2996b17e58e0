"""WebVTT; the speaker is a voice span, ``<v Ana>text``, which players can style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporters.lines import milliseconds, one_line

if TYPE_CHECKING:
    from fusion.types import Seconds, Segment, Transcript


def dumps(transcript: Transcript) -> str:
    """One cue a segment, in order of time; segments without text leave none."""
    ordered = sorted(transcript.segments, key=lambda segment: (segment.start, segment.end))
    return "WEBVTT\n\n" + "".join(_cue(segment) for segment in ordered if segment.text.strip())


def _cue(segment: Segment) -> str:
    text = _escape(one_line(segment.text))
    if segment.speaker is not None:
        text = f"<v {_escape(one_line(segment.speaker))}>{text}"
    return f"{_stamp(segment.start)} --> {_stamp(segment.end)}\n{text}\n\n"


def _escape(text: str) -> str:
    """The three characters with a meaning in cue text; with ``>`` gone no ``-->`` can be left."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(seconds: Seconds) -> str:
    minutes, rest = divmod(milliseconds(seconds), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
