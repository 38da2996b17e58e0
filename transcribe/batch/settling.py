"""What is asked of a batch, and what of it is done already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from ...exporters import registry
from ...exporters.style import Style
from ...fusion.errors import AudioError, NetworkError
from ...fusion.types import Seconds
from ..options import Setup
from .caches import Cache
from .items import Asked, Item
from .keys import Basis, content_of, style_key
from .parts import Parts
from .places import place_of
from .tree import Failure, Record, Tree, is_json, is_ours

Redo: TypeAlias = Literal["failed", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked of every recording; all that a worker is told besides its recordings.

    out: where results go. asked: of each. setup: what is loaded. words: whether words are recognised, or only turns
    found. formats: besides JSON. style: how they look. keep_voices: also keep what the networks heard.
    redo: do again what failed, or all. replace: write over results that hold names or edits.
    """

    out: str
    asked: Asked
    setup: Setup = field(default_factory=Setup)
    words: bool = True
    formats: tuple[str, ...] = ()
    style: Style = field(default_factory=Style)
    keep_voices: bool = False
    redo: Redo | None = None
    replace: bool = False

    def turns_for(self, items: Sequence[Item]) -> bool:
        """Whether any of the recordings needs the diarizer."""
        wishes = [self.asked.wish, *(self.asked.of(item).wish for item in items if item.asked)]
        return not self.words or any(wish.diarize or wish.channels == "hybrid" for wish in wishes)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a recording.

    state: ``done`` now, ``same`` (it was done before), or ``failed``. duration: of the recording, as far as is known.
    stage, reason: of a failure. spoilt: the files that were there before, and were damaged.
    elsewhere: whether another command or page was at work on the recording as well.
    """

    id: str
    state: Literal["done", "same", "failed"]
    duration: Seconds = 0.0
    stage: str = ""
    reason: str = ""
    spoilt: Sequence[str] = ()
    elsewhere: bool = False


def settle(item: Item, key: str, plan: Plan, tree: Tree) -> Outcome | None:
    """What became of a recording before, where nothing is to be done now; None where there is."""
    if plan.redo == "all":
        return None
    record = tree.record(item.id)
    if record is not None and record.state == "done" and record.key == key and _all_there(item, record, plan, tree):
        return Outcome(item.id, "same", float(record.row.get("duration", 0.0)))
    failure = tree.failure(item.id)
    if plan.redo == "failed" or failure is None or failure.transient or failure.key != key:
        return None
    return Outcome(item.id, "failed", item.duration or 0.0, failure.stage, failure.reason)


def _all_there(item: Item, record: Record, plan: Plan, tree: Tree) -> bool:
    wanted = formats_of(plan)
    return all(record.formats.get(name) == look for name, look in wanted.items()) and all(
        _is_whole(item, f"{item.id}{registry.ending(name)}", record, tree) for name in wanted
    )


def _is_whole(item: Item, file: str, record: Record, tree: Tree) -> bool:
    """Whether a result is there, and holds something if it did; only JSON of another size than it was written is read.

    What is no JSON and of another size may have been edited by hand: what is left of it is not known to be damaged.
    """
    length = tree.place.length(file)
    if length is not None and length == record.sizes.get(file):
        return True  # also where nobody speaks: subtitles of no words are an empty file
    if not length or not file.endswith(".json"):
        return bool(length)
    content = tree.place.read(file) or b""
    return is_ours(content, file) if file == _main(item) else is_json(content)


def _main(item: Item) -> str:
    """The result that all others are made of."""
    return f"{item.id}.json"


def edited(item: Item, tree: Tree) -> dict[str, int]:
    """The results, but for the main one, that a person seems to have edited -> the size that they were written with."""
    record = tree.record(item.id)
    if record is None or record.state != "done":
        return {}
    others = {file: size for file, size in record.sizes.items() if file != _main(item)}
    return {
        file: size
        for file, size in others.items()
        if tree.place.length(file) not in (None, 0, size) and not _is_spoilt(file, record, tree)
    }


def damaged(item: Item, tree: Tree) -> tuple[str, ...]:
    """The results of a recording that were written whole, are there, and are empty or no JSON any more."""
    record = tree.record(item.id)
    if record is None or record.state != "done":
        return ()
    return tuple(file for file in record.sizes if _is_spoilt(file, record, tree))


def _is_spoilt(file: str, record: Record, tree: Tree) -> bool:
    length = tree.place.length(file)
    if length is None or length == record.sizes[file]:
        return False
    return not length or (file.endswith(".json") and not is_json(tree.place.read(file) or b""))


def formats_of(plan: Plan) -> dict[str, str]:
    """Format -> key of how it looks; JSON, of which everything else is made, comes first."""
    looks = style_key(plan.style)
    return {"json": ""} | {name: looks for name in plan.formats if name != "json"}


def put_failure(tree: Tree, item: Item, failure: Failure) -> None:
    """Write a failure, counting the tries of the same work before."""
    before = tree.failure(item.id)
    tries = before.tries if before is not None and before.key == failure.key else 0
    tree.fail(item.id, replace(failure, tries=tries + failure.tries))


def write_lost(plan: Plan, basis: Basis, item: Item, stage: str, reason: str) -> Outcome:
    """Write down that a recording took its worker with it."""
    place, asked = place_of(plan.out), plan.asked.of(item)
    cache = Cache.of(place)
    try:
        key = basis.key(asked, content_of(item, cache))
    except (OSError, AudioError, NetworkError):
        key = ""
    put_failure(Tree(place), item, Failure(key, stage, reason, 1))
    kept = Parts(cache, item).keep(asked.wish, stage)
    return Outcome(item.id, "failed", item.duration or 0.0, stage, f"{reason}{kept}")
