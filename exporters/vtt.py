"""WebVTT; the speaker is a voice span, ``<v Ana>text``, which players can style."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from ..fusion.layout import DASH, DEFAULT
from .lines import cues_of, directed, label, milliseconds
from .style import DEFAULT as PLAIN
from .style import Style

if TYPE_CHECKING:
    from ..fusion.cues import Cue, Voice
    from ..fusion.document import Document
    from ..fusion.types import Seconds

ENDING = ".vtt"
NEEDS = "words"
ABOUT = "WebVTT with voice tags, `<v SPEAKER_00>text`"

_HIGHLIGHTED = "STYLE\n::cue(:future) {\n  opacity: 0.5;\n}\n\n"
"""What is not said yet is faint; a player that knows no style shows all alike."""


def dumps(document: Document, style: Style = PLAIN) -> str:
    """One cue after the other, in order of time; segments without text leave none.

    Every cue has its speaker in a tag, which takes no room on the screen, whatever
    the layout says of labels.
    """
    bare = replace(style, layout=replace(style.layout or DEFAULT, labels="none"))
    head = "WEBVTT\n\n" + (_HIGHLIGHTED if style.highlight_words else "")
    return head + "".join(_cue(cue, highlight=style.highlight_words) for cue in cues_of(document, bare))


def _cue(cue: Cue, *, highlight: bool) -> str:
    several = len(cue.voices) > 1
    text = "\n".join(_voice(voice, cue, several=several, highlight=highlight) for voice in cue.voices)
    return f"{_stamp(cue.start)} --> {_stamp(cue.end)}\n{text}\n\n"


def _voice(voice: Voice, cue: Cue, *, several: bool, highlight: bool) -> str:
    """The lines of one voice in its tag, which needs an end where another follows."""
    beats = _beats(voice, cue) if highlight and not several else {}
    whole = "".join(voice.lines)
    lines = [directed(_marked(line, beats.get(index, {})), whole) for index, line in enumerate(voice.lines)]
    text = (DASH if several else "") + "\n".join(lines)
    if voice.speaker is None:
        return text
    return f"<v {_escape(label(voice.speaker))}>{text}" + ("</v>" if several else "")


def _beats(voice: Voice, cue: Cue) -> dict[int, dict[int, Seconds]]:
    """Line -> offset -> when what follows is said; times rise, and lie within the cue, as the format demands."""
    beats: dict[int, dict[int, Seconds]] = {}
    latest = milliseconds(cue.start)
    for line, offset, time in voice.beats:
        if latest < milliseconds(time) < milliseconds(cue.end):
            latest = milliseconds(time)
            beats.setdefault(line, {})[offset] = time
    return beats


def _marked(line: str, beats: dict[int, Seconds]) -> str:
    """The line's text with the times of its words."""
    cuts = [0, *sorted(beats), len(line)]
    first, *rest = (_escape(line[a:b]) for a, b in pairwise(cuts))
    return first + "".join(f"<{_stamp(beats[at])}>{text}" for at, text in zip(sorted(beats), rest, strict=True))


def _escape(text: str) -> str:
    """The three characters with a meaning in cue text; with ``>`` gone no ``-->`` can be left."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(seconds: Seconds) -> str:
    minutes, rest = divmod(milliseconds(seconds), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
