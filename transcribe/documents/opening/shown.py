"""What is served: the document, its recording, and the secret without which nobody sees them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from ....fusion.audio.separate import SeparateFiles
from ....fusion.errors import AudioError
from ..sound import recording_near
from .answering import new_token
from .editor import Editor, formats
from .presence import Presence
from .sounds import MixedSound, Sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ....fusion.records import Json


def sound_of(
    editor: Editor, given: Path | None, on_other: Callable[[str], None] | None = None
) -> Sound | MixedSound | None:
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
    source = recording_near(editor.path, recording) if given is None else given
    if source is None:
        return None
    if isinstance(source, SeparateFiles):
        hashes = [] if recording is None else [one.sha256 for one in recording.files]
        return MixedSound(source, hashes, on_other and partial(on_other, str(source)))
    sha256 = recording.sha256 if recording is not None else ""
    return Sound(source, sha256, on_other and partial(on_other, str(source)))


@dataclass(frozen=True, slots=True)
class Shown:
    """One document's page.

    editor: of the document. sound: the recording, if there is one. token: what the address holds.
    presence: of pages. ending: set when the program ends.
    """

    editor: Editor
    sound: Sound | MixedSound | None = None
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
