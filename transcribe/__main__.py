"""`python -m transcribe` and the command `transcribe`: run the command line, turn errors into one sentence."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..fusion.errors import CancelledError, DiarfuseError, printable
from .cli import cli

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130
_LONGEST_USAGE = 400


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code: 0, 1 failure, 2 usage, 130 interrupted."""
    _fill_closed_streams()
    code = run(arguments)
    if code == INTERRUPTED:
        _leave(code)
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code comes back, messages go to stderr."""
    try:
        code = cli.main(args=arguments, prog_name="transcribe", standalone_mode=False)
    except (CancelledError, click.Abort, KeyboardInterrupt):
        click.echo("Stopped: nothing is half-written.", err=True)
        return INTERRUPTED
    except (DiarfuseError, click.UsageError, MemoryError) as error:
        return _fail(_sentence(error), getattr(error, "exit_code", 1))
    except BrokenPipeError:
        # Whoever read our output has left (as `| head` does); leave as quietly, with nothing more to flush.
        _silence_stdout()
        return 1
    except OSError as error:  # what no stage has put in its own words: a folder none may look into, a name too long
        if error.filename is None:  # it may be stdout itself, and its end would be told once more
            _silence_stdout()
        what = "" if error.filename is None else f"{str(error.filename)!r}: "
        return _fail(f"{what}{error.strerror or error}. Check the path, its permissions and the disk.", 1)
    return code if isinstance(code, int) else 0


def _fill_closed_streams() -> None:
    """Where the caller closed 0, 1 or 2, the next file opened would be taken for it, and messages written into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives


def _silence_stdout() -> None:
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _sentence(error: Exception) -> str:
    """What to tell of an error; memory may run out where no stage has put it in its own words."""
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, DiarfuseError):
        return str(error)
    return "There is not enough memory: free some, or take shorter recordings."


def _usage(error: click.UsageError) -> str:
    """Click's sentence, with the place where help is to be had."""
    where = error.ctx.command_path if error.ctx is not None else "transcribe"
    message = error.format_message()
    if len(message) > _LONGEST_USAGE:  # it repeats a value that may be of any length
        message = f"{message[: _LONGEST_USAGE // 2]} ... {message[-_LONGEST_USAGE // 4 :]}"
    return f"{message} See '{where} --help'."


def _fail(message: str, code: int) -> int:
    click.secho("Error: ", fg="red", nl=False, err=True)
    click.echo(printable(message), err=True)
    return code


def _leave(code: int) -> None:
    """End now: a worker thread may sit in a native call that no exception reaches."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, AttributeError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
