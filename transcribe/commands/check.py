"""`transcribe check SUBTITLES...`: what an editor would mind, in numbers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..inputs.paths import InputPath
from ..output import show_json
from .options import SCREEN_OPTIONS
from .shape import Section, command

if TYPE_CHECKING:
    from ...fusion.cues.quality import Quality
    from ...fusion.layout import Layout

FILES = click.argument("subtitles", nargs=-1, required=True, type=InputPath(None))
CHECK_OPTIONS = (
    click.option(
        "--language",
        metavar="CODE",
        help="The language whose articles and prepositions should end no line. [default: en]",
    ),
    click.option("--json", "as_json", is_flag=True, help="The numbers as JSON: a list with an object for each file."),
    click.option("--strict", is_flag=True, help="Exit with 1 if there is any fault."),
)


@command((FILES,), Section("Limits", *SCREEN_OPTIONS), CHECK_OPTIONS, epilog="transcribe check meeting.srt")
def check(subtitles: tuple[Path, ...], *, language: str | None, as_json: bool, strict: bool, **values: Any) -> int:
    """Count what an editor would object to in SRT or VTT files, whoever wrote them.

    Faults are lines that are too wide, cues with too many lines, too fast to read,
    too short or too long on the screen or too close to the next, and single words
    cut off their sentence. Lines that end in an article, a preposition or the like,
    and cues that are quick to read, are counted as advice.
    """
    from ...fusion.cues.quality import quality_of
    from ...fusion.formats.subtitles import read_cues
    from ...fusion.layout import Layout
    from ...fusion.text.languages import wanted

    layout, language = Layout(**values), wanted(language)
    cues = {path: read_cues(_text(path), str(path)) for path in subtitles}
    found = {path: quality_of(of_file, layout, language) for path, of_file in cues.items()}
    if as_json:
        rows = [{"file": str(path), **asdict(quality), "faults": quality.faults} for path, quality in found.items()]
        show_json(rows, indent=1)
    else:
        for path, quality in found.items():
            click.echo("\n".join((f"{path}: {quality.cues} cues, {quality.faults} faults", *_lines(quality, layout))))
    return 1 if strict and any(quality.faults for quality in found.values()) else 0


def _lines(quality: Quality, layout: Layout) -> list[str]:
    """What is counted, and how often it was found."""
    rows = (
        (quality.too_wide, f"lines wider than {layout.width} columns"),
        (quality.too_high, f"cues of more than {layout.lines} lines"),
        (quality.too_fast, f"cues to be read at more than {layout.fastest:g} columns a second"),
        (quality.too_short, f"cues shown for less than {layout.shortest:.2f} s"),
        (quality.too_long, f"cues shown for more than {layout.longest:g} s"),
        (quality.too_close, f"cues less than two pictures ({layout.gap:.3f} s) before the next"),
        (quality.orphans, "cues of one word cut off its sentence"),
        (quality.quick, f"cues to be read at more than {layout.speed:g} columns a second (advice)"),
        (quality.weak, "lines that end in an article, a preposition or the like (advice)"),
    )
    return [f"{count:8d} {what}" for count, what in rows]


def _text(path: Path) -> str:
    """The file's text.

    Raises:
        TranscriptError: no such file, no text in UTF-8, or no subtitles.
    """
    from ...fusion.errors import TranscriptError
    from ...fusion.formats.subtitles import looks_like
    from ...fusion.given import decoded, read_bytes

    try:
        text = decoded(read_bytes(path, "a file of subtitles"))
    except UnicodeDecodeError as error:
        raise TranscriptError(f"{path} is no text in UTF-8: save it as such.") from error
    if text.strip() and not looks_like(text) and not text.startswith("WEBVTT"):
        raise TranscriptError(f"{path} holds no times such as 00:00:01,000 --> 00:00:02,000: give SRT or VTT.")
    return text
