"""Whether a voice that arrives under a name is the one that is known by it, and whom else it sounds like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...fusion.errors import VoiceError
from ...fusion.naming.match import Voice, score
from .calibration import CALIBRATIONS
from .records import Person, Prototype, name_key

HOW_ELSE = "give --another-voice, or choose another name"


def check_same_voice(known: Person, prototypes: Sequence[Prototype]) -> None:
    """Refuse recordings that do not sound like the person whose name they would get.

    Of several recordings of one space, the likest counts: they are of one
    voice, and another room or microphone may hide it in some.

    Raises:
        VoiceError: they sound like somebody else (the figure is given), or cannot be compared.
    """
    found = list(_likeness(known, prototypes))
    if not found:
        raise VoiceError(
            f"{known.name} is enrolled with another voice model, so that nobody can tell whether this is the same "
            f"voice: {HOW_ELSE}."
        )
    for likeness, threshold in found:
        if likeness < threshold:
            raise VoiceError(
                f"{known.name} is enrolled with another voice: likeness {likeness:.2f}, where one voice has "
                f"{threshold:.2f} or more: {HOW_ELSE}."
            )


def _likeness(known: Person, prototypes: Iterable[Prototype]) -> Iterator[tuple[float, float]]:
    """(likeness, threshold) for each space that both sides have and that was measured."""
    spaces: dict[str, list[Prototype]] = {}
    for prototype in prototypes:
        spaces.setdefault(prototype.space, []).append(prototype)
    for space, new in spaces.items():
        voice, calibration = known.voice(space), CALIBRATIONS.get(space)
        if voice is not None and calibration is not None:
            yield max(score(prototype.embedding, voice) for prototype in new), calibration.threshold


def sounds_like(name: str, prototypes: Sequence[Prototype], voices: Iterable[Voice]) -> list[str]:
    """Sentences about enrolled people of other names with such a voice."""
    told = []
    for known in voices:
        best = max((score(p.embedding, known) for p in prototypes if p.space == known.space), default=-1.0)
        calibration = CALIBRATIONS.get(known.space)
        if calibration is not None and best >= calibration.threshold and name_key(known.name) != name_key(name):
            told.append(f"This voice sounds like {known.name} ({best:.2f}): neither may be named for sure.")
    return told
