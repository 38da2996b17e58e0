"""``--name SPEAKER_00=Ana``: names that the user gives to labels, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..editing.content import called
from ..relabel import rename_diarization, rename_transcript
from ..types import Diarization, Transcript


def name_turns(diarization: Diarization, names: Mapping[str, str]) -> Diarization:
    """`diarization` under the names given; notes say which label is not there, or stays since its name is taken."""
    fit, notes = _fitting(diarization, names)
    named = rename_diarization(diarization, fit)
    return replace(named, notes=(*named.notes, *notes))


def name_labels(
    transcript: Transcript, diarization: Diarization, names: Mapping[str, str]
) -> tuple[Transcript, Diarization]:
    """Words and turns under the names given, as in `name_turns`."""
    fit, notes = _fitting(diarization, names)
    named = rename_transcript(transcript, fit)
    return replace(named, notes=(*named.notes, *notes)), name_turns(diarization, names)


def _fitting(diarization: Diarization, names: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    there = set(diarization.speakers)
    names = {called(label, there) or label: name for label, name in names.items()}
    missing = [f"Nobody is called {label} here, whom --name calls {names[label]}." for label in names.keys() - there]
    taken = {label for label, name in names.items() if label in there and called(name, there - names.keys())}
    stays = [f"{label} stays: {names[label]} is another speaker here already." for label in taken]
    return {label: name for label, name in names.items() if label in there - taken}, sorted(missing) + sorted(stays)
