"""The recording that a page plays: where it lies seen from the page, or small within it."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ...exporters.style import Audio, Style

if TYPE_CHECKING:
    from ...fusion.audio import Track
    from ...fusion.types import Note, Samples
    from ..output import Target

PAGE = "html"
"""The format that plays."""
MEDIA_TYPE = "audio/webm"
BIT_RATE = 24_000
"""Bits a second: clear speech in Opus, 11 MB an hour."""
_FRAME = 16_000


def beside(document: Path, name: str) -> Path | None:
    """The recording called `name` that lies beside a document; None where there is none.

    A name with folders in it is none of ours, and leads nowhere: a document comes from anybody, and would have any
    file of this machine heard.
    """
    file = document.parent / name
    return file if name and Path(name).name == name and os.path.isfile(file) else None  # noqa: PTH113 - never raises


def sounded(
    style: Style, target: Target, audio: Path | None, *, embed: bool, on_note: Note, track: Track = None
) -> Style:
    """The style with the recording in it, if the target is a page.

    A page names a recording that lies beside it or in a folder below: whoever is
    given one is given the other. A path that leads elsewhere would tell of this
    machine's folders and break where the page is moved to, so it is not written.

    Raises:
        AudioError: it cannot be read.
    """
    if target.format != PAGE or audio is None or not audio.is_file():
        return style
    if embed:
        return replace(style, audio=embedded(audio, on_note, track))
    folder = target.path.parent.resolve() if target.path is not None else None
    if folder is not None and audio.resolve().is_relative_to(folder):
        address = quote(audio.resolve().relative_to(folder).as_posix())
        return replace(style, audio=Audio(address))
    on_note(
        f"{target.path or 'The page'} plays nothing by itself, as {audio.name} lies elsewhere: write it beside the "
        "recording, or take the recording in with --embed-audio."
    )
    return style


def embedded(path: Path, on_note: Note, track: Track = None) -> Audio:
    """The recording as a page holds it, re-encoded small; `track` is the one that was heard.

    Raises:
        AudioError: it cannot be read.
    """
    from ...fusion.audio import load_audio

    return Audio(data=_opus(load_audio(path, on_note=on_note, track=track)), media_type=MEDIA_TYPE)


def _opus(samples: Samples) -> bytes:
    """float32 (num_samples,) at 16 kHz -> Opus in WebM, which browsers can seek in."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=_FRAME, options={"compression_level": "3"})
        stream.bit_rate, stream.layout = BIT_RATE, "mono"
        for start in range(0, len(samples), _FRAME):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + _FRAME], format="flt", layout="mono")
            frame.sample_rate, frame.pts = _FRAME, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
