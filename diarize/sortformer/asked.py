"""What may be asked of an end-to-end network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fusion.errors import OptionError

if TYPE_CHECKING:
    from ...fusion.types import SpeakerCount
    from ..options import Options

_CLUSTERING = ("recipe", "step", "threshold")


def refuse_clustering(name: str, options: Options) -> None:
    """Refuse options of packs that cluster voices.

    Raises:
        OptionError: one was given.
    """
    for option in _CLUSTERING:
        if (value := getattr(options, option)) is not None:
            raise OptionError(f"{option}={value!r} is for packs that tell voices apart, and {name} clusters none.")


def held_to(name: str, most: int, bounds: SpeakerCount) -> None:
    """Refuse a number of speakers that the network cannot be held to: it counts them by itself, up to `most`.

    Raises:
        OptionError: it has not so many, or would have to be told how many there are.
    """
    if bounds.low > most:
        raise OptionError(
            f"{name} tells at most {most} speakers apart, not {bounds.low}: take a pack that tells voices apart "
            "(--diarizer auto)."
        )
    if bounds.high is not None and bounds.high < most:
        raise OptionError(
            f"{name} counts the speakers by itself, up to {most}, and cannot be held to {bounds.high}: "
            "leave the number out, or take a pack that tells voices apart (--diarizer auto)."
        )
