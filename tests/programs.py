"""Programs that tests start."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def with_packages(folder: Path) -> dict[str, str]:
    """An environment in which Python finds the packages in `folder` before the code that is tested (conftest)."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}


@contextmanager
def started(command: Sequence[str], **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """A program that ends with its block; `Popen` alone waits for ever where an assert fails while it still runs."""
    with subprocess.Popen(command, **settings) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise
