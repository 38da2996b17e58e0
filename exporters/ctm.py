"""CTM, the list of words with times that recognisers are scored with; it has no room for speakers."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from ..fusion.text import is_punctuation, weight
from .lines import passages
from .nist import CHANNEL, recording
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..fusion.cues import SpokenWord
    from ..fusion.document import Document
    from ..fusion.types import Seconds

ENDING = ".ctm"
NEEDS = "words"
ABOUT = "NIST's words with times, a line each, for scoring; speakers are left out"


def dumps(document: Document, _: Style = DEFAULT) -> str:
    """``file channel start duration word [confidence]`` a line, by start; a recogniser's confidence, if it gave one."""
    name = recording(document)
    words = sorted((word for passage in passages(document) for word in passage.words), key=lambda word: word.start)
    lines = (
        f"{name} {CHANNEL} {start:.3f} {end - start:.3f} {text}{_confidence(word)}\n"
        for word in words
        for start, end, text in _tokens(word)
    )
    return "".join(lines)


def _tokens(word: SpokenWord) -> Iterator[tuple[Seconds, Seconds, str]]:
    """The word, which may hold spaces: its parts share its time by their letters; a mark alone is no part."""
    parts: list[str] = []
    for part in word.text.split():
        if parts and is_punctuation(part):
            parts[-1] += part
        else:
            parts.append(part)
    shares = [*accumulate(map(weight, parts), initial=0)]
    for part, (before, after) in zip(parts, pairwise(shares), strict=True):
        length = word.end - word.start
        yield word.start + length * before / shares[-1], word.start + length * after / shares[-1], part


def _confidence(word: SpokenWord) -> str:
    return "" if word.probability is None else f" {word.probability:.3f}"
