"""The recording that a page plays: where it lies seen from the page, or small within it."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from ...exporters.style import Audio, Style
from ...fusion.audio.separate import SeparateFiles, files_of, source_of
from ...fusion.errors import OptionError
from .renamed import recordings_beside, renamed

if TYPE_CHECKING:
    from ...fusion.audio import AudioSource, Track
    from ...fusion.document import Recording
    from ...fusion.types import Note, Samples
    from ..output import Target

PAGE = "html"
"""The format that plays."""
MEDIA_TYPE = "audio/webm"
BIT_RATE = 24_000
"""Bits a second: clear speech in Opus, 11 MB an hour."""
_FRAME = 16_000
_PART = 1 << 20


def beside(document: Path, name: str) -> Path | None:
    """The recording called `name` that lies beside a document; None where there is none.

    A name with folders in it is none of ours, and leads nowhere: a document comes from anybody, and would have any
    file of this machine heard.
    """
    file = document.parent / name
    return file if name and Path(name).name == name and os.path.isfile(file) else None  # noqa: PTH113 - never raises


def recording_near(document: Path, recording: Recording | None) -> Path | SeparateFiles | None:
    """The recording that lies beside a document, renamed or not; of separate files all, or None.

    Files of one name, which lay in several folders, cannot all lie there.
    """
    if recording is None:
        return None
    if not recording.files:
        return beside(document, recording.name) or renamed(document, recording, recordings_beside(document))
    paths = [beside(document, one.name) for one in recording.files]
    there = tuple(path for path in paths if path is not None)
    if len(there) < len(paths):
        return None
    with suppress(OptionError):  # two are one file, or a document from anybody tells of what can be no conversation
        return SeparateFiles(there, tuple(one.start for one in recording.files))
    return None


def sounded(
    style: Style, target: Target, audio: AudioSource | None, *, embed: bool, on_note: Note, track: Track = None
) -> Style:
    """The style with the recording in it, if the target is a page.

    A page names a recording that lies beside it or in a folder below: whoever is
    given one is given the other. A path that leads elsewhere would tell of this
    machine's folders and break where the page is moved to, so it is not written.

    Raises:
        AudioError: it cannot be read.
    """
    if target.format != PAGE or audio is None or not all(path.is_file() for path in files_of(audio)):
        return style
    if embed:
        return replace(style, audio=embedded(audio, on_note, track))
    page, found = target.path or "The page", source_of(audio)
    if isinstance(found, SeparateFiles):
        on_note(
            f"{page} plays nothing by itself, as a page plays one file, and these are {len(found.paths)}: transcribe "
            "open plays their mix, and transcribe --embed-audio takes it in."
        )
        return style
    path = Path(found)
    folder = target.path.parent.resolve() if target.path is not None else None
    if folder is not None and path.resolve().is_relative_to(folder):
        address = quote(path.resolve().relative_to(folder).as_posix())
        return replace(style, audio=Audio(address))
    on_note(
        f"{page} plays nothing by itself, as {path.name} lies elsewhere: write it beside the recording, or take the "
        "recording in with --embed-audio."
    )
    return style


def embedded(source: AudioSource, on_note: Note, track: Track = None) -> Audio:
    """The recording as a page holds it, re-encoded small; `track` is the one that was heard.

    Raises:
        AudioError: it cannot be read.
    """
    from ...fusion.audio import load_audio

    samples = load_audio(source, on_note=on_note, track=track)
    return Audio(data=_opus(samples, gain_of(samples, source)), media_type=MEDIA_TYPE)


def gain_of(samples: Samples, source: AudioSource) -> float:
    """What a mix is to be multiplied by, to be heard: of separate files it is a mean, fainter the more there are."""
    voices = len(files_of(source))
    if voices == 1:
        return 1.0
    loudest = max(float(np.abs(samples[at : at + _PART]).max()) for at in range(0, len(samples), _PART))
    return min(float(voices), 1 / max(loudest, 1 / voices))


def _opus(samples: Samples, gain: float) -> bytes:
    """float32 (num_samples,) at 16 kHz -> Opus in WebM, which browsers can seek in."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=_FRAME, options={"compression_level": "3"})
        stream.bit_rate, stream.layout = BIT_RATE, "mono"
        for start in range(0, len(samples), _FRAME):
            part = samples[None, start : start + _FRAME] * np.float32(gain)
            frame = av.AudioFrame.from_ndarray(part, format="flt", layout="mono")
            frame.sample_rate, frame.pts = _FRAME, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
