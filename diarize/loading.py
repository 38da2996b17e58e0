"""A diarizer by its name: a pack, or a network of its own in a folder or file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..fusion.errors import OptionError, UnknownNameError
from ..fusion.types import SpeakerCount

if TYPE_CHECKING:
    from ..fusion.types import Note, Progress
    from .live.feeding import Feeding
    from .models.store import Store
    from .options import Execution, Options
    from .pipeline import Diarizer
    from .sortformer.pipeline import SortformerDiarizer

    AnyDiarizer: TypeAlias = Diarizer | SortformerDiarizer


def is_place(name: str) -> bool:
    """Whether a diarizer's name is that of a file or folder, and not a pack's."""
    return "/" in name or "\\" in name or name.endswith(".nemo")


def check(name: str, options: Options, store: Store) -> None:
    """Refuse a diarizer that there is not, before any work.

    Raises:
        UnknownNameError: no such pack.
        OptionError: an option of one kind of diarizer for the other.
        ModelError: the folder or file holds no network that can be used.
    """
    if is_place(name):
        from .sortformer.sources import find

        find(Path(name))
        return
    known = (*store.names, "auto")
    if name not in known:
        if Path(name).is_dir():
            raise OptionError(f"There is no pack {name!r}: for the network in the folder of that name give {name}/.")
        raise UnknownNameError("diarization pack", name, known)
    if options.preset is not None:
        raise OptionError(
            f"--preset {options.preset} is for a network that hears speakers by itself, and {name} is a pack: "
            "give such a network's folder with --diarizer, or leave --preset out."
        )


def load(
    name: str,
    store: Store,
    *,
    options: Options,
    execution: Execution,
    on_progress: Progress | None = None,
    on_note: Note | None = None,
) -> AnyDiarizer:
    """The diarizer called `name`, its models fetched first where needed."""
    if is_place(name):
        from .sortformer.pipeline import SortformerDiarizer

        return SortformerDiarizer.from_path(name, options=options, execution=execution, store=store, on_note=on_note)
    models = store.load(name, on_progress=on_progress, on_note=on_note)
    from .pipeline import Diarizer  # half a second of scipy, wasted where there is no model

    return Diarizer(models, options=options, execution=execution)


def live_of(
    diarizer: AnyDiarizer, speakers: SpeakerCount | None = None, *, in_memory: bool = False, on_note: Note | None = None
) -> Feeding:
    """What hears a recording as it comes with `diarizer`.

    Args:
        diarizer: a loaded one.
        speakers: how many there are.
        in_memory: nothing of the audio on a disk.
        on_note: hears whether this machine is too slow for it.
    """
    from .live import LiveDiarizer
    from .sortformer.live import LiveSortformer, too_slow
    from .sortformer.pipeline import SortformerDiarizer

    numbers = (speakers or SpeakerCount()).given()
    if not isinstance(diarizer, SortformerDiarizer):
        return LiveDiarizer(diarizer, **numbers, in_memory=in_memory)
    if on_note is not None and (sentence := too_slow(diarizer)) is not None:
        on_note(sentence)
    return LiveSortformer(diarizer, **numbers, in_memory=in_memory)
