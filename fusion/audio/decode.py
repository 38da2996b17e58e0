"""Audio and video files as blocks of samples at their own rate; headers are hints, never sizes to allocate.

Who decodes what: libsndfile reads uncompressed audio and Ogg, FFmpeg through PyAV
everything else. MPEG audio and FLAC, which both know, are FFmpeg's: it goes on
after damage, and libsndfile's MP3 decoder writes to stderr and believes the
first of several lengths. So are Ogg with several tracks, of which libsndfile
tells nothing, or with holes, where it moves what follows, and WAV that is longer
than its header says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import AudioError
from ..types import Note, Seconds
from ..watch import unheard
from .checking import existing
from .ffmpeg import read_media, told_duration, track_count
from .lengths import lacks_index
from .mpeg import begins_mpeg
from .pcm import read_pcm, wav_data
from .recordings import has_holes, has_tracks, recordings
from .source import Block, Source, UnknownFormatError
from .telling import HEAD, no_sound, remedy

__all__ = ["Block", "count_tracks", "decode", "probable_duration", "why_no_sound"]

_BIG_ENDIAN = b"RIFX"
_USUAL_BYTES = 16_000
"""A second of 128 kbit/s."""


def decode(path: Path, on_note: Note, track: int | None = None) -> Iterator[Block]:
    """The samples of all recordings in a file, one after another.

    What is cut short, damaged or of no known kind is used as far as it goes,
    with a sentence through `on_note`.

    Args:
        path: the file.
        on_note: hears sentences.
        track: which audio track, from 1; None is the default one.

    Raises:
        AudioError: neither library can read it, it holds no audio, or no such track.
    """
    sources = recordings(path)
    failed: AudioError | None = None
    has_sound = False
    for source in sources:
        try:
            for block in _read(source, on_note, track):
                has_sound = True
                yield block
        except AudioError as error:
            if len(sources) == 1:
                raise
            failed = failed or error
            on_note(f"{error} The other recordings in the file are used.")
    if failed is not None and not has_sound:
        raise failed


def count_tracks(path: Path) -> int:
    """How many audio tracks a file has, at least one."""
    return max(1, *map(track_count, recordings(path)))


def probable_duration(path: Path) -> Seconds:
    """How long a file probably lasts, for planning: what its header says, else by its size; 0 where there is none.

    Nothing is decoded, and nothing about the file is wrong enough to be refused.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            return 0.0
        told = told_duration(Source(path, None, str(path)))
        return path.stat().st_size / _USUAL_BYTES if told is None else told
    except (OSError, AudioError):
        return 0.0


def why_no_sound(path: Path) -> str | None:
    """Why a file is no recording, as `decode` says it; None for one that is. A header that tells of sound will do."""
    source = Source(path, None, str(path))
    try:
        existing(path)
        with source.open() as file:
            head = file.read(HEAD)
        if (what := no_sound(head)) is not None:
            return str(_unreadable(source, what))
        if not track_count(source):  # some kinds only the other library knows
            next(decode(path, unheard), None)
    except OSError as error:
        return f"{path} cannot be read ({error.strerror}): check its permissions."
    except AudioError as error:
        return str(error)
    return None


def _read(source: Source, on_note: Note, track: int | None) -> Iterator[Block]:
    with source.open() as file:
        head = file.read(HEAD)
    if (what := no_sound(head)) is not None:
        raise _unreadable(source, what)
    wav, holes = wav_data(source), has_holes(source)
    if head.startswith(_BIG_ENDIAN):
        yield from _big_endian(source, on_note, track, goes_on=wav.goes_on)
        return
    for_ffmpeg = wav.goes_on or holes or begins_mpeg(head) or head.startswith(b"fLaC")
    try:
        if not (for_ffmpeg or has_tracks(source)):
            yield from read_pcm(source, on_note, track)
            return
    except UnknownFormatError:
        pass
    try:
        yield from read_media(source, on_note, track, to_the_end=wav.goes_on)
    except UnknownFormatError as error:
        if lacks_index(source):
            raise AudioError(
                f"{source.name} is cut: the index of an MP4, without which nothing in it is found, is not all there. "
                "Copy or record it again."
            ) from error
        raise _unreadable(source, "its format is unknown") from error
    if wav.goes_on:
        on_note(f"{source.name} goes on after the end that its header tells: all of it is used.")
    if holes:
        on_note(f"{source.name} is damaged: pieces of it are missing, and silence stands for them.")


def _big_endian(source: Source, on_note: Note, track: int | None, *, goes_on: bool) -> Iterator[Block]:
    """A WAV file whose numbers begin with the high byte: FFmpeg would read its samples as noise."""
    try:
        yield from read_pcm(source, on_note, track)
    except UnknownFormatError as error:
        raise _unreadable(source, "its header promises no samples") from error
    if goes_on:
        on_note(f"{source.name} goes on after the end that its header tells: the rest cannot be read.")


def _unreadable(source: Source, what: str) -> AudioError:
    return AudioError(f"{source.name} is no audio or video that can be read ({what}): {remedy(what)}.")
