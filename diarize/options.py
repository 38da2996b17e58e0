"""The two kinds of option, kept apart: what changes the answer, and what only changes the wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from ..fusion.errors import OptionError, UnknownNameError
from ..fusion.given import check_choice, check_flag, check_kind, check_number, short

if TYPE_CHECKING:  # the command line's --help reads the names below, without numpy
    from ..fusion.types import Seconds

Mode: TypeAlias = Literal["exact", "default", "fast"]
Device: TypeAlias = Literal["auto", "cpu", "cuda", "coreml"]
RecipeName: TypeAlias = Literal["community-1", "agglomerative", "speaker-diarization-3.1"]
Preset: TypeAlias = Literal["low", "cpu", "offline"]
LabelOrder: TypeAlias = Literal["appearance", "pyannote"]

_LOADED = "Diarizer.from_pretrained loads one"

WINDOW: Seconds = 10.0
"""Length of the segmentation network's windows."""
SHORTEST_STEP: Seconds = 0.02
"""About a frame of that network, below which windows only cost memory."""
FARTHEST = 2.0
"""Distance that two unit vectors can have at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What changes the answer. None means the pack's own value for the mode in use.

    recipe: how speakers are told apart; None is the pack's own.
    step: hop of the 10 s windows in seconds, from 0.02 to 10.
    threshold: AHC distance (before VBx, where the pack has a PLDA).
    fa, fb: VBx evidence scaling, and speaker penalty at 1 s hop.
    min_duration_on, min_duration_off: turns shorter than this are dropped, gaps
        shorter than this are filled (seconds).
    preset: how much an end-to-end network hears at a time (`diarize.sortformer`); packs have none.
    label_order: ``appearance`` numbers speakers by first word, ``pyannote`` as upstream.
    """

    recipe: RecipeName | None = None
    step: Seconds | None = None
    threshold: float | None = None
    fa: float = 0.07
    fb: float = 0.8
    min_duration_on: Seconds = 0.0
    min_duration_off: Seconds = 0.0
    label_order: LabelOrder = "appearance"
    preset: Preset | None = None

    def __post_init__(self) -> None:
        if self.recipe is not None and self.recipe not in get_args(RecipeName):
            raise UnknownNameError("recipe", self.recipe, get_args(RecipeName))
        if self.preset is not None and self.preset not in get_args(Preset):
            raise UnknownNameError("preset", self.preset, get_args(Preset))
        check_choice(self.label_order, "label_order", get_args(LabelOrder))
        for name in ("step", "threshold", "fa", "fb", "min_duration_on", "min_duration_off"):
            if getattr(self, name) is not None or name not in ("step", "threshold"):
                check_number(getattr(self, name), name)
        self._check_bounds()

    def _check_bounds(self) -> None:
        if self.step is not None and not SHORTEST_STEP <= self.step <= WINDOW:
            raise OptionError(f"step={self.step:g} must be from {SHORTEST_STEP:g} to {WINDOW:g} seconds.")
        if self.threshold is not None and not 0 < self.threshold <= FARTHEST:
            raise OptionError(f"threshold={self.threshold:g} must be above 0 and at most {FARTHEST:g}.")
        for name in ("fa", "fb"):
            if not 0 < getattr(self, name) < float("inf"):
                raise OptionError(f"{name}={getattr(self, name)} must be above 0.")
        for name in ("min_duration_on", "min_duration_off"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise OptionError(f"{name}={getattr(self, name)} must be a number of seconds, 0 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What only changes the wait (``mode`` trades a measured little accuracy; README has the table).

    threads: 0 means all cores. batch: windows a network call; 0 means what is fastest on the device.
    cuda_graph: on an NVIDIA GPU, replay the segmentation's calls as CUDA graphs, which won nothing on an H200.
    """

    mode: Mode = "default"
    device: Device = "auto"
    threads: int = 0
    batch: int = 0
    cuda_graph: bool = False

    def __post_init__(self) -> None:
        for name, known in (("mode", ("exact", "default", "fast")), ("device", ("auto", "cpu", "cuda", "coreml"))):
            check_choice(getattr(self, name), name, known)
        check_flag(self.cuda_graph, "cuda_graph")
        for name in ("threads", "batch"):
            check_number(getattr(self, name), name, whole=True)
            if getattr(self, name) < 0:
                raise OptionError(f"{name}={getattr(self, name)} must be 0 (choose for me) or more.")


def given_options(options: Options | None, execution: Execution | None, of: str = "") -> tuple[Options, Execution]:
    """What was asked for, and the defaults for what was not.

    Args:
        options: what changes the answer.
        execution: what changes the wait.
        of: the pack's name, where it is known already.

    Raises:
        OptionError: one is something else, or has what no pack has.
    """
    check_kind(options, "options", Options, type(None))
    check_kind(execution, "execution", Execution, type(None))
    options = options or Options()
    if of and options.preset is not None:
        raise OptionError(f"preset={options.preset!r} is for a network of its own, and {of} is a pack.")
    return options, execution or Execution()


def check_loaded(value: object, what: str, *needs: str) -> None:
    """Refuse what has not the methods of `what`, which must have been loaded: a name is no pack yet.

    Raises:
        OptionError: it has not.
    """
    if not all(hasattr(value, name) for name in needs):
        raise OptionError(f"{short(value)} is no {what}: {_LOADED}.")
