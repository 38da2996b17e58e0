"""Where voices are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def default_root() -> Path:
    """``$DIARFUSE_VOICES_DIR``, or the user's data folder."""
    chosen = os.environ.get("DIARFUSE_VOICES_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("diarfuse", appauthor=False)) / "voices"
