"""What the voice commands say of a recording, a comparison and a person: for programs (JSON) and in words."""

from __future__ import annotations

from typing import Any

from .enrol import Comparison, Utterance
from .index import Found
from .records import Person, to_json

CERTAIN = 0.999
"""No probability above this is shown as a number: 52 people cannot tell how sure that is."""


def utterance_json(heard: Utterance) -> dict[str, Any]:
    """How good a recording is, without the numbers of the voice."""
    quality = heard.quality
    return {
        "speech": round(quality.speech, 2),
        "level_db": round(quality.level, 1),
        "above_noise_db": round(quality.noise, 1),
        "flags": list(heard.flags),
    }


def embedding_json(heard: Utterance) -> dict[str, Any]:
    """The numbers of the voice, and what they rest on."""
    numbers = [round(float(x), 7) for x in heard.print.embedding]
    return {"space": heard.print.space, **utterance_json(heard), "embedding": numbers}


def comparison_json(found: Comparison) -> dict[str, Any]:
    """The decision, and what it rests on; None for what was not measured."""
    return {
        "decision": found.decision,
        "score": round(found.score, 4),
        "probability": None if found.probability is None else round(found.probability, 4),
        "threshold": found.threshold,
        "speech": round(found.speech, 2),
        "false_accept": found.false_accept,
        "false_reject": found.false_reject,
    }


def person_json(person: Person) -> dict[str, Any]:
    """What is kept of a person, without the numbers of the voice."""
    facts = to_json(person)
    prototypes = [{key: value for key, value in p.items() if key != "embedding"} for p in facts["prototypes"]]
    return {"name": facts["name"], "consent": facts["consent"], "prototypes": prototypes}


def found_json(found: Found) -> dict[str, Any]:
    """Where in a recording the voice was found."""
    return {"file": str(found.path), "score": round(found.score, 4), "stretches": found.stretches}


def utterance_line(heard: Utterance) -> str:
    """As in "12.5 s of speech (quiet: ...)"."""
    flags = f" ({'; '.join(heard.flags)})" if heard.flags else ""
    return f"{heard.quality.speech:.1f} s of speech{flags}"


def comparison_lines(found: Comparison) -> list[str]:
    """The decision in one line, and in a second one how often such decisions are wrong, where that was measured."""
    if found.probability is None or found.false_accept is None or found.false_reject is None:
        return [f"{found.decision}: {found.speech:.1f} s, {found.needed:g} s are needed (score {found.score:.2f})"]
    shown = "above 0.999" if found.probability > CERTAIN else f"{found.probability:.3f}"
    measured = (
        f"threshold {found.threshold:.2f}; measured there: {100 * found.false_accept:.2f} % of strangers accepted, "
        f"{100 * found.false_reject:.1f} % of the same person rejected"
    )
    return [f"{found.decision}: score {found.score:.2f}, probability {shown}", measured]


def person_line(person: Person) -> str:
    """As in "Ana  2 recordings, 24 s, agreed 2026-01-02T03:04:05Z"."""
    speech = sum(prototype.speech for prototype in person.prototypes)
    count = len(person.prototypes)
    recordings = "1 recording" if count == 1 else f"{count} recordings"
    return f"{person.name}  {recordings}, {speech:.0f} s, agreed {person.consent}"


def found_line(found: Found) -> str:
    """As in "0.81  meetings/monday.wav  3.0-12.5 s"."""
    spans = ", ".join(f"{start:.1f}-{end:.1f} s" for start, end, _ in found.stretches)
    return f"{found.score:.2f}  {found.path}  {spans}"
