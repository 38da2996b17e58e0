"""Files and folders that commands read: what is wrong with one is told in one way."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import click
from click.shell_completion import CompletionItem

from ...fusion.errors import AudioError, AudioNotFoundError, DiarfuseError, OptionError
from ...fusion.given import only_address

Kind: TypeAlias = Literal["file", "folder", "either"]

if TYPE_CHECKING:
    _Base = click.ParamType[Path]
else:
    _Base = click.ParamType  # which takes no type in the oldest version that we use

DASH = Path("-")
"""Stdin, where a recording is wanted; ``./-`` is a file of that name."""
CHECK = "check the path"
_SHOWN = 60
"""Characters of a name that is too long."""


class InputPath(_Base):
    """A path to read from, as `Path`.

    Args:
        kind: what it must lead to; None looks at the name only, for commands that go on with their other files.
        error: what is raised for anything but a recording.
        stdin: whether ``-`` stands for it.
    """

    name = "path"

    def __init__(
        self, kind: Kind | None = "file", error: type[DiarfuseError] | None = None, *, stdin: bool = False
    ) -> None:
        self._kind, self._error, self._stdin = kind, error, stdin

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path, if it can be read.

        Raises:
            DiarfuseError: it cannot, and why.
            OptionError: stdin is meant, which the command does not read.
        """
        del param, ctx
        if str(value) == "-" and not self._stdin:
            raise OptionError("Stdin (-) is not read here: give a file, or ./- for one that is called so.")
        problem = problem_of(value, self._kind)
        if problem is None:
            return Path.cwd() / value if str(value) != "-" and Path(value) == DASH else Path(value)
        if self._error is not None:
            raise self._error(str(problem))
        raise problem

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete files, or folders."""
        del ctx, param
        return [CompletionItem(incomplete, type="dir" if self._kind == "folder" else "file")]


class OutputPath(click.Path):
    """A file or a folder to write to, or one that need not be there, as `Path`; an empty name would be this folder."""

    def __init__(self, *, file_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path.

        Raises:
            OptionError: it is empty.
        """
        if not os.fspath(value).strip():
            name = max(param.opts, key=len) if param else "The path"
            raise OptionError(f"{name} {value!r} names nothing: give a path.")
        return super().convert(value, param, ctx)


def problem_of(path: str | Path, kind: Kind | None = "file") -> AudioError | None:
    """What keeps `path` from being read, as a sentence with the remedy; None if nothing does."""
    shown = repr(str(path))
    if "\0" in str(path):
        return AudioNotFoundError(f"{shown} holds a NUL character, which no file's name does: check the path.")
    if kind is None:
        return None
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - `Path` makes a folder of an empty name
    except OSError as error:
        return _unreachable(Path(path), shown, error, "file or folder" if kind == "either" else kind)
    found = "folder" if is_folder else "file"
    if kind not in (found, "either"):
        return AudioError(f"{shown} is a {found}: give {'the file or files in it' if is_folder else 'a folder'}.")
    if not os.access(path, os.R_OK):
        return AudioError(f"{shown} may not be read: change its permissions, or copy it.")
    return None


def check_of(path: Path) -> str:
    """What to check where there is no such file: the name may only look like that of one, such as a Mac wrote."""
    with contextlib.suppress(OSError):
        alike = unicodedata.normalize("NFC", path.name)
        if any(unicodedata.normalize("NFC", file.name) == alike for file in path.parent.iterdir()):
            return "one that looks alike has its accents written otherwise, so let the shell complete its name (TAB)"
    return CHECK


def _unreachable(path: Path, shown: str, error: OSError, wanted: str) -> AudioError:
    if error.errno == errno.ELOOP:
        return AudioError(f"{shown} is a circle of links, which leads to no file: give the file itself.")
    if error.errno == errno.ENAMETOOLONG:
        return AudioError(f"The name {shown[:_SHOWN]}... is longer than this system allows: check the path.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return AudioError(f"{shown} may not be looked at: change the permissions of its folder.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and path.is_symlink():
        return AudioNotFoundError(
            f"{shown} is a link to {str(path.readlink())!r}, which is not there: give the file itself."
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return AudioNotFoundError(only_address(path) or f"There is no {wanted} {shown}: {check_of(path)}.")
    return AudioError(f"{shown} cannot be read ({error.strerror or error}): check the path and its folder.")
