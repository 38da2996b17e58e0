"""`transcribe attach WORDS.json AUDIO -o OUT`: speakers for words that any recogniser wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fusion.errors import TranscriptError
from transcribe.common_options import (
    DIARIZER_OPTIONS,
    MACHINE_OPTIONS,
    SPEAKER_OPTIONS,
    job_options,
    with_options,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from fusion.assign import Policy
    from fusion.attach import Unit
    from fusion.types import Diarization
    from transcribe.output import Target
    from transcribe.progress import Reporter

SAME_SHAPE = "same-shape"
OUTPUT_OPTIONS = (
    click.option(
        "-o",
        "--output",
        "outs",
        multiple=True,
        metavar="OUT",
        help="A file, whose ending names the format; FOLDER/; or - for stdout. May be repeated. [default: -]",
    ),
    click.option(
        "--format", "formats", multiple=True, metavar="NAME", help="srt, vtt, json ..., whatever OUT's ending."
    ),
    click.option(
        "--same-shape", is_flag=True, help="Write WORDS.json back as it is, with only the speakers added to it."
    ),
)
JOIN_OPTIONS = (
    click.option(
        "--rttm",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Take who spoke when from this file; no AUDIO is needed.",
    ),
    click.option(
        "--unit",
        type=click.Choice(["auto", "s", "ms"]),
        default="auto",
        show_default=True,
        help="Of the times, where the format of WORDS.json does not settle it.",
    ),
    click.option(
        "--join",
        type=click.Choice(["resolved", "plain"]),
        default="resolved",
        show_default=True,
        help="How words get speakers: resolved weighs pauses and sentences at turn changes, plain only overlap.",
    ),
)

EPILOG = """\b
Examples:
  transcribe attach whisperx.json meeting.wav -o meeting.srt
  transcribe attach deepgram.json call.mp3 --num-speakers 2 -o call.vtt
  transcribe attach words.json --rttm meeting.rttm -o meeting.json
  transcribe attach aws.json talk.m4a --same-shape -o aws.speakers.json
"""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("words", type=click.Path(path_type=Path))
@click.argument("audio", required=False, type=click.Path(path_type=Path))
@with_options(OUTPUT_OPTIONS, JOIN_OPTIONS, SPEAKER_OPTIONS, DIARIZER_OPTIONS, MACHINE_OPTIONS)
def attach(
    words: Path, audio: Path | None, outs: tuple[str, ...], formats: tuple[str, ...], *, verbose: bool, **values: Any
) -> None:
    """Say who said the words that another recogniser wrote.

    WORDS.json may come from WhisperX, openai-whisper, faster-whisper, OpenAI,
    whisper.cpp, Deepgram, AssemblyAI, Google, AWS Transcribe, Azure, NeMo, a
    Hugging Face pipeline, or be a CTM file or a plain list of words.
    """
    from fusion.assign import Policy
    from transcribe import output
    from transcribe.progress import reporter

    rttm, unit, same_shape = (values.pop(name) for name in ("rttm", "unit", "same_shape"))
    if (audio is None) == (rttm is None):
        raise click.UsageError("Give either AUDIO, to find out who spoke when, or --rttm FILE, where that is known.")
    targets = _plan(words, audio, outs, formats, same_shape=same_shape)
    policy = Policy(join=values["join"])
    data = _read(words)
    with reporter() as screen:
        screen.start(words.name)
        turns = _turns(audio, rttm, values, screen)
        texts = [_render(data, target, turns, policy=policy, unit=unit, note=screen.note) for target in targets]
    for target, text in zip(targets, texts, strict=True):
        output.write(target, text)
    if verbose:
        count = len({turn.speaker for turn in turns.turns})
        click.echo(f"{words}: {count} speakers, {len(turns.turns)} turns, {policy.join} join.", err=True)


def _plan(
    words: Path, audio: Path | None, outs: Sequence[str], formats: Sequence[str], *, same_shape: bool
) -> list[Target]:
    """Where the result goes; refuses to write over what is read."""
    from fusion.errors import OptionError
    from transcribe import output

    if same_shape and set(formats) - {"json"}:
        raise OptionError(f"--same-shape writes JSON, not {', '.join(formats)}: leave --format out.")
    planned = output.plan([words], outs, ["json"] if same_shape else formats, on_stdout="srt", in_folder="srt")[0]
    for target in planned:
        if audio is not None and target.path is not None and target.path.resolve() == audio.resolve():
            raise OptionError(f"The output {str(target.path)!r} would replace the recording: choose another -o.")
    return [replace(target, format=SAME_SHAPE) for target in planned] if same_shape else planned


def _read(words: Path) -> Any:
    """The words, before anything slow begins, so that a mistake in them shows at once."""
    from fusion.attach import load_json, read_any

    data = load_json(words)
    read_any(words if isinstance(data, str) else data, unit="s")
    return words if isinstance(data, str) else data


def _turns(audio: Path | None, rttm: Path | None, values: dict[str, Any], screen: Reporter) -> Diarization:
    """Who spoke when: read, or found out."""
    if rttm is not None:
        from fusion.rttm import read_rttm
        from fusion.types import Diarization

        turns = read_rttm(rttm)
        return Diarization(turns, turns, max((turn.end for turn in turns), default=0.0))
    from transcribe.interrupt import run_interruptible
    from transcribe.job import Job

    job = Job(job_options(values))
    job.check()

    def work(cancel: threading.Event) -> Diarization:
        assert audio is not None  # noqa: S101 - the command has checked: one of the two is given
        return job.diarize(audio, on_progress=screen.on_progress, on_note=screen.note, cancel=cancel, activity=True)

    found = run_interruptible(work)
    for note in found.notes:
        screen.note(note)
    return found


def _render(
    data: Any, target: Target, turns: Diarization, *, policy: Policy, unit: Unit, note: Callable[[str], None]
) -> str:
    """The text of one output."""
    from exporters import registry
    from fusion.attach import attach, attach_same_shape

    if target.format == SAME_SHAPE:
        if isinstance(data, Path):
            raise TranscriptError(f"{data} is no JSON: --same-shape writes JSON back; leave it out.")
        labelled = attach_same_shape(data, turns, policy=policy, unit=unit)
        return json.dumps(labelled, ensure_ascii=False, indent=2) + "\n"
    if target.format == "rttm":
        return turns.to_rttm(target.path.stem if target.path else "audio")
    transcript = attach(data, turns, policy=policy, unit=unit)
    for sentence in transcript.notes:
        note(sentence)
    return registry.dumps(transcript, target.format)
