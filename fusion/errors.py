"""Every error this project raises on purpose.

::

    DiarfuseError
    ├── OptionError            (ValueError)         a value the caller chose is not possible        exit 2
    │   └── UnknownNameError   (LookupError)        an unknown pack, model, recogniser, format ...  exit 2
    ├── AudioError             (ValueError)         a file or array that is not usable audio        exit 1
    │   └── AudioNotFoundError (FileNotFoundError)  no such audio file                              exit 1
    ├── TranscriptError        (ValueError)         words or turns that cannot be read              exit 1
    ├── ModelError             (RuntimeError)       a model file is missing, corrupt or unsafe      exit 1
    │   ├── ModelNotFoundError (LookupError)        not on disk, and may not or cannot be fetched   exit 1
    │   ├── CorruptModelError                       bytes differ from their pinned hash             exit 1
    │   ├── UnsafeModelError                        a checkpoint asks for something it must not     exit 1
    │   └── LicenceError       (PermissionError)    a model's licence forbids what is asked         exit 1
    ├── DeviceError            (RuntimeError)       the device asked for is not usable here         exit 1
    ├── NetworkError           (ConnectionError)    a download or a remote call failed              exit 1
    ├── MissingExtraError      (ImportError)        an optional package is not installed            exit 1
    ├── OutputError            (OSError)            an output file cannot be written                exit 1
    ├── LowMemoryError         (MemoryError)        the machine has too little memory for this      exit 1
    ├── NotPicklableError      (TypeError)          what one process has loaded goes to no other    exit 1
    ├── VoiceError             (ValueError)         a voiceprint cannot be made, read or compared   exit 1
    └── CancelledError         (RuntimeError)       the caller asked to stop                        exit 130

Each also inherits the builtin in parentheses, so ``except ValueError`` works
as a reader expects. The message is one sentence that names the file or value
and the remedy; the command line prints it as it stands.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

JOINERS = "\u200c\u200d"
"""Characters that join or part their neighbours, in Persian, Hindi and pictures; by themselves they cannot be seen."""

_ESCAPED = re.compile(r"(?<=[^\x00-\x7f])\\u200([cd])(?=[^\x00-\x7f])")
"""A joiner as `repr` writes it, between what it may join; a backslash that the value holds is doubled there."""


def printable(text: str) -> str:
    r"""`text` as one line that steers no terminal: control, direction and half characters are shown as escapes.

    Joiners between letters or pictures that they can join stay.

    >>> printable("Ana\x1b[2J\u202e\n"), printable("a\u200db")
    ('Ana\\x1b[2J\\u202e\\n', 'a\\u200db')
    >>> printable("\u0641\u0627\u200c\u0631") == "\u0641\u0627\u200c\u0631"
    True
    """
    if text.isprintable():
        return text
    parts = ((c, text[max(0, at - 1) : at] + text[at + 1 : at + 2]) for at, c in enumerate(text))
    return "".join(
        c if c.isprintable() or (c in JOINERS and _joins(beside)) else c.encode("unicode_escape").decode("ascii")
        for c, beside in parts
    )


def _joins(beside: str) -> bool:
    """Whether both neighbours of a joiner are there, and of those that it is for, which none of ASCII is."""
    return len(beside) == len("ab") and beside.isprintable() and not any(map(str.isascii, beside))


def with_joiners(quoted: str) -> str:
    r"""What `repr` wrote, its joiners between letters or pictures as they are, so that a name reads as it was given.

    >>> with_joiners(repr("\u0641\u0627\u200c\u0631")) == "'\u0641\u0627\u200c\u0631'"
    True
    >>> with_joiners(repr("a\u200db"))
    "'a\\u200db'"
    """
    return _ESCAPED.sub(lambda found: JOINERS["cd".index(found[1])], quoted)


class DiarfuseError(Exception):
    """Base of every error raised on purpose; ``exit_code`` is the command line's.

    As text it is one printable line, whatever the file or the server that it quotes holds.
    """

    exit_code = 1

    def __str__(self) -> str:
        return printable(with_joiners(super().__str__()))

    def __reduce__(self) -> tuple[Any, ...]:
        """As a pool of processes sends it: some are made of other values than the sentence that `args` holds."""
        return _made_again, (type(self), self.args, vars(self))


def _made_again(kind: type[DiarfuseError], args: tuple[Any, ...], attributes: dict[str, Any]) -> DiarfuseError:
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(attributes)
    return error


class OptionError(DiarfuseError, ValueError):
    """A value that the caller chose is not possible."""

    exit_code = 2


_TELLING = 5
"""Letters of a name from which it says something to stand in another."""


class UnknownNameError(OptionError, LookupError):
    """A name that is not among the known ones; suggests the nearest, or what serves `instead`."""

    def __init__(self, kind: str, name: str, known: Iterable[str], instead: str = "") -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        said, by_folded = name.casefold() if isinstance(name, str) else "", {one.casefold(): one for one in self.known}
        near = [by_folded[one] for one in difflib.get_close_matches(said, by_folded)]
        near.sort(key=lambda one: sorted(one.casefold()) != sorted(said))  # letters in another order: the likelier slip
        held = [one for one in self.known if len(one) >= _TELLING and one.casefold() in said]
        near = [*sorted(held, key=len, reverse=True), *near]  # another's path to it, as in pyannote/...-community-1
        hint = f"; {instead}." if instead else f"; did you mean {near[0]!r}?" if near else "."
        super().__init__(f"Unknown {kind} {name!r}: the known ones are {', '.join(self.known)}{hint}")


class AudioError(DiarfuseError, ValueError):
    """A file or an array that is not usable audio."""


class AudioNotFoundError(AudioError, FileNotFoundError):
    """No such audio file."""


class TranscriptError(DiarfuseError, ValueError):
    """Words, turns or a transcript file that cannot be read."""


class ModelError(DiarfuseError, RuntimeError):
    """A model file is missing, corrupt or unsafe."""


class ModelNotFoundError(ModelError, LookupError):
    """A model is not on disk and may not, or cannot, be fetched."""


class CorruptModelError(ModelError):
    """The bytes of a model file differ from their pinned sha256."""


class UnsafeModelError(ModelError):
    """A checkpoint asks for a class, a size or a path that it must not have."""


class LicenceError(ModelError, PermissionError):
    """The licence of a pack does not allow what is done with it."""


class DeviceError(DiarfuseError, RuntimeError):
    """The device asked for is not usable on this machine."""


class NetworkError(DiarfuseError, ConnectionError):
    """A download or a remote call failed."""


class MissingExtraError(DiarfuseError, ImportError):
    """An optional package is not installed; the message holds the exact pip line.

    `extra` None means that the package is to be installed by itself.
    """

    def __init__(self, feature: str, package: str, extra: str | None = None) -> None:
        self.feature, self.package, self.extra = feature, package, extra
        line = package if extra is None else f"'diarfuse[{extra}]'"
        super().__init__(f"{feature} needs {package}: pip install {line}")


class OutputError(DiarfuseError, OSError):
    """An output file or folder cannot be written."""


class LowMemoryError(DiarfuseError, MemoryError):
    """The machine has too little memory for what was asked."""


class NotPicklableError(DiarfuseError, TypeError):
    """What a process has loaded cannot be sent to another one."""


class VoiceError(DiarfuseError, ValueError):
    """A voiceprint cannot be made, read or compared."""


class CancelledError(DiarfuseError, RuntimeError):
    """The caller asked to stop; nothing was written."""

    exit_code = 130
