"""The folder's page: what it is told, and what it may ask for."""

from __future__ import annotations

import os
import threading
import time
import unicodedata
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ....fusion.errors import OptionError, OutputError
from ....fusion.landing import landing
from ...batch.finding import AUDIO
from ...inputs.claims import in_work
from ..opening.answering import CHUNK, new_token
from ..opening.editor import Editor
from ..opening.presence import Presence
from ..opening.server import PageServer
from ..opening.shown import Shown, sound_of
from .listing import Entry, Listing, fitting, in_order
from .work import UNDER_WAY, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from io import BufferedIOBase
    from typing import BinaryIO

    from ....fusion.records import Json

OPTIONS = ("--diarize", "--json-progress")
LIVE = "--live-text"
MOST_PEOPLE = 20
"""That the page offers; the command line takes any number."""
_SELDOM = 4.0
"""Seconds between two looks at what is in work elsewhere: a list may be long, and its disk far away."""
_NO_NAME = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of characters that no recording's name has: screens and phones write narrow spaces, joiners and marks."""


def ignore(_sentence: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a piece of work that has ended left behind, as it was first seen; what changes later is somebody else's.

    recording, transcript: whether they were there.
    """

    recording: bool
    transcript: bool


@dataclass(slots=True)
class Desk:
    """A folder of recordings and transcripts.

    tell: hears that the page was closed while something is in work.
    options: of every command, before those that are chosen on the page.
    token, presence, ending: see `Site`; presence is also that of the documents' pages.
    """

    folder: Path
    work: Work
    tell: Callable[[str], None] = ignore
    options: Sequence[str] = (*OPTIONS, LIVE)
    token: str = field(default_factory=new_token)
    presence: Presence = field(default_factory=Presence)
    ending: threading.Event = field(default_factory=threading.Event)
    _listing: Listing = field(init=False)
    _looking: threading.Lock = field(init=False, default_factory=threading.Lock)
    _seen: dict[str, Entry] = field(init=False, default_factory=dict)
    _left: dict[str | None, Left] = field(init=False, default_factory=dict)
    _elsewhere: tuple[float, frozenset[str]] = field(init=False, default=(-_SELDOM, frozenset()))
    _pages: dict[tuple[str | None, str | None, int], PageServer] = field(init=False, default_factory=dict)
    _one_by_one: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listing = Listing(self.folder)

    def told(self) -> Json:
        """The folder as it is now, and what is in work."""
        with self._looking:  # several pages ask at once
            return {"folder": str(self.folder), "most": MOST_PEOPLE, "files": self._rows()}

    def _rows(self) -> list[Json]:
        work = self.work.told()  # first, so that what is done by now lies in the folder
        found = {one.recording or one.transcript or "": one for one in self._listing.entries()}
        self._look(found, work)
        elsewhere = self._in_work_elsewhere(found, work)
        lost = [entry for name, entry in self._seen.items() if name not in found and self._stays(work.get(name), name)]
        return [
            _told(one, work.get(one.recording), self._left.get(one.recording))
            | {"lost": one in lost, "elsewhere": one.recording in elsewhere}
            for one in in_order([*found.values(), *lost])
        ]

    def _look(self, found: dict[str, Entry], work: dict[str | None, Json]) -> None:
        """Remember the recordings, and what there is of each that is done with."""
        self._seen |= {name: replace(one, transcript=None) for name, one in found.items() if one.recording}
        for name, told in work.items():
            if told["state"] in UNDER_WAY:
                self._left.pop(name, None)
            else:
                entry = found.get(name or "")
                self._left.setdefault(name, Left(entry is not None, bool(entry and entry.transcript)))

    def _in_work_elsewhere(self, found: dict[str, Entry], work: dict[str | None, Json]) -> frozenset[str]:
        """The recordings that another command or page is at work on; there is nothing to begin for these."""
        ours = {self.work.now, *(name for name, told in work.items() if told["state"] in UNDER_WAY)}
        looked, names = self._elsewhere
        if time.monotonic() > looked + _SELDOM:
            free = (name for name, one in found.items() if one.recording and not one.transcript and name not in ours)
            names = frozenset(name for name in free if in_work(self.folder / name))
            self._elsewhere = time.monotonic(), names
        return names - ours

    def _stays(self, told: Json | None, name: str) -> bool:
        """Whether a recording that is not there any more keeps its row: it was lost while it was in work."""
        if told is None or told["state"] == "done":
            return False
        return name not in self._left or not self._left[name].recording

    def start(self, asked: Any) -> Json:
        """Have a recording transcribed; `asked` tells its ``name``, how many ``people``, and the ``language``.

        Raises:
            OptionError: that cannot be.
        """
        row = asked if isinstance(asked, dict) else {}
        name, given = row.get("name"), _options(row.get("people"), row.get("language"))
        self._line(name, given)  # what will be refused in its turn is refused at once
        self.work.start(str(name), partial(self._line, name, given))
        return self.told()

    def _line(self, name: Any, given: Sequence[str]) -> list[str]:
        """The command's options and files; where the transcript goes is open until its turn comes."""
        entry = next((one for one in self._listing.entries() if one.recording == name), None)
        if entry is None or entry.recording is None:
            raise OptionError(f"There is no recording {name!r} in {self.folder}: look at the list again.")
        if entry.transcript is not None:
            raise OptionError(f"{name} has a transcript, {entry.transcript}: open it, or move it away first.")
        if name != self.work.now and in_work(self.folder / entry.recording):
            raise OptionError(
                f"{name} is in work elsewhere, by another command or page: wait for it, or stop it there."
            )
        target = self._listing.transcript_for(entry.recording)
        return [*self.options, *given, str(self.folder / entry.recording), "-o", str(target)]

    def stop(self, asked: Any) -> Json:
        """Give up a recording, of a ``name``."""
        self.work.stop(str(asked.get("name")) if isinstance(asked, dict) else "")
        return self.told()

    def add(self, name: str, size: int, source: BufferedIOBase) -> Json:
        """Put a recording of `size` bytes into the folder; ``name`` is what it is called there.

        Raises:
            OptionError: its name is none of a recording.
            OutputError: it cannot be written; nothing of it is kept.
        """
        _check_name(name)
        for number in range(1, 1000):
            ending = Path(name).suffix if number == 1 else f" ({number}){Path(name).suffix}"
            path = self.folder / fitting(self.folder, Path(name).stem, ending)
            if os.path.lexists(path):
                continue
            try:
                with landing(path, replace=False) as file:
                    _copy(source, file, size)
            except FileExistsError:  # made meanwhile: what was sent has been read
                raise OutputError(f"{path.name} was made by somebody else just now: add it again.") from None
            except OSError as error:
                why = error.strerror or error
                raise OutputError(
                    f"{path.name} cannot be kept in {self.folder} ({why}): make room, or open another folder."
                ) from error
            return {"name": path.name}
        raise OutputError(f"There are a thousand files called {name} in {self.folder}: rename yours.")

    def page_of(self, name: str) -> str:
        """The address of the page of a transcript.

        Raises:
            DiarfuseError: it is none, or damaged.
        """
        entry = next((one for one in self._listing.entries() if one.transcript == name), None)
        if entry is None:
            raise OptionError(f"There is no transcript {name!r} in {self.folder}: look at the list again.")
        seen = (entry.transcript, entry.recording, entry.size)  # a recording that has come since is to be heard
        with self._one_by_one:
            if seen not in self._pages:
                editor = Editor(self.folder / name)
                server = PageServer(Shown(editor, sound_of(editor, None), presence=self.presence))
                server.begin()
                self._pages[seen] = server
            return self._pages[seen].address

    def wait(self) -> None:
        """Until all pages are closed and nothing is in work."""
        self.presence.wait()
        while self.work.left():
            self.tell("The page is closed, and what is in work goes on (Ctrl-C stops it).")
            self.work.wait()
            self.presence.wait()

    def finish(self) -> None:
        """Give up what is in work, of which no page tells any more, and wait for edits that are being written."""
        given_up = [name for name, told in self.work.told().items() if told["state"] in UNDER_WAY]
        self.work.end()
        told = self.work.told()
        for name in given_up:
            if told[name]["error"]:
                self.tell(told[name]["error"])
        for server in self._pages.values():
            server.end()


def _told(entry: Entry, work: Json | None, left: Left | None) -> Json:
    """A row of the list; `work` is what becomes of its recording, or became, and `left` what there was at its end."""
    if work is not None and left is not None:
        expected = work["state"] == "done" or left.transcript  # it may have failed because there is one
        work = work if bool(entry.transcript) == expected else None  # taken away by somebody, or made elsewhere
    address = None if entry.transcript is None else f"open/{quote(os.fsencode(entry.transcript), safe='')}"
    row: Json = {"recording": entry.recording, "transcript": entry.transcript, "address": address}
    return row | {"size": entry.size, "changed": entry.changed, "work": work}


def _options(people: Any, language: Any) -> list[str]:
    """Of the command, for what was chosen on the page; it says itself which languages there are."""
    given: list[str] = []
    if people is not None:
        if not isinstance(people, int) or isinstance(people, bool) or not 1 <= people <= MOST_PEOPLE:
            raise OptionError(f"people={people!r} must be a whole number from 1 to {MOST_PEOPLE}, or left out.")
        given += ["--num-speakers", str(people)]
    if language:
        if not isinstance(language, str) or not language.isprintable():
            raise OptionError(f"language={language!r} is no language: give its name or code, such as en.")
        given.append(f"--language={language}")
    return given


def _check_name(name: str) -> None:
    leads = Path(name).name != name or "\\" in name or not _NO_NAME.isdisjoint(map(unicodedata.category, name))
    if not name or leads or name.startswith("."):
        raise OptionError(f"{name!r} is no name of a file: rename the recording.")
    if Path(name).suffix.lower() not in AUDIO:
        raise OptionError(f"{name} is no recording by its ending: give it that of its format, such as .mp3 or .mp4.")


def _copy(source: BufferedIOBase, file: BinaryIO, size: int) -> None:
    left = size
    while left:
        part = source.read(min(CHUNK, left))
        if not part:
            raise OSError("the browser stopped sending it")
        file.write(part)
        left -= len(part)
