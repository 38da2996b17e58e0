"""The whole batch: what there is, what is done already, the rest given to workers, and what came of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...exporters import registry
from ...fusion.audio.decode import why_no_sound
from ...fusion.errors import CancelledError, OptionError, UnknownNameError
from ..job import Job
from ..screen.interrupt import ENDS
from ..screen.traced import traced
from .caches import Cache
from .finding import Search, find, with_durations
from .items import Item, check_apart, folded, shown
from .keys import Basis, differing
from .logbook import Logbook, pace
from .places import Bucket, place_of
from .pool import Pool, Stop
from .report import counted, times, told, write_table
from .settling import Outcome, Plan, settle, write_lost
from .sharding import Shard
from .tree import TABLE, Tree

if TYPE_CHECKING:
    from ..options import Setup
    from ..screen.terminal import Reporter

_TOLD = 10
"""So many files that are no recordings are named."""
_WORKER_BYTES = 2.0 * 2**30
"""Bytes that a worker needs, roughly, with models of the usual size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who works.

    workers: how many; 0 is as many as cores. time_limit: how many times its duration a recording may take.
    ray: the address of a Ray whose actors work instead, see `on_ray`.

    Raises:
        OptionError: fewer than no workers.
    """

    workers: int = 0
    time_limit: float = 20.0
    ray: str | None = None

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise OptionError(f"--workers {self.workers} must be 0 (as many as cores) or more.")


def run_batch(search: Search, plan: Plan, crew: Crew, shard: Shard, screen: Reporter) -> int:
    """Do what is missing or changed; the exit code: 0, 1 if a recording failed, 130 if it was stopped.

    Raises:
        DiarfuseError: nothing can be done, or nothing more.
    """
    batch = Batch(plan, shard, screen)
    batch.check()
    items = batch.items(search)
    batch.tree.begin()
    batch.check_folded(items)
    batch.cache.make()
    with batch.logbook.alone():
        return batch.run(items, crew)


@dataclass(slots=True)
class Batch:
    """One part of a batch, and what it has come to."""

    plan: Plan
    shard: Shard
    screen: Reporter
    done: int = 0
    same: int = 0
    failed: int = 0
    finished: int = 0
    total: int = 0
    spoilt: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def tree(self) -> Tree:
        """The results."""
        return Tree(place_of(self.plan.out))

    @property
    def cache(self) -> Cache:
        """What was heard before."""
        return Cache.of(place_of(self.plan.out))

    @property
    def logbook(self) -> Logbook:
        """When what was done."""
        return Logbook(self.cache, self.shard)

    def check(self) -> None:
        """Refuse what cannot be, before anything is looked for.

        Raises:
            DiarfuseError: an option, or the folder of results, is not possible.
        """
        if self.plan.out.strip() in ("", "-"):
            raise OptionError(f"-o {self.plan.out!r} names no folder: give one, for as many results as recordings.")
        if Path(self.plan.out).is_file():
            raise OptionError(f"-o {self.plan.out!r} is a file: give a folder, for as many results as recordings.")
        check_plan(self.plan)
        self.tree.check()

    def items(self, search: Search) -> list[Item]:
        """What there is, with durations; the same for every part.

        Raises:
            DiarfuseError: an input is not there, or ids of a manifest cannot be.
        """
        found = find(search, self.plan.out, self.refused.append)
        check_apart(found, self._endings)
        for item in found:
            _check_asked(self.plan, item)
        return with_durations(found, shared=self.shard.count > 1)

    @property
    def _endings(self) -> dict[str, None]:
        return dict.fromkeys(registry.ending(name) for name in ("json", *self.plan.formats))

    def check_folded(self, items: Sequence[Item]) -> None:
        """Refuse ids that are one name on the disk of the results, as on most of Windows' and Apple's.

        Raises:
            OptionError: two are so.
        """
        if self.tree.folds:
            check_apart(items, self._endings, fold=folded)

    def run(self, items: Sequence[Item], crew: Crew) -> int:
        """Do this part of the items."""
        mine = self.shard.share(items)
        self._tell(mine)
        self.tell_refused()
        if not mine:  # a part of few recordings may have none, and needs no models
            return 1 if self.failed else 0
        dropped = self._here(mine, crew) if crew.ray is None else self._on_ray(mine, crew, crew.ray)
        write_table(self.tree)
        self._tell_end(dropped or (), stopped=dropped is not None)
        return CancelledError.exit_code if dropped is not None else 1 if self.failed else 0

    def _here(self, mine: Sequence[Item], crew: Crew) -> Sequence[str] | None:
        """With worker processes of this machine; what was dropped where somebody stopped it, else None."""
        logbook = self.logbook
        with _stoppable() as stop, ExitStack() as ended:
            workers = workers_for(crew.workers, len(mine), self.plan.setup)
            plan = replace(self.plan, setup=_with_threads(self.plan.setup, workers))
            told = (self.screen.note, self._tell_running)
            pool = Pool(plan, workers, plan.turns_for(mine), crew.time_limit, *told, stop)
            ended.callback(pool.close)
            basis = pool.load()
            todo = [item for item in mine if not self._settled(item, basis)]
            self._tell_changes(todo, basis)
            logbook.begin(mine, todo)
            self.total = len(todo)

            def report(item: Item, outcome: Outcome) -> None:
                logbook.add(item, outcome.state)
                self._count(item, outcome)

            dropped = pool.run(todo, report, partial(write_lost, self.plan, basis))
            return [item.id for item in dropped] if stop.times else None

    def _on_ray(self, mine: Sequence[Item], crew: Crew, address: str) -> Sequence[str] | None:
        """With the actors of a Ray, which find by themselves what is done."""
        from .on_ray import Cluster, run_on_ray

        logbook = self.logbook
        logbook.begin(mine, mine)
        self.total = len(mine)

        def report(item: Item, outcome: Outcome) -> None:
            logbook.add(item, outcome.state)
            self._count(item, outcome)

        cluster = Cluster(
            address=address,
            actors=crew.workers,
            threads=self.plan.setup.execution.threads or 1,
            turns=self.plan.turns_for(mine),
            limit=crew.time_limit,
        )
        try:
            return run_on_ray(self.plan, mine, cluster, report, self.screen.note)
        except KeyboardInterrupt:  # before anything was begun
            return ()

    def _settled(self, item: Item, basis: Basis) -> bool:
        """Whether a recording needs no worker, as far as can be told without reading it."""
        content = self.cache.known(item) if item.on_disk else None
        if content is None:
            return False
        outcome = settle(item, basis.key(self.plan.asked.of(item), content), self.plan, self.tree)
        if outcome is None:
            return False
        if outcome.state == "same":
            self.tree.forgive(item.id)
        self._count(item, outcome)
        return True

    def _count(self, item: Item, outcome: Outcome) -> None:
        if outcome.state == "failed":
            self.failed += 1
            self.screen.problem(traced(f"{item.id} ({outcome.stage}): {outcome.reason}"))
        elif outcome.state == "same":
            self.same += 1
        else:
            self.done += 1
            self.spoilt += outcome.spoilt
            if outcome.elsewhere:
                self.screen.note(f"{item.id} was in work elsewhere as well, by another command or page.")
        if self.total:
            self.finished += 1
            self.screen.on_progress("recordings", self.finished, self.total)

    def _tell(self, mine: Sequence[Item]) -> None:
        seconds = sum(item.duration or 0.0 for item in mine)
        part = f"Part {self.shard.index}/{self.shard.count}: " if self.shard.count > 1 else ""
        by = f" (by {self.shard.told})" if self.shard.told else ""
        self.screen.note(f"{part}{counted(len(mine))}, {told(seconds)}, to {shown(self.plan.out)}{by}.")
        if self.plan.keep_voices:
            self.screen.note(
                f"Voices are kept: {self.cache.root} holds embeddings of everybody who speaks, readable by you alone, "
                "until `transcribe batch clean` removes it."
            )

    def tell_refused(self) -> None:
        """Files whose names no result can bear fail alone; of several parts the first one tells."""
        if self.shard.index == 0:
            self.failed += len(self.refused)
            for why in self.refused:
                self.screen.problem(why)

    def _tell_changes(self, todo: Sequence[Item], basis: Basis) -> None:
        """Say why results that are there are made anew."""
        changed: dict[str, int] = {}
        for item in todo:
            record = self.tree.record(item.id)
            about = basis.about(self.plan.asked.of(item))
            if record is not None and record.state == "done" and record.about != about:
                what = ", ".join(differing(record.about, about)) or "formats"
                changed[what] = changed.get(what, 0) + 1
        for what, count in changed.items():
            self.screen.note(f"{count} of the results that are there: other options ({what}), so they are made anew.")

    def _tell_running(self, running: Sequence[Item]) -> None:
        names = ", ".join(item.id for item in running) or "nothing more"
        self.screen.note(f"Stopping: {names} will be finished; Ctrl-C again drops what is running.")

    def _tell_end(self, dropped: Sequence[str], *, stopped: bool) -> None:
        if self.spoilt:
            more = f" and {len(self.spoilt) - _TOLD} more" if len(self.spoilt) > _TOLD else ""
            names = ", ".join(self.spoilt[:_TOLD])
            self.screen.note(f"Results that were there were empty or cut short, and were made anew: {names}{more}.")
        left = self.total - self.finished
        parts = [
            f"{self.done} done",
            *([f"{self.same} were done before"] if self.same else []),
            f"{self.failed} failed",
        ]
        if stopped:
            names = ", ".join(dropped)
            parts.append(f"dropped: {names}" if names else "what was begun is finished")
        if left:
            parts.append(f"{left} left: give the same command again")
        self.screen.note(f"{'; '.join(parts)}. All in one table: {shown(self.plan.out.rstrip('/'))}/{TABLE}.")


def dry_run(search: Search, plan: Plan, shard: Shard, screen: Reporter) -> int:
    """Say what there is to do, and which files are no recordings; nothing is loaded, heard or written."""
    batch = Batch(plan, shard, screen)
    batch.check()
    whole = shard.share(batch.items(search))
    silent = {item.id: why for item in whole if item.on_disk and (why := _why_silent(item))}
    mine = [item for item in whole if item.id not in silent]
    todo = [item for item in mine if not _probably_done(item, plan, batch)]
    seconds = sum(item.duration or 0.0 for item in todo)
    speed = pace(batch.cache).speed
    eta = f"at the last run's {times(speed)} {told(seconds / speed)}" if speed else "no run has shown the speed yet"
    every = told(sum(item.duration or 0.0 for item in mine))
    batch.tell_refused()
    screen.note(f"{counted(len(mine))}, {every}; {len(todo)} to do, {told(seconds)}: {eta}.")
    if missing := [item.gone for item in todo if item.gone is not None]:
        screen.note(f"Of these {len(missing)} will fail, since there is no such file: the first is {missing[0]!r}.")
    for why in [*silent.values()][:_TOLD]:
        screen.note(why)
    if len(silent) > _TOLD:
        screen.note(f"Nor can {len(silent) - _TOLD} more be read.")
    return 1 if silent or batch.failed else 0


def _why_silent(item: Item) -> str | None:
    return next(filter(None, (why_no_sound(Path(part)) for part in item.parts)), None)


def _probably_done(item: Item, plan: Plan, batch: Batch) -> bool:
    """Whether a result is there that the same models would make."""
    record = batch.tree.record(item.id)
    content = batch.cache.known(item) if item.on_disk else None
    if record is None or content is None:
        return False
    settings = record.about.get("settings", {})
    used = {name: settings[name] for name in ("recogniser", "diarizer") if name in settings}
    program = Job(plan.setup).origin().program
    basis = Basis(program, record.about.get("models", {}), used, plan.setup, plan.words)
    return settle(item, basis.key(plan.asked.of(item), content), plan, batch.tree) is not None


def check_plan(plan: Plan) -> None:
    """Refuse options that do not go together.

    Raises:
        OptionError: two do not, or a format cannot be made.
        UnknownNameError: no such format, recogniser or pack.
    """
    Job(plan.setup).check(plan.asked.wish)
    plan.asked.checked()
    turns = not plan.words or plan.asked.wish.diarize or plan.asked.wish.channels is not None
    for name in plan.formats:
        if name not in registry.names():
            raise UnknownNameError("format", name, registry.names())
        needs = registry.exporter(name).NEEDS
        if needs == "words" and not plan.words:
            raise OptionError(f"{name.upper()} holds words, and --no-words finds none: choose another --format.")
        if needs == "turns" and not turns:
            raise OptionError(f"{name.upper()} holds speaker turns: add --diarize.")
    if not plan.words and plan.asked.wish.channels is not None:
        raise OptionError("--channels is told by words: leave --no-words out, or --channels.")
    if isinstance(place_of(plan.out), Bucket) and plan.out.startswith(("http://", "https://")):
        raise OptionError(
            f"-o {shown(plan.out)!r} cannot be written to: give a folder, or an address such as s3://bucket/path."
        )


def _check_asked(plan: Plan, item: Item) -> None:
    try:
        asked = plan.asked.of(item)
    except OptionError as error:
        raise OptionError(f"{item.where}: {error}") from None
    if not plan.words and asked.wish.channels is not None:
        raise OptionError(f"{item.where}: channels are told by words: leave --no-words out, or channels.")


def workers_for(asked: int, items: int, setup: Setup) -> int:
    """How many workers: as asked; else one a core, as memory allows, or one on a GPU; never more than recordings."""
    from ...diarize.runtime import pick_device
    from ...fusion.watch import usable_cores

    usual = min(usable_cores(), _by_memory()) if pick_device(setup.execution.device) == "cpu" else 1
    return max(1, min(asked or usual, items))


def _by_memory() -> int:
    names = getattr(os, "sysconf_names", {})
    if "SC_AVPHYS_PAGES" not in names:
        return 2
    return max(1, int(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _WORKER_BYTES))


def _with_threads(setup: Setup, workers: int) -> Setup:
    """The setup of one of several workers: with its share of the cores, unless threads were asked for."""
    from ...fusion.watch import usable_cores

    if setup.execution.threads:
        return setup
    threads = max(1, usable_cores() // workers)
    return replace(setup, execution=replace(setup.execution, threads=threads))


@contextmanager
def _stoppable() -> Iterator[Stop]:
    """While SIGINT and what ends a process are wishes; in other threads, and under nohup, they stay as they are."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    heard = [signal.SIGINT, *(number for number in ENDS if signal.getsignal(number) != signal.SIG_IGN)]
    before = {number: signal.signal(number, stop.on_signal) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
