"""Small JSON files in a store that say, by the name of a pack, what is known of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ...fusion.errors import CorruptModelError

_LARGEST = 1 << 20
T = TypeVar("T")


def read_record(path: Path, entry: Callable[[Any], T], remedy: str) -> dict[str, T]:
    """What the record at `path` says of each pack; nothing where there is none.

    Args:
        path: a JSON object.
        entry: makes one of its values.
        remedy: what to do where it is damaged.

    Raises:
        CorruptModelError: it is damaged.
    """
    try:
        if not path.is_file():
            return {}
        if path.stat().st_size > _LARGEST:
            raise ValueError("too large")  # noqa: TRY301 - one sentence for all that can be wrong with it
        return {str(name): entry(value) for name, value in json.loads(path.read_bytes()).items()}
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise CorruptModelError(f"{path} is damaged ({error}): {remedy}") from error
