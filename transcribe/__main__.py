"""`python -m transcribe` and the command `transcribe`: run the command line, turn errors into one sentence."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..fusion.errors import CancelledError, DiarfuseError, printable
from ..fusion.given import NO_HOME, ran_out
from .screen.unfailing import keep_showing, keep_telling, silence_stdout

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

INTERRUPTED = 130
STOPPED = "Stopped: nothing is half-written."
NO_MEMORY = "There is not enough memory: free some, or take shorter recordings."
_LONGEST_USAGE = 400


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code: 0, 1 failure, 2 usage, 130 interrupted."""
    _fill_closed_streams()
    keep_telling()
    keep_showing()
    try:
        code = run(arguments)
    except KeyboardInterrupt:  # while the program was still being loaded
        sys.stderr.write(f"{STOPPED}\n")
        code = INTERRUPTED
    except MemoryError:  # likewise
        sys.stderr.write(f"Error: {NO_MEMORY}\n")
        code = 1
    if code == INTERRUPTED:
        _leave(code)
    if code:  # what could not be written is in the buffer yet, and would fail once more at the end
        try:
            sys.stdout.flush()
        except (OSError, AttributeError):
            silence_stdout()
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code comes back, messages go to stderr."""
    import click  # here, so that Ctrl-C meets somebody who knows it even during the imports

    from .cli import cli

    words = sys.argv[1:] if arguments is None else arguments
    as_json = "--json-progress" in words[: words.index("--") if "--" in words else None]
    program = "diarfuse" if "_DIARFUSE_COMPLETE" in os.environ else "transcribe"  # the shell completes either name
    try:
        code = cli.main(args=arguments, prog_name=program, standalone_mode=False)
    except (CancelledError, click.Abort, KeyboardInterrupt):
        return _tell(STOPPED, INTERRUPTED, as_json=as_json)
    except click.exceptions.NoArgsIsHelpError as error:  # its message is the help, of many lines
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except (DiarfuseError, click.UsageError) as error:
        message = str(error) if isinstance(error, DiarfuseError) else _usage(error)
        return _tell(message, error.exit_code, as_json=as_json)
    except BrokenPipeError:
        # Whoever read our output has left (as `| head` does); leave as quietly, with nothing more to flush.
        silence_stdout()
        return 1
    except (OSError, MemoryError, ImportError, RuntimeError, ValueError) as error:
        return _tell(_unforeseen(error), 1, as_json=as_json)
    return code if isinstance(code, int) else 0


def _unforeseen(error: Exception) -> str:
    """What no stage has put in its own words: a folder none may look into, a name too long, and `_known` ones."""
    if known := _known(error):
        return known
    if not isinstance(error, OSError):
        raise error
    from ..fusion.landing import NO_ROOM

    if error.filename is None:  # it may be stdout itself, and its end would be told once more
        silence_stdout()
        if error.errno == errno.ENOENT:
            return "The folder that this was started in is gone: change to one that is there (cd)."
        if error.errno == errno.EBADF:
            return "There is no stdout to write to: leave it open, or send it to /dev/null."
        if error.errno in NO_ROOM:
            return f"stdout cannot be written to ({error.strerror}): free some space, or send it elsewhere."
    what = "" if error.filename is None else f"{str(error.filename)!r}: "
    is_in_the_way = error.filename is not None and error.errno in (errno.EEXIST, errno.ENOTDIR)
    why = "a file is where a folder belongs" if is_in_the_way else error.strerror or error
    return f"{what}{why}. Check the path, its permissions and the disk."


def _known(error: Exception) -> str:
    """A sentence for what ends no file's turn, but everybody's; empty where it is something else."""
    if ran_out(error):
        return NO_MEMORY
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return "Too many files are open at once: allow more (ulimit -n 1024)."
    if isinstance(error, ValueError) and "embedded null " in str(
        error
    ):  # in the settings: no command line can hold one
        return (
            "A path holds a NUL character, which no file's name does: check the paths in the settings (diarfuse.toml)."
        )
    if isinstance(error, RuntimeError) and "home directory" in str(error):  # Python's words, in whichever library
        return NO_HOME
    return ""


def _fill_closed_streams() -> None:
    """Where the caller closed 0, 1 or 2, the next file opened would be taken for it, and messages written into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It takes the lowest number that is free. Nothing can be written to 1: a result is not lost unseen there.
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)
            if number == 1:
                sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - likewise
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives


def _usage(error: click.UsageError) -> str:
    """Click's sentence, with the place where help is to be had."""
    where = error.ctx.command_path if error.ctx is not None else "transcribe"
    message = error.format_message()
    if len(message) > _LONGEST_USAGE:  # it repeats a value that may be of any length
        message = f"{message[: _LONGEST_USAGE // 2]} ... {message[-_LONGEST_USAGE // 4 :]}"
    return f"{message} See '{where} --help'."


def _tell(message: str, code: int, *, as_json: bool) -> int:
    """The last words of a command that did not come to its end; its exit code comes back."""
    import click

    if as_json:
        from .screen.terminal import json_line

        click.echo(json_line("stopped" if code == INTERRUPTED else "error", text=message, exit_code=code), err=True)
        return code
    with contextlib.suppress(OSError):  # the terminal may have been closed, which is why this ends
        if code != INTERRUPTED:
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
