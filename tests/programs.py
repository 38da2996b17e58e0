"""Programs that tests start."""

from __future__ import annotations

import os
from pathlib import Path


def with_packages(folder: Path) -> dict[str, str]:
    """An environment in which Python finds the packages in `folder` before the code that is tested (conftest)."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}
