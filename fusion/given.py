"""What a caller hands over where a list is wanted: told apart from what only looks like one."""

from __future__ import annotations

import codecs
import errno
import json
import numbers
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol, runtime_checkable

from .errors import DiarfuseError, LowMemoryError, NotPicklableError, OptionError, TranscriptError, with_joiners

LARGEST_TEXT = 1 << 29
"""Bytes of a transcript; the words of a day without a pause are a tenth of that."""
_BLOCK = 1 << 20
"""Bytes read at a time: what is asked for is taken from memory before it is there."""

_LONGEST_PATH = 1000
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", re.DOTALL)
_DIGITS = 18
"""Of a number that is read: Python refuses thousands of them, and nothing here counts so far."""
_WHOLE = re.compile(rf"[+-]?[0-9]{{1,{_DIGITS}}}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

NO_HOME = "This system knows no home folder of yours: set $HOME to a folder."

_NO_MEMORY = (
    "bad_alloc",
    "allocate memory",
    "failed to map segment",
    "can't start new thread",
    "smaller than requested bytes",
    "out of memory",
    "STATUS_ALLOC_FAILED",
)
"""What C++, ONNX Runtime and its arena, the system's loader of libraries, Python, and CUDA with its libraries say."""


def check_list(value: Any, name: str) -> None:
    """Refuse what can be walked through but is no list of words, segments or turns.

    Args:
        value: what was given.
        name: what it should be a list of, e.g. ``words``.

    Raises:
        TranscriptError: it is None, text, one object, a dict, or a table.
    """
    kind = type(value).__name__
    if _is_table(value):
        raise TranscriptError(f"The {name} are a {kind}: give its rows, {name}.to_dict('records').")
    if isinstance(value, str | bytes):
        raise TranscriptError(f"The {name} are the text {value[:40]!r}: give a list; a file is read before.")
    if isinstance(value, Mapping):
        raise TranscriptError(f"The {name} are a {kind}: give the list that is in it, or use attach for a transcript.")
    is_one = hasattr(value, "_fields") or hasattr(value, "itertracks") or getattr(value, "shape", None) == ()
    if is_one or not isinstance(value, Iterable):
        raise TranscriptError(f"The {name} are one {kind}: give a list of them.")


def _is_table(value: Any) -> bool:
    """Whether it is a table of pandas or polars, which is walked through by its columns."""
    return hasattr(value, "to_dict") and hasattr(value, "columns")


@runtime_checkable
class BothDiarizations(Protocol):
    """What pyannote.audio 4 answers: turns that may overlap, and those of one speaker at a time."""

    speaker_diarization: Any
    exclusive_speaker_diarization: Any


def list_of_turns(turns: Any) -> list[Any]:
    """Turns as a list of rows.

    Args:
        turns: a list or another iterable of turns; pyannote.core's Annotation; a table of pandas or polars with the
            columns start, end and speaker, as WhisperX's diarization.

    Raises:
        TranscriptError: it is None, text, one object, or a dict.
    """
    if hasattr(turns, "itertracks"):
        return [(segment.start, segment.end, who) for segment, _, who in turns.itertracks(yield_label=True)]
    if _is_table(turns):
        return list(turns.to_dicts() if hasattr(turns, "to_dicts") else turns.to_dict("records"))
    check_list(turns, "turns")
    return list(turns)


def only_address(path: str | os.PathLike[str]) -> str | None:
    """What to say of an address in the place of a file, of whose two slashes `Path` keeps one; None for any other path.

    >>> only_address(Path("https://example.org/a.wav"))
    "'https://example.org/a.wav' is an address, not a file: download it first."
    >>> only_address("C:/a.wav"), only_address("a:b/c.wav")
    (None, None)
    """
    found = _ADDRESS.match(Path(path).as_posix())
    return found and f"{found[1] + '://' + found[2]!r} is an address, not a file: download it first."


def check_path(path: Any, what: str, error: type[DiarfuseError]) -> Path:
    """`path` as a path.

    Args:
        path: what was given.
        what: it is to be of, e.g. ``a transcript``.
        error: what to raise.

    Raises:
        DiarfuseError: it is no path, such as None, bytes, or an open file.
    """
    name = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str):
        raise error(f"A {type(path).__name__} is no path: give {what}'s path as text, or as a Path.")
    return Path(name)


def at_home(path: str | os.PathLike[str]) -> Path:
    """`path` with a home folder in the place of a ``~`` at its beginning.

    Raises:
        OptionError: there is no such home, or it is no path.
    """
    try:
        return check_path(path, "a folder", OptionError).expanduser()
    except RuntimeError:
        raise OptionError(
            f"{os.fspath(path)!r} begins in a home folder that this system does not know: write the path out."
        ) from None


def usual_folder(kind: Literal["cache", "config", "data"], instead: str = "") -> Path:
    """Where the system keeps the user's own files of a kind, ours among them.

    Args:
        kind: of the files.
        instead: what can be set in the place of a home folder.

    Raises:
        OptionError: it knows no home folder, as of the user of a service or in a container.
    """
    import platformdirs

    found = getattr(platformdirs, f"user_{kind}_dir")
    try:
        folder = Path(found("diarfuse", appauthor=False))
    except RuntimeError:
        folder = Path("~")
    if folder.parts[:1] == ("~",):  # as older versions of platformdirs leave it
        raise OptionError(NO_HOME.removesuffix(".") + (f", or {instead}." if instead else "."))
    return folder


def is_number(value: Any, *, whole: bool = False) -> bool:
    """Whether it is a real number, of Python's kinds or numpy's, and no truth value or span of time, which pass as one.

    >>> is_number(2.5), is_number(2.5, whole=True), is_number(True), is_number("2")
    (True, False, False, False)
    """
    if isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", "f") not in "iuf":
        return False
    return isinstance(value, numbers.Integral if whole else numbers.Real)


def check_number(value: Any, name: str, *, whole: bool = False) -> None:
    """Refuse what cannot be compared with the bounds of an option.

    Raises:
        OptionError: no number, or no `whole` one; a number that no float can be.
    """
    if not is_number(value, whole=whole) or (isinstance(value, int) and abs(value) > sys.float_info.max):
        raise OptionError(f"{name}={short(value)} must be a {'whole ' if whole else ''}number.")


def check_flag(value: Any, name: str) -> None:
    """Refuse what is neither True nor False: of words such as "no", Python takes all for true.

    Raises:
        OptionError: it is something else.
    """
    if not isinstance(value, bool):
        raise OptionError(f"{name}={short(value)} must be True or False.")


def check_choice(value: Any, name: str, known: Sequence[str]) -> None:
    """Refuse what is none of the `known` values.

    Raises:
        OptionError: it is another.
    """
    if value not in known:
        raise OptionError(f"{name}={short(value)} must be one of {', '.join(known)}.")


def check_kind(value: Any, name: str, *kinds: type) -> None:
    """Refuse what is of none of the `kinds`.

    Raises:
        OptionError: it is of another.
    """
    if not isinstance(value, kinds):
        wanted = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
        raise OptionError(f"{name}={short(value)} must be {wanted}.")


def read_bytes(path: str | os.PathLike[str], what: str = "a transcript") -> bytes:
    """All that a file of text holds; from a pipe too.

    Raises:
        TranscriptError: it is no path, cannot be read, or never ends, as devices and sparse files may.
    """
    file = check_path(path, what, TranscriptError)
    try:
        with file.open("rb") as opened:
            blocks = iter(partial(opened.read, _BLOCK), b"")
            data = b"".join(islice(blocks, LARGEST_TEXT // _BLOCK + 1))
    except (OSError, ValueError) as error:  # ValueError: a name no system allows
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        shown = path if len(str(path)) <= _LONGEST_PATH else short(str(path), _LONGEST_PATH)  # it may be all of a text
        raise TranscriptError(only_address(file) or f"{shown} cannot be read ({why}): check the path.") from error
    if len(data) > LARGEST_TEXT:
        raise TranscriptError(f"{path} is larger than {LARGEST_TEXT >> 20} MiB, as {what} never is: check the name.")
    return data


def decoded(data: bytes, errors: str = "strict") -> str:
    r"""The text in a file: in UTF-8, with or without a mark at its beginning, or in UTF-16 with one, as Windows writes.

    Args:
        data: what the file holds.
        errors: what becomes of bytes that are no UTF-8, as in `bytes.decode`.

    Raises:
        UnicodeDecodeError: it is in another encoding, or no text.

    >>> decoded("Zoë".encode()), decoded("Zoë".encode("utf-8-sig")), decoded("Zoë".encode("utf-16"))
    ('Zoë', 'Zoë', 'Zoë')
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    if (at := data.find(0)) >= 0:  # which UTF-16 without a mark is full of
        raise UnicodeDecodeError("utf-8", data, at, at + 1, "no text holds a zero byte")
    return data.decode("utf-8-sig", errors)


def from_shell(text: str) -> str:
    r"""Text whose bytes Python could not decode, as in the locale C, read as the UTF-8 that they are; other text stays.

    >>> from_shell("Zo\udcc3\udcab"), from_shell("a\udcff") == "a\udcff"
    ('Zoë', True)
    """
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text


def short(value: object, most: int = 40) -> str:
    """The beginning of a value, `most` characters, for a sentence; Python refuses to write thousands of digits out.

    >>> short("a" * 99, 12), short(10**5000)
    ("'aaaaaaaa...", 'a number of thousands of digits')
    """
    try:
        shown = with_joiners(repr(value))
    except ValueError:
        return "a number of thousands of digits"
    return shown if len(shown) <= most else f"{shown[: most - 3]}..."


def whole_number(text: str) -> int | None:
    """The number that `text` writes in plain digits; None where it is something else, or has too many to be meant.

    >>> whole_number("12"), whole_number("-1"), whole_number("\u00b2"), whole_number("9" * 5000)
    (12, None, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def is_written_number(text: str, *, whole: bool = False) -> bool:
    """Whether `text` is a number, or a `whole` one, in plain digits: Python takes ``1_0``, ``nan`` and others' too.

    >>> is_written_number("0.5"), is_written_number("-2", whole=True), is_written_number("0.5", whole=True)
    (True, True, False)
    >>> is_written_number("1_0"), is_written_number("\u0663"), is_written_number("nan"), is_written_number("<NA>")
    (False, False, False, False)
    """
    return (_WHOLE if whole else _NUMBER).fullmatch(text) is not None


@contextmanager
def enough_memory(what: str) -> Iterator[None]:
    """Say in our own words that memory ran out during `what`.

    Raises:
        LowMemoryError: it did.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, DiarfuseError) or not ran_out(error):
            raise
        raise LowMemoryError(f"There is not enough memory to {what}: free some, or take shorter recordings.") from error


def why_no_json(error: ValueError | RecursionError) -> str:
    """What is wrong with JSON that cannot be read; Python's own words speak of its settings.

    >>> why_no_json(RecursionError("maximum recursion depth exceeded")), why_no_json(ValueError("Exceeds the limit"))
    ('it is nested too deeply', 'it holds a number of too many digits')
    """
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeError):
        return "it is no text in UTF-8"
    if not isinstance(error, json.JSONDecodeError):
        return "it holds a number of too many digits"
    return str(error) if error.doc.strip("\ufeff \t\r\n") else "it is empty"


class OfThisProcess:
    """What holds loaded networks: to pickle it, as pools of processes do, is refused in a sentence."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        """Say what to do instead.

        Raises:
            NotPicklableError: always.
        """
        raise NotPicklableError(
            "Loaded models cannot be pickled: load them in each process (Diarizer.from_pretrained), or use threads "
            "(DiarizationQueue)."
        )


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its kind where it says nothing."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def ran_out(error: BaseException) -> bool:
    """Whether an error, of whichever library, says that memory ran out: few have a class for it."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    library = isinstance(error, ImportError | RuntimeError) or type(error).__module__.startswith("onnxruntime")
    return library and not isinstance(error, DiarfuseError) and any(words in str(error) for words in _NO_MEMORY)
