"""The files beside a made-up conversation that say what is true of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.generated.layout import overlap_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from benchmarks.generated.layout import Placement
    from benchmarks.generated.material import Said, Span
    from diarfuse.fusion.types import Seconds


def write_truth(path: Path, placements: Sequence[Placement], seconds: Seconds, about: dict[str, object]) -> None:
    """RTTM, CTM, STM, UEM, placements and a description of the recording `path`, beside it."""
    name = path.stem
    turns, words = turns_of(placements), words_of(placements)
    whole = all(one.piece.words for one in placements)
    _write(path, "rttm", (_rttm(name, a, b, who) for a, b, who in turns))
    _write(path, "ctm", (f"{name} {who} {a:.3f} {b - a:.3f} {text}" for a, b, text, who in words))
    _write(path, "stm", (_stm(name, one) for one in placements if one.piece.words))
    _write(path, "uem", [f"{name} 1 0.000 {seconds:.3f}"])
    _write(path, "src.tsv", ["at\tspeaker\tfile\tfrom\tto", *map(_source, placements)])
    facts = {"overlap": round(overlap_share(placements), 3), "all_speech_has_words": whole, "words": len(words)}
    path.with_suffix(".json").write_text(json.dumps({"name": name, **about, **facts}, indent=1), encoding="utf-8")


def turns_of(placements: Iterable[Placement]) -> list[tuple[Seconds, Seconds, str]]:
    """Who speaks when: start, end, speaker, in order of time; a speaker's touching turns are one."""
    found: list[tuple[Seconds, Seconds, str]] = []
    spans: dict[str, list[Span]] = {}
    for one in placements:
        spans.setdefault(one.piece.clip.speaker, []).extend(one.speech)
    for who, own in spans.items():
        found += [(a, b, who) for a, b in _joined(sorted(own))]
    return sorted(found)


def _joined(spans: Sequence[Span]) -> list[Span]:
    kept: list[Span] = []
    for a, b in spans:
        if kept and a <= kept[-1][1]:
            kept[-1] = (kept[-1][0], max(b, kept[-1][1]))
        else:
            kept.append((a, b))
    return kept


def words_of(placements: Iterable[Placement]) -> list[tuple[Seconds, Seconds, str, str]]:
    """Start, end, text and speaker of every word, in order of time."""
    return sorted(
        (one.at + a, one.at + b, text, one.piece.clip.speaker) for one in placements for a, b, text in _of(one)
    )


def _of(one: Placement) -> list[Said]:
    return one.piece.words


def _rttm(name: str, start: Seconds, end: Seconds, who: str) -> str:
    return f"SPEAKER {name} 1 {start:.3f} {end - start:.3f} <NA> <NA> {who} <NA> <NA>"


def _stm(name: str, one: Placement) -> str:
    text = " ".join(word for *_, word in one.piece.words)
    return f"{name} 1 {one.piece.clip.speaker} {one.at:.3f} {one.end:.3f} {text}"


def _source(one: Placement) -> str:
    piece = one.piece
    return f"{one.at:.3f}\t{piece.clip.speaker}\t{piece.clip.file}\t{piece.start:.3f}\t{piece.end:.3f}"


def _write(path: Path, ending: str, lines: Iterable[str]) -> None:
    path.with_suffix(f".{ending}").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
