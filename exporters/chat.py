"""CHAT, the transcripts of TalkBank and CHILDES: one sentence a line, with its times."""

from __future__ import annotations

import re
import unicodedata
from itertools import chain, count
from pathlib import PurePath
from typing import TYPE_CHECKING

from ..fusion.text import ends_sentence, is_punctuation, languages, without_steering
from .lines import label
from .style import DEFAULT, Style
from .tiers import tiers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..fusion.document import Document
    from .tiers import Interval, Tier

ENDING = ".cha"
NEEDS = "words"
ABOUT = "CHAT, for CLAN and TalkBank: one sentence a line with its times"
SPEAKERS = r"^@ID:\t(?:[^|\n]*\|){9}([^|\n]+)\|"
"""Where a file has its speakers."""

_BULLET = "\x15"
"""Stands around the times; the format has it from CLAN."""
_LOOKALIKES = str.maketrans({mark: chr(ord(mark) + 0xFEE0) for mark in '"#$%&()*+/<=>@[\\]^_`{|}~'})
"""Marks that mean something else there become their full-width forms."""
_PAUSING = ",;:"
_ENDS = {"?": "?", "\uff1f": "?", "\u061f": "?", "\u037e": "?", "!": "!", "\uff01": "!"}
_WITHIN = "%&@#*/\\§'"
"""Marks that say something, at the edge of a word too."""
_UNKNOWN = "und"
_VIDEO = frozenset((".mp4", ".mov", ".mkv", ".avi", ".webm", ".mpg"))


def dumps(document: Document, _: Style = DEFAULT) -> bytes:
    """UTF-8 with the headers that CLAN asks for, then the sentences by time; the full names stand in ``@ID``.

    ``@Media`` names the recording: CLAN wants the two files to be called alike, as meeting.cha and meeting.wav.
    """
    tiers = tiers_of(document)
    codes = _codes(tiers)
    language = languages.long_code(document.transcript.language) or _UNKNOWN
    sentences = (
        (codes[tier.name], words) for tier in tiers for words in _sentences(tier, document.transcript.language)
    )
    said = sorted(sentences, key=lambda sentence: sentence[1][0].start)
    lines = chain(
        _head(document, tiers, codes, language),
        (line for code, words in said if (line := _line(code, words))),
        ["@End"],
    )
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _head(document: Document, tiers: Sequence[Tier], codes: dict[str, str], language: str) -> Iterator[str]:
    roles = [(codes[tier.name], tier.name, "Participant" if tier.speaker else "Unidentified") for tier in tiers]
    roles = roles or [("UNK", "unknown", "Unidentified")]
    yield from ("@UTF8", "@Begin", f"@Languages:\t{language}")
    yield "@Participants:\t" + ", ".join(f"{code} {_one_word(name)} {role}" for code, name, role in roles)
    for code, name, role in roles:
        yield f"@ID:\t{language}|diarfuse|{code}|||||{role}||{_safe(name)}|"
    recording = document.recording.name if document.recording is not None else ""
    if recording:
        kind = "video" if PurePath(recording).suffix.lower() in _VIDEO else "audio"
        yield f"@Media:\t{_safe(label(PurePath(recording).stem)).replace(',', ' ')}, {kind}"


def _codes(tiers: Sequence[Tier]) -> dict[str, str]:
    """Three capitals or digits for each tier: of the name where they are free, else a letter and a number."""
    codes: dict[str, str] = {}
    taken: set[str] = set()
    numbered = map("S{:02d}".format, count())
    for tier in tiers:
        plain = unicodedata.normalize("NFKD", tier.name).encode("ascii", "ignore").decode().upper()
        letters = re.sub("[^A-Z0-9]", "", plain)
        number = re.search(r"\d+$", letters)
        wanted = f"{letters[0]}{int(number[0]):02d}" if number and letters[0].isalpha() else letters[:3]
        fits = re.fullmatch("[A-Z][A-Z0-9]{2}", wanted) and wanted not in taken
        codes[tier.name] = wanted if fits else next(code for code in numbered if code not in taken)
        taken.add(codes[tier.name])
    return codes


def _sentences(tier: Tier, language: str | None) -> Iterator[tuple[Interval, ...]]:
    """The words of each sentence; a turn ends one too, and none begins before the one before it is over."""
    for utterance in tier.utterances:
        first, words = 0, utterance.words
        for at in range(1, len(words)):
            ended = ends_sentence(words[at - 1].text, words[at].text, language)
            if ended and max(word.end for word in words[first:at]) <= words[at].start:
                yield words[first:at]
                first = at
        yield words[first:]


def _line(code: str, words: Sequence[Interval]) -> str:
    """``*ANA:<tab>good morning . <times>``; empty where only marks are left."""
    tokens = " ".join(chain.from_iterable(map(_tokens, words))).rstrip(f"{_PAUSING} ")
    mark = next((_ENDS[c] for c in reversed(words[-1].text) if c in _ENDS), ".")
    times = f"{_BULLET}{words[0].start}_{max(word.end for word in words)}{_BULLET}"
    return f"*{code}:\t{tokens} {mark} {times}" if tokens else ""


def _tokens(word: Interval) -> Iterator[str]:
    """The word without the marks around it, and a comma of its own where a mark pauses after it."""
    for part in without_steering(word.text).split():
        bare = part.strip("".join(mark for mark in part if is_punctuation(mark) and mark not in _WITHIN))
        if bare:
            yield bare.translate(_LOOKALIKES)
            if part[-1] in _PAUSING:
                yield ","


def _safe(text: str) -> str:
    """A name within a header."""
    return without_steering(text).replace("|", "\uff5c")


def _one_word(name: str) -> str:
    """A name as one of the three words that say who takes part."""
    return re.sub(r"[\s,]+", "_", _safe(name))
