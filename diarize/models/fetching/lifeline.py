"""A program that lasts as long as its stdin is held open: whoever holds it takes it along, also when killed.

Run as a script it does so for a module that is named, such as pip, and imports nothing of ours.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

COMMAND = (sys.executable, "-P", __file__)
"""What stands before the module's name and its arguments; nothing that lies around is imported."""


def end_with_stdin() -> None:
    """From now on end this process as SIGTERM does, once nobody can write to its stdin any more."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whoever started it may have had it ignored
    threading.Thread(target=_wait, name="stdin", daemon=True).start()


def _wait() -> None:
    while os.read(0, 1):  # not through sys.stdin, whose lock would be held when Python ends
        pass
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    end_with_stdin()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
