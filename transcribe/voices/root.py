"""Where voices are kept."""

from __future__ import annotations

import os
from pathlib import Path

from ...fusion.errors import VoiceError
from ...fusion.given import at_home, usual_folder


def default_root() -> Path:
    """``$DIARFUSE_VOICES_DIR``, or the user's data folder; it need not be there.

    Raises:
        VoiceError: it is a file, in which nobody could be found or enrolled.
    """
    chosen = os.environ.get("DIARFUSE_VOICES_DIR")
    root = at_home(chosen) if chosen else usual_folder("data", "$DIARFUSE_VOICES_DIR") / "voices"
    if os.path.isfile(root):  # noqa: PTH113 - Path.is_file raises where none may look
        raise VoiceError(f"{str(root)!r}, where voices are kept, is a file: set $DIARFUSE_VOICES_DIR to a folder.")
    return root
