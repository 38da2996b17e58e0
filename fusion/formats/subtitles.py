"""SubRip and WebVTT given as words: every cue is a line, whose words are aligned or estimated later."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from ..errors import TranscriptError
from ..given import whole_number
from ..layout import NOBODY
from .reading import Reading, Slot, make_line, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..types import Seconds

_SIXTY = 60
_LINES = re.compile(r"\r{0,2}\n|\r")
"""Ends of lines; CR CR LF is what Windows makes of a line end that it had made before."""

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
_CUE = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?", re.ASCII)
_PLAIN = r"(?:c|ruby|rt|(?i:b|i|u|s|em|strong|strike|big|small|tt|sub|sup))(?:\.[^\s<>]*)?"
_FURTHER = r"(?:v|lang|(?i:font|span|p|div))(?:[\s.][^<>]*)?"
_TAG = re.compile(rf"</?(?:{_PLAIN}\s*/?|{_FURTHER})>|<[0-9:.]+>|</>|\{{\\[^{{}}]*\}}")
"""``<i>``, ``<v Ann>``, ``<00:01.000>`` and ``{\\an8}`` are no text; ``<enter>`` is."""

_MOMENT = re.compile(r"<([0-9:.]+)>")
"""When the words after it are said."""
_LIT = re.compile("</?u>")
_LIT_WORD = re.compile(r"<u>[^\s<>]+</u>")
_LIGHTS = 2
"""So many words of a text underlined one after the other are being read; a single one is stressed."""
_COLOUR = re.compile(r"<(/?)font\b[^<>]*>")
"""What stable-ts writes where Whisper underlines."""

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)

_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s(?P<name>[^<>]*)>")

_DIRECTION = re.compile("[\u200e\u200f\u2066-\u2069]")
"""Marks of direction, which say nothing."""

_DASH = re.compile(r"[-\u2013\u2014] ?(?=\S)")
_LABEL = re.compile(r"\[?(?P<name>[^\s:\[\]][^:\[\]]{0,59}?)\]?:(?:\s+|$)")
_ANONYMOUS = re.compile(rf"SPEAKER_\d+|{re.escape(NOBODY)}")
_MOST_WORDS = 4
"""A name has no more words than this, titles such as ``Dr.`` aside; a sentence before a colon has."""
_PARTICLE = re.compile(r"(?:af|al|av|bin|da|de|del|della|di|dos|du|ibn|ter|van|von|zu)\s(?:.*\s)?(?P<name>\S+)")
"""With these a name may begin, as in ``van der Berg``."""

Block: TypeAlias = "tuple[str, Seconds, Seconds, list[str]]"
"""Place, start, end and lines of a cue."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one person says in a cue; `speaker` is None where nothing tells."""

    speaker: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A cue of a file.

    where: its place. lines: as they are shown, labels and dashes included, tags not.
    voices: what is said by whom; a label holds until the next. tagged: the lines with their tags.
    """

    where: str
    start: Seconds
    end: Seconds
    lines: tuple[str, ...]
    voices: tuple[Spoken, ...]
    tagged: tuple[str, ...] = ()


def looks_like(text: str) -> bool:
    """Whether one of the lines holds the times of a cue."""
    return "-->" in text and any(_CUE.fullmatch(line) for line in _LINES.split(text))


def read(text: str, name: str) -> Reading:
    """Read cues; those without text are left out, labels are not words, nor lines that roll up and were said before.

    Words have the times that stand between them, or in which Whisper underlines them.

    Raises:
        TranscriptError: a cue whose times cannot be, by its line.
    """
    family = "WebVTT" if text.lstrip("\ufeff").startswith("WEBVTT") else "SubRip"
    lines = (
        replace(make_line(None, cue.where, f" {said}", _heard(cue, said), (cue.start, cue.end)), homes=_homes(cue))
        for cue in read_cues(text, name, unrolled=True)
        if (said := " ".join(voice.text for voice in cue.voices if voice.text))
    )
    return Reading(family, tuple(lines))


def _homes(cue: Shown) -> tuple[dict[str, str], ...]:
    """Where the speakers of a cue stand, as in data that have a place for them."""
    return tuple({"speaker": voice.speaker} for voice in cue.voices if voice.speaker is not None)


def read_cues(text: str, name: str, *, unrolled: bool = False) -> tuple[Shown, ...]:
    """The cues as they are shown, and who says what in them.

    A cue without a label is said by whoever was named last, as `Layout.labels`
    has it; WebVTT's voice tags tell for themselves. `unrolled`: see `_unrolled`.

    Raises:
        TranscriptError: a cue whose times cannot be, by its line; text without any times.
    """
    if "-->" not in text and text.strip("\ufeff \t\r\n") and not text.lstrip("\ufeff").startswith("WEBVTT"):
        raise TranscriptError(f"{name} holds no cue: the line before its text reads 00:00:01,000 --> 00:00:02,500.")
    found = list(_blocks(_LINES.split(text), name))
    found = list(_unlit(list(_unrolled(found)))) if unrolled else found
    tagged = any(_VOICE.search(line) for *_, lines in found for line in lines)
    known = _names([lines for *_, lines in found])
    cues: list[Shown] = []
    last: str | None = None
    for where, start, end, lines in found:
        voices = _voices(lines, known, last)
        if not tagged:
            last = voices[-1].speaker
        cues.append(Shown(where, start, end, tuple(map(_bare, lines)), tuple(voices), tuple(lines)))
    return tuple(cues)


def _unrolled(cues: Sequence[Block]) -> Iterator[Block]:
    """Without the lines that captions such as YouTube's, where words have times, show again above the next line."""
    shown = [[line for line in lines if _bare(line)] for *_, lines in cues]
    again = [_shown_again(before, lines) for before, lines in pairwise([[], *shown])]
    if not any(count and any(map(_MOMENT.search, lines[count:])) for lines, count in zip(shown, again, strict=True)):
        yield from cues
        return
    for (where, start, end, _), lines, count in zip(cues, shown, again, strict=True):
        if lines[count:]:
            yield where, start, end, lines[count:]


def _shown_again(before: Sequence[str], lines: Sequence[str]) -> int:
    """How many lines of a cue stood last in the one before it; those whose words have times are new."""
    old, new = ([_bare(line).split() for line in both] for both in (before, lines))
    most = next((at for at, line in enumerate(lines) if _MOMENT.search(line)), len(lines))
    return next((count for count in range(min(most, len(old)), 0, -1) if old[-count:] == new[:count]), 0)


def _unlit(cues: Sequence[Block]) -> Iterator[Block]:
    """Of cues that show a text again and again, another word underlined each time, one with the times of the words."""
    groups: list[list[Block]] = []
    for cue in cues:
        if groups and _lights(groups[-1], cue):
            groups[-1].append(cue)
        else:
            groups.append([cue])
    if all(sum("<u>" in _underlined(lines) for *_, lines in group) < _LIGHTS for group in groups):
        yield from cues  # where no other word follows it may be stress, on what is said twice
        return
    for group in groups:
        yield _lit(group) if len(group) > 1 else group[0]


def _lights(group: Sequence[Block], cue: Block) -> bool:
    """Whether a cue begins as those before it end and shows the same text, with none or a later word underlined."""
    *others, last, new = (_underlined(lines) for *_, lines in (*group[-2:], cue))
    at, before = new.find("<u>"), max(text.find("<u>") for text in (*others, last))
    rises = bool(_LIT_WORD.search(new)) and before < at if at >= 0 else "<u>" in last
    return rises and new.count("<u>") <= 1 and group[-1][2] == cue[1] and _LIT.sub("", last) == _LIT.sub("", new)


def _lit(group: Sequence[Block]) -> Block:
    """The cues as one, in which each underlined word stands between its times."""
    text = _LIT.sub("", _underlined(group[0][3]))
    for _, start, end, lines in reversed(group):
        before, lit, after = _underlined(lines).partition("<u>")
        if lit:
            to = len(before) + len(after.partition("</u>")[0])
            text = f"{text[: len(before)]}{_stamp(start)}{text[len(before) : to]}{_stamp(end)}{text[to:]}"
    return group[0][0], group[0][1], group[-1][2], text.split("\n")


def _underlined(lines: Sequence[str]) -> str:
    return _COLOUR.sub(r"<\1u>", "\n".join(lines))


def _stamp(seconds: Seconds) -> str:
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    return f"<{minutes // 60}:{minutes % 60:02d}:{rest / 1000:06.3f}>"


def _heard(cue: Shown, said: str) -> list[Slot]:
    """The words of a cue in which times stand between them; what follows one begins then, and ends with the next."""
    first, *rest = _MOMENT.split(_BREAK.sub(" ", " ".join(cue.tagged)))
    if not rest:
        return []
    moments = [*_moments(rest[::2], cue), None]
    tokens: list[Slot] = []
    blank = " "
    for text, start, end in zip([first, *rest[1::2]], moments, moments[1:], strict=False):
        shown = blank + _DIRECTION.sub("", html.unescape(_TAG.sub("", text)))
        pieces = re.findall(r"\s*\S+", shown)
        blank = shown[len("".join(pieces)) :]
        last = len(pieces) - 1
        tokens += [
            Slot(cue.where, piece, None if at else start, end if at == last else None)
            for at, piece in enumerate(pieces)
        ]
    return _of_text(merged(tokens), said)


def _moments(stamps: Iterable[str], cue: Shown) -> Iterator[Seconds | None]:
    """When the cue begins, and the time of each tag; None where it is none, falls, or is not the cue's."""
    latest = cue.start
    yield latest
    for stamp in stamps:
        found = re.fullmatch(_TIME, stamp, re.ASCII)
        time = _seconds(found.groups()) if found else -1.0
        if known := latest <= time <= cue.end:
            latest = time
        yield time if known else None


def _of_text(words: Sequence[Slot], said: str) -> list[Slot]:
    """The words without the label before them; none where they are not those of the text."""
    letters, text = ["".join(word.text.split()) for word in words], "".join(said.split())
    first, extra = 0, sum(map(len, letters)) - len(text)
    while first < len(words) and extra > 0:
        extra -= len(letters[first])
        first += 1
    return list(words[first:]) if "".join(letters[first:]) == text else []


def _blocks(lines: list[str], name: str) -> Iterator[Block]:
    """Place, start, end and lines of each cue that has a text."""
    is_vtt = bool(lines) and lines[0].lstrip("\ufeff").startswith("WEBVTT")
    at = 0
    while at < len(lines):
        found = _CUE.fullmatch(lines[at])
        if found is None or not _can_be(found.groups()):
            if "-->" in lines[at]:
                raise TranscriptError(
                    f"{name}, line {at + 1}: {lines[at].strip()[:60]!r} is no time of a cue, which reads "
                    "00:00:01,000 --> 00:00:02,500: correct it."
                )
            at += 1
            continue
        where = f"{name}, line {at + 1}"
        at, first = at + 1, at + 1
        if at < len(lines) and lines[at].isspace():  # the upper of two lines, and empty; no end of the cue
            at += 1
        while at < len(lines) and lines[at].strip() and not _CUE.fullmatch(lines[at]):
            at += 1
        said = lines[first:at]
        if said and at < len(lines) and lines[at].strip() and whole_number(said[-1].strip()) is not None:
            said.pop()  # the number of the next cue, which no blank line parts from this one
        elif said and not is_vtt:
            said += _below(lines, at)
        if any(map(_bare, said)):
            fields = found.groups()
            yield where, _seconds(fields[:4]), _seconds(fields[4:]), said


def _below(lines: list[str], at: int) -> list[str]:
    """What a cue of SubRip goes on with below a blank line: all up to the number of the next one, or a note.

    In WebVTT a blank line ends the cue, and what stands below is of no cue.
    """
    end = next((i for i in range(at, len(lines)) if "-->" in lines[i]), len(lines))
    rest = lines[at : max(at, end - 1)] if end < len(lines) else lines[at:]
    rest = [line for line in rest if line.strip()]
    if end == len(lines) and rest and whole_number(rest[-1].strip()) is not None:
        rest.pop()  # of a cue that is not there
    note = next((i for i, line in enumerate(rest) if line.startswith("NOTE")), len(rest))
    return rest[:note]


def _bare(line: str) -> str:
    """A line as it is shown."""
    return html.unescape(_TAG.sub("", _BREAK.sub(" ", line))).strip()


def _said(line: str) -> str:
    return _DIRECTION.sub("", _bare(line)).strip()


def _names(cues: Sequence[Sequence[str]]) -> set[str]:
    """What stands before a colon and is a name: anonymous ones; others if the first cue has one, or they come again."""
    heads = [_LABEL.match(said, _dashed(said)) for lines in cues for line in lines for said in [_said(line)]]
    names = Counter(head["name"] for head in heads if head and _is_short(head["name"]))
    labelled = bool(heads) and heads[0] is not None and heads[0]["name"] in names and _is_capital(heads[0]["name"])
    return {
        name
        for name, count in names.items()
        if _ANONYMOUS.fullmatch(name) or (_is_capital(name) and (labelled or count > 1)) or (_is_of(name) and count > 1)
    }


def _dashed(said: str) -> int:
    """Where a line begins, behind the dash of another voice."""
    dash = _DASH.match(said)
    return dash.end() if dash else 0


def _is_short(head: str) -> bool:
    return sum(not word.endswith(".") for word in head.split()) <= _MOST_WORDS


def _is_capital(head: str) -> bool:
    return not head[0].islower()


def _is_of(head: str) -> bool:
    found = _PARTICLE.fullmatch(head)
    return found is not None and _is_capital(found["name"])


def _voices(lines: Sequence[str], known: set[str], last: str | None) -> list[Spoken]:
    """Who says what in a cue; a dash or a label begins another voice."""
    voices: list[Spoken] = []
    for line in lines:
        said = _said(line)
        dash, tag = _dashed(said), _VOICE.search(line)
        head = _LABEL.match(said, dash)
        label = html.unescape(tag["name"]).strip() if tag else head["name"] if head and head["name"] in known else None
        rest = said[head.end() if head and label and not tag else dash :]
        if label or (dash and voices) or not voices:
            speaker = label or (voices[-1].speaker if voices else last)
            voices.append(Spoken(None if speaker == NOBODY else speaker, rest))
        else:
            voices[-1] = replace(voices[-1], text=f"{voices[-1].text} {rest}".strip())
    return voices


def _can_be(fields: tuple[str | None, ...]) -> bool:
    """Whether minutes and seconds are below 60, but minutes that no hours stand before; programs round up to 60 s."""
    hours, seconds = fields[::4], fields[2::4]
    minutes = (field for hour, field in zip(hours, fields[1::4], strict=True) if hour is not None)
    return all(int(field or 0) < _SIXTY for field in minutes) and all(int(field or 0) <= _SIXTY for field in seconds)


def _seconds(fields: tuple[str | None, ...]) -> Seconds:
    """Hours (if any), minutes, seconds and their fraction."""
    hours, minutes, seconds, part = (field or "0" for field in fields)
    return int(hours[:9]) * 3600 + int(minutes) * 60 + float(f"{seconds}.{part}")
