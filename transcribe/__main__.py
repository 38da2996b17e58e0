"""`python -m transcribe` and the command `transcribe`: run the command line, turn errors into one sentence."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from fusion.errors import CancelledError, DiarfuseError
from transcribe.cli import cli

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code: 0, 1 failure, 2 usage, 130 interrupted."""
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
    except DiarfuseError as error:
        return _fail(str(error), error.exit_code)
    except click.UsageError as error:
        return _fail(_usage(error), error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has left (as `| head` does); leave as quietly, with nothing more to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code if isinstance(code, int) else 0


def _usage(error: click.UsageError) -> str:
    """Click's sentence, with the place where help is to be had."""
    where = error.ctx.command_path if error.ctx is not None else "transcribe"
    return f"{error.format_message()} See '{where} --help'."


def _fail(message: str, code: int) -> int:
    click.secho("Error: ", fg="red", nl=False, err=True)
    click.echo(message, err=True)
    return code


def _leave(code: int) -> None:
    """End now: a worker thread may sit in a native call that no exception reaches."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
