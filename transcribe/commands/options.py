"""Options that several commands share, and how they become a job's options."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from ...diarize.options import FARTHEST, SHORTEST_STEP, WINDOW, Preset, RecipeName
from ...exporters.style import DEFAULT as PLAIN
from ...exporters.style import Cues, Style
from ...exporters.templates import PRESETS, parse_template
from ...fusion.given import from_shell
from ...fusion.layout import DEFAULT as LAYOUT
from ...fusion.layout import FEWEST_FPS, LABELS, MOST_FPS, Layout
from ..inputs.paths import InputPath, OutputPath
from .idle import check_formats
from .numbers import NumberRange, WholeRange
from .shape import Section

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..options import JobOptions

PICTURES = (".svg", ".png")
PLOTS = f"{__name__}.plots"
"""Where click keeps what ``--plot`` was given."""


def usual_formats(ctx: click.Context, option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Mark formats that stand in the settings and were not asked for in this call."""
    from ..output import Usual

    return Usual(value) if ctx.get_parameter_source(str(option.name)) is ParameterSource.DEFAULT_MAP else value


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete files."""
    return [CompletionItem(incomplete, type="file")]


def manner(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    """Keep how the command is to speak, for `terminal.reporter`."""
    from ..screen.terminal import MANNER

    if value:
        ctx.meta[MANNER] = (*ctx.meta.get(MANNER, ()), option.name)


def pictures(ctx: click.Context, option: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Files for pictures; `outputs`, which is read later, takes them among the others.

    Raises:
        BadParameter: another ending, or a folder.
    """
    for value in values:
        if not value.lower().endswith(PICTURES) or os.path.isdir(value):  # noqa: PTH112 - see output.is_folder
            raise click.BadParameter(f"{value!r} must be a file that ends in {' or '.join(PICTURES)}.", ctx, option)
    ctx.meta[PLOTS] = values
    return values


def outputs(
    ctx: click.Context, _: click.Parameter, values: tuple[str, ...], *, picture_alone: bool = False
) -> tuple[str, ...]:
    """The values of ``-o``, and the pictures.

    Beside a picture the rest goes where it goes without one, for it took long to
    make, unless a `picture_alone` is what a command gives for one.
    """
    from ..output import STDOUT, Picture

    drawn = tuple(map(Picture, ctx.meta.get(PLOTS, ())))
    return (*(values or ((STDOUT,) if drawn and not picture_alone else ())), *drawn)


def pairs_of_names(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """``("SPEAKER_00=Ana",)`` -> ``{"SPEAKER_00": "Ana"}``.

    Raises:
        OptionError: there is no name, it cannot be one, two labels have one, or one has two.
    """
    from ...fusion.editing.content import check_name
    from ...fusion.errors import OptionError

    names: dict[str, str] = {}
    for value in values:
        label, equals, name = value.partition("=")
        if not (equals and label.strip()):
            raise OptionError(f"--name {value!r} must look like SPEAKER_00=Ana.")
        if names.setdefault(label.strip(), check_name(name)) != check_name(name):
            raise OptionError(f"--name gives {label.strip()!r} two names: leave one out.")
    for name in names.values():
        if list(names.values()).count(name) > 1:
            raise OptionError(f"--name gives {name!r} to several speakers: give each a name of their own.")
    return names


NAME_OPTION = click.option(
    "--name",
    "names",
    multiple=True,
    metavar="LABEL=NAME",
    callback=pairs_of_names,
    help="Show NAME instead of LABEL, as in SPEAKER_00=Ana; speakers are numbered by their first word, or by channel.",
)
REPLACE_OPTION = click.option(
    "--replace", is_flag=True, help="Write over names that somebody gave, and over files that hold names or edits."
)
AUDIO = click.argument("audio", nargs=-1, required=True, type=InputPath(None, stdin=True))

TRACK_OPTION = click.option(
    "--audio-track",
    metavar="N",
    callback=lambda _, __, text: None if text is None else _track(text),
    help="Of a file with several audio tracks, this one, from 1; all: each as a channel. [default: the default track]",
)
SPEAKER_OPTIONS = Section(
    "Speakers",
    click.option("--num-speakers", type=WholeRange(min=1), metavar="N", help="Exactly this many speakers."),
    click.option("--min-speakers", type=WholeRange(min=1), metavar="N", help="At least this many."),
    click.option("--max-speakers", type=WholeRange(min=1), metavar="N", help="At most this many."),
)
DIARIZER_OPTIONS = Section(
    "Diarizer",
    click.option(
        "--diarizer",
        default="auto",
        metavar="PACK",
        help="community-1, campplus, or auto: community-1 where it is on disk or reachable, else campplus; or an "
        "end-to-end network: nemotron, sortformer-v2.1, audar-v1, or the FOLDER/ or file of one.",
        show_default=True,
    ),
    click.option(
        "--recipe",
        type=click.Choice(get_args(RecipeName)),
        help="How speakers are told apart; by default as the pack says.",
    ),
    click.option(
        "--preset",
        type=click.Choice(get_args(Preset)),
        help="How much an end-to-end network hears at a time. [default: offline]",
    ),
    click.option(
        "--labels-from",
        metavar="NETWORK",
        help="Experimental: the speakers' labels come from this end-to-end network, the speech from --diarizer.",
    ),
    click.option(
        "--step",
        type=NumberRange(SHORTEST_STEP, WINDOW),
        metavar="SECONDS",
        help="Hop of the diarizer's 10 s windows.",
    ),
    click.option(
        "--threshold",
        type=NumberRange(0, FARTHEST, min_open=True),
        metavar="DISTANCE",
        help="Lower finds more speakers, higher fewer.",
    ),
)
MODELS_DIR_OPTION = click.option(
    "--models-dir",
    type=OutputPath(),
    metavar="DIR",
    help="Where models are kept ($DIARFUSE_MODELS_DIR, else the user's cache folder).",
)
STORE_OPTIONS = (
    MODELS_DIR_OPTION,
    click.option("--offline", is_flag=True, default=None, help="Never touch the network ($DIARFUSE_OFFLINE)."),
)
MACHINE_OPTIONS = Section(
    "Machine",
    click.option(
        "--mode",
        type=click.Choice(["exact", "default", "fast"]),
        default="default",
        show_default=True,
        help="The diarizer's trade of accuracy for speed.",
    ),
    click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "cuda", "coreml"]),
        default="auto",
        show_default=True,
        help="Where the networks run.",
    ),
    click.option("--threads", type=WholeRange(min=0), default=0, metavar="N", help="CPU threads; 0 is all cores."),
    *STORE_OPTIONS,
    click.option("-v", "--verbose", is_flag=True, help="Say what was used, what was found and how long it took."),
)
QUIET_OPTION = click.option(
    "-q", "--quiet", is_flag=True, expose_value=False, callback=manner, help="Say nothing but errors; no bar."
)
TERMINAL_OPTIONS = Section(
    "Terminal",
    QUIET_OPTION,
    click.option(
        "--json-progress",
        is_flag=True,
        expose_value=False,
        callback=manner,
        help="Progress, notes and errors as JSON lines on stderr (docs/progress.md).",
    ),
)
SCREEN_OPTIONS = (
    click.option(
        "--max-line-width",
        "width",
        type=WholeRange(min=1),
        default=LAYOUT.width,
        show_default=True,
        metavar="COLUMNS",
        help="Width of readable cues, label included.",
    ),
    click.option(
        "--max-lines",
        "lines",
        type=WholeRange(min=1),
        default=LAYOUT.lines,
        show_default=True,
        metavar="N",
        help="Lines of a readable cue.",
    ),
    click.option(
        "--fps",
        type=NumberRange(FEWEST_FPS, MOST_FPS),
        default=LAYOUT.fps,
        show_default=True,
        metavar="N",
        help="Video frames a second; two lie between readable cues.",
    ),
)
LAYOUT_OPTIONS = Section(
    "How it looks",
    click.option(
        "--cues",
        type=click.Choice(get_args(Cues)),
        default=PLAIN.cues,
        show_default=True,
        help="srt and vtt with speakers: cues cut and timed to be read, or one for each of the recogniser's segments.",
    ),
    click.option(
        "--labels",
        type=click.Choice(LABELS),
        default=LAYOUT.labels,
        show_default=True,
        help="Readable cues that show the speaker: where that changes, and again after three or a pause; every one; "
        "the first of each speaker; none.",
    ),
    *SCREEN_OPTIONS,
    click.option("--highlight-words", is_flag=True, help="vtt and ass: show each word as it is said."),
    click.option(
        "--docx-template",
        metavar="FILE",
        type=OutputPath(),
        help="docx: a Word document to fill in, with {% for turn in turns %} {{ turn.text }} and the like.",
    ),
    click.option("--no-times", is_flag=True, help="docx and md: leave out when each turn begins."),
    click.option(
        "--mark-pauses",
        type=WholeRange(min=1),
        metavar="SECONDS",
        help="txt, docx, md and html: mark silences from so many seconds on, (..) with a dot for each.",
    ),
    click.option(
        "--mark-overlaps",
        is_flag=True,
        help="txt, docx, md and html: set what is said at once in slashes, //so//.",
    ),
    click.option(
        "--template",
        metavar="TEMPLATE",
        help=f"txt: how a turn looks, as '{{start}} {{speaker}}: {{text}}', or {', '.join(PRESETS)} for that program.",
    ),
)


def _track(text: str) -> int | str:
    if text != "all" and not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise click.BadParameter(f"{text!r} must be the number of an audio track, from 1, or all.")
    return text if text == "all" else int(text[:9])


def output_options(formats: Iterable[str], *, picture_alone: bool = False) -> Section:
    """``-o``, ``--format`` and ``--plot`` of a command that writes files in any of `formats`; see `outputs`."""
    return Section(
        "Output",
        click.option(
            "-o",
            "--output",
            "outs",
            multiple=True,
            metavar="OUT",
            shell_complete=files,
            callback=partial(outputs, picture_alone=picture_alone),
            help="A file, whose ending names the format; FOLDER/; or - for stdout. May be repeated. [default: -]",
        ),
        click.option(
            "--format",
            "formats",
            multiple=True,
            metavar="NAME",
            callback=usual_formats,
            shell_complete=lambda _, __, incomplete: [name for name in formats if name.startswith(incomplete)],
            help=f"{', '.join(formats)}, whatever the ending of OUT. May be repeated.",
        ),
        click.option(
            "--plot",
            multiple=True,
            metavar="FILE",
            is_eager=True,
            expose_value=False,
            callback=pictures,
            help="Also draw who spoke when, talk times and overlap: a FILE that ends in .svg or .png.",
        ),
    )


def style_of(values: dict[str, Any], *, on_stdout: str = "txt", in_folder: str = "srt") -> Style:
    """The style that `LAYOUT_OPTIONS` ask for; their values are taken out of `values`.

    on_stdout, in_folder: what the command writes there where no format is named; see `output.plan`.

    Raises:
        OptionError: a value is not possible, or is for a format that is not written.
        MissingExtraError: a template needs what is not installed.
    """
    cues, highlight, template = (values.pop(name) for name in ("cues", "highlight_words", "template"))
    timeless, pauses, overlaps = (values.pop(name) for name in ("no_times", "mark_pauses", "mark_overlaps"))
    layout = Layout(**{name: values.pop(name) for name in ("labels", "width", "lines", "fps")})
    parsed = None if template is None else parse_template(from_shell(template))
    check_formats(click.get_current_context(), on_stdout, in_folder)
    form = _form(values.pop("docx_template"))
    return Style(
        cues=cues,
        layout=layout,
        highlight_words=highlight,
        template=parsed,
        form=form,
        times=not timeless,
        pauses=pauses,
        overlaps=overlaps,
    )


def _form(path: Path | None) -> bytes | None:
    """A document to be filled, which was filled on trial; what is larger than any is not read whole."""
    if path is None:
        return None
    from ...exporters.word_templates import LARGEST, check_form
    from ...fusion.errors import OptionError

    try:
        with path.open("rb") as file:
            form = file.read(LARGEST + 1)
    except OSError as error:
        raise OptionError(f"The template {str(path)!r} cannot be read: {error.strerror or error}.") from error
    check_form(form, repr(str(path)))
    return form


def job_options(values: dict[str, Any]) -> JobOptions:
    """A job's options from the command line's values.

    Raises:
        OptionError: a value, or two together, are not possible.
    """
    from ...diarize.options import Execution, Options
    from ..options import JobOptions

    values = dict(values)
    values["details"] = values.pop("verbose", False)
    if (batch := values.pop("batch_size", None)) is not None:
        values["asr_options"] = {**values["asr_options"], "batch_size": batch}
    options = Options(**{name: values.pop(name) for name in ("recipe", "preset", "step", "threshold")})
    execution = Execution(mode=values.pop("mode"), device=values.pop("device"), threads=values.pop("threads"))
    return JobOptions(options=options, execution=execution, **values)
