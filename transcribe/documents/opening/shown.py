"""What is served: the document, its recording, and the secret without which nobody sees them."""

from __future__ import annotations

import mimetypes
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from ....diarize.models.files import sha256_of
from ....fusion.errors import AudioError
from ..sound import beside
from .answering import new_token
from .editor import Editor, formats
from .presence import Presence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ....fusion.records import Json


class Sound:
    """The recording, compared with the one that the document is about while it is played already.

    Args:
        path: its file.
        sha256: of the bytes that the document is about; empty where that is not known.
        on_other: hears if these are others.
    """

    def __init__(self, path: Path, sha256: str = "", on_other: Callable[[], None] | None = None) -> None:
        self.path = path
        self._compared = threading.Event()
        self._other = False
        if sha256:  # of a film this takes minutes
            threading.Thread(target=self._compare, args=(sha256, on_other), name="compare", daemon=True).start()
        else:
            self._compared.set()

    @property
    def other(self) -> bool | None:
        """Whether its bytes are not those that the document is about; None while it is not known."""
        return self._other if self._compared.is_set() else None

    @property
    def media_type(self) -> str:
        """As its ending says."""
        return mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"

    def _compare(self, sha256: str, on_other: Callable[[], None] | None) -> None:
        try:
            self._other = sha256_of(self.path) != sha256
        except OSError:  # then it plays nothing either, and the page says so
            self._other = False
        self._compared.set()
        if self._other and on_other is not None:
            on_other()


def sound_of(editor: Editor, given: Path | None, on_other: Callable[[Path], None] | None = None) -> Sound | None:
    """The recording that a page plays: the one that is given, or that lies beside the document; None if there is none.

    Args:
        editor: of the document.
        given: the recording's file, if it is not to be looked for.
        on_other: hears, perhaps later, that it is not the one that the document is about.

    Raises:
        AudioError: `given` is no file that a browser could play from any place, such as a device.
    """
    recording = editor.state().document.recording
    if given is not None and not given.is_file():
        raise AudioError(f"{given} is no regular file: copy the recording to one first.")
    path = beside(editor.path, recording.name) if given is None and recording is not None else given
    if path is None:
        return None
    return Sound(path, recording.sha256 if recording is not None else "", on_other and partial(on_other, path))


@dataclass(frozen=True, slots=True)
class Shown:
    """One document's page.

    editor: of the document. sound: the recording, if there is one. token: what the address holds.
    presence: of pages. ending: set when the program ends.
    """

    editor: Editor
    sound: Sound | None = None
    token: str = field(default_factory=new_token)
    presence: Presence = field(default_factory=Presence)
    ending: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Until the page is closed."""
        self.presence.wait()

    def finish(self) -> None:
        """Wait for the edit that is being written, if one is."""
        self.editor.finish()

    def told_of_sound(self) -> Json:
        """Whether the recording is another one; None while that is not known."""
        return {"other": self.sound is not None and self.sound.other}

    def told(self) -> Json:
        """What the page is told of the document as it is now."""
        state = self.editor.state()
        audio = {"address": "audio"} | self.told_of_sound() if self.sound is not None else None
        told = {"mode": "server", "file": self.editor.path.name, "audio": audio, "formats": formats()}
        return told | state.to_json()
