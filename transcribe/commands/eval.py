"""`transcribe eval HYPOTHESIS --stm REF.stm --rttm REF.rttm`: how good a result is, against the truth."""

from __future__ import annotations

from pathlib import Path

import click

from ...fusion.errors import OptionError, TranscriptError
from ...fusion.formats.turns import has_turns
from ...fusion.formats.uem import read_uem
from ..documents.scoring import (
    check_one_unit,
    read_segments,
    read_true_turns,
    read_truth,
    read_turns_of,
    scored_part,
    speakers_of_words,
    turn_errors,
    word_errors,
)
from ..inputs.paths import InputPath
from ..screen.terminal import note
from .numbers import NumberRange
from .options import TERMINAL_OPTIONS
from .shape import command, with_options

FILE = InputPath(error=TranscriptError)


@command(name="eval", epilog="transcribe eval meeting.json --stm truth.stm --rttm truth.rttm")
@click.argument("hypothesis", type=FILE)
@click.option("--stm", type=FILE, metavar="FILE", help="True words: cpWER, tcpWER, speakers.")
@click.option("--rttm", type=FILE, metavar="FILE", help="True turns: DER and JER.")
@click.option("--uem", type=FILE, metavar="FILE", help="Parts that are scored for DER and JER. [default: all of it]")
@click.option(
    "--collar",
    type=NumberRange(min=0),
    default=0.0,
    show_default=True,
    help="Seconds on each side of a true turn's edge left out of DER and JER.",
)
@with_options(TERMINAL_OPTIONS)
def evaluate(hypothesis: Path, stm: Path | None, rttm: Path | None, uem: Path | None, collar: float) -> None:
    """Score a transcript (.json) or turns (.rttm) against the truth.

    cpWER counts words under the wrong speaker as wrong, tcpWER also words more
    than 5 s away; DER and JER count overlapped speech. Needs the extra `eval`.
    """
    if stm is None and rttm is None:
        raise OptionError("There is nothing to compare with: give --stm FILE, --rttm FILE, or both.")
    if stm is not None and hypothesis.suffix.lower() == ".rttm":
        raise OptionError(f"{hypothesis} holds no words: give a .json transcript to compare with --stm.")
    true_turns = () if rttm is None else read_true_turns(rttm)  # whatever cannot be read is told before any work
    turns = () if rttm is None else read_turns_of(hypothesis)
    parts = () if uem is None else read_uem(uem)
    if rttm is not None:
        check_one_unit(
            {path: [(t.start, t.end) for t in found] for path, found in ((hypothesis, turns), (rttm, true_turns))}
        )
    if stm is not None:
        truth, unscored = read_truth(stm)
        given = read_segments(hypothesis)
        check_one_unit({path: [row[:2] for row in rows] for path, rows in ((hypothesis, given), (stm, truth))})
        given = scored_part(given, unscored)
        for name, value in word_errors(truth, given).items():
            click.echo(f"{name:8} {100 * value:6.2f} %")
        right, words = speakers_of_words(truth, given)
        click.echo(
            f"speakers {100 * right / max(1, words):6.2f} %  of {words} words recognised ({words - right} wrong)"
        )
    if rttm is not None:
        if not has_turns(hypothesis):
            note(f"{hypothesis} holds no turns, so its segments are scored as turns.")
        for name, value in turn_errors(true_turns, turns, collar, parts).items():
            click.echo(f"{name:8} {100 * value:6.2f} %")
