"""``--channels``: a speaker for each channel, or for each of several files, instead of one diarization of the mix."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from ..fusion.audio import SeparateFiles
from ..fusion.audio.separate import source_of
from ..fusion.cues import split_segments
from ..fusion.editing.content import check_name
from ..fusion.errors import AudioError, CancelledError, OptionError
from ..fusion.join.assign import Policy
from ..fusion.join.channels import Channel, merge_channels, voices
from ..fusion.join.crosstalk import without_leaks
from ..fusion.join.mixes import mix_of
from ..fusion.relabel import rename_transcript, rename_turns
from ..fusion.types import SAMPLE_RATE, Diarization, SpeakerCount, Transcript, Turn
from .inputs.stdin import stands_in
from .joining import align_lines

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence

    from ..fusion.audio import AudioSource, Track
    from ..fusion.types import Samples, Seconds
    from ..fusion.watch import Watch
    from .options import Wish

    Find = Callable[[Samples, Wish, Watch], tuple[Transcript, Diarization | None]]

_MINUTE = 60 * SAMPLE_RATE
_LABEL = re.compile(r"SPEAKER_\d+", re.IGNORECASE | re.ASCII)


def load_different(source: AudioSource, wish: Wish, watch: Watch) -> list[Samples]:
    """The channels of a file; only the first, with a note, where all carry the same recording. Or separate files.

    Raises:
        AudioError: not usable, or mono; or two of the files hold the same.
    """
    from ..fusion.audio import load_channels, same_channels

    found = source_of(source)
    if isinstance(found, SeparateFiles):
        watch.keep(_begin(found))
        if wish.diarize and wish.channels != "hybrid":
            watch.keep("--diarize does nothing here, since each file is one speaker: --channels hybrid looks for more.")
        return _each_another(found, load_channels(found, on_note=watch.keep, track=wish.audio_track))
    channels = load_channels(found, on_note=watch.keep, track=wish.audio_track)
    if len(channels) == 1:
        remedy = (
            "use --diarize instead, or, where each person has a file, give all of them to transcribe --channels and "
            "one output, as in -o talk.srt, or to a batch as a folder, with --folders"
        )
        raise one_channel(found, wish.audio_track, remedy)
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


def _begin(files: SeparateFiles) -> str:
    """What is taken for granted of separate files, for whoever may know better."""
    if not any(files.starts):
        return f"Taken for one conversation, which begins in all files at once: {files}."
    begins = (f"{name} from {start:g} s on" for name, start in zip(files.names, files.starts, strict=True))
    return f"Taken for one conversation: {', '.join(begins)}."


def _each_another(files: SeparateFiles, channels: list[Samples]) -> list[Samples]:
    """The files' samples.

    Raises:
        AudioError: two hold the same recording, as where a mix was given for somebody's own file; silent ones may.
    """
    from ..fusion.audio import same_channels

    heard = [(name, samples) for name, samples in zip(files.names, channels, strict=True) if samples.any()]
    for (one, first), (other, second) in combinations(heard, 2):
        # A minute tells most that differ apart, and takes no hour to read.
        if all(same_channels([first[part], second[part]]) for part in (slice(_MINUTE), slice(None))):
            raise AudioError(
                f"{one} and {other} hold the same recording: give each person's own file, or one of them "
                "with --diarize."
            )
    return channels


def transcribe_channels(
    channels: Sequence[Samples], wish: Wish, watch: Watch, find: Find, source: AudioSource = ""
) -> tuple[Transcript, Diarization]:
    """Every channel by itself, then merged in time.

    Args:
        channels: two or more.
        wish: for the recording.
        watch: of the recording.
        find: makes words and, where its wish says so, turns of one channel.
        source: the recording; of separate files each is a channel, and its name that of who speaks there.
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
        found = source_of(source)
        files = found if isinstance(found, SeparateFiles) else None
        with watch.stage("join"):
            for sentence in _mixes(done, files):
                watch.keep(sentence)
            own, leaked = without_leaks(done, channels)
            if leaked:
                watch.keep(_left_out(leaked))
            return merge(own, seconds(channels), Policy(join=wish.join), files)


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


def merge(
    channels: Sequence[Channel], duration: Seconds, policy: Policy, files: SeparateFiles | None = None
) -> tuple[Transcript, Diarization]:
    """One transcript and one diarization, and a note that says which speaker is on which channel, or in which file."""
    merged, turns = merge_channels(channels, policy)
    # Pieces of a shared channel's segment may begin after what another channel says meanwhile.
    segments = sorted(split_segments(merged).segments, key=lambda segment: segment.start)
    labels = _labels(channels)
    names = {} if files is None else _names(files, labels)
    note = _who(channels, [[names.get(label, label) for label in own] for own in labels], files)
    transcript = replace(merged, segments=tuple(segments), notes=(*merged.notes, note))
    turns = rename_turns(turns, names)
    return rename_transcript(transcript, names), Diarization(turns, one_at_a_time(turns), duration)


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


def _mixes(channels: Sequence[Channel], files: SeparateFiles | None) -> Iterator[str]:
    """What to tell of channels that seem to be the mix of others: what is said would stand there twice."""
    names = [f"channel {number}" for number in range(1, len(channels) + 1)] if files is None else files.names
    for mix, parts in mix_of([channel.transcript for channel in channels]).items():
        *first, last = (names[part] for part in parts)
        what = names[mix].capitalize() if files is None else names[mix]
        yield (
            f"{what} says what {', '.join(first)} and {last} say: if it is the mix of them, leave it out, for "
            "everything would be told twice, or of the wrong one."
        )


def _left_out(leaked: int) -> str:
    what = f"{leaked} words that leak" if leaked > 1 else "1 word that leaks"
    return f"Left out: {what} from another channel, on which {'they are' if leaked > 1 else 'it is'} heard as well."


def _labels(channels: Sequence[Channel]) -> list[list[str]]:
    """The labels that `merge_channels` gives to each channel."""
    found, first = [], 0
    for channel in channels:
        diarization = channel.diarization
        used = len(diarization.speakers) if diarization is not None and len(voices(diarization)) > 1 else 1
        found.append([f"SPEAKER_{label:02d}" for label in range(first, first + used)])
        first += used
    return found


def _names(files: SeparateFiles, labels: Sequence[Sequence[str]]) -> dict[str, str]:
    """Label -> the name of the file in which one person speaks, for those whose name can be somebody's."""
    names = ["" if stands_in(path) else _name(path.stem) for path in files.paths]
    often = Counter(name.casefold() for name in names)
    found = zip(names, labels, strict=True)
    return {own[0]: name for name, own in found if len(own) == 1 and name and often[name.casefold()] == 1}


def labels_of(source: AudioSource, channels: int = 0) -> list[str]:
    """What each channel's speaker is called where it holds one person; `channels` is how many a single file has."""
    found = source_of(source)
    if not isinstance(found, SeparateFiles):
        return [f"SPEAKER_{number:02d}" for number in range(channels)]
    labels = [f"SPEAKER_{number:02d}" for number in range(len(found.paths))]
    names = _names(found, [[label] for label in labels])
    return [names.get(label, label) for label in labels]


def _name(stem: str) -> str:
    """The name that a file gives to who speaks in it; empty where it can be nobody's, or looks like one of our labels.

    >>> _name("Ana"), _name("speaker_01"), _name("unknown")
    ('Ana', '', '')
    """
    try:
        return "" if _LABEL.fullmatch(stem) else check_name(stem)
    except OptionError:
        return ""


def _who(channels: Sequence[Channel], labels: Sequence[Sequence[str]], files: SeparateFiles | None) -> str:
    numbers = [str(number) for number in range(1, len(channels) + 1)]
    called = numbers if files is None else files.names
    heard = (own if len(own) > 1 or one.transcript.segments else () for own, one in zip(labels, channels, strict=True))
    parts = (f"{name} is {', '.join(own) or 'silent'}" for name, own in zip(called, heard, strict=True))
    return f"Speakers by {'channel' if files is None else 'file'}: {'; '.join(parts)}."
