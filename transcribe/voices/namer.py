"""Names for the speakers of a recording, from the voices enrolled on this machine; nothing is sent anywhere.

The voices come from the audio itself: whoever found the turns, our diarizer,
another's RTTM or a remote server, the stretches in which one speaker talks
alone are embedded here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...diarize.models.packs import VOICE_PACK
from ...diarize.voiceprint import VoiceEmbedder, gather, overlaps, solo_spans
from ...fusion.errors import VoiceError
from ...fusion.naming.match import Cluster, Gate, Naming, Voice, identify, identify_primary, link_speakers
from ...fusion.relabel import rename_diarization, rename_transcript
from ...fusion.types import Diarization, Note, Samples, Transcript, Turn
from .calibration import calibration_of
from .records import name_key
from .store import VoiceStore


def load_embedder(
    model: str = VOICE_PACK,
    *,
    models_dir: Path | None = None,
    offline: bool | None = None,
    on_note: Note | None = None,
) -> VoiceEmbedder:
    """The network that makes voices comparable, fetched first if it is not on disk."""
    from ...diarize.models.store import Store

    return VoiceEmbedder(Store(models_dir, offline=offline).load(model, on_note=on_note))


def open_voices(root: Path | None = None, on_note: Note | None = None) -> VoiceStore:
    """The enrolled voices; the passphrase of a locked folder comes from $DIARFUSE_VOICES_PASSPHRASE."""
    return VoiceStore(root, passphrase=os.environ.get("DIARFUSE_VOICES_PASSPHRASE"), on_note=on_note)


def clusters_of(samples: Samples, turns: Sequence[Turn], embedder: VoiceEmbedder) -> list[Cluster]:
    """One cluster for each speaker of `turns`, by label.

    One who never talks alone for a quarter of a second has 0 s of speech, and
    zeros where the embedding would be: too short for any decision.
    """
    together = overlaps(turns)
    clusters = []
    for label, spans in sorted(solo_spans(turns).items()):
        embedding, speech = np.zeros(1, np.float32), 0.0
        if len(gather(samples, spans)):
            voice = embedder.embed(samples, spans)
            embedding, speech = voice.embedding, voice.speech
        clusters.append(Cluster(label, embedder.space, embedding, speech, together[label]))
    return clusters


@dataclass(slots=True)
class Namer:
    """Names the speakers of one recording after another.

    voices: who is enrolled. primary: the one name to look for, None for all.
    link: let the same stranger keep one label over all recordings given.
    """

    embedder: VoiceEmbedder
    gate: Gate
    voices: Sequence[Voice] = ()
    primary: str | None = None
    link: bool = False
    _files: list[list[Cluster]] = field(default_factory=list)

    def names(self, samples: Samples, turns: Sequence[Turn]) -> tuple[dict[str, str], tuple[Naming, ...]]:
        """What to rename, and the verdict on every speaker, by label."""
        clusters = clusters_of(samples, turns, self.embedder)
        namings = self._identify(clusters)
        renames = {naming.label: naming.name for naming in namings if naming.name is not None}
        if self.link:
            self._files.append([cluster for cluster in clusters if cluster.label not in renames])
            renames |= link_speakers(self._files, self.gate)[-1]
        return renames, namings

    def _identify(self, clusters: Sequence[Cluster]) -> tuple[Naming, ...]:
        if not self.voices:
            return ()
        if self.primary is None:
            return identify(clusters, self.voices, self.gate)
        voice = next(voice for voice in self.voices if name_key(voice.name) == name_key(self.primary))
        return identify_primary(clusters, voice, self.gate)


def load_namer(
    *,
    identify_speakers: bool = True,
    primary: str | None = None,
    link: bool = False,
    model: str = VOICE_PACK,
    models_dir: Path | None = None,
    offline: bool | None = None,
    voices_dir: Path | None = None,
    on_note: Note | None = None,
) -> Namer:
    """A namer as the command line's options want it.

    Raises:
        VoiceError: nobody is enrolled, or the model's scores were never measured.
    """
    embedder = load_embedder(model, models_dir=models_dir, offline=offline, on_note=on_note)
    gate = calibration_of(embedder.space, embedder.pack).gate
    voices: list[Voice] = []
    if identify_speakers or primary is not None:
        store = open_voices(voices_dir, on_note)
        voices = store.voices(embedder.space)
        if primary is not None:
            store.get(primary)
        if not voices or (primary is not None and name_key(primary) not in {name_key(v.name) for v in voices}):
            raise VoiceError(
                f"Nobody fitting is enrolled with the model {model!r}: run `transcribe voice enroll NAME FILE` first."
            )
    return Namer(embedder, gate, voices, primary, link)


def name_speakers(
    transcript: Transcript, diarization: Diarization, samples: Samples, namer: Namer
) -> tuple[Transcript, Diarization]:
    """Put names on words and turns; a speaker without one keeps the label, and a note says why."""
    renames, namings = namer.names(samples, diarization.turns)
    notes = tuple(sentence(naming) for naming in namings)
    named = rename_diarization(diarization, renames)
    return (
        replace(rename_transcript(transcript, renames), notes=(*transcript.notes, *notes)),
        replace(named, notes=(*named.notes, *notes)),
    )


def sentence(naming: Naming) -> str:
    """One verdict for a reader, as in "SPEAKER_00 is Ana (matched 0.81)"."""
    who = f"is {naming.name}" if naming.name is not None else "stays"
    return f"{naming.label} {who} ({naming.reason})."
