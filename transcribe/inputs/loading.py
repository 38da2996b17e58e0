"""A recording's samples as a job hears them: its mix, its channels, or the separate files of a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...fusion.audio import AudioSource
    from ...fusion.types import Samples
    from ...fusion.watch import Watch
    from ..options import Wish


def load(source: AudioSource, wish: Wish, watch: Watch) -> list[Samples]:
    """The recording's mix; or its channels, where they are wanted and differ.

    Raises:
        AudioError: it cannot be read, or has not what was asked for.
    """
    recordings = [mix(source, wish, watch)] if wish.channels is None else _channels(source, wish, watch)
    if wish.details:
        from ..channels import parts
        from ..documents.verbose_lines import of_speech

        for samples, part in zip(recordings, parts(recordings, watch), strict=True):
            with part.timed("find speech"):
                part.note(of_speech(samples, part))
    return recordings


def mix(source: AudioSource, wish: Wish, watch: Watch) -> Samples:
    """All channels, and all files, in one.

    Raises:
        AudioError: it cannot be read.
    """
    from ...fusion.audio import load_audio

    with watch.stage("load audio"):
        return load_audio(source, on_note=watch.keep, track=wish.audio_track)


def _channels(source: AudioSource, wish: Wish, watch: Watch) -> list[Samples]:
    from ..channels import load_different

    with watch.stage("load audio"):
        return load_different(source, wish, watch)
