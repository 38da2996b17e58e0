"""A diarizer by its name: a pack of either kind, or a network in a folder or file that its user gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..fusion.errors import OptionError
from ..fusion.types import SpeakerCount

if TYPE_CHECKING:
    from ..fusion.types import Note, Progress
    from .live.feeding import Feeding
    from .models.store import Store
    from .options import Execution, Options
    from .pipeline import Diarizer
    from .sortformer.hybrid import HybridDiarizer
    from .sortformer.pipeline import SortformerDiarizer

    AnyDiarizer: TypeAlias = Diarizer | SortformerDiarizer | HybridDiarizer


_THEIRS = "pyannote/"
"""How the names of pyannote's pipelines begin, which are no folders here."""


def is_place(name: str) -> bool:
    """Whether a diarizer's name is that of a file or folder, and not a pack's."""
    return "/" in name or "\\" in name or name.endswith((".nemo", ".onnx"))


def check(
    name: str, options: Options, store: Store, speakers: SpeakerCount | None = None, labels_from: str | None = None
) -> None:
    """Refuse a diarizer that there is not, before any work.

    Args:
        name: a pack's, or a folder's or file's.
        options: what changes the answer.
        store: where packs are.
        speakers: how many there are.
        labels_from: the network that says who it is where `name` hears speech.

    Raises:
        UnknownNameError: no such pack.
        OptionError: an option of one kind of diarizer for the other, or a number of speakers that it cannot be held to.
        ModelError: the folder or file holds no network that can be used.
    """
    if labels_from is None:
        _check_one(name, options, store, speakers)
        return
    own, others = _parted(options)
    _check_one(labels_from, own, store, speakers)
    _check_one(name, others, store, None)
    if _end_to_end(labels_from, store) is None:
        raise OptionError(f"--labels-from takes an end-to-end network, such as nemotron, and not {labels_from}.")
    if _end_to_end(name, store) is not None:
        raise OptionError(
            f"--labels-from puts labels on the speech of a pack that tells voices apart, and {name} has labels of its "
            "own: leave it out, or name such a pack with --diarizer."
        )


def _parted(options: Options) -> tuple[Options, Options]:
    """What is for the network that says who it is, and what for the pack that hears speech."""
    return (
        replace(options, recipe=None, step=None, threshold=None),
        replace(options, preset=None),
    )


def _check_one(name: str, options: Options, store: Store, speakers: SpeakerCount | None) -> None:
    from .sortformer.asked import held_to, refuse_clustering

    found = _end_to_end(name, store)
    if found is not None:
        refuse_clustering(found[0], options)
        held_to(*found, speakers or SpeakerCount())
        return
    if name != "auto" and name not in store.packs and name not in store.yours:
        if name.strip() and Path(name).is_dir():
            raise OptionError(f"There is no pack {name!r}: for the network in the folder of that name give {name}/.")
        from .models.pack_file import unknown_pack

        raise unknown_pack(name, (*store.names, "auto"))
    if options.preset is not None:
        raise OptionError(
            f"--preset {options.preset} is for a network that hears speakers by itself, and {name} tells voices apart: "
            "name such a network with --diarizer, or leave --preset out."
        )


def _end_to_end(name: str, store: Store) -> tuple[str, int] | None:
    """The name of an end-to-end network, and how many speakers it tells apart."""
    from .models.pack_file import unknown_pack
    from .models.packs import EndToEndPack

    if is_place(name):
        if name.startswith(_THEIRS) and not Path(name).exists():
            raise unknown_pack(name, (*store.names, "auto"))
        from .sortformer.sources import find

        source = find(Path(name))
        return source.kind, source.room.speakers
    pack = store.packs.get(name)
    return (name, pack.speakers) if isinstance(pack, EndToEndPack) else None


def load(
    name: str,
    store: Store,
    *,
    options: Options,
    execution: Execution,
    labels_from: str | None = None,
    on_progress: Progress | None = None,
    on_note: Note | None = None,
) -> AnyDiarizer:
    """The diarizer called `name`, its models fetched first where needed; see `check` for `labels_from`."""
    from .runtime import settled

    execution = settled(execution, on_note)
    if labels_from is not None:
        from .sortformer.hybrid import HybridDiarizer

        own, others = _parted(options)
        labels = _network(labels_from, store, own, execution, on_progress, on_note)
        return HybridDiarizer(_pack(name, store, others, execution, on_progress, on_note), labels)
    one = _pack if _end_to_end(name, store) is None else _network
    return one(name, store, options, execution, on_progress, on_note)


def _network(
    name: str,
    store: Store,
    options: Options,
    execution: Execution,
    on_progress: Progress | None,
    on_note: Note | None,
) -> SortformerDiarizer:
    from .sortformer.pipeline import SortformerDiarizer

    if is_place(name):
        return SortformerDiarizer.from_path(name, options=options, execution=execution, store=store, on_note=on_note)
    return SortformerDiarizer.from_pretrained(
        name, options=options, execution=execution, store=store, on_progress=on_progress, on_note=on_note
    )


def _pack(
    name: str,
    store: Store,
    options: Options,
    execution: Execution,
    on_progress: Progress | None,
    on_note: Note | None,
) -> Diarizer:
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
    from .sortformer.hybrid import HybridDiarizer, LiveHybrid
    from .sortformer.live import LiveSortformer, too_slow
    from .sortformer.pipeline import SortformerDiarizer

    numbers = (speakers or SpeakerCount()).given()
    if isinstance(diarizer, HybridDiarizer):
        return LiveHybrid(diarizer, **numbers, in_memory=in_memory)
    if not isinstance(diarizer, SortformerDiarizer):
        return LiveDiarizer(diarizer, **numbers, in_memory=in_memory)
    if on_note is not None and (sentence := too_slow(diarizer)) is not None:
        on_note(sentence)
    return LiveSortformer(diarizer, **numbers, in_memory=in_memory)
