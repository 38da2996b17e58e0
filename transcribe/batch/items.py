"""One recording of a batch: its id, where it lies, and what is asked of it alone."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, get_args

from ...fusion.audio import SeparateFiles
from ...fusion.errors import OptionError, UnknownNameError
from ...fusion.join.assign import Join
from ...fusion.types import Seconds, SpeakerCount
from ..options import Wish

RESERVED = ("failures", "batch.csv")
"""What an id may not begin with: the batch's own files have these names, and hidden ones."""
COUNTS = ("num_speakers", "min_speakers", "max_speakers")
OWN = (*COUNTS, "channels", "channel_names", "language", "audio_track", "join")
"""Options that a manifest may give for one recording."""
_LONGEST = 200
"""Bytes of a name within an id: file systems allow 255, and endings follow."""
_QUERY = re.compile(r"(\w://[^\s?'\"]*)\?[^\s'\"]+")
_SECRETS = re.compile(r"(\w://)[^\s/@]*@([^\s/])")


@dataclass(frozen=True, slots=True)
class Item:
    """A recording to do.

    id: names its results. audio: a file's path, or an address; of a conversation what sentences call it.
    where: what named it, for sentences. duration: where it was told. asked: options for it alone, by name.
    files: of a conversation, one for each person. starts: when each of these begins; empty: all at once.
    """

    id: str
    audio: str
    where: str
    duration: Seconds | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[str] = ()
    starts: Sequence[Seconds] = ()

    @property
    def parts(self) -> tuple[str, ...]:
        """Paths or addresses: of its file, or of one for each person."""
        return tuple(self.files) or (self.audio,)

    @property
    def remote(self) -> bool:
        """Whether it has to be fetched."""
        return any(map(is_address, self.parts))

    @property
    def file_name(self) -> str:
        """What its file, or the first of them, is called."""
        return file_name(self.parts[0])

    @property
    def gone(self) -> str | None:
        """The first of its files that this machine cannot look at, and need not fetch: such a one fails in its turn."""
        paths = (part for part in self.parts if not is_address(part))
        return next((path for path in paths if not os.path.isfile(path)), None)  # noqa: PTH113 - Path.is_file raises

    @property
    def on_disk(self) -> bool:
        """Whether it is files that this machine can look at."""
        return not self.remote and self.gone is None

    def at(self, paths: Sequence[Path]) -> Path | SeparateFiles:
        """The recording, where its files lie there.

        Raises:
            OptionError: they cannot be one conversation.
        """
        return SeparateFiles(tuple(paths), tuple(self.starts)) if self.files else paths[0]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a recording: the usual wish with its own options, and names for its channels."""

    wish: Wish
    channel_names: tuple[str, ...] = ()

    def of(self, item: Item) -> Asked:
        """For one recording.

        Raises:
            OptionError: an option, or two together, are not possible.
        """
        own = dict(item.asked)
        names = _names(own.pop("channel_names")) if "channel_names" in own else self.channel_names
        given = {name: own.pop(name) for name in COUNTS if name in own}
        speakers = SpeakerCount.of(**given) if given else self.wish.speakers
        wish = replace(self.wish, speakers=speakers, **own)
        if (item.asked.get("channel_names") or item.files) and wish.channels is None:
            wish = replace(wish, channels="speakers")
        return Asked(wish, names).checked(counts_of_all=not given)

    def checked(self, *, counts_of_all: bool = False) -> Asked:
        """Itself.

        counts_of_all: whether how many speak was said of all recordings, of which this may be one with channels.

        Raises:
            OptionError: names for channels that are none of a speaker each, or a number of speakers for nobody to find.
        """
        if self.channel_names and self.wish.channels == "hybrid":
            raise OptionError(
                "--channel-names gives each channel one name, and with --channels hybrid a channel may hold several "
                "voices: leave one of them out."
            )
        for count in self.wish.speakers.given() if not self.wish.diarize else ():
            if self.wish.channels is None:
                raise OptionError(f"{count} does nothing without --diarize: add --diarize.")
            if not counts_of_all:
                raise OptionError(
                    f"{count} does nothing with --channels, where the channels tell who speaks: leave it out."
                )
        return self


def is_address(text: str) -> bool:
    """Whether it is ``scheme://...``; a drive's letter is no scheme."""
    scheme, colon, _ = text.partition("://")
    return bool(colon) and len(scheme) > 1 and scheme.replace("+", "").replace("-", "").isalnum()


def file_name(part: str) -> str:
    """What a file is called, without what opens an address.

    >>> file_name("calls/ana.wav"), file_name("https://calls.example/ben.wav?X-Amz-Signature=12")
    ('ana.wav', 'ben.wav')
    """
    if not is_address(part):
        return Path(part).name or "audio"
    return PurePosixPath(part).name.partition("?")[0] or "audio"


def shown(text: str) -> str:
    """`text` without what opens its addresses: who logs in, and what follows ``?``, which is often a signature.

    >>> shown("https://ana:pw@calls.example/a.wav?X-Amz-Signature=12 is gone")
    'https://calls.example/a.wav?... is gone'
    """
    return _SECRETS.sub(r"\1\2", _QUERY.sub(r"\1?...", text))


def channel_names(text: str) -> tuple[str, ...]:
    """``"agent,customer"`` -> the names, each checked.

    Raises:
        OptionError: one cannot be a name, or two are the same.
    """
    return _names(text.split(","))


def _names(value: Any) -> tuple[str, ...]:
    from ...fusion.editing.content import check_name

    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        raise OptionError(f"channel_names={value!r} must be names with commas between them, as in agent,customer.")
    names = tuple(check_name(name.strip()) for name in given)
    if len(set(names)) < len(names):
        raise OptionError(f"channel_names={','.join(names)!r} gives two channels one name: give each its own.")
    return names


def check_asked(asked: Mapping[str, Any], where: str) -> None:
    """Refuse options that no recording can have.

    Raises:
        UnknownNameError: there is no such option, or join.
        OptionError: a value is of another kind.
    """
    for name, value in asked.items():
        if name not in OWN:
            raise UnknownNameError(f"option in {where}:", name, OWN)
        if name in ("language", "join", "channels") and not isinstance(value, str):
            raise OptionError(f"{name}={value!r} must be a text.")
        if name == "join" and value not in get_args(Join):
            raise UnknownNameError("join", value, get_args(Join))


def check_id(text: str, where: str, remedy: str = "give another one") -> str:
    """The id itself; `remedy` is told where it cannot be one.

    Raises:
        OptionError: no file can be called so everywhere, or it leads out of the folder of results.
    """
    parts = text.split("/")
    wrong = (
        "is empty" if not text
        else "has an empty part, or leads elsewhere" if any(part in ("", ".", "..") for part in parts)
        else "begins with a dot" if any(part.startswith(".") for part in parts)
        else "holds a backslash or a character that cannot be printed"
        if "\\" in text or any(ord(c) < 32 or ord(c) == 127 for c in text)  # noqa: PLR2004 - ASCII's control characters
        else "is one of the batch's own names" if parts[0] in RESERVED
        else "is too long" if any(len(_bytes(part)) > _LONGEST for part in parts)
        else "begins or ends with a space" if any(part != part.strip() for part in parts)
        else ""
    )  # fmt: skip
    if wrong or _bytes(text) == b"":
        raise OptionError(f"{where}: the id {text!r} {wrong or 'is no name that a file can have'}: {remedy}.")
    return text


def _bytes(text: str) -> bytes:
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        return b""


def folded(text: str) -> str:
    """One text for all that are one name on a disk that tells neither cases nor spellings of accents apart.

    >>> folded("Caf\u00e9") == folded("cafe\u0301")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def check_apart(items: Iterable[Item], endings: Iterable[str], *, fold: Callable[[str], str] = str) -> None:
    """Refuse ids whose results would have one name, or of which one's file would be another one's folder.

    Args:
        items: all of them.
        endings: of the results of each.
        fold: what the disk takes for one name.

    Raises:
        OptionError: two are so; both places are named.
    """
    endings = tuple(map(fold, endings))
    seen: dict[str, Item] = {}
    files: dict[str, Item] = {}
    for item in items:
        name = fold(item.id)
        if name in seen:
            other = seen[name]
            what = "that of" if item.id == other.id else f"one name on this disk with {other.id!r}, that of"
            raise OptionError(f"{item.where}: the id {item.id!r} is {what} {other.where} too: give another one.")
        if name.partition("/")[0] in RESERVED:
            raise OptionError(f"{item.where}: the id {item.id!r} is one of the batch's own names: give another one.")
        seen[name] = item
        for ending in endings:
            other = files.setdefault(f"{name}{ending}", item)
            if other is not item:
                raise OptionError(
                    f"{item.where}: {item.id}{ending} would be a result of {other.where} too: give another id."
                )
    for name, item in seen.items():
        for folder in _folders(name):
            if folder in files:
                raise OptionError(
                    f"{item.where}: {folder!r} would be a folder, and is a result of {files[folder].where}: "
                    "give another id."
                )


def _folders(text: str) -> list[str]:
    parts = text.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
