"""From words and turns to words with speakers, in lines that each have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..asr_adapters.align import Ahead
    from ..fusion.types import Diarization, Samples, Transcript
    from ..fusion.watch import Watch
    from .options import Wish


def align_lines(transcript: Transcript, samples: Samples, watch: Watch, ahead: Ahead | None = None) -> Transcript:
    """Words for the segments that the recogniser gave none; `ahead` may have some of them already."""
    if all(segment.words for segment in transcript.segments):
        return transcript
    from ..asr_adapters.align import align

    with watch.timed("align"):
        return align(transcript, samples, language=transcript.language, on_progress=watch.progress, ahead=ahead)


def join(transcript: Transcript, samples: Samples, diarization: Diarization, wish: Wish, watch: Watch) -> Transcript:
    """A speaker for every word; a segment in which the speaker changes becomes several."""
    from ..fusion.attaching import join_whole
    from ..fusion.join.assign import Policy

    transcript = align_lines(transcript, samples, watch)
    with watch.stage("join"):
        return join_whole(transcript, diarization, Policy(join=wish.join))
