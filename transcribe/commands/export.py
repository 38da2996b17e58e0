"""`transcribe export DOCUMENT... -o OUT`: a saved transcript in any other format, without models or audio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...exporters import registry
from ..inputs.paths import InputPath
from .idle import NO_SPEAKERS, OF_CUES, about
from .options import LAYOUT_OPTIONS, REPLACE_OPTION, TERMINAL_OPTIONS, output_options, style_of
from .shape import Section, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...exporters.style import Style
    from ...fusion.document import Document
    from ..output import Target
    from ..screen.terminal import Reporter

DOCUMENTS = click.argument("documents", nargs=-1, required=True, type=InputPath(None))
CLEAN_OPTION = click.option(
    "--clean",
    is_flag=True,
    help="Leave out what others need not see: the history with earlier names, notes, settings and file names.",
)

EPILOG = """\b
Examples:
  transcribe export meeting.json -o meeting.srt -o meeting.vtt
  transcribe export calls/*.json --format csv -o tables/
  transcribe export meeting.json --clean -o for-others.json
"""


@command(
    (DOCUMENTS,),
    output_options(registry.BUILTIN, picture_alone=True),
    Section("Output", CLEAN_OPTION, REPLACE_OPTION),
    LAYOUT_OPTIONS,
    TERMINAL_OPTIONS,
    epilog=EPILOG,
)
def export(documents: tuple[Path, ...], outs: tuple[str, ...], formats: tuple[str, ...], **values: Any) -> int:
    """Write DOCUMENTS (.json files that transcribe wrote) in other formats; edits are in all of them."""
    from .. import output
    from ..runs import OF_ONE_FILE
    from ..screen.showing import failures
    from ..screen.terminal import reporter
    from ..screen.traced import traced

    planned = output.plan(documents, outs, formats, on_stdout="txt", in_folder="srt")
    style = style_of(values)
    screen, failed = reporter(bar=False), 0
    for path, targets in zip(documents, planned, strict=True):
        try:
            _export(path, targets, style, screen, clean=values["clean"], replace=values["replace"])
        except OF_ONE_FILE as error:
            if len(documents) == 1:
                raise
            failed += 1
            screen.problem(traced(str(error)))
    if failed:
        screen.last(failures(failed, len(documents), "files"))
    return 1 if failed else 0


def _export(
    path: Path, targets: Sequence[Target], style: Style, screen: Reporter, *, clean: bool, replace: bool
) -> None:
    """Write one document in all its formats."""
    from ...fusion.document import read_document
    from .. import output
    from ..documents.names import check_edits
    from ..screen.showing import summary

    document = read_document(path)
    check_edits(targets, document, replace=replace)
    document = document.clean() if clean else document
    if document.diarization is None and (
        told := about(click.get_current_context(), OF_CUES, f"for {path}, {NO_SPEAKERS}")
    ):
        screen.note(told)
    output.write_each(
        targets,
        lambda target: _content(document, target, style, path, screen),
        lambda written: screen.wrote(written, summary(document)),
        screen.problem,
    )


def _content(document: Document, target: Target, style: Style, path: Path, screen: Reporter) -> str | bytes:
    """The content of one output; says where it can only be empty."""
    from ..screen.showing import content

    if why := registry.empty(document, target.format):
        screen.note(f"{path} {why}.")
    return content(document, target, _with_sound(document, target, style, path, screen))


def _with_sound(document: Document, target: Target, style: Style, path: Path, screen: Reporter) -> Style:
    """The style, with the recording that lies beside the document, if the target is a page."""
    from ..documents.sound import PAGE, recording_near, sounded

    if target.format != PAGE:  # whole recordings may be read to find the one that was renamed
        return style
    return sounded(style, target, recording_near(path, document.recording), embed=False, on_note=screen.note)
