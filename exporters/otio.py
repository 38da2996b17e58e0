"""OpenTimelineIO: the recording as a clip with a marker for each turn, which its adapters hand to video editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..fusion.layout import DEFAULT as LAYOUT
from .frames import Rate
from .lines import passages, to_json
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".otio"
NEEDS = "words"
ABOUT = "OpenTimelineIO: the recording with a marker for each turn, for video editors; `--fps` is the timeline's"
SPEAKERS = r'"OTIO_SCHEMA": "Marker.\d",\s+"name": "((?:[^"\\]|\\.)+)"'
"""Where a file has its speakers."""

_COLOURS = ("BLUE", "ORANGE", "GREEN", "PINK", "CYAN", "RED", "YELLOW", "PURPLE", "MAGENTA")
_NOBODYS = "WHITE"


def dumps(document: Document, style: Style = DEFAULT) -> str:
    """One timeline with one audio track; a marker is named after the speaker, and has the text as its comment."""
    rate = Rate.of((style.layout or LAYOUT).fps)
    length = rate.frame(document.transcript.duration)
    clip = {
        "OTIO_SCHEMA": "Clip.1",
        "name": document.name,
        "source_range": _range(0, length, rate),
        "media_reference": _media(document, length, rate),
        "markers": _markers(document, rate),
    }
    track = {"OTIO_SCHEMA": "Track.1", "name": "audio", "kind": "Audio", "children": [clip]}
    stack = {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [track]}
    return to_json({"OTIO_SCHEMA": "Timeline.1", "name": document.name, "tracks": stack}, indent=1) + "\n"


def _markers(document: Document, rate: Rate) -> list[dict[str, Any]]:
    rows = passages(document)
    speakers = list(dict.fromkeys(row.speaker for row in rows if row.speaker is not None))
    colours = {speaker: _COLOURS[index % len(_COLOURS)] for index, speaker in enumerate(speakers)}
    markers = []
    for row in rows:
        start = rate.frame(row.start)
        markers.append({
            "OTIO_SCHEMA": "Marker.2",
            "name": row.speaker or "",
            "color": _NOBODYS if row.speaker is None else colours[row.speaker],
            "marked_range": _range(start, max(1, rate.frame(row.end) - start), rate),
            "comment": row.text,
        })  # fmt: skip
    return markers


def _media(document: Document, length: int, rate: Rate) -> dict[str, Any]:
    """The recording beside the file; a missing one where the document does not name it."""
    if document.recording is None or not document.recording.name:
        return {"OTIO_SCHEMA": "MissingReference.1"}
    address = quote(document.recording.name.encode("utf-8", "replace"))
    return {"OTIO_SCHEMA": "ExternalReference.1", "target_url": address, "available_range": _range(0, length, rate)}


def _range(start: int, length: int, rate: Rate) -> dict[str, Any]:
    times = {"start_time": start, "duration": length}
    moments = {k: {"OTIO_SCHEMA": "RationalTime.1", "value": v, "rate": float(rate.exact)} for k, v in times.items()}
    return {"OTIO_SCHEMA": "TimeRange.1", **moments}
