"""`transcribe [--diarize] AUDIO... -o OUT`: the main job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ...exporters import registry
from .numbers import WholeRange
from .options import (
    AUDIO,
    DIARIZER_OPTIONS,
    LAYOUT_OPTIONS,
    MACHINE_OPTIONS,
    NAME_OPTION,
    REPLACE_OPTION,
    SPEAKER_OPTIONS,
    TERMINAL_OPTIONS,
    TRACK_OPTION,
    job_options,
    output_options,
    style_of,
)
from .shape import Command, Section, command

if TYPE_CHECKING:
    from pathlib import Path

DIARIZE_OPTION = click.option("--diarize", is_flag=True, help="Say who spoke each word.")
EPILOG = """\b
Examples:
  transcribe --diarize meeting.wav -o meeting.srt
  transcribe --diarize --num-speakers 3 call.m4a -o call.vtt -o call.json
  transcribe --diarize *.mp3 -o subtitles/
  transcribe talk.mp4
"""

RECOGNISER_OPTIONS = Section(
    "Recogniser",
    click.option(
        "--asr",
        default="auto",
        metavar="NAME",
        show_default=True,
        help="faster-whisper, moonshine, words-json or another installed recogniser; auto: faster-whisper where its "
        "model is on disk or reachable, else moonshine.",
    ),
    click.option(
        "--model", metavar="NAME", help="The recogniser's model: a name, a folder, or the file of words-json."
    ),
    click.option("--language", metavar="CODE", help="Spoken language, e.g. en or english; left out, it is detected."),
    click.option("--compute-type", metavar="TYPE", help="faster-whisper's number format, e.g. int8 or float16."),
    click.option(
        "--batch-size",
        type=WholeRange(min=1),
        metavar="N",
        help="faster-whisper: N pieces at once, for GPUs; the words differ. [default: one after the other]",
    ),
    click.option(
        "--asr-option",
        "asr_options",
        multiple=True,
        metavar="KEY=VALUE",
        help="Any other option of the recogniser.",
    ),
)
JOIN_OPTION = click.option(
    "--join",
    type=click.Choice(["resolved", "plain"]),
    default="resolved",
    show_default=True,
    help="How words get speakers: by who is heard longest; resolved also minds words at once, voices and sentences.",
)

EMBED_OPTION = click.option(
    "--embed-audio",
    is_flag=True,
    help="html: put the recording into the page, re-encoded small (11 MB an hour), so that one file is all.",
)

IDENTITY_OPTIONS = (
    click.option("--identify", is_flag=True, help="Name the speakers whose voices are enrolled here (voice enroll)."),
    click.option("--primary", metavar="NAME", help="Name only this enrolled person, such as yourself."),
    click.option("--link-speakers", is_flag=True, help="Give an unknown voice the same label in all recordings."),
)
REMOTE_OPTION = click.option(
    "--remote",
    metavar="URL",
    help="Let this server do the work ($DIARFUSE_REMOTE_TOKEN); voices and names stay here.",
)
LIVE_OPTION = click.option(
    "--live-text", is_flag=True, help="Show what is recognised as it comes, on stderr; speakers are found later."
)
CHANNELS = ("speakers", "hybrid")
CHANNELS_OPTION = click.option(
    "--channels",
    type=click.Choice(CHANNELS),
    is_flag=False,
    flag_value=CHANNELS[0],
    help="Each channel is a speaker, as in recorded calls, or each of several files, if OUT is one; hybrid: find the "
    "voices within each channel as well.",
)
OFFSET_OPTION = click.option(
    "--offset",
    "offsets",
    multiple=True,
    metavar="FILE=SECONDS",
    callback=lambda _, __, values: offsets_of(values),
    help="When FILE begins, where each person has one (--channels). [default: all begin at once]",
)


class RunCommand(Command):
    """Reads ``--channels`` as click cannot: a recording may follow it, which is no value of it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write the default value out where none is given."""
        end = args.index("--") if "--" in args else len(args)
        bare = [i for i in range(end) if args[i] == "--channels" and args[i + 1 : i + 2] not in ([c] for c in CHANNELS)]
        written = [f"--channels={CHANNELS[0]}" if i in bare else arg for i, arg in enumerate(args)]
        return super().parse_args(ctx, written)


@command(
    (AUDIO,),
    Section("Speakers", DIARIZE_OPTION),
    SPEAKER_OPTIONS,
    Section("Speakers", CHANNELS_OPTION, NAME_OPTION, *IDENTITY_OPTIONS, JOIN_OPTION),
    output_options(registry.BUILTIN),
    Section("Output", REPLACE_OPTION, EMBED_OPTION),
    LAYOUT_OPTIONS,
    Section("Recording", TRACK_OPTION, OFFSET_OPTION),
    RECOGNISER_OPTIONS,
    DIARIZER_OPTIONS,
    Section("Machine", REMOTE_OPTION),
    Section("Terminal", LIVE_OPTION),
    TERMINAL_OPTIONS,
    MACHINE_OPTIONS,
    cls=RunCommand,
    epilog=EPILOG,
)
def run(audio: tuple[Path, ...], outs: tuple[str, ...], formats: tuple[str, ...], **values: Any) -> int:
    """Transcribe recordings and write subtitles, text or JSON, with --diarize saying who spoke."""
    from ..runs import View, run_batch

    named = {name: values.pop(name) for name in ("identify", "primary", "link_speakers", "remote", "replace")}
    named["live_text"] = values.pop("live_text")
    named["embed_audio"] = values.pop("embed_audio")
    view = View(style=style_of(values), labels=values.pop("names"), **named)
    values["asr_options"] = pairs(values["asr_options"])
    offsets = values.pop("offsets")
    return run_batch(audio, outs, formats, job_options(values), view, offsets)


def offsets_of(values: tuple[str, ...]) -> dict[str, float]:
    """``("ben.wav=1.25",)`` -> ``{"ben.wav": 1.25}``.

    Raises:
        OptionError: see `inputs.sources`.
    """
    from ..inputs.sources import pairs

    return pairs(values)


def pairs(items: tuple[str, ...]) -> dict[str, object]:
    """``("beam_size=5", "vad=false")`` -> values as JSON where they are JSON, as text otherwise."""
    import json

    pairs: dict[str, object] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{item!r} must look like KEY=VALUE.", param_hint="'--asr-option'")
        try:
            pairs[key] = json.loads(value)
        except (ValueError, RecursionError):
            pairs[key] = value
    return pairs
