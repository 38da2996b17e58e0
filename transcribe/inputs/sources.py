"""What the recordings of a call are: each file one, or with ``--channels`` and one output all one conversation."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ...fusion.audio.separate import SeparateFiles, files_of
from ...fusion.editing.selecting import parse_moment
from ...fusion.errors import OptionError
from ...fusion.given import is_written_number
from .. import output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...fusion.types import Seconds
    from ..options import Channels

Source: TypeAlias = Path | SeparateFiles
"""What one result is made of: a file, or the separate files of a conversation."""


def sources(
    audio: Sequence[Path], outs: Sequence[str], channels: Channels | None, offsets: Mapping[str, Seconds]
) -> list[Source]:
    """The recordings: each file is one, or with ``--channels`` all are one where the result goes to one place.

    Args:
        audio: the files.
        outs: values of ``-o``: a folder among them holds a result for each file.
        channels: whether each channel is a speaker.
        offsets: when files begin, by how they were given.

    Raises:
        OptionError: an offset for what is no file of a conversation; or see `SeparateFiles`.
    """
    drawn = (out for out in outs if not isinstance(out, output.Picture))
    if channels is None or len(audio) == 1 or any(map(output.is_folder, drawn)):
        if offsets:
            raise OptionError(
                "--offset is for the files of one conversation, a person each: give several, --channels and one "
                "output, as in -o talk.srt, or leave it out."
            )
        return list(audio)
    return [SeparateFiles(tuple(audio), _starts(audio, offsets))]


def otherwise(channels: Channels | None) -> str:
    """What else may be meant by several recordings that go to one place."""
    remedy = "add --channels" if channels is None else "leave the folder out"
    return f"; or, where they are one conversation with a file for each person, {remedy}"


def pairs(values: Iterable[str]) -> dict[str, Seconds]:
    """``("ben.wav=1:02.5",)`` -> ``{"ben.wav": 62.5}``.

    Raises:
        OptionError: it does not look so, or a file has two offsets.
    """
    found: dict[str, Seconds] = {}
    for value in values:
        file, _, time = value.rpartition("=")
        start = _seconds(time)
        if start is None or not file:
            raise OptionError(f"--offset {value!r} must be a file and a time from 0 on, as in ben.wav=1.25.")
        if found.setdefault(file, start) != start:
            raise OptionError(f"--offset gives {file!r} two times: leave one out.")
    return found


def _seconds(text: str) -> Seconds | None:
    """``1.25``, ``1.25s`` or ``1:02.5``; None where it is no time."""
    if is_written_number(text):
        return float(text)
    with suppress(OptionError):
        return parse_moment(text).start
    return None


def files_in(audio: Iterable[Source]) -> list[Path]:
    """All files of the recordings."""
    return [file for source in audio for file in files_of(source)]


def _starts(audio: Sequence[Path], offsets: Mapping[str, Seconds]) -> tuple[Seconds, ...]:
    starts = dict.fromkeys(audio, 0.0)
    for name, start in offsets.items():
        meant = [path for path in audio if str(path) == name] or [path for path in audio if path.name == name]
        if len(set(meant)) != 1:
            known = ", ".join(map(str, audio))
            what = "several files" if meant else "none of the files"
            raise OptionError(f"--offset {name!r} is {what}: give one of {known} as it stands here.")
        starts[meant[0]] = start
    return tuple(starts[path] for path in audio)
