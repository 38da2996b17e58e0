"""What is served: the document, its recording, and the secret without which nobody sees them."""

from __future__ import annotations

import mimetypes
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ....diarize.models.files import sha256_of
from ....fusion.errors import AudioError
from ..sound import beside
from .answering import new_token
from .editor import Editor, formats
from .presence import Presence

if TYPE_CHECKING:
    from pathlib import Path

    from ....fusion.document import Recording
    from ....fusion.records import Json


@dataclass(frozen=True, slots=True)
class Sound:
    """The recording. other: its bytes are not those that the document is about."""

    path: Path
    other: bool

    @property
    def media_type(self) -> str:
        """As its ending says."""
        return mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"


def sound_of(editor: Editor, given: Path | None) -> Sound | None:
    """The recording that a page plays: the one that is given, or that lies beside the document; None if there is none.

    Raises:
        AudioError: `given` is no file that a browser could play from any place, such as a device.
    """
    recording = editor.state().document.recording
    if given is not None and not given.is_file():
        raise AudioError(f"{given} is no regular file: copy the recording to one first.")
    path = beside(editor.path, recording.name) if given is None and recording is not None else given
    return None if path is None else Sound(path, _is_other(path, recording))


def _is_other(path: Path, recording: Recording | None) -> bool:
    if recording is None or not recording.sha256:
        return False
    try:
        return sha256_of(path) != recording.sha256
    except OSError:  # then it plays nothing either, and the page says so
        return False


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

    def told(self) -> Json:
        """What the page is told of the document as it is now."""
        state = self.editor.state()
        audio = {"address": "audio", "other": self.sound.other} if self.sound is not None else None
        told = {"mode": "server", "file": self.editor.path.name, "audio": audio, "formats": formats()}
        return told | state.to_json()
