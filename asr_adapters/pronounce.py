"""What a written English token sounds like: dictionary words, numbers spelled out, rough phones for names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_RUN = re.compile(r"[a-z]+(?:'[a-z]+)*|\d+|[%$&@£€+]")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SIGNS = {"%": "percent", "$": "dollars", "&": "and", "@": "at", "£": "pounds", "€": "euros", "+": "plus"}
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_LONGEST_NUMBER = 6  # digits; longer ones (telephone numbers) are read digit by digit
_LONGEST_ACRONYM = 5

# Phones of the CMU dictionary for letter groups, longest first. Rough on purpose: the aligner
# needs about the right number of about the right sounds, not a pronunciation.
_SOUNDS = {
    "tion": "SH AH N", "ough": "AO", "augh": "AO", "eigh": "EY", "sch": "SH", "tch": "CH", "igh": "AY",
    "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "wh": "W", "ck": "K", "ng": "NG", "qu": "K W", "gh": "G",
    "ee": "IY", "ea": "IY", "oo": "UW", "ou": "AW", "ow": "OW", "oa": "OW", "ai": "EY", "ay": "EY", "ei": "EY",
    "ie": "IY", "oi": "OY", "oy": "OY", "au": "AO", "aw": "AO", "er": "ER", "ir": "ER", "ur": "ER", "ar": "AA R",
    "or": "AO R", "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH",
    "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T",
    "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
_GROUP = re.compile("|".join(sorted(_SOUNDS, key=len, reverse=True)))


def spoken(token: str, is_known: Callable[[str], bool]) -> list[str]:
    """The words said for a written `token`; those that `is_known` refuses need `phones`.

    Empty for a token without letters, digits or signs that are spoken.

    >>> spoken("R2D2's 45%,", {"forty", "five", "percent", "two", "r", "d's"}.__contains__)
    ['r', 'two', 'd', 'two', 's', 'forty', 'five', 'percent']
    """
    plain = _GROUPED.sub("", token.replace("\u2019", "'").replace("\u02bc", "'"))
    words: list[str] = []
    for run in _RUN.findall(plain.lower()):
        words.extend(_run(run, plain, is_known))
    return words


def _run(run: str, token: str, is_known: Callable[[str], bool]) -> Iterator[str]:
    if run in _SIGNS:
        yield _SIGNS[run]
    elif run.isdecimal():
        yield from _number(run)
    elif is_known(run):
        yield run
    elif run.isalpha() and len(run) <= _LONGEST_ACRONYM and run.upper() in token:
        yield from run  # an acronym is said by its letters, which the dictionary has
    elif is_known(run.partition("'")[0]):
        yield run.partition("'")[0]
    else:
        yield run


def _number(digits: str) -> Iterator[str]:
    if (digits[0] == "0" and len(digits) > 1) or len(digits) > _LONGEST_NUMBER:
        yield from (_ONES[int(digit)] for digit in digits)
        return
    value = int(digits)
    if 1100 <= value <= 2099 and value % 1000 >= 10:  # noqa: PLR2004 - said like a year: nineteen oh five, twenty ten
        yield from _cardinal(value // 100)
        yield from _two_digits(value % 100)
    else:
        yield from _cardinal(value)


def _two_digits(rest: int) -> Iterator[str]:
    if rest == 0:
        yield "hundred"
        return
    if rest < 10:  # noqa: PLR2004 - one digit
        yield "oh"
    yield from _cardinal(rest)


def _cardinal(value: int) -> Iterator[str]:
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if value >= size:
            yield from _cardinal(value // size)
            yield name
            value %= size
            if not value:
                return
    if value < len(_ONES):
        yield _ONES[value]
        return
    yield _TENS[value // 10 - 2]
    if value % 10:
        yield _ONES[value % 10]


def phones(word: str) -> str:
    """Rough CMU phones of a word that no dictionary has; ``""`` if it has no latin letter.

    >>> phones("quick")
    'K W IH K'
    """
    return " ".join(_SOUNDS[group] for group in _GROUP.findall(word.lower()))
