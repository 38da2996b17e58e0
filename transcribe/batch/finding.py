"""Which recordings there are: in folders, by patterns, by name, at addresses, and in manifests."""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from ...fusion.audio.separate import MOST_FILES
from ...fusion.errors import AudioError, AudioNotFoundError, NetworkError, OptionError
from .items import Item, check_id, is_address, shown
from .manifest import is_manifest, read_manifest
from .places import Bucket

_SOUND = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".oga", ".opus", ".aac", ".wma", ".aiff", ".aif", ".amr", ".au")
_MORE_SOUND = (".caf", ".wv", ".w64", ".mka")
_FILM = (".mp4", ".m4v", ".mkv", ".webm", ".mov", ".avi", ".mpg", ".mpeg", ".ts", ".3gp")
AUDIO = frozenset((*_SOUND, *_MORE_SOUND, *_FILM))
"""Endings of files that are taken as recordings where no pattern says which are."""
_MAGIC = frozenset("*?[")
_RENAME = "rename it, or list it with another id in a manifest"
_USUAL_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class Search:
    """Where recordings are looked for.

    inputs: folders, files, patterns such as ``calls/*.wav``, addresses, or manifests.
    pattern: which files of folders, as in ``*.opus`` or ``2024/**``; None is every known ending.
    folders: whether the files of a folder are one conversation, with a file for each person.
    """

    inputs: Sequence[str]
    pattern: str | None = None
    folders: bool = False


def find(search: Search, out: str, on_refused: Callable[[str], None] | None = None) -> list[Item]:
    """Every recording, in the order of the inputs, each folder's sorted by its path.

    Args:
        search: where.
        out: where results go, which is not searched.
        on_refused: hears of files whose names can be no ids; the others are still found.

    Raises:
        OptionError: an id that cannot be, where nobody hears of it or there is nothing else; or nothing was found.
        AudioNotFoundError: no such file or folder.
    """
    found: list[Item] = []
    refused: list[OptionError] = []
    for given in search.inputs:
        if is_manifest(given):
            found += read_manifest(given)
        elif search.folders and not _is_file(given):
            found += _by_folder(list(_paths(given, search.pattern, out)), refused)
        else:
            found += _named(list(_paths(given, search.pattern, out)), refused)
    if refused and (on_refused is None or not found):
        raise refused[0]
    if on_refused is not None:
        for error in refused:
            on_refused(str(error))
    return found


def _named(found: Sequence[tuple[str, str]], refused: list[OptionError]) -> Iterator[Item]:
    """Items of (relative path, audio): the id is the path without its ending, unless another differs only in it."""
    stems = Counter(_stem(relative) for relative, _ in found)
    for relative, audio in found:
        stem = _stem(relative)
        name = stem if stems[stem] == 1 else relative
        try:
            yield Item(check_id(name, repr(audio), _RENAME), audio, repr(audio))
        except OptionError as error:
            refused.append(error)


def _is_file(given: str) -> bool:
    """Whether an input is one recording by itself, see `_paths`."""
    return not given.endswith("/") and "*" not in given if is_address(given) else Path(given).is_file()


def _by_folder(found: Sequence[tuple[str, str]], refused: list[OptionError]) -> Iterator[Item]:
    """Items of (relative path, audio), one a folder: the id is its path, of the given folder itself its name.

    A folder with one recording is that recording.
    """
    folders: dict[str, list[tuple[str, str]]] = {}
    for relative, audio in found:
        folders.setdefault(relative.rpartition("/")[0], []).append((relative, audio))
    for folder, rows in folders.items():
        files = [audio for _, audio in rows]
        here = files[0][: -len(rows[0][0].rpartition("/")[2])].rstrip("/\\") or "."
        name = folder or (here.rpartition("/")[2] if is_address(here) else Path(here).resolve().name)
        try:
            if len(files) > MOST_FILES:
                raise OptionError(  # noqa: TRY301 - told as the others are
                    f"{here!r} holds {len(files)} recordings, and one conversation has {MOST_FILES} at most, one for "
                    "each person: leave --folders out where each is a recording by itself."
                )
            item = Item(check_id(name, repr(here), _RENAME), here, repr(here))
        except OptionError as error:
            refused.append(error)
        else:
            yield replace(item, files=tuple(files)) if len(files) > 1 else replace(item, audio=files[0])


def _stem(relative: str) -> str:
    path = PurePosixPath(relative)
    return str(path.with_suffix("")) if path.suffix else relative


def _paths(given: str, pattern: str | None, out: str) -> Iterator[tuple[str, str]]:
    """(relative path with slashes, path or address) of what one input names."""
    if not given.strip():
        raise OptionError("'' names no recordings: give a folder, or a manifest.")
    if is_address(given):
        yield from _addresses(given, pattern, out)
        return
    path = Path(given)
    if path.is_dir():
        yield from _in_folder(path, pattern, out)
    elif path.exists():
        yield path.name, given
    elif _MAGIC & set(given):
        yield from _by_pattern(given, out)
    else:
        raise AudioNotFoundError(f"There is no file or folder {given!r}: check the path.")


def _in_folder(folder: Path, pattern: str | None, out: str) -> Iterator[tuple[str, str]]:
    ours = None if is_address(out) else os.path.realpath(out)
    files: list[str] = []
    for here, folders, names in os.walk(folder, onerror=_unread):
        folders[:] = [name for name in folders if _seen(name) and os.path.realpath(Path(here, name)) != ours]
        files += [Path(here, name).relative_to(folder).as_posix() for name in names if _seen(name)]
    wanted = sorted(name for name in files if _fits(name, pattern))
    if not wanted:
        raise OptionError(_nothing(repr(str(folder)), len(files), pattern))
    yield from ((name, str(folder / name)) for name in wanted)


def _unread(error: OSError) -> None:
    """Refuse a folder that may not be looked into: its recordings would be missing, and nobody would know.

    One that is gone since it was listed holds none.
    """
    if isinstance(error, FileNotFoundError):
        return
    raise AudioError(
        f"The folder {str(error.filename)!r} cannot be read ({error.strerror}): change its permissions, or list the "
        "others in a manifest."
    ) from error


def _addresses(given: str, pattern: str | None, out: str) -> Iterator[tuple[str, str]]:
    """An address that ends in a slash is a folder; one with ``*`` a pattern; any other a file."""
    name = PurePosixPath(given).name
    ours = f"{Bucket(out).whole()}/" if is_address(out) and (given.endswith("/") or "*" in given) else "\0"
    if given.endswith("/"):
        found = {relative: address for relative, address in Bucket(given).files() if not address.startswith(ours)}
        wanted = sorted(name for name in found if _fits(name, pattern) and all(map(_seen, name.split("/"))))
        if not wanted:
            raise OptionError(_nothing(repr(shown(given)), len(found), pattern))
        yield from ((name, found[name]) for name in wanted)
    elif "*" in given:
        base = given[: given.index("*")].rpartition("/")[0] + "/"
        every = {relative: address for relative, address in Bucket(base).files() if not address.startswith(ours)}
        wanted = sorted(fnmatch.filter(every, given.removeprefix(base)))
        if not wanted:
            raise OptionError(f"No file fits {shown(given)!r}: check the pattern.")
        yield from ((name, every[name]) for name in wanted)
    else:
        yield name.partition("?")[0] or "audio", given


def _by_pattern(given: str, out: str) -> Iterator[tuple[str, str]]:
    fixed, ours = Path(*_fixed(Path(given).parts)), None if is_address(out) else Path(out).resolve()
    _check_readable(Path(given).parts)
    # As typed, and with links to nowhere, which fail in their turn as they do in a folder.
    found = sorted(path for path in glob.glob(given, recursive=True) if not os.path.isdir(path))  # noqa: PTH112, PTH207
    folders: dict[Path, Path] = {}  # ``**`` goes round and round through links to folders above
    for path in sorted(map(Path, found), key=lambda path: len(path.parts)):
        folders.setdefault(path.parent.resolve(), path.parent)
    first = {here: there for there, here in folders.items()}
    wanted = [path for path in found if (there := first.get(Path(path).parent)) and ours not in (there, *there.parents)]
    if not wanted:
        raise OptionError(f"No file fits {given!r}: check the pattern.")
    yield from ((Path(path).relative_to(fixed).as_posix(), path) for path in wanted)


def _check_readable(parts: Sequence[str]) -> None:
    """Refuse folders in which a pattern would look for names and which may not be looked into: see `_unread`."""
    for index, part in enumerate(parts):
        if not _MAGIC & set(part):
            continue
        for folder in glob.glob(str(Path(*parts[:index])), recursive=True):  # noqa: PTH207 - a pattern of its own
            if part == "**":
                for _ in os.walk(folder, onerror=_unread):
                    pass
            elif os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK):  # noqa: PTH112 - never raises
                _unread(PermissionError(errno.EACCES, os.strerror(errno.EACCES), folder))


def _fixed(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        if _MAGIC & set(part):
            return
        yield part


def _seen(name: str) -> bool:
    return not name.startswith(".")


def _fits(name: str, pattern: str | None) -> bool:
    if pattern is None:
        return PurePosixPath(name).suffix.lower() in AUDIO
    return fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(PurePosixPath(name).name, pattern)


def _nothing(folder: str, others: int, pattern: str | None) -> str:
    fitting = "with a known ending" if pattern is None else f"that fits {pattern!r}"
    return f"The folder {folder} holds no recording {fitting} ({others} other files): check it, or give --pattern."


def with_durations(items: Iterable[Item], *, shared: bool = False) -> list[Item]:
    """The items, each with how long it probably is.

    What is not told is read from the files' headers; of addresses, and of what has no readable header, the
    size tells it, as of speech in 128 kbit/s. 0 where nothing tells it: it fails when its turn comes, and costs only
    itself.

    Args:
        items: the recordings.
        shared: whether several parts deal them out, which must do so alike.

    Raises:
        NetworkError: an address of a shared batch cannot be asked now, and another part might be told.
    """
    down = set[tuple[str, str]]()
    return [item if item.duration is not None else replace(item, duration=_guess(item, down, shared)) for item in items]


def _guess(item: Item, down: set[tuple[str, str]], shared: bool) -> float:
    """Seconds, of a conversation until its last file ends."""
    starts = item.starts or [0.0] * len(item.parts)
    return max(start + _guess_of(part, down, shared) for start, part in zip(starts, item.parts, strict=True))


def _guess_of(part: str, down: set[tuple[str, str]], shared: bool) -> float:
    """Seconds of a file; hosts that could not be asked are noted in `down`, and not asked again."""
    from ...fusion.audio.decode import probable_duration

    if not is_address(part):
        return probable_duration(Path(part))
    host = urlsplit(part)[:2]
    if host in down:
        return 0.0
    try:
        return Bucket(part).size() / _USUAL_BYTES
    except AudioError:
        return 0.0
    except NetworkError:
        if shared:
            raise
        down.add(host)
        return 0.0
