"""`transcribe live`: words and speakers while people speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ...exporters import registry
from ...fusion.errors import OptionError
from ..inputs.paths import DASH, InputPath, OutputPath
from .numbers import NumberRange, WholeRange
from .options import (
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
from .run import IDENTITY_OPTIONS, JOIN_OPTION, RECOGNISER_OPTIONS, pairs
from .shape import Section, command

if TYPE_CHECKING:
    from ..live.recording import Plan

_SLOWEST, _FASTEST = 2_000, 1_000_000
EPILOG = """\b
Examples:
  transcribe live -o meeting.srt -o meeting.json
  transcribe live --from-file meeting.wav -o live.srt
  arecord -f S16_LE -r 16000 | transcribe live - --raw 16000 -o meeting.txt
"""


class _Heard(click.Choice[str]):
    """What ``--channels`` may be while people speak."""

    def __init__(self) -> None:
        super().__init__(["hybrid"])

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> str:
        """The value, if it is possible.

        Raises:
            OptionError: it is not.
        """
        if value not in self.choices:
            raise OptionError(
                f"--channels {value} cannot be heard live, only --channels hybrid can: each channel by itself, and the "
                "voices in it found. For another way record first (--save-audio), then give the file to transcribe."
            )
        return str(value)


SOURCE_OPTIONS = Section(
    "Recording",
    click.argument("source", required=False, metavar="[-]"),
    click.option(
        "--input",
        "inputs",
        metavar="DEVICE",
        multiple=True,
        help="The microphone, by its number or a part of its name; given twice: two devices, as microphone and "
        "system, a channel each.",
    ),
    click.option(
        "--channels",
        type=_Heard(),
        is_flag=False,
        flag_value="speakers",
        help="Hear each channel of the file by itself, and find the voices in each, as several inputs are heard.",
    ),
    TRACK_OPTION,
    click.option("--list-devices", is_flag=True, help="List the microphones and exit."),
    click.option("--from-file", type=InputPath(), metavar="FILE", help="Play a file instead of the microphone."),
    click.option(
        "--pace",
        type=NumberRange(min=0),
        default=1.0,
        show_default=True,
        metavar="TIMES",
        help="How fast the file is played; 0: as fast as possible.",
    ),
    click.option(
        "--raw",
        type=WholeRange(_SLOWEST, _FASTEST),
        metavar="RATE",
        help="Stdin holds raw 16-bit mono samples at this rate.",
    ),
    click.option("--save-audio", type=OutputPath(), metavar="FILE", help="Keep the sound: .wav or .flac."),
)
LIVE_OPTIONS = Section(
    "Output",
    click.option(
        "--events",
        type=OutputPath(),
        metavar="FILE",
        help="Write every event as a JSON line (docs/live.md).",
    ),
    click.option(
        "--no-final-pass",
        "final_pass",
        flag_value=False,
        default=True,
        help="Keep the live words; else the recogniser hears the whole recording once more at the end.",
    ),
)


@command(
    SOURCE_OPTIONS,
    SPEAKER_OPTIONS,
    Section("Speakers", NAME_OPTION, *IDENTITY_OPTIONS, JOIN_OPTION),
    output_options(registry.BUILTIN),
    LIVE_OPTIONS,
    Section("Output", REPLACE_OPTION),
    LAYOUT_OPTIONS,
    RECOGNISER_OPTIONS,
    DIARIZER_OPTIONS,
    TERMINAL_OPTIONS,
    MACHINE_OPTIONS,
    epilog=EPILOG,
)
def live(list_devices: bool, **values: Any) -> int:
    """Say who says what while they speak, from the microphone, and write what --diarize would at the end."""
    if list_devices:
        from ..live.sources import devices

        click.echo("\n".join(devices()) or "There is no microphone.")
        return 0
    from ..live.recording import record

    plan = _plan(values)
    values["asr_options"] = pairs(values["asr_options"])
    return record(plan, job_options({**values, "diarize": True}))


def _plan(values: dict[str, Any]) -> Plan:
    """What was asked for; its values are taken out of `values`.

    Raises:
        OptionError: sources that do not go together.
    """
    from ..live.recording import Plan
    from ..runs import View

    source, file = values.pop("source"), values.pop("from_file")
    if source is not None and source != str(DASH):
        raise OptionError(f"transcribe live records, and takes no {source!r}: play a file with --from-file {source}.")
    given = {"-": source, "--from-file": file, "--input": values["inputs"] or None}
    both = [name for name, value in given.items() if value is not None]
    if len(both) > 1:
        raise OptionError(f"{both[0]} and {both[1]} do not go together: choose one source.")
    if values["channels"] is not None and file is None:
        raise OptionError("--channels is about a file: give --from-file as well, or --input for each device.")
    if len({*values["inputs"]}) < len(values["inputs"]):
        raise OptionError("--input was given the same device twice: give each once.")
    if len(values["inputs"]) > 1:
        values["channels"] = "hybrid"
    if values["raw"] is not None and source is None:
        raise OptionError("--raw is about stdin: give - as well, as in `transcribe live - --raw 16000`.")
    named = {name: values.pop(name) for name in ("identify", "primary", "link_speakers", "replace")}
    view = View(style=style_of(values), labels=values.pop("names"), **named)
    own = ("inputs", "pace", "raw", "outs", "formats", "events", "save_audio", "final_pass")
    rest = {name: values.pop(name) for name in own}
    return Plan(source=file or (DASH if source else None), view=view, **rest)
