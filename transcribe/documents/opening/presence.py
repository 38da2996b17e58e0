"""Whether a page is still open: each holds a connection, which ends with it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ....fusion.types import Seconds

GRACE: Seconds = 5.0
"""So long a page may be away, as when it is loaded anew."""
_LOOK = 0.5
"""Seconds between two looks, so that Ctrl-C is heard on every system."""


class Presence:
    """Counts pages. grace: seconds without one that are the end."""

    def __init__(self, grace: Seconds = GRACE) -> None:
        self._grace = grace
        self._count = 0
        self._left: Seconds | None = None  # when the last one left; None before the first has come
        self._changed = threading.Condition()

    @contextmanager
    def page(self) -> Iterator[None]:
        """A page is there for as long as the block lasts."""
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._left = time.monotonic()
                self._changed.notify_all()

    def wait(self) -> None:
        """Wait until there was a page and none has been for the grace."""
        with self._changed:
            while not self._over():
                self._changed.wait(min(_LOOK, self._grace))

    def _over(self) -> bool:
        return not self._count and self._left is not None and time.monotonic() - self._left >= self._grace
