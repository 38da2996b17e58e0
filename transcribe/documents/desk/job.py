"""A command of ours that lasts as long as its stdin is held open."""

from __future__ import annotations

from ....diarize.models.fetching.lifeline import end_with_stdin
from ...__main__ import main

if __name__ == "__main__":
    end_with_stdin()
    main()
