"""Progress that only moves forward, and the one place that looks whether the caller wants to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from ..fusion.errors import CancelledError
from ..fusion.types import Progress, Seconds

Step: TypeAlias = Callable[[int, int], None]
"""``step(done, total)``, called after every batch."""


_RELEASE_EVERY = 256  # windows; batches are powers of two


@dataclass(slots=True)
class Monitor:
    """Reports stages to the caller, stops when asked, and keeps the time each stage took.

    release: called now and then, to give back memory that has been gone through.
    """

    on_progress: Progress | None = None
    cancel: threading.Event | None = None
    release: Callable[[], None] | None = None
    timings: dict[str, Seconds] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[Step]:
        """Time the stage `name`; yields its `step`. A stage without steps still reports its end."""

        def step(done: int, total: int) -> None:
            if self.cancel is not None and self.cancel.is_set():
                message = f"Stopped during {name}, as asked."
                raise CancelledError(message)
            if self.release is not None and done % _RELEASE_EVERY == 0:
                self.release()
            if self.on_progress is not None:
                self.on_progress(name, done, total)

        step(0, 1)
        started = time.perf_counter()
        yield step
        self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - started
        step(1, 1)
