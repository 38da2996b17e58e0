"""``pack.toml``: a pack as it is written down, ours and those that users add.

::

    name, summary, licence, attribution    text
    recipe             how it is run, a name of diarize.recipes
    auto               its turn when "auto" looks for a pack (left out: never)
    forbids            what the licence does not allow: "export", "serve", "voices"
    [source]           repository and revision, or wheel, python, platform, size; none in a pack that a user added
    [segmentation]     file, and the network it is a checkpoint of
    [embedding]        file and network ("onnx": a graph already), front_end, dimension; stride, longest and
                       at_changes where masks pool from a trunk; output and bands_first of a graph
    [distances]        alone, before_vbx, plainly, and their basis; bands where mean voices were measured
    [plda]             transform and plda
    [[files]]          path, size, sha256, and member where the source has another name for it

The segmentation is always a checkpoint of a network that is built here. A pack of one end-to-end
network has, in the place of all tables but the first and the last::

    [network]          file, the network it is a checkpoint of, and how many speakers it tells apart

and its files may lack size and sha256: what is first fetched is then trusted (`end_to_end.first_use`).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from ...fusion.errors import CorruptModelError, UnknownNameError
from ..options import RecipeName
from .packs import (
    READY,
    Basis,
    ClusteringPack,
    Cut,
    Distances,
    EmbeddingNetwork,
    EndToEndPack,
    FrontEndName,
    HubSource,
    Network,
    Pack,
    PackFile,
    Use,
    WheelSource,
)

FILE_NAME = "pack.toml"
SEGMENTATIONS, EMBEDDINGS = ("pyannet",), ("resnet34", "campplus", READY)
END_TO_END = ("end_to_end.nemotron", "end_to_end.sortformer")
"""The networks that this folder has modules for."""
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_OF_VERSION_3 = "speaker-diarization-3"
_STEPS_OF_VERSION_3 = "for that one's steps take community-1 with the recipe speaker-diarization-3.1"
_LARGEST = 64 << 10
_MAX_FILES = 64
_MAX_BYTES = 4 << 30
_MAX_DIMENSION = 8192
_MAX_SPEAKERS = 64

Value = TypeVar("Value")


def read_pack(path: Path) -> Pack:
    """The pack that a ``pack.toml`` describes.

    Raises:
        CorruptModelError: it is not there, not TOML, or something in it is missing, unknown or impossible.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise CorruptModelError(f"{path} has more than {_LARGEST} bytes: it is no pack's description.")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CorruptModelError(f"{path} cannot be read ({error}): add the pack again, or mend the file.") from error
    table = _Table(str(path), values)
    pack = _pack(table)
    table.end()
    return pack


def write_pack(pack: ClusteringPack) -> str:
    """`pack` as TOML; `read_pack` gives it back."""
    lines = [_line(key, getattr(pack, key)) for key in ("name", "summary", "licence", "attribution", "recipe")]
    lines += [_line("forbids", sorted(pack.forbids))] if pack.forbids else []
    embedding, distances = pack.embedding, pack.distances
    tables: dict[str, dict[str, Any]] = {
        "segmentation": {"file": pack.segmentation.file, "network": pack.segmentation.builder},
        "embedding": {
            "file": embedding.file,
            "network": embedding.builder,
            "front_end": embedding.front_end,
            "dimension": embedding.dimension,
            "output": embedding.output,
            "bands_first": embedding.bands_first,
        },
        "distances": {"alone": distances.alone, "before_vbx": distances.before_vbx, "basis": distances.basis}
        | ({"bands": distances.bands} if distances.bands else {})
        | ({"plainly": distances.plainly} if distances.plainly else {}),
    }
    for name, values in tables.items():
        lines += ["", f"[{name}]", *(_line(key, value) for key, value in values.items())]
    for file in pack.files:
        lines += ["", "[[files]]", _line("path", file.path), _line("size", file.size), _line("sha256", file.sha256)]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any) -> str:
    """One TOML assignment; JSON's strings, numbers, booleans and lists are TOML's, but for the DEL character."""
    return f"{key} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")


def _pack(table: _Table) -> Pack:
    whole = "network" in table.values
    files = tuple(_file(each, known=not whole) for each in table.tables("files", _MAX_FILES))
    paths = [file.path for file in files]
    if len(set(paths)) < len(paths):
        raise table.wrong("files", "names a path twice")
    name = table.text("name")
    if not NAME.fullmatch(name):
        raise table.wrong("name", "must be small letters, digits, dots and dashes, at most 40")
    common: dict[str, Any] = {
        "name": name,
        "summary": table.text("summary"),
        "source": _source(table.table("source")) if "source" in table.values else None,
        "files": files,
        "licence": table.text("licence"),
        "attribution": table.text("attribution"),
        "forbids": frozenset(table.some_of("forbids", get_args(Use))) if "forbids" in table.values else frozenset(),
    }
    return _end_to_end(table.table("network"), paths, common) if whole else _clustering(table, paths, common)


def _clustering(table: _Table, paths: Sequence[str], common: Mapping[str, Any]) -> ClusteringPack:
    return ClusteringPack(
        **common,
        segmentation=_network(table.table("segmentation"), paths),
        embedding=_embedding(table.table("embedding"), paths),
        recipe=table.one_of("recipe", get_args(RecipeName)),
        distances=_distances(table.table("distances")),
        plda=_plda(table.table("plda"), paths) if "plda" in table.values else None,
        auto=table.whole("auto", 1, 99) if "auto" in table.values else None,
    )


def _end_to_end(table: _Table, paths: Sequence[str], common: Mapping[str, Any]) -> EndToEndPack:
    with table:
        network = Network(table.one_of("file", paths), table.one_of("network", END_TO_END))
        return EndToEndPack(**common, network=network, speakers=table.whole("speakers", 1, _MAX_SPEAKERS))


def _source(table: _Table) -> HubSource | WheelSource:
    with table:
        if "wheel" in table.values:
            requirement, size = table.text("wheel"), table.whole("size", 1, _MAX_BYTES)
            return WheelSource(requirement, table.text("python"), table.text("platform"), size)
        return HubSource(table.text("repository"), table.text("revision"))


def _network(table: _Table, paths: Sequence[str]) -> Network:
    with table:
        return Network(table.one_of("file", paths), table.one_of("network", SEGMENTATIONS))


def _embedding(table: _Table, paths: Sequence[str]) -> EmbeddingNetwork:
    with table:
        ready = table.one_of("network", EMBEDDINGS) == READY
        common: dict[str, Any] = {
            "file": table.one_of("file", paths),
            "builder": table.one_of("network", EMBEDDINGS),
            "front_end": table.one_of("front_end", get_args(FrontEndName)),
            "dimension": table.whole("dimension", 1, _MAX_DIMENSION),
        }
        if ready:
            return EmbeddingNetwork(**common, output=table.text("output"), bands_first=table.flag("bands_first"))
        cut = Cut(table.number("longest", 0.5, 600), table.flag("at_changes"))
        return EmbeddingNetwork(**common, stride=table.whole("stride", 1, 64), cut=cut)


def _distances(table: _Table) -> Distances:
    with table:
        basis = table.one_of("basis", get_args(Basis))
        alone = table.number("alone", 1e-6, 2)
        bands = table.one_of("bands", EMBEDDINGS[:-1]) if "bands" in table.values else ""
        plainly = table.number("plainly", 1e-6, 2) if "plainly" in table.values else None
        before_vbx = table.number("before_vbx", 1e-6, 2) if "before_vbx" in table.values else 0.6
        return Distances(alone, before_vbx, basis, bands, plainly)


def _plda(table: _Table, paths: Sequence[str]) -> tuple[str, str]:
    with table:
        return table.one_of("transform", paths), table.one_of("plda", paths)


def _file(table: _Table, *, known: bool) -> PackFile:
    with table:
        path = table.text("path")
        unknown = not known and not {"size", "sha256"} & table.values.keys()
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or re.search(r"[\\:\0]", path) or path == FILE_NAME:
            raise table.wrong("path", "must lie inside the pack's folder")
        member = table.text("member") if "member" in table.values else ""
        if unknown:
            return PackFile(path, 0, "", member)
        sha256 = table.text("sha256")
        if not re.fullmatch("[0-9a-f]{64}", sha256):
            raise table.wrong("sha256", "must be 64 hexadecimal digits")
        return PackFile(path, table.whole("size", 1, _MAX_BYTES), sha256, member)


@dataclass(slots=True)
class _Table:
    """A table whose values are looked up by the kind they must have; errors name the file and the key.

    As a context it refuses, at its end, keys that nobody looked up.
    """

    where: str
    values: Mapping[str, Any]
    used: set[str] = field(default_factory=set)

    def __enter__(self) -> None:
        """Begin looking values up."""

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.end()

    def end(self) -> None:
        """Refuse keys that mean nothing here."""
        for key in self.values:
            if key not in self.used:
                raise self.wrong(key, "means nothing here")

    def wrong(self, key: str, what: str) -> CorruptModelError:
        """`key` and its value, and what is wrong with them."""
        value = f"={self.values[key]!r:.60}" if key in self.values else ""
        return CorruptModelError(f"{self.where}: {key}{value} {what}; mend the file, or add the pack again.")

    def get(self, key: str, kind: type[Value] | tuple[type[Value], ...], what: str) -> Value:
        """The value of `key`, which must be there and of that kind."""
        self.used.add(key)
        value = self.values.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(key, f"must be {what}")
        return value

    def text(self, key: str) -> str:
        """Printable text on one line, not empty."""
        value = self.get(key, str, "text")
        if not value or not value.isprintable():
            raise self.wrong(key, "must be text on one line")
        return value

    def flag(self, key: str) -> bool:
        """A truth value."""
        return self.get(key, bool, "true or false")

    def number(self, key: str, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        value = float(self.get(key, (int, float), "a number"))
        if not low <= value <= high:
            raise self.wrong(key, f"must lie between {low:g} and {high:g}")
        return value

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self.get(key, int, "a whole number")
        if not low <= value <= high:
            raise self.wrong(key, f"must lie between {low} and {high}")
        return value

    def one_of(self, key: str, known: Sequence[Any]) -> Any:
        """One of some texts."""
        value = self.text(key)
        if value not in known:
            raise self.wrong(key, f"must be one of {', '.join(known)}")
        return value

    def some_of(self, key: str, known: Sequence[Any]) -> list[Any]:
        """A list of some of some texts."""
        values = self.get(key, list, "a list")
        if any(value not in known for value in values):
            raise self.wrong(key, f"must be a list of some of {', '.join(known)}")
        return values

    def table(self, key: str) -> _Table:
        """A table below this one."""
        return _Table(f"{self.where} [{key}]", self.get(key, dict, "a table"))

    def tables(self, key: str, most: int) -> list[_Table]:
        """Tables below this one, at least one and at most `most`."""
        found = self.get(key, list, "a list of tables")
        if not 1 <= len(found) <= most or not all(isinstance(each, dict) for each in found):
            raise self.wrong(key, f"must be 1 to {most} tables")
        return [_Table(f"{self.where} [[{key}]]", each) for each in found]


def _pinned() -> tuple[Pack, ...]:
    """The packs that come with the program, in the order in which ``auto`` prefers them."""
    packs = [read_pack(path) for path in (Path(__file__).parent / "pinned").glob(f"*/{FILE_NAME}")]
    return tuple(sorted(packs, key=lambda pack: (pack.auto is None, pack.auto or 0, pack.name)))


PINNED: Mapping[str, Pack] = MappingProxyType({pack.name: pack for pack in _pinned()})
"""The packs that come with the program, by name; first those that ``auto`` looks for, in its order."""
PACKS: Mapping[str, ClusteringPack] = MappingProxyType(
    {name: pack for name, pack in PINNED.items() if isinstance(pack, ClusteringPack)}
)
"""Those of them that tell voices apart."""


def unknown_pack(name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a pack that there is not; of a pipeline of pyannote.audio 3 it says what does its steps here."""
    theirs = isinstance(name, str) and _OF_VERSION_3 in name
    return UnknownNameError("diarization pack", name, known, _STEPS_OF_VERSION_3 if theirs else "")
