"""A command of ours that lasts as long as its stdin is held open: whoever holds it takes it along, also when killed."""

from __future__ import annotations

import os
import signal
import threading

from ...__main__ import main


def _end_with_stdin() -> None:
    """End this process as SIGTERM does, once nobody can write to its stdin any more."""
    while os.read(0, 1):  # not through sys.stdin, whose lock would be held when Python ends
        pass
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whoever started the desk may have had it ignored
    threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    main()
