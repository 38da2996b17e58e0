"""Advanced SubStation Alpha: cues whose speaker stands in the Name field, each in a colour of its own."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from ..fusion.layout import DASH
from .lines import cues_of, directed, label, milliseconds, named
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..fusion.cues import Cue, Voice
    from ..fusion.document import Document
    from ..fusion.types import Seconds

ENDING = ".ass"
NEEDS = "words"
ABOUT = "Advanced SubStation Alpha: a colour and the Name field for each speaker"
SPEAKERS = r"^Dialogue: (?:[^,\n]*,){4}([^,\n]+),"
"""Where a file has its speakers."""

_HEAD = """[Script Info]
ScriptType: v4.00+
WrapStyle: 2
ScaledBorderAndShadow: yes
PlayResX: 1280
PlayResY: 720

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
"""
_STYLE = "Style: {name},Arial,48,{colour},&H80FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,2,1,2,40,40,40,1\n"
_EVENTS = "\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"

_LOOKALIKES = str.maketrans("{}\\", "\uff5b\uff5d\uff3c")
_NOBODYS = "Default"
_COLOURS = ("00FFFF", "FFFF00", "00FF00", "FFA0FF", "80C0FF", "FFC080", "80FFC0", "C0C0FF")
"""Yellow, cyan, green and paler ones, as blue, green, red; who comes ninth has the first again."""


def dumps(document: Document, style: Style = DEFAULT) -> str:
    """One event for each voice of a cue, in order of time.

    The Name field says who speaks in every cue; the shown text bears a label where
    the layout says so, as in SRT. With `style.highlight_words` each word is filled
    as it is said.
    """
    cues = cues_of(document, style, _plain)
    speakers = dict.fromkeys(voice.speaker for cue in cues for voice in cue.voices if voice.speaker is not None)
    styles = {speaker: f"Speaker {index}" for index, speaker in enumerate(speakers, start=1)}
    lines = [_STYLE.format(name=_NOBODYS, colour="&H00FFFFFF")]
    lines += [
        _STYLE.format(name=name, colour=f"&H00{_COLOURS[index % len(_COLOURS)]}")
        for index, name in enumerate(styles.values())
    ]
    events = (event for cue in cues for event in _events(cue, styles, highlight=style.highlight_words))
    return _HEAD + "".join(lines) + _EVENTS + "".join(events)


def _events(cue: Cue, styles: dict[str, str], *, highlight: bool) -> Iterator[str]:
    """The events of a cue; players stack those of one time upwards, so that the first voice comes last."""
    times = f"{_stamp(cue.start, math.ceil)},{_stamp(cue.end, math.floor)}"
    for voice in reversed(cue.voices):
        dash = DASH if len(cue.voices) > 1 else ""
        style = _NOBODYS if voice.speaker is None else styles[voice.speaker]
        text = _filled(voice, cue) if highlight else [_escape(line) for line in voice.lines]
        first = named(voice.label, text[0]) if text[0] or voice.label else ""
        lines = "\\N".join(directed(line, "".join(voice.lines)) for line in (dash + first, *text[1:]))
        yield f"Dialogue: 0,{times},{style},{voice.speaker or ''},0,0,0,,{lines}\n"


def _filled(voice: Voice, cue: Cue) -> list[str]:
    """The lines with the time, in hundredths, that each word takes to be filled."""
    starts = [cue.start, *(max(cue.start, time) for _, _, time in voice.beats[1:]), cue.end]
    lengths = [max(0, round(100 * (after - before))) for before, after in pairwise(starts)]
    lines = []
    for number, line in enumerate(voice.lines):
        own = [(at, length) for (row, at, _), length in zip(voice.beats, lengths, strict=False) if row == number]
        cuts = [0, *(at for at, _ in own), len(line)]
        before, *words = (_escape(line[a:b]) for a, b in pairwise(cuts))
        lines.append(before + "".join(f"{{\\k{length}}}{word}" for (_, length), word in zip(own, words, strict=True)))
    return lines


def _plain(name: str) -> str:
    """A name that ends no field and begins no tag."""
    return _escape(label(name)).replace(",", ";")


def _escape(text: str) -> str:
    """Text without the format's braces and backslashes, for which it has no escape that all players know."""
    return text.translate(_LOOKALIKES)


def _stamp(seconds: Seconds, whole: Callable[[float], int]) -> str:
    hundredths = whole(milliseconds(seconds) / 10)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"
