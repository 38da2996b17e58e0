"""What the voice commands do, without printing: listen to a file, compare two, check one before enrolling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ...diarize.voice_quality import OVERLAPPED, Quality, likeness_of_groups, measure, piece_seconds
from ...diarize.voiceprint import VoiceEmbedder, Voiceprint
from ...fusion.audio import Track, load_audio
from ...fusion.errors import VoiceError
from ...fusion.naming.match import check_space, cosine
from ...fusion.types import Note, Samples, Seconds
from ...fusion.watch import log_note
from .calibration import Calibration
from .index import recordings_in
from .records import Prototype

ENROL_SPEECH = 10.0
"""Least seconds of speech to enrol somebody: half of them do not separate people in rooms."""

SHORT = 3.0
"""Seconds of speech below which a probe is flagged where its model was never measured."""

Decision = Literal["same", "different", "too little speech to tell"]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One recording of one voice. flags: what speaks against relying on it."""

    print: Voiceprint
    quality: Quality
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two recordings compared.

    speech: seconds in the shorter one; at least `needed` make a decision.
    probability: that it is one person, from even odds. false_accept,
        false_reject: measured at `threshold`, for speech of this length. All
        three are None where there is too little speech: nothing was measured there.
    """

    decision: Decision
    score: float
    threshold: float
    speech: Seconds
    needed: Seconds
    probability: float | None = None
    false_accept: float | None = None
    false_reject: float | None = None


def listen(
    path: Path,
    embedder: VoiceEmbedder,
    calibration: Calibration | None = None,
    *,
    on_note: Note | None = None,
    track: Track = None,
) -> Utterance:
    """Find the speech in a file and take the voice from it.

    `on_note` and `track` are those of `load_audio`.

    Raises:
        AudioError: the file is no usable audio.
        VoiceError: there is no speech in it.
    """
    samples = load_audio(path, on_note=on_note, track=track)
    return _listen(samples, measure(samples), path, embedder, calibration)


def _listen(
    samples: Samples, quality: Quality, path: Path, embedder: VoiceEmbedder, calibration: Calibration | None
) -> Utterance:
    if not quality.spans:
        raise VoiceError(f"{path} holds no speech: give a recording in which the person speaks.")
    short = quality.speech < (calibration.min_speech if calibration else SHORT)
    flags = (f"short: {quality.speech:.1f} s of speech",) if short else ()
    return Utterance(embedder.embed(samples, quality.spans), quality, (*flags, *quality.flags()))


def compare(one: Voiceprint, other: Voiceprint, calibration: Calibration) -> Comparison:
    """Whether two voiceprints are of one person.

    Raises:
        VoiceError: they are of different spaces.
    """
    check_space(one.space, other.space)
    score = cosine(one.embedding, other.embedding)
    speech = min(one.speech, other.speech)
    threshold, needed = calibration.threshold, calibration.min_speech
    if speech < needed:
        return Comparison("too little speech to tell", score, threshold, speech, needed)
    decision: Decision = "same" if score >= threshold else "different"
    return Comparison(
        decision, score, threshold, speech, needed, calibration.probability(score, speech), *calibration.errors(speech)
    )


def take_prototypes(
    paths: Sequence[Path],
    embedder: VoiceEmbedder,
    calibration: Calibration,
    on_note: Note | None = None,
    *,
    track: Track = None,
) -> list[Prototype]:
    """One prototype for each recording, together at least 10 s of speech, each good enough and of one voice.

    Args:
        paths: recordings, and folders of recordings; in a folder, those with too little speech are passed over.
        embedder: the network.
        calibration: its scale.
        on_note: hears of those that are passed over, and what `load_audio` says.
        track: which audio track of each file.

    Raises:
        VoiceError: the first thing that is not good enough, and what to do.
    """
    heard: dict[bytes, tuple[Path, Utterance]] = {}
    for path, one in _take(paths, embedder, calibration, on_note, track):
        heard.setdefault(one.print.embedding.tobytes(), (path, one))  # a copy says no more
    total = sum(one.quality.speech for _, one in heard.values())
    if total < ENROL_SPEECH:
        raise VoiceError(
            f"The recordings hold {total:.1f} s of speech, {ENROL_SPEECH:g} s are needed: record a little more."
        )
    (first, reference), *others = heard.values()
    for path, one in others:
        if cosine(one.print.embedding, reference.print.embedding) < calibration.threshold:
            raise VoiceError(f"{path} and {first} are not the same voice: enrol one person at a time.")
    now = utc_now()
    return [Prototype(one.print.embedding, one.print.space, one.print.speech, now) for _, one in heard.values()]


def _take(
    paths: Sequence[Path], embedder: VoiceEmbedder, calibration: Calibration, on_note: Note | None, track: Track
) -> Iterator[tuple[Path, Utterance]]:
    """Every recording with what was heard in it, each once."""
    needed = calibration.min_speech
    for path in dict.fromkeys(paths):
        for file in recordings_in(path) if path.is_dir() else [path]:
            samples = load_audio(file, on_note=on_note, track=track)
            quality = measure(samples)
            if not path.is_dir() or quality.speech >= needed:
                yield file, _good(samples, quality, file, embedder, calibration)
            else:
                told = on_note or log_note
                told(f"{file} is passed over: {quality.speech:.1f} s of speech, {needed:g} s are needed.")


def _good(
    samples: Samples, quality: Quality, path: Path, embedder: VoiceEmbedder, calibration: Calibration
) -> Utterance:
    heard = _listen(samples, quality, path, embedder, calibration)
    if heard.flags:
        raise VoiceError(f"{path} is not good enough to enrol ({'; '.join(heard.flags)}): leave it out or record anew.")
    if (share := embedder.overlapped(samples)) >= OVERLAPPED:
        raise VoiceError(
            f"{path} holds more than one voice (several at once in {100 * share:.0f} % of the speech): "
            "give a recording of one person alone."
        )
    pieces = embedder.embed_pieces(samples, quality.spans, piece_seconds(quality.speech))
    if likeness_of_groups(pieces) < calibration.threshold:
        raise VoiceError(f"{path} holds more than one voice: give a recording of one person alone.")
    return heard


def utc_now() -> str:
    """This second, ISO 8601 in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
