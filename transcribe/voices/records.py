"""What is kept of an enrolled person, and how it is written down: JSON with base64 numbers, never a pickle.

Files come from outside too (`voice import`), so every field is checked and
every size bounded before anything is made of it.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np

from ...fusion.editing.content import check_name as speakers_name
from ...fusion.errors import JOINERS, OptionError, VoiceError
from ...fusion.naming.match import Voice, unit_length
from ...fusion.types import Embedding, Seconds
from .calibration import CALIBRATIONS

FORMAT = "diarfuse-voice"
VERSION = 1
MAX_PROTOTYPES = 32
_ROUNDING = 1e-6
_UNSEEN = dict.fromkeys(map(ord, JOINERS))
MAX_DIMENSION = 4096
MAX_BYTES = 64 << 20
"""Of a file with voices: a thousand people with all their recordings."""


@dataclass(frozen=True, slots=True)
class Prototype:
    """One enrolled recording of a person: numbers of the voice, no audio.

    space: what made it. speech: seconds it rests on. added: ISO 8601, UTC.
    """

    embedding: Embedding
    space: str
    speech: Seconds
    added: str

    def repeats(self, other: Prototype) -> bool:
        """Whether both are of one recording, whenever it was enrolled; writing one down rounds its numbers."""
        one, two = self.embedding, other.embedding
        return self.space == other.space and one.shape == two.shape and np.allclose(one, two, rtol=0, atol=_ROUNDING)


@dataclass(frozen=True, slots=True)
class Person:
    """An enrolled person. consent: when the person agreed, ISO 8601, UTC."""

    name: str
    consent: str
    prototypes: tuple[Prototype, ...]

    def voice(self, space: str) -> Voice | None:
        """The voice in `space`; None if the person was never enrolled with that model."""
        found = tuple(p.embedding for p in self.prototypes if p.space == space)
        return Voice(self.name, space, found) if found else None

    def mean(self, space: str) -> Embedding:
        """The middle of the person's prototypes in `space`, unit length.

        Raises:
            VoiceError: the person was never enrolled with that model.
        """
        voice = self.voice(space)
        if voice is None:
            raise VoiceError(
                f"{self.name} is not enrolled with the chosen model: enrol with it (--voice-model), or give a file."
            )
        return unit_length(np.sum(voice.prototypes, axis=0))

    def with_prototypes(self, prototypes: Iterable[Prototype]) -> Person:
        """This person with more recordings; beyond 32 the oldest go."""
        return replace(self, prototypes=(*self.prototypes, *prototypes)[-MAX_PROTOTYPES:])

    def joined(self, other: Person) -> Person:
        """One person of two records of one name: every recording once, the latest consent."""
        return replace(self, consent=max(self.consent, other.consent)).with_prototypes(self.missing(other.prototypes))

    def missing(self, prototypes: Iterable[Prototype]) -> list[Prototype]:
        """Those recordings that are not this person's already."""
        return [new for new in prototypes if not any(map(new.repeats, self.prototypes))]


Check: TypeAlias = Callable[[Person, Sequence[Prototype]], None]
"""Raises where new recordings are not of the person who has the name already."""


def name_key(name: str) -> str:
    r"""What is equal for two spellings of one name.

    Case, composed or decomposed accents, runs of blanks and joiners make no difference.

    >>> name_key("Jose\u0301  B.") == name_key(" JOS\xc9 b.")
    True
    """
    folded = unicodedata.normalize("NFD", " ".join(name.translate(_UNSEEN).split())).casefold()
    return unicodedata.normalize("NFD", folded)


def check_name(name: str) -> str:
    """`name` as it is kept: as every speaker's name.

    Raises:
        OptionError: it is empty, too long, holds control characters, or is an anonymous label.
    """
    clean = speakers_name(name)
    if re.fullmatch(r"SPEAKER_\d+", clean, re.IGNORECASE):
        raise OptionError(f"The name {clean!r} is what unknown speakers are called: choose another.")
    return clean


def dumps(person: Person) -> bytes:
    """`person` as JSON."""
    return json.dumps(to_json(person), ensure_ascii=False, indent=1).encode()


def to_json(person: Person) -> dict[str, Any]:
    """`person` as plain lists and dicts."""
    prototypes = [
        {
            "space": p.space,
            "speech": round(p.speech, 3),
            "added": p.added,
            "embedding": base64.b64encode(p.embedding.astype("<f4").tobytes()).decode(),
        }
        for p in person.prototypes
    ]
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": person.name,
        "consent": person.consent,
        "prototypes": prototypes,
    }


def loads(data: bytes, source: str) -> Person:
    """Read `dumps`'s JSON; `source` is named in errors.

    Raises:
        VoiceError: it is anything but a voice of ours.
    """
    return from_json(parse(data, source), source)


def parse(data: bytes, source: str) -> Any:
    """JSON of at most 64 MiB.

    Raises:
        VoiceError: it is larger, or no JSON.
    """
    if len(data) > MAX_BYTES:
        raise VoiceError(f"{source} is larger than {MAX_BYTES >> 20} MiB, which no voice file is: give another file.")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise VoiceError(f"{source} is no voice file: export one with `transcribe voice export`.") from None


def from_json(value: Any, source: str) -> Person:
    """Check plain lists and dicts, and make a person of them.

    Raises:
        VoiceError: a field is missing, of the wrong kind or out of bounds.
    """
    try:
        known, prototypes = (value["format"], value["version"]) == (FORMAT, VERSION), value["prototypes"]
        name, consent = value["name"], _moment(value["consent"])
        if not isinstance(name, str):
            raise TypeError  # noqa: TRY301 - one message for all that is of another kind
        found = tuple(_prototype(item) for item in prototypes[: MAX_PROTOTYPES + 1])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise VoiceError(f"{source} is no voice file: export one with `transcribe voice export`.") from None
    if not known:
        raise VoiceError(f"{source} has another format or version: export it again with this program.")
    if not 1 <= len(found) <= MAX_PROTOTYPES:
        raise VoiceError(f"{source} must hold 1 to {MAX_PROTOTYPES} recordings of the voice: export it again.")
    _check_dimensions(name, found, source)
    try:
        return Person(check_name(name), consent, found)
    except OptionError as error:  # nobody chose it here: the file is at fault
        raise VoiceError(f"{source}: {error}") from None


def _check_dimensions(name: str, prototypes: Iterable[Prototype], source: str) -> None:
    """Refuse a voice that no network of ours makes: comparing it would fail for everybody."""
    for prototype in prototypes:
        known = CALIBRATIONS.get(prototype.space)
        if known is not None and prototype.embedding.size != known.dimension:
            raise VoiceError(
                f"{source}: the voice of {name!r} has {prototype.embedding.size} numbers, that of its model "
                f"{known.dimension}: enrol {name!r} anew, or leave it out."
            )


def _prototype(item: Any) -> Prototype:
    speech = item["speech"]
    if not isinstance(speech, (int, float)) or not 0 <= speech < 1e6:  # noqa: PLR2004
        raise TypeError
    raw = base64.b64decode(_text(item["embedding"], limit=8 * MAX_DIMENSION), validate=True)
    if len(raw) % 4 or not 0 < len(raw) <= 4 * MAX_DIMENSION:
        raise TypeError
    numbers = np.frombuffer(raw, "<f4").astype(np.float32)
    if not np.isfinite(numbers).all():  # casting a signalling NaN on would warn
        raise TypeError
    return Prototype(unit_length(numbers), _text(item["space"]), float(speech), _moment(item["added"]))


def _moment(value: Any) -> str:
    """A date, with or without its time; without one nobody could tell that the person agreed, or when."""
    text = _text(value)
    datetime.fromisoformat(text)
    return text


def _text(value: Any, limit: int = 200) -> str:
    if not isinstance(value, str) or len(value) > limit or not value.isprintable():  # it is shown on a terminal
        raise TypeError
    return value
