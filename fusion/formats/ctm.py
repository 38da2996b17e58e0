"""CTM text (NeMo, Kaldi, NIST): ``file channel start duration word [confidence]`` a line, in seconds."""

from __future__ import annotations

from ..errors import TranscriptError
from .reading import Reading, flat_lines, make_slot, number

_FIELDS = 5
_COMMENT = ";;"


def read(text: str, name: str) -> Reading:
    """Read CTM text.

    Raises:
        TranscriptError: a line with too few fields or no number where a time belongs,
            or several recordings.
    """
    slots, recordings = [], set()
    for index, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or line.startswith(_COMMENT):
            continue
        where = f"{name}, line {index}"
        if len(fields) < _FIELDS:
            raise TranscriptError(f"{where}: {line.strip()!r} is no CTM: give file, channel, start, duration, word.")
        recordings.add(fields[0])
        start, length = number(fields[2], f"{where}, start"), number(fields[3], f"{where}, duration")
        end = None if start is None or length is None else start + length
        slots.append(make_slot(None, where, fields[4], start, end, probability=_score(fields[_FIELDS:])))
    if len(recordings) > 1:
        some = ", ".join(sorted(recordings)[:3])
        raise TranscriptError(f"{name} holds {len(recordings)} recordings ({some} ...): give the lines of one.")
    slots.sort(key=lambda slot: slot.start or 0.0)
    return Reading("CTM", flat_lines(slots, name))


def looks_like(text: str) -> bool:
    """Whether the first line that is no comment could be CTM."""
    lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith(_COMMENT))
    fields = next(lines, [])
    try:
        return len(fields) >= _FIELDS and float(fields[2]) >= 0 <= float(fields[3])
    except ValueError:
        return False


def _score(rest: list[str]) -> str | None:
    """The confidence, if the line has one; ``NA`` stands for none."""
    return rest[0] if rest and rest[0] not in ("NA", "<NA>") else None
