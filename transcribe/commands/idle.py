"""Options that do nothing beside the others of a call: each is told in one line, none is passed over in silence.

Where something else must have been meant, a command refuses instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from click.core import ParameterSource

if TYPE_CHECKING:
    import click

_TOLD = f"{__name__}.told"
"""Where click keeps which options were told of."""
Values: TypeAlias = Mapping[str, Any]
"""A call's values by the names that the program has for them; of a command without an option there is none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """options: by the program's names. idle: whether they do nothing in a call. why: what follows "does nothing"."""

    options: tuple[str, ...]
    idle: Callable[[Values], bool]
    why: str


COUNTS = ("num_speakers", "min_speakers", "max_speakers")
OF_DIARIZER = ("diarizer", "recipe", "preset", "labels_from", "step", "threshold", "mode")
OF_MACHINE = ("device", "threads")
OF_RECOGNISER = ("model", "language", "compute_type", "batch_size", "asr_options")
OF_READABLE = ("labels", "width", "lines", "highlight_words")
OF_CUES = ("cues", *OF_READABLE)
NO_SPEAKERS = "where cues are the recogniser's own segments"
NO_SUCH = "with this recogniser, which has no such option"
MANIFESTS = (".jsonl", ".csv", ".parquet")
"""Whose rows may wish for speakers where the command line does not."""


def _no_voices(values: Values) -> bool:
    """Whether nobody is told apart by voice, here or anywhere."""
    heard = values.get("diarize", True) or values.get("no_words") or values.get("channels") == "hybrid"
    rows = any(name.lower().endswith(MANIFESTS) for name in values.get("inputs", ()))
    return not (heard or rows or values.get("remote") or "document" in values)


def _no_speakers(values: Values) -> bool:
    """Whether words get no speakers at all."""
    return _no_voices(values) and not any(values.get(name) for name in ("channels", "channel_names", "folders"))


def _taken_by_nobody(option: str, usual: object) -> Callable[[Values], bool]:
    """Whether nobody is told apart by voice, and the recogniser that is named has no such option; see `recognisers`."""

    def idle(values: Values) -> bool:
        words_alone = _no_voices(values) or ("document" in values and not values.get("diarize", True))
        if values.get(option, usual) == usual or not words_alone:
            return False  # which is not to be asked of every call, for it imports the recogniser's adapter
        from .. import recognisers

        return not recognisers.reaches(values["asr"], option)

    return idle


def _only_files(inputs: tuple[str, ...]) -> bool:
    return bool(inputs) and all(os.path.isfile(name) for name in inputs)  # noqa: PTH113 - a Path would raise


RULES = (
    Rule(OF_DIARIZER, _no_voices, "without --diarize"),
    Rule(("join",), _no_speakers, "without --diarize"),
    Rule(("mark_overlaps",), _no_speakers, "without --diarize"),
    Rule(OF_CUES, _no_speakers, f"without --diarize, {NO_SPEAKERS}"),
    Rule(("diarizer", "mode"), lambda v: "document" in v and not v.get("diarize", True), "without --diarize"),
    Rule(OF_RECOGNISER, lambda v: "document" in v and not v.get("asr given"), "without --asr: the words stay"),
    Rule((*OF_DIARIZER, *OF_MACHINE), lambda v: v.get("rttm") is not None, "with --rttm, whose turns stay as they are"),
    Rule(("models_dir",), lambda v: "same_shape" in v and v["rttm"] is not None, "with --rttm, as no model is loaded"),
    Rule(("device",), _taken_by_nobody("device", "auto"), NO_SUCH),
    Rule(("threads",), _taken_by_nobody("threads", 0), NO_SUCH),
    Rule(COUNTS, lambda v: "voice_model" in v and v["rttm"] is not None, "with --rttm, whose turns stay as they are"),
    Rule(("audio_track", "embed_audio"), lambda v: "same_shape" in v and v["audio"] is None, "without AUDIO"),
    Rule(("asr", *OF_RECOGNISER, "join"), lambda v: bool(v.get("no_words")), "with --no-words, which hears none"),
    Rule(("keep_voices",), _no_voices, "without --diarize, as no voices are heard"),
    Rule(("audio_track",), lambda v: not _only_files((v.get("query", __file__),)), "as QUERY is no file"),
    Rule(("pattern", "folders"), lambda v: _only_files(v.get("inputs", ())), "as no INPUT is a folder"),
    Rule(("verbose",), lambda v: "keep_voices" in v, "in a batch, whose results tell of no machine"),
    Rule(OF_READABLE, lambda v: v.get("cues") == "segments", "with --cues segments, which stay as they are"),
    Rule((*OF_CUES, "fps"), lambda v: bool(v.get("same_shape")), "with --same-shape"),
    Rule(("pace", "audio_track"), lambda v: v.get("from_file", ()) is None, "without --from-file"),
    Rule(("collar", "uem"), lambda v: v.get("rttm", ()) is None and "stm" in v, "without --rttm"),
    Rule(("audio",), lambda v: bool(v.get("as_json")) and "limit" in v, "with --json, which plays nothing"),
)

TAKERS = {
    "template": ("txt",),
    "docx_template": ("docx",),
    "highlight_words": ("vtt", "ass"),
    "no_times": ("docx", "md"),
    "mark_pauses": ("txt", "docx", "md", "html"),
    "mark_overlaps": ("txt", "docx", "md", "html"),
    "embed_audio": ("html",),
}
"""The only formats that look at an option which makes them what they are; those of other packages may look at any."""
_CUES = ("srt", "vtt", "ass")
LOOKERS = {
    "cues": _CUES,
    "labels": ("srt", "ass"),
    "width": _CUES,
    "lines": _CUES,
    "fps": (*_CUES, "edl", "otio"),
}
"""The same of options without which the formats are what they are."""


def sentences(ctx: click.Context) -> list[str]:
    """What is to be told of the options that were given in this call and do nothing in it; each is told of once."""
    values = {**ctx.params, "asr given": given(ctx, "asr")}
    found = (about(ctx, rule.options, rule.why) for rule in RULES if rule.idle(values))
    return [sentence for sentence in found if sentence]


def about(ctx: click.Context, options: Iterable[str], why: str) -> str:
    """``--step and --mode do nothing without --diarize.``, of those that were given and not told of before."""
    told: set[str] = ctx.meta.setdefault(_TOLD, set())
    names = {name for name in options if name not in told and given(ctx, name)}
    told |= names
    spelt = [max(option.opts, key=len) for option in ctx.command.params if option.name in names]
    if not spelt:
        return ""
    *first, last = spelt
    return f"{', '.join(first)}{' and ' if first else ''}{last} {'do' if first else 'does'} nothing {why}."


def given(ctx: click.Context, name: str) -> bool:
    """Whether the command line has that option: what the settings say is for many calls."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def check_formats(ctx: click.Context, on_stdout: str, in_folder: str) -> None:
    """Refuse, or tell, what was asked for in this call where nothing that is written takes it.

    on_stdout, in_folder: the formats there where none is named.

    Raises:
        OptionError: what makes a format what it is was asked for, and no such format is written.
    """
    from ...exporters import registry
    from ...fusion.errors import OptionError
    from ..screen.terminal import PENDING

    written, ours = _written(ctx, on_stdout, in_folder), set(registry.BUILTIN)
    for option, takers in TAKERS.items():
        if given(ctx, option) and written <= ours - set(takers):
            raise OptionError(
                f"--{option.replace('_', '-')} is for {' and '.join(takers)}, and none is written: "
                f"add -o FILE.{takers[0]}, or --format {takers[0]}."
            )
    for option, takers in LOOKERS.items():
        why = f"in what is written: it is for {', '.join(takers[:-1])} and {takers[-1]}"
        if written <= ours - set(takers) and (sentence := about(ctx, (option,), why)):
            ctx.meta.setdefault(PENDING, []).append(sentence)


def _written(ctx: click.Context, on_stdout: str, in_folder: str) -> set[str]:
    """The formats of all outputs of the call."""
    from ..output import STDOUT, Usual

    formats: tuple[str, ...] = ctx.params.get("formats", ())
    if formats and not isinstance(formats, Usual):
        return set(formats)
    if "outs" not in ctx.params:  # a batch, which has its own folder
        return {*formats, in_folder}
    shown, kept = formats[:1] or (on_stdout,), formats or (in_folder,)
    outs = ctx.params["outs"] or (STDOUT,)
    return {name for out in outs for name in (shown if out == STDOUT else _formats_of(out) or kept)}


def _formats_of(out: str) -> tuple[str, ...]:
    """The format of a file by its ending; none of what has none of ours, such as a folder."""
    from ...exporters import registry
    from ...fusion.errors import OptionError

    try:
        return (registry.format_of(out),)
    except OptionError:
        return ()
