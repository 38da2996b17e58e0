"""How a document is to look, for the formats that leave a choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from ..fusion.errors import OptionError
from ..fusion.given import check_choice, check_flag, check_kind, is_number, short
from ..fusion.layout import Layout
from .templates import Template

Cues: TypeAlias = Literal["readable", "segments"]


@dataclass(frozen=True, slots=True)
class Audio:
    """Where a page finds the recording: at an `address` beside it, or in itself, as `data` of a `media_type`."""

    address: str = ""
    data: bytes = b""
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a reader may choose; a format takes what concerns it.

    cues: of a document with turns, cues cut and timed to be read, or one for each of the recogniser's segments.
    layout: of readable cues; None is `fusion.cues.DEFAULT`.
    highlight_words: show each word as it is said, in readable cues of formats that can.
    template: of a turn in plain text, as `exporters.templates.parse_template` reads it; None is ``{speaker}: {text}``
        with a blank line after it.
    form: a document for Word that is to be filled; one that `word_templates.check_form` has checked.
    times: say when each turn begins, in documents that are read.
    pauses: mark silences of so many seconds or more, in texts that are read; None marks none.
    overlaps: mark there what is said while somebody else speaks.
    audio: what a page plays; None is a page without sound.

    Raises:
        OptionError: a value of another kind.
    """

    cues: Cues = "readable"
    layout: Layout | None = None
    highlight_words: bool = False
    template: Template | None = None
    form: bytes | None = None
    times: bool = True
    pauses: int | None = None
    overlaps: bool = False
    audio: Audio | None = None

    def __post_init__(self) -> None:
        check_choice(self.cues, "cues", get_args(Cues))
        for name in ("highlight_words", "times", "overlaps"):
            check_flag(getattr(self, name), name)
        if self.pauses is not None and (not is_number(self.pauses, whole=True) or self.pauses < 1):
            raise OptionError(f"pauses={short(self.pauses)} must be a whole number of seconds from 1, or None.")
        kinds = {"layout": Layout, "template": Template, "form": bytes, "audio": Audio}
        for name, kind in kinds.items():
            check_kind(getattr(self, name), name, kind, type(None))


DEFAULT = Style()
