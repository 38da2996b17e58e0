"""``--channels``: a speaker for each channel of a recording, instead of one diarization of the mix."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..fusion.cues import split_segments
from ..fusion.errors import AudioError, CancelledError
from ..fusion.join.assign import Policy
from ..fusion.join.channels import Channel, merge_channels, voices
from ..fusion.join.crosstalk import without_leaks
from ..fusion.types import SAMPLE_RATE, Diarization, SpeakerCount, Transcript, Turn
from .joining import align_lines

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from ..fusion.audio import Track
    from ..fusion.types import Samples, Seconds
    from ..fusion.watch import Watch
    from .options import Wish

    Find = Callable[[Samples, Wish, Watch], tuple[Transcript, Diarization | None]]


def load_different(path: str | os.PathLike[str], wish: Wish, watch: Watch) -> list[Samples]:
    """The channels of a file; only the first, with a note, where all carry the same recording.

    Raises:
        AudioError: not usable, or mono.
    """
    from ..fusion.audio import load_channels, same_channels

    channels = load_channels(path, on_note=watch.keep, track=wish.audio_track)
    if len(channels) == 1:
        remedy = "use --diarize instead, or, where each person has a file, put these into one as tracks"
        raise one_channel(path, wish.audio_track, remedy)
    if not same_channels(channels):
        return channels
    tell_same(len(channels), wish, watch)
    return channels[:1]


def one_channel(path: str | os.PathLike[str], track: Track, remedy: str) -> AudioError:
    """What to raise where ``--channels`` meets one channel: people may be on tracks of their own.

    remedy: where there is no other track.
    """
    from ..fusion.audio.decode import count_tracks

    tracks = 1 if track == "all" else count_tracks(Path(path))
    if tracks > 1:
        return AudioError(
            f"{path} has {tracks} audio tracks, and --channels heard one, of one channel: "
            "give --audio-track all, which takes each track as a channel."
        )
    return AudioError(f"{path} has one channel, and --channels needs one for each speaker: {remedy}.")


def tell_same(count: int, wish: Wish, watch: Watch) -> None:
    """Say that `count` channels are taken as one."""
    remedy = "" if wish.diarize else "; only --diarize can tell its speakers apart"
    watch.keep(f"All {count} channels carry the same recording and are taken as one{remedy}.")


def transcribe_channels(
    channels: Sequence[Samples], wish: Wish, watch: Watch, find: Find
) -> tuple[Transcript, Diarization]:
    """Every channel by itself, then merged in time.

    Args:
        channels: two or more.
        wish: for the recording.
        watch: of the recording.
        find: makes words and, where its wish says so, turns of one channel.
    """
    # How many speakers there are was said of the recording, not of each of its channels.
    alone = replace(wish, channels=None, diarize=wish.channels == "hybrid", speakers=SpeakerCount())
    done: list[Channel] = []
    with _words_of(channels, alone, watch, find, done) as each:
        for samples, part in zip(channels, each, strict=True):
            transcript, diarization = find(samples, alone, part)
            done.append(Channel(align_lines(transcript, samples, part), diarization))
        if wish.speakers:
            watch.notes.append("The number of speakers that was asked for is not used: the channels tell who speaks.")
        with watch.stage("join"):
            own, leaked = without_leaks(done, channels)
            if leaked:
                watch.keep(_left_out(leaked))
            return merge(own, seconds(channels), Policy(join=wish.join))


@contextmanager
def _words_of(
    channels: Sequence[Samples], alone: Wish, watch: Watch, find: Find, done: Sequence[Channel]
) -> Iterator[list[Watch]]:
    """Watches for the channels. If the block fails, whoever keeps what is found is given the words of all of them.

    Those that were not yet recognised are then: words of some channels alone would be half a conversation. Where it was
    the recogniser that failed, nothing is kept.
    """
    each, heard = parts(channels, watch), dict[int, Transcript]()
    if watch.on_found is None:
        yield each
        return

    def hear(number: int, transcript: Transcript | None, _: Diarization | None) -> None:
        if transcript is not None:
            heard[number] = transcript

    for number, part in enumerate(each):
        part.on_found = partial(hear, number)
    try:
        yield each
    except CancelledError:
        raise
    except Exception:
        if len(heard) > len(done) or len(done) == len(channels):
            watch.note("The channels' speakers cannot be found; all words are recognised all the same, and kept.")
            for number in range(len(heard), len(channels)):
                find(channels[number], replace(alone, diarize=False), each[number])
            watch.found(_in_order(list(heard.values()), seconds(channels)), None)
        raise


def _in_order(transcripts: Sequence[Transcript], duration: Seconds) -> Transcript:
    """The segments of several channels in the order of time, without speakers."""
    segments = sorted((s for transcript in transcripts for s in transcript.segments), key=lambda segment: segment.start)
    return Transcript(tuple(segments), transcripts[0].language, duration)


def parts(recordings: Sequence[Samples], watch: Watch) -> list[Watch]:
    """A watch for each channel, under names that tell them apart; one recording keeps the plain names."""
    if len(recordings) == 1:
        return [watch]
    return [watch.part(f", channel {number}") for number in range(1, len(recordings) + 1)]


def merge(channels: Sequence[Channel], duration: Seconds, policy: Policy) -> tuple[Transcript, Diarization]:
    """One transcript and one diarization, and a note that says which speaker is on which channel."""
    merged, turns = merge_channels(channels, policy)
    # Pieces of a shared channel's segment may begin after what another channel says meanwhile.
    segments = sorted(split_segments(merged).segments, key=lambda segment: segment.start)
    transcript = replace(merged, segments=tuple(segments), notes=(*merged.notes, _who(channels)))
    return transcript, Diarization(turns, one_at_a_time(turns), duration)


def one_at_a_time(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Sorted turns without their overlaps: who began first is heard to the end.

    >>> one_at_a_time([Turn(0, 2, "A"), Turn(1, 3, "B"), Turn(1, 2, "C")])
    (Turn(start=0, end=2, speaker='A'), Turn(start=2, end=3, speaker='B'))
    """
    heard: list[Turn] = []
    for turn in turns:
        start = max(turn.start, heard[-1].end) if heard else turn.start
        if start < turn.end:
            heard.append(replace(turn, start=start))
    return tuple(heard)


def seconds(channels: Sequence[Samples]) -> Seconds:
    """How long the recording is."""
    return max(len(samples) for samples in channels) / SAMPLE_RATE


def _left_out(leaked: int) -> str:
    what = f"{leaked} words that leak" if leaked > 1 else "1 word that leaks"
    return f"Left out: {what} from another channel, on which {'they are' if leaked > 1 else 'it is'} heard as well."


def _who(channels: Sequence[Channel]) -> str:
    parts, first = [], 0
    for number, channel in enumerate(channels, 1):
        diarization = channel.diarization
        used = len(diarization.speakers) if diarization is not None and len(voices(diarization)) > 1 else 1
        labels = ", ".join(f"SPEAKER_{label:02d}" for label in range(first, first + used))
        parts.append(f"{number} is {labels if used > 1 or channel.transcript.segments else 'silent'}")
        first += used
    return f"Speakers by channel: {'; '.join(parts)}."
