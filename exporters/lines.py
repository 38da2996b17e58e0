"""What the text formats share: one line of text, the speaker in front of it, and a document's cues."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..fusion.errors import JOINERS
from ..fusion.layout import DASH
from ..fusion.text import STEERING, direction, one_line, without_steering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..fusion.cues import Cue, Passage
    from ..fusion.document import Document
    from ..fusion.types import Seconds, Segment, Transcript
    from .style import Style

_MARKS = {"L": "\u200e", "R": "\u200f"}
_LONGEST_NAME = 100
_FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What begins one, in both widths."""


def label(speaker: str) -> str:
    """A speaker's name as files show it: one line of at most 100 characters, all of which can be seen.

    Names that people give are so already; those in other programs' files may be anything.
    """
    shown = "".join(" " if c.isspace() else c for c in speaker if c.isprintable() or c.isspace() or c in JOINERS)
    line = " ".join(shown.split()) or "?"
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1]}…"


def cell(text: str) -> str:
    """`text` as spreadsheets show it: one that they would compute, as ``=1+1``, ``-5`` or ``@ana``, follows a ``'``."""
    return f"'{text}" if text.lstrip().startswith(_FORMULAS) else text


def passages(document: Document) -> tuple[Passage, ...]:
    """Turns of words, the speakers under the names that are shown, the texts without what steers their reader."""
    from ..fusion.cues import passages_of

    return tuple(harmless for row in passages_of(renamed(document.transcript)) if (harmless := _harmless(row)).words)


def _harmless(row: Passage) -> Passage:
    """The passage without characters that steer a terminal or turn lines round, and words that are only such."""
    texts = [without_steering(word.text) for word in row.words]
    if all(text == word.text for text, word in zip(texts, row.words, strict=True)):
        return row
    words = (replace(word, text=text) for text, word in zip(texts, row.words, strict=True) if text.strip())
    return replace(row, words=tuple(words))


def cues_of(document: Document, style: Style, name: Callable[[str], str] = label) -> tuple[Cue, ...]:
    """What is on the screen when: readable cues where speakers are known and `style` says so, else the segments.

    A document without turns is the recogniser's own, whatever `style` says. `name`
    makes a speaker's name harmless for the format.
    """
    from ..fusion.cues import DEFAULT, Cue, Voice, build_cues

    transcript = renamed(document.transcript, name)
    if document.diarization is not None and style.cues == "readable":
        return build_cues(transcript, style.layout or DEFAULT)
    segments = _in_order(transcript)
    ends = _ends(segments, (style.layout or DEFAULT).shortest)
    return tuple(
        Cue(segment.start, end, (Voice(segment.speaker, (one_line(segment.text),), segment.speaker),))
        for segment, end in zip(segments, ends, strict=True)
    )


def renamed(transcript: Transcript, name: Callable[[str], str] = label) -> Transcript:
    """The transcript with every speaker under the name that is shown; itself where all are so already."""
    speakers = {s.speaker for s in transcript.segments} | {word.speaker for word in transcript.words}
    names = {speaker: None if speaker is None else name(speaker) for speaker in speakers}
    if all(old == new for old, new in names.items()):
        return transcript
    segments = (
        replace(s, speaker=names[s.speaker], words=tuple(replace(w, speaker=names[w.speaker]) for w in s.words))
        for s in transcript.segments
    )
    return replace(transcript, segments=tuple(segments))


def _ends(segments: Sequence[Segment], shortest: Seconds) -> Iterator[Seconds]:
    """When each segment is over; one of no length stays for the shortest time, or until the next that begins later."""
    starts = sorted(milliseconds(segment.start) for segment in segments)
    for segment in segments:
        start, end = milliseconds(segment.start), milliseconds(segment.end)
        if end > start:
            yield segment.end
        else:
            later = bisect_right(starts, start)
            following = starts[later] / 1000 if later < len(starts) else math.inf
            yield min(segment.start + shortest, following)


def timestamp(seconds: Seconds) -> str:
    """Seconds as ``hh:mm:ss.s``, the form that programs for research read; what is left of a tenth is cut off.

    >>> timestamp(220.46), timestamp(363_599.96)
    ('00:03:40.4', '100:59:59.9')
    """
    minutes, tenths = divmod(max(0, milliseconds(seconds)) // 100, 600)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{tenths // 10:02d}.{tenths % 10}"


def milliseconds(seconds: Seconds) -> int:
    """Seconds -> whole milliseconds, rounded half to even."""
    return round(float(seconds) * 1000)


def _in_order(transcript: Transcript) -> list[Segment]:
    """The segments that have a text, by time: subtitle players want them so."""
    said = [segment for segment in transcript.segments if segment.text.strip()]
    return sorted(said, key=lambda segment: (segment.start, segment.end))


def to_json(value: Any, indent: int | None = None) -> str:
    """`value` as JSON in readable characters; those that steer a terminal or turn lines round are escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def named(speaker: str | None, text: str) -> str:
    """`text` with the speaker in front."""
    return text if speaker is None else directed(f"{label(speaker)}: {text}".rstrip(), text)


def directed(line: str, text: str) -> str:
    """`line` with an invisible mark in front, where it would not run in the direction of `text`, of which it is a part.

    A line takes its direction from its first letter, so that a Latin label would turn
    a line of Hebrew, and its full stop would stand at the wrong end.
    """
    wanted = direction(text)
    return line if direction(line) in (wanted, "") or not wanted else _MARKS[wanted] + line


def shown(cue: Cue) -> list[str]:
    """The lines of a cue in which labels stand in the text, dashes where two people speak."""
    return [
        directed((DASH if len(cue.voices) > 1 and not index else "") + line, "".join(voice.lines))
        for voice in cue.voices
        for index, line in enumerate((named(voice.label, voice.lines[0]), *voice.lines[1:]))
    ]
