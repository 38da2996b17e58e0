"""Damaged and hostile variants of good input, made at random from a fixed seed.

By default every fuzzing test takes some dozens of variants, always the same.
``make fuzz`` gives each of them ``$DIARFUSE_FUZZ_SECONDS`` and another seed; what
fails tells its seed and its input, and becomes a case of an ordinary test.
"""

from __future__ import annotations

import copy
import json
import os
import random
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from diarfuse.fusion.errors import DiarfuseError
from tests.amounts import examples

SECONDS = float(os.environ.get("DIARFUSE_FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("DIARFUSE_FUZZ_SEED", random.SystemRandom().randrange(1 << 40) if SECONDS else 0))
Answer = TypeVar("Answer")

NUMBERS = (
    *(0, -1, 1, 2, -0.0, 0.5, -0.01, 59.999, 3600, 31_536_001, 1e9, 1e15, 1e16, 1e308, -1e308, 5e-324, 2**31, 2**63),
    *(10**20, -(10**20), 10**400, float("inf"), float("-inf"), float("nan")),
)
TEXTS = (
    *("", " ", "\n", "\t", "\0", "\x1b[2J", "\x1b]0;title\x07", "\u202eevil", "\u2028", "\ufeff", "\ud800", "e\u0301"),
    *("a" * 300, "\U0001f1e9" * 9, "1" * 400, "-1:59:59,800", "1e999", "NaN", "<NA>", "SPEAKER_00", "UNKNOWN", "../x"),
    *("0.5s", "<v Ana>", "-->", '"', "\\", ";;", "\u0e33", "\u3002", "\uff0c", "=SUM(A1)"),
)
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": None}, [[[[[[[[]]]]]]]])
TOKENS = tuple(str(number) for number in NUMBERS) + TEXTS


def fuzz(few: int, one: Callable[[random.Random], object]) -> None:
    """Do `one` with another source of chance each time: `examples(few)` times, or as often as there is time for.

    What it raises has a note that tells the seed.
    """
    end = time.monotonic() + SECONDS
    number = 0
    while number < examples(few) or time.monotonic() < end:
        try:
            one(random.Random(SEED + number))
        except BaseException as error:
            error.add_note(f"DIARFUSE_FUZZ_SEED={SEED + number}")
            raise
        number += 1


def answer(read: Callable[[bytes], Answer], data: bytes) -> Answer | None:
    """What `read` makes of `data`; None where it refuses it in one readable sentence of ours.

    Raises:
        AssertionError: the sentence is none.
    """
    try:
        return read(data)
    except DiarfuseError as error:
        sentence = str(error)
        assert is_plain(sentence), f"{sentence!r} for {data[:2000]!r}"
        assert 10 < len(sentence) < 2000, f"{len(sentence)} characters for {data[:2000]!r}"
        return None
    except BaseException as error:
        error.add_note(f"input: {data[:2000]!r}")
        raise


def put(path: Path, data: bytes) -> None:
    """Write `data` into a new file: where an old one is cut down to nothing first, ext4 waits for the disk."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def is_plain(text: str) -> bool:
    """Whether a terminal shows it as it stands: nothing in it steers, breaks the line or turns the direction."""
    return all(
        character == " " or unicodedata.category(character)[0] not in "CZ" or character == "\xa0" for character in text
    )


def mutate_bytes(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """`data` with a few cuts, copies, flips and strange tokens, or a piece of another good input."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        start = chance.randrange(len(changed) + 1)
        end = min(len(changed), start + chance.choice((0, 1, 1, 4, 30)))
        piece = chance.choice(others)
        at = chance.randrange(len(piece) + 1)
        new = chance.choice(
            (
                b"",
                bytes(changed[start:end]) * chance.choice((2, 2, 50)),
                bytes([chance.randrange(256)]),
                chance.choice(TOKENS).encode("utf-8", "surrogatepass"),
                piece[at : at + chance.choice((3, 30, 300))],
            )
        )
        changed[start:end] = new
    return bytes(changed[: chance.randrange(len(changed) + 1)] if chance.random() < 0.05 else changed)


def mutate_text(text: str, chance: random.Random) -> str:
    """`text` with some of its numbers, words, fields or lines replaced, doubled, swapped or left out."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        pattern = chance.choice((r"-?\d+(?:\.\d+)?", r"\S+", r"[^\n]*\n?"))
        found = [match.span() for match in re.finditer(pattern, text) if match.group()]
        if not found:
            return chance.choice(TOKENS)
        start, end = chance.choice(found)
        other = slice(*chance.choice(found))
        new = chance.choice(("", text[start:end] * 2, chance.choice(TOKENS), text[other], text[start:end] + " x"))
        text = text[:start] + new + text[end:]
    return text


def mutate_json(value: Any, chance: random.Random) -> bytes:
    """`value` with some nodes replaced, dropped, doubled, moved or renamed, as the bytes of a JSON file."""
    value = copy.deepcopy(value)
    for _ in range(chance.choice((1, 1, 2, 4))):
        places = list(_places(value))
        if not places:
            break
        box, key = chance.choice(places)
        act = chance.randrange(6)
        if act == 0:
            del box[key]
        elif act == 1 and isinstance(box, list):
            box.insert(key, copy.deepcopy(box[key]))
        elif act == 2 and isinstance(box, dict):
            box[chance.choice(TEXTS)] = box.pop(key)
        elif act == 3:
            other, name = chance.choice(places)
            box[key] = copy.deepcopy(other[name]) if name in range(len(other)) or name in other else None
        else:
            box[key] = chance.choice(
                (chance.choice(NUMBERS), chance.choice(TEXTS), copy.deepcopy(chance.choice(OTHERS)))
            )
    return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in the tree."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield value, key
        yield from _places(inner)
