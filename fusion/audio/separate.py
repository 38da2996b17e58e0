"""One conversation of which each person has a file: separate tracks of a podcast, of a meeting, the legs of a call."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..errors import AudioError, OptionError
from ..given import check_path, is_number, short
from ..types import SAMPLE_RATE, Samples, Seconds
from .resampling import release
from .source import Block

MOST_FILES = 32
"""People who each have a file: more are recordings that were meant one by one."""
LATEST_START: Seconds = 86_400.0
"""A file that begins a day after the others belongs to another conversation."""
_STEP = 1 << 18
_NAMED = 3
"""Files that a name of all of them tells."""


@dataclass(frozen=True, slots=True)
class SeparateFiles:
    """The files of one conversation, one for each person; they may differ in length, rate, format and channels.

    paths: two or more. starts: when each begins, in seconds of the conversation; empty: all at its beginning.

    Raises:
        AudioError: one is no path.
        OptionError: they are too few or too many, one is there twice, or begins before the conversation or a day later.
    """

    paths: tuple[Path, ...]
    starts: tuple[Seconds, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.paths, str | bytes | os.PathLike) or not isinstance(self.paths, Iterable):
            raise AudioError(f"paths={short(self.paths)} must be a list of the files, one for each person.")
        paths = tuple(check_path(path, "a recording", AudioError) for path in self.paths)
        object.__setattr__(self, "paths", paths)
        _check_count(paths)
        _check_twice(paths)
        starts = _checked_starts(self.starts, len(paths)) or (0.0,) * len(paths)
        object.__setattr__(self, "starts", starts)

    def __str__(self) -> str:
        """The files for sentences.

        >>> str(SeparateFiles(("calls/ana.wav", "ben.wav")))
        'ana.wav and ben.wav'
        """
        *first, last = self.names
        return f"{', '.join(first)} and {last}"

    @property
    def names(self) -> tuple[str, ...]:
        """The files for sentences, each; of those of one name, in folders of their own, with their numbers.

        >>> SeparateFiles(("ana/track.wav", "guest.wav", "ben/track.wav")).names
        ('track.wav (1)', 'guest.wav', 'track.wav (3)')
        """
        often = Counter(path.name for path in self.paths)
        numbered = enumerate(self.paths, start=1)
        return tuple(f"{path.name} ({number})" if often[path.name] > 1 else path.name for number, path in numbered)

    @property
    def stem(self) -> str:
        """What the conversation is called, without endings.

        >>> SeparateFiles(("ana.wav", "ben.flac")).stem, SeparateFiles(tuple(f"{n}.wav" for n in "abcde")).stem
        ('ana+ben', 'a+b+c+2 more')
        """
        return joined_stem([path.stem for path in self.paths])


def joined_stem(stems: Sequence[str]) -> str:
    """One name for several; of many the first ones."""
    more = len(stems) - _NAMED
    return "+".join([*stems[:_NAMED], f"{more} more"] if more > 1 else stems)


AudioSource: TypeAlias = "str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | SeparateFiles"
"""A file; or several of one conversation, one for each person."""


def source_of(given: AudioSource) -> str | os.PathLike[str] | SeparateFiles:
    """What was given as one thing: of several paths the conversation that they are."""
    return given if isinstance(given, str | os.PathLike | SeparateFiles) else _separate(given)


def _separate(given: Any) -> SeparateFiles | str:
    """Several paths; what is nothing of the kind is refused where it is read."""
    return SeparateFiles(tuple(given)) if isinstance(given, list | tuple) else given


def files_of(source: AudioSource) -> tuple[Path, ...]:
    """The files of a recording: one, or one for each person."""
    found = source_of(source)
    return found.paths if isinstance(found, SeparateFiles) else (Path(found),)


def name_of(source: AudioSource) -> str:
    """What sentences call a recording: its file or files, without folders."""
    found = source_of(source)
    return str(found) if isinstance(found, SeparateFiles) else Path(found).name


def stem_of(source: AudioSource) -> str:
    """What a recording is called, without folder and ending."""
    found = source_of(source)
    return found.stem if isinstance(found, SeparateFiles) else Path(found).stem


def side_by_side(tracks: Sequence[Samples], begins: Sequence[int] = ()) -> Iterator[Block]:
    """Recordings at 16 kHz as channels of one; they are silent before they begin and after they end.

    Args:
        tracks: float32 (num_samples,) each.
        begins: the sample at which each begins; empty: all at the first.
    """
    begins = begins or [0] * len(tracks)
    whole = max(begin + len(track) for begin, track in zip(begins, tracks, strict=True))
    step = _STEP // len(tracks)
    for start in range(0, whole, step):
        samples = np.zeros((min(step, whole - start), len(tracks)), np.float32)
        for channel, (track, begin) in enumerate(zip(tracks, begins, strict=True)):
            part = track[max(0, start - begin) : max(0, start + len(samples) - begin)]
            at = max(0, begin - start)
            samples[at : at + len(part), channel] = part
            release(track)
        yield Block(samples, SAMPLE_RATE)


def _check_count(paths: Sequence[Path]) -> None:
    if len(paths) < 2:  # noqa: PLR2004 - of a conversation
        raise OptionError(f"Separate files are two or more, one for each person, and {len(paths)} was given.")
    if len(paths) > MOST_FILES:
        raise OptionError(
            f"{len(paths)} files are taken for one conversation, a person each, and {MOST_FILES} is the most: "
            "give a folder, -o FOLDER/, if each is a recording by itself."
        )


def _check_twice(paths: Sequence[Path]) -> None:
    seen: dict[object, Path] = {}
    for path in paths:
        key: object = path
        with suppress(OSError, ValueError):  # one that is not there, or cannot be, is told of where it is read
            key = os.path.realpath(path)
            status = path.stat()
            key = status.st_dev, status.st_ino
        if key in seen:
            other = "" if seen[key] == path else f", also as {str(seen[key])!r}"
            raise OptionError(f"{str(path)!r} is given twice{other}: give each person's own file once.")
        seen[key] = path


def _checked_starts(given: Iterable[Any], count: int) -> tuple[Seconds, ...]:
    """As numbers of Python's own, which can be written: numpy's integers could not."""
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise OptionError(f"starts={short(given)} must be a list of seconds, one for each of the {count} files.")
    starts = tuple(given)
    if starts and len(starts) != count:
        raise OptionError(f"starts={short(starts)} must tell a start for each of the {count} files.")
    for start in starts:
        if not is_number(start) or not 0 <= start <= LATEST_START:
            raise OptionError(
                f"A file cannot begin at {short(start)}: give seconds from 0 to {LATEST_START:.0f}, counted from the "
                "beginning of whichever file begins first."
            )
    return tuple(map(float, starts))
