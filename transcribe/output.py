"""Where results go: planned and checked before the long work, written whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import re
import sys
import tempfile
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..exporters import registry
from ..fusion.errors import CancelledError, DiarfuseError, OptionError, OutputError, UnknownNameError
from ..fusion.landing import ChangedError, State, check_writable, in_the_way, is_protected, state_of, sweep, write_whole
from .screen.interrupt import WORTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..fusion.audio import SeparateFiles
    from ..fusion.document import Document

STDOUT = "-"
_NO_STDOUT = "There is no stdout to write to: give -o FILE."
_OPEN = re.compile(r"/dev/(fd/|stdout$|stderr$)|/proc/[^/]+/fd/")
"""Names of what is open already; what else lies in /dev may be a file, as in /dev/shm."""


@dataclass(frozen=True, slots=True)
class Target:
    """One output: a file, or stdout where `path` is None.

    before: the state in which a file may be replaced, as it was when the work began; None: any.
    """

    path: Path | None
    format: str
    before: State | None = field(default=None, compare=False)


class Usual(tuple[str, ...]):
    """Formats from the settings: for folders, the first for stdout; those that do not fit are passed over."""

    __slots__ = ()


class Picture(str):
    """An ``-o`` that ``--plot`` gave: a file whose own ending decides, whatever ``--format`` says."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Choice:
    """formats: of every output, if any. on_stdout, in_folder: those of outputs without."""

    formats: Sequence[str]
    on_stdout: Sequence[str]
    in_folder: Sequence[str]


def plan(
    inputs: Sequence[Path | SeparateFiles],
    outs: Sequence[str],
    formats: Sequence[str],
    *,
    on_stdout: str,
    in_folder: str,
    known: Sequence[str] | None = None,
    read: Sequence[Path] = (),
    replace: bool = True,
    else_: str = "",
) -> list[list[Target]]:
    """The outputs of every input, checked as far as can be before the work.

    Args:
        inputs: the recordings.
        outs: values of ``-o``: files, folders (``FOLDER/`` is made when needed), or ``-``; empty means stdout.
        formats: values of ``--format``; empty means by file ending. `Usual` ones only stand in where nothing names one.
        on_stdout: the format where nothing names one.
        in_folder: the same for folders.
        known: the formats that fit; None means all.
        read: what else is read, and not to be written over.
        replace: files that appear or change while the work lasts may be written over, as by somebody who does the same.
        else_: what else may be meant by several inputs and no folder.

    Raises:
        OptionError: outputs and inputs do not fit together.
        OutputError: a folder is missing or cannot be written to, or stdout is closed.
        MissingExtraError: a format needs what is not installed.
    """
    known = registry.names() if known is None else known
    here, usual = ((), formats) if isinstance(formats, Usual) else (formats, ())
    for name in here:
        if name not in known:
            raise UnknownNameError("format", name, known)
    _check_count(inputs, outs, else_)
    fit = [name for name in usual if name in known]
    choice = _Choice(here, (fit or [on_stdout])[:1], fit or [in_folder])
    planned = [[target for out in outs or [STDOUT] for target in _targets(source, out, choice)] for source in inputs]
    flat = [target for targets in planned for target in targets]
    _check_formats(flat, known)
    files = [target.path for target in flat if target.path is not None]
    _check_collisions(inputs, read, files)
    if len(files) < len(flat):
        _check_stdout()
    for path in chain.from_iterable((path.parent, path) for path in files):
        _check_name(path)
    made = {Path(out) for out in outs if is_folder(out)}
    for folder in dict.fromkeys(_home(path).parent for path in files if not _is_stream(path)):
        _check_folder(_nearest(folder) if folder in made else folder)
        sweep(folder)
    return planned if replace else [[_as_it_is(target) for target in targets] for targets in planned]


def write_each(
    targets: Iterable[Target],
    render: Callable[[Target], str | bytes],
    on_wrote: Callable[[Path], None],
    on_problem: Callable[[str], None],
    document: Document | None = None,
) -> None:
    """Write all that can be written: what fails of one output costs none of the others, for which an hour was worked.

    Args:
        targets: where; files come before stdout, pipes and devices, whose readers may leave, or never come.
        render: what goes to a target.
        on_wrote: hears of each file.
        on_problem: hears what went wrong with all but one.
        document: took long to make, so where nothing that holds it could be written it is kept (`keep`).

    Raises:
        BrokenPipeError: nobody reads stdout any more, and all else went well.
        Exception: what went wrong with the first.
    """
    failed: list[Exception] = []
    is_lost, ordered = True, sorted(targets, key=is_stream)
    for target in ordered:
        try:
            write(target, render(target))
        except (CancelledError, KeyboardInterrupt):
            _keep_stopped(document if is_lost else None, on_problem)
            raise
        except Exception as error:  # noqa: BLE001 - raised below: other packages' formats may raise anything
            failed.append(error)
            is_lost = is_lost and not isinstance(error, BrokenPipeError)
        else:
            is_lost = is_lost and not _holds(target, document)
            if target.path is not None:
                on_wrote(target.path)
    failed.sort(key=lambda error: isinstance(error, BrokenPipeError))  # a reader that left is no news
    for other in failed[1:]:
        if not isinstance(other, BrokenPipeError):
            on_problem(str(other) or type(other).__name__)
    if failed:
        raise _kept(failed[0], document, on_problem) if is_lost and document is not None else failed[0]


def _keep_stopped(document: Document | None, on_problem: Callable[[str], None]) -> None:
    """A page with its recording in it takes long to write: what was heard does not go with it."""
    if document is not None and document.transcript.duration >= WORTH and (kept := keep(document)):
        on_problem(kept)


def _holds(target: Target, document: Document | None) -> bool:
    """Whether what was written holds the work: turns, and pictures of them, hold no words."""
    has_words = document is not None and bool(document.transcript.segments)
    return not has_words or registry.exporter(target.format).NEEDS != "turns"


def _kept(error: Exception, document: Document, on_problem: Callable[[str], None]) -> Exception:
    """The error, which tells where `document` is kept if it is a sentence for people; else `on_problem` hears that."""
    kept = keep(document)
    if kept and isinstance(error, DiarfuseError):
        told = OutputError(f"{error} {kept}")
        told.__cause__ = error
        return told
    if kept:
        on_problem(kept)
    return error


def keep(document: Document, what: str = "The result is kept", use: str = "give it to transcribe export") -> str:
    """Put `document` into a file of its own that nobody else can read, so that what took long is not lost.

    It lies among the temporary files; where these have no room, whose lack may be what failed, in this folder. The
    sentence that comes back says so: `what` is kept, where, and of what `use` it is; empty if there is no room at all.
    """
    for folder in (None, os.curdir):
        with contextlib.suppress(OSError, MemoryError):
            return f"{what} in {_kept_in(folder, document)}, for you alone: {use}, then remove it."
    return ""


def _kept_in(folder: str | None, document: Document) -> str:
    handle, name = tempfile.mkstemp(prefix="diarfuse-", suffix=".json", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_encoded(registry.dumps(document, "json")))
    except BaseException:
        Path(name).unlink()
        raise
    return name


def write(target: Target, result: str | bytes) -> None:
    """Write `result` to its target; a file appears whole under its name, or not at all.

    Raises:
        OutputError: it cannot be written (the disk is full, the folder went away ...).
    """
    content = _encoded(result)
    if target.path is None:
        write_stdout(content)
        return
    try:
        if _is_stream(target.path):
            with target.path.open("ab") as stream:
                stream.write(content)
                stream.flush()
        else:
            target.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(Path(os.path.realpath(target.path)), content, before=target.before)
    except ChangedError as error:
        raise OutputError(
            f"{target.path} was written by another program in the meantime, and stays: choose another -o."
        ) from error
    except OSError as error:
        if (file := in_the_way(target.path)) is not None:
            raise _no_folder(target.path.parent, file) from error
        raise OutputError(f"{target.path} cannot be written: {error.strerror or error}. Choose another -o.") from error


def _as_it_is(target: Target) -> Target:
    return target if target.path is None else dataclasses.replace(target, before=state_of(_home(target.path)))


def _encoded(result: str | bytes) -> bytes:
    # File names and other people's JSON may hold halves of characters, which no UTF-8 text can.
    return result if isinstance(result, bytes) else result.encode("utf-8", "replace")


def _no_folder(folder: Path, file: Path) -> OutputError:
    what = "is a file" if file == folder else f"cannot be, since {str(file)!r} is a file"
    return OutputError(f"The output folder {str(folder)!r} {what}: move it away, or choose another -o.")


def write_stdout(content: bytes) -> None:
    """Write `content` to stdout, and be sure that it went.

    Raises:
        OutputError: stdout is full, or closed.
    """
    if sys.stdout is None:
        raise OutputError(_NO_STDOUT)
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno == errno.EBADF:
            raise OutputError(_NO_STDOUT) from error
        raise OutputError(f"stdout cannot be written to ({error.strerror or error}): give -o FILE.") from error


def json_text(value: object, *, indent: int | None = None) -> str:
    """`value` as a text of JSON that can be written as UTF-8: halves of characters survive as escapes only."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    is_whole = text.isascii() or text == text.encode("utf-8", "replace").decode("utf-8")
    return (text if is_whole else json.dumps(value, indent=indent)) + "\n"


def show_json(value: object, *, indent: int | None = None) -> None:
    """Write `value` to stdout as JSON: in UTF-8, as JSON is, whatever the locale; on a terminal as that can show it."""
    text = json_text(value, indent=indent)
    if sys.stdout is None or sys.stdout.isatty():
        click.echo(text, nl=False)
    else:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()


def _check_stdout() -> None:
    """See that something can be written to stdout, before the work: nothing is."""
    try:
        os.write(sys.stdout.fileno(), b"")
    except (AttributeError, OSError) as error:
        if isinstance(error, AttributeError) or error.errno == errno.EBADF:  # any other tells of itself later
            raise OutputError(_NO_STDOUT) from error


def is_stream(target: Target) -> bool:
    """Whether it is stdout, a pipe or a device: what goes there cannot be written anew."""
    return target.path is None or _is_stream(target.path)


def _is_stream(path: Path) -> bool:
    """Whether it is a pipe, a device such as /dev/null, or what is open as /dev/fd/3: none of them is replaced."""
    return _OPEN.match(path.as_posix()) is not None or (path.exists() and not path.is_file())


def _targets(source: Path | SeparateFiles, out: str, choice: _Choice) -> list[Target]:
    formats = choice.formats
    if isinstance(out, Picture):
        return [Target(Path(out), registry.format_of(out))]
    if out in (STDOUT, "/dev/stdout"):
        return [Target(None, name) for name in formats or choice.on_stdout]
    if not out.strip():
        raise OptionError("-o '' names no file: give one, a folder, or - for stdout.")
    if is_folder(out):
        folder, named = Path(out), formats or choice.in_folder
        return [Target(folder / f"{source.stem}{registry.ending(name)}", name) for name in named]
    if len(formats) > 1:
        raise OptionError(f"-o {out!r} is one file, --format gives {len(formats)} formats: give a folder, -o FOLDER/.")
    return [Target(Path(out), formats[0] if formats else registry.format_of(out))]


def is_folder(out: str) -> bool:
    """Whether a value of ``-o`` is one: it is there, or looks so."""
    return out.endswith(("/", os.sep)) or os.path.isdir(out)  # noqa: PTH112 - Path.is_dir raises where none may look


def _check_count(inputs: Sequence[Path | SeparateFiles], outs: Sequence[str], else_: str) -> None:
    several = f"{len(inputs)} recordings"
    for out in outs if len(inputs) > 1 else ():
        if not is_folder(out):
            what = "stdout" if out == STDOUT else f"one file, {out!r}"
            give = "draw each with --format svg" if isinstance(out, Picture) else "give a folder,"
            raise OptionError(f"{several} cannot go to {what}: {give} -o FOLDER/{else_}.")
    if len(inputs) > 1 and not outs:
        raise OptionError(f"{several} need a folder to write to: -o FOLDER/{else_}.")


def _check_formats(targets: Iterable[Target], known: Sequence[str]) -> None:
    for target in targets:
        if target.format not in known:
            raise OptionError(
                f"{str(target.path)!r}: the format {target.format!r} does not fit here; use one of {', '.join(known)}."
            )
        registry.require(target.format)


def _check_collisions(inputs: Sequence[Path | SeparateFiles], read: Sequence[Path], outs: Sequence[Path]) -> None:
    from ..fusion.audio.separate import files_of  # numpy comes along

    # Of links in a circle too, which resolve() raises at.
    sources, seen = set(map(os.path.realpath, (*chain.from_iterable(map(files_of, inputs)), *read))), set[str]()
    for out, path in ((out, os.path.realpath(out)) for out in outs):
        if path in sources:
            raise OptionError(f"The output {str(out)!r} would replace what is read: choose another -o.")
        if path in seen:
            raise OptionError(f"Two results would go to {str(out)!r}: rename a recording, or write them apart.")
        seen.add(path)


def _check_name(path: Path) -> None:
    """Refuse a name that is too long, links in a circle, a protected file: whatever is worse than nothing there."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise OutputError(f"{str(path)!r} cannot be written ({error.strerror or error}): choose another -o.") from error
    if is_protected(path):
        raise OutputError(f"{str(path)!r} is write-protected: choose another -o, or allow writing to it.")


def _home(path: Path) -> Path:
    """The file itself, or what a link leads to, which need not be there yet."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _nearest(folder: Path) -> Path:
    """The folder, or that of those above it which is there already."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _check_folder(folder: Path) -> None:
    if (file := in_the_way(folder / "a result")) is not None:
        raise _no_folder(folder, file)
    if not folder.exists():
        remedy = f"make it first (mkdir -p {str(folder)!r})"
        if folder.parts[:1] == ("~",):  # mkdir would make a folder of that name
            remedy = "a shell puts the home folder for '~' only after a space, as in -o ~/a.srt"
        raise OutputError(f"The output folder {str(folder)!r} does not exist: {remedy}.")
    try:
        check_writable(folder)
    except OSError as error:
        raise OutputError(
            f"The output folder {str(folder)!r} cannot be written to ({error.strerror or error}): choose another -o."
        ) from error
