"""Where sentences and clauses end.

A mark ends a sentence, except the full stop, which abbreviations, initials and
ordinals bear too. Those are told apart by `sentencex`, Wikimedia's splitter for
some 300 languages, and by the rules of `_is_end`, which it lacks.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from .scripts import is_punctuation, is_unspaced, opens, unspaced
from .wordlists import BEFORE_NAMES, BEFORE_NUMBERS, ENGLISH_STARTS, GERMAN_STARTS, WORDS_TOO, base_language

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

SENTENCE_ENDS = frozenset(
    ".!?…‼‽⁇⁈⁉"
    "。！？．｡︒﹒﹖﹗"  # Chinese and Japanese
    "؟۔܀܁܂"  # Arabic, Urdu, Syriac
    "।॥෴꯫᱾᱿"  # Indic scripts
    "։።፧፨᠃᠉߹"  # Armenian, Ethiopic, Mongolian, N'Ko
    "။។៕།༎"  # Myanmar, Khmer, Tibetan
)
CLAUSE_ENDS = frozenset(",;:，；：、､،؛—–﹐﹑﹔﹕՝፣፤፥፦၊៖")
_CLOSERS = "\"'”’»›)]}」』）】》〉"
_QUOTES = re.compile(r"[\"“”„‟«»‹›()\[\]{}「」『』（）【】《》〈〉]|(?<!\w)['’‘]|['’‘](?!\w)")
"""Left out of what the splitter sees: it keeps all that is said between quotes in one."""

_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of characters, as broken JSON holds them."""

_ORDINAL = re.compile(r"\d{1,2}")
_ORDINALS_BEFORE_NOUNS = frozenset({"de", "lb", "nds"})
"""Languages that write ordinals with a full stop and nouns with a capital, so that the next letter tells nothing."""

_TOKENS = 64
"""Characters that hold the token before a full stop and the one after it."""

_REMEMBERED = 1 << 14
"""Texts whose last mark is remembered: more than most recordings have; a server would keep those of all."""

_AFTER = "Xxxx"
"""What is taken to follow a text that ends: a name would."""


def ends_sentence(text: str, after: str = _AFTER, language: str | None = None) -> bool:
    """Whether a sentence ends between `text` and `after`, closing quotes and brackets aside.

    Example:
        >>> ends_sentence("It is late."), ends_sentence("I met Mrs."), ends_sentence("in the U.S.", "and Canada")
        (True, False, False)
    """
    return sentence_ends([text, after], language)[0]


def sentence_ends(texts: Sequence[str], language: str | None = None) -> list[bool]:
    """Which of the words, or longer texts, end a sentence.

    Args:
        texts: in their order, with or without their spaces.
        language: an ISO 639 code; None, or one nobody knows, is read as English.

    Returns:
        one value a text; a text without words ends none.

    Example:
        >>> sentence_ends([" No.", " 5", " is", " Mr.", " Smith's.", " Good."])
        [False, False, False, False, True, True]
    """
    last = {text: _last_mark(text) for text in set(texts)}
    marks = [last[text] for text in texts]
    ends = [mark in SENTENCE_ENDS for mark in marks]
    if "." not in last.values():
        return ends
    laid, places = _laid_out(texts)
    language = base_language(language)
    splits = _splits(f"{laid} {_AFTER}", language)
    cased = laid != laid.lower()
    for index, place in enumerate(places):
        if marks[index] == ".":
            inside = laid[place : place + 1].strip()  # `3.` of `3.5`
            ends[index] = is_unspaced(inside) if inside else _is_end(laid, place, splits, language, cased=cased)
    return ends


def _laid_out(texts: Sequence[str]) -> tuple[str, list[int]]:
    """All texts in one, without quotes and brackets, and the offset at which each ends there."""
    bare = {text: _QUOTES.sub("", text) for text in set(texts)}
    joints = {text: _joint(text.strip()) for text in bare.values()}
    spaced = any(text[:1].isspace() or text[-1:].isspace() for text in joints)
    parts: list[str] = []
    places: list[int] = []
    length, open_before = 0, False
    for text in map(bare.__getitem__, texts):
        takes, gives = joints[text]
        part = f" {text}" if takes and open_before and not (spaced and not text[0].isalpha()) else text
        open_before = gives
        parts.append(part)
        length += len(part)
        places.append(length - (len(text) - len(text.rstrip())))
    return "".join(parts), places


def _joint(text: str) -> tuple[bool, bool]:
    """Whether a space belongs before such a word, and after it, if the neighbour wants one too."""
    if not text:
        return False, False
    mark = is_punctuation(text)
    return not unspaced(text[0], text[0]) and (not mark or opens(text)), not unspaced(text[-1], text[-1])


def _splits(text: str, language: str) -> Container[int]:
    """The offsets at which the splitter ends a sentence, spaces aside."""
    from sentencex import segment

    ends: set[int] = set()
    end = 0
    for sentence in segment(language, _HALVES.sub("\ufffd", text)):  # it takes whole characters only
        end += len(sentence)
        ends.add(end - (len(sentence) - len(sentence.rstrip())))
    return ends


def _is_end(text: str, place: int, splits: Container[int], language: str, *, cased: bool) -> bool:
    """Whether the full stop before `place` ends a sentence: as the splitter says, but for what it does not look at."""
    following = text[place : place + _TOKENS].lstrip() or _AFTER
    before, _, token = text[max(0, place - _TOKENS) : place].rpartition(" ")
    token = token.lstrip("-–—¿¡")
    word = token.rstrip(".").lower()
    if (cased and following[0].islower()) or word in BEFORE_NAMES:  # annex 29's rule SB8, where capitals are written
        return False
    letter = len(word) == 1 and word.isalpha()
    if following[0].isdigit() and (letter or word in BEFORE_NUMBERS):
        return False
    if letter and language != "en" and token[0].isupper():
        return False
    if language in _ORDINALS_BEFORE_NOUNS and _ORDINAL.fullmatch(word) and not before.endswith("."):  # not `Nr. 5.`
        return re.split(r"\W", following.lower(), maxsplit=1)[0] in GERMAN_STARTS
    return place in splits or word in WORDS_TOO or (cased and letter and _starts_english(following, language))


def _starts_english(following: str, language: str) -> bool:
    """Whether it goes on with a word that begins a sentence, and is no name, whatever abbreviation may stand before."""
    return language == "en" and re.split(r"\W", following.lower(), maxsplit=1)[0] in ENGLISH_STARTS


def bears_sentence_end(text: str) -> bool:
    """Whether `text` ends with a mark that ends sentences; a full stop may do other work, see `sentence_ends`."""
    return _last_mark(text) in SENTENCE_ENDS


def ends_clause(text: str) -> bool:
    """Whether `text` ends with the mark of a clause or a sentence."""
    return bool(text) and _last_mark(text) in SENTENCE_ENDS | CLAUSE_ENDS


@lru_cache(maxsize=_REMEMBERED)
def _last_mark(text: str) -> str:
    end = text.rstrip()
    return (end.rstrip(_CLOSERS) or end[:1])[-1:]
