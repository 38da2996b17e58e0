"""The part of a file that a browser asks for: HTTP's `Range` header (RFC 9110, section 14)."""

from __future__ import annotations

import re

_ONE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


def parse_range(header: str | None, size: int) -> range | None:
    """The bytes that are asked for, of a file of `size` bytes; None is all of it.

    Empty where none of them is there, which is answered with 416. Several
    ranges, other units and nonsense are answered with the whole file, as the
    standard allows and wants.

    Example:
        >>> parse_range("bytes=2-", 10), parse_range("bytes=-3", 10), parse_range("bytes=10-", 10)
        (range(2, 10), range(7, 10), range(0, 0))
    """
    match = _ONE.fullmatch((header or "").strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        return range(max(size - int(match[2]), 0), size) or range(0)
    first = int(match[1])
    if match[2] and int(match[2]) < first:
        return None
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    return range(first, last + 1) or range(0)
