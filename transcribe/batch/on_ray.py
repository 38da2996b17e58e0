"""The same work on a cluster of Ray: its actors hold one worker process each, and do one recording at a time.

The manifest, keys, results and failures are those of `running`: a batch may go
on here that was begun on one machine, and the other way round. Ray gives out
again what a lost node had in hand, and the driver may be started anew: what is
published already is found so by its key.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...fusion.errors import MissingExtraError, NetworkError, OptionError, OutputError
from ...fusion.given import whole_number
from ..screen.interrupt import ENDS, take_for_ctrl_c
from .items import Item
from .pool import Pool, RefusedError, Report
from .settling import Outcome, Plan, write_lost

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...fusion.types import Note

_USAGE = "RAY_USAGE_STATS_ENABLED"
_MOST_BLOCKS = 10_000
_PATIENCE = 5.0
"""Seconds in which whoever listens at an address takes a connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where and how actors work.

    address: of a running Ray (``host:port``, ``auto``), or ``local``: one of this machine, which ends with the run.
    actors: at most; 0 is as many as there are cores for. threads: cores of each. turns: whether they need the
    diarizer. limit: how many times its duration a recording may take.
    """

    address: str
    actors: int
    threads: int
    turns: bool
    limit: float


class Hands:
    """What actors have in hand and what came of the rest, for a driver that is stopped: a Ray actor of its own."""

    def __init__(self) -> None:
        self._held: dict[str, None] = {}
        self._ended: dict[str, str] = {}

    def begin(self, name: str) -> None:
        """A recording is taken up, perhaps again, since a node was lost."""
        self._held[name] = None

    def end(self, name: str, outcome: str) -> None:
        """It is done: its outcome as JSON."""
        self._held.pop(name, None)
        self._ended[name] = outcome

    def told(self) -> tuple[list[str], list[str]]:
        """The ids of those in hand, and the outcomes of those that were."""
        return list(self._held), list(self._ended.values())


class Actor:
    """What a Ray actor does with a row; the worker process below it is the one that a bad recording may take along.

    Args:
        plan: what is asked.
        cluster: how it works.
        folder: where the driver was started, which relative paths are relative to.
        hands: the handle of a `Hands`.
    """

    def __init__(self, plan: Plan, cluster: Cluster, folder: str, hands: Any) -> None:
        self._plan, self._cluster, self._folder, self._hands = plan, cluster, folder, hands
        self._pool: Pool | None = None

    def __call__(self, batch: dict[str, npt.NDArray[Any]]) -> dict[str, list[str]]:
        """Items as JSON in, outcomes as JSON out; a refusal is a row too, since Ray would repeat an error."""
        return {"outcome": [self._one(Item(**json.loads(text))) for text in batch["item"].tolist()]}

    def _one(self, item: Item) -> str:
        self._hands.begin.remote(item.id)
        outcome = json.dumps(self._row(item))
        self._hands.end.remote(item.id, outcome)
        return outcome

    def _row(self, item: Item) -> dict[str, Any]:
        try:
            pool = self._ready()
            found: list[Outcome] = []
            basis = pool.basis or pool.load()
            pool.run(
                [item],
                lambda _, outcome: found.append(outcome),
                lambda lost, stage, reason: write_lost(self._plan, basis, lost, stage, reason),
            )
            return asdict(found[0])
        except RefusedError as error:
            return {"refused": [str(error), error.exit_code]}
        except (OutputError, MemoryError) as error:
            return {"refused": [str(error), 1]}

    def _ready(self) -> Pool:
        if self._pool is None:
            if not Path(self._folder).is_dir():
                raise OutputError(f"{self._folder} is not there on every node: start in a folder that all share.")
            os.chdir(self._folder)
            self._pool = Pool(self._plan, 1, self._cluster.turns, self._cluster.limit)
        return self._pool


def run_on_ray(
    plan: Plan, items: Sequence[Item], cluster: Cluster, report: Report, on_note: Note
) -> Sequence[str] | None:
    """Do the items in this order, on all actors; `report` hears of each as it is done.

    Returns:
        The ids that actors had in hand and dropped where Ctrl-C or SIGTERM stopped it, else None.

    Raises:
        RefusedError: a worker met what every other one would meet.
        MissingExtraError: Ray is not installed.
        NetworkError: there is no Ray at the address.
        OptionError: this machine has no room for an actor.
    """
    gpus = int(plan.setup.execution.device == "cuda")
    with _ray(cluster.address) as ray:
        if lacking := no_room(ray.nodes(), cluster.threads, gpus):
            if cluster.address == "local":
                raise OptionError(f"{lacking}: give fewer --threads, or --device cpu.")
            on_note(f"{lacking}; the batch waits for one.")
        rows = [{"item": json.dumps(asdict(item))} for item in items]
        cores = int(ray.cluster_resources().get("CPU", 1))
        most = min(cluster.actors or max(1, cores // cluster.threads), len(rows))
        setup = replace(plan.setup, execution=replace(plan.setup.execution, threads=cluster.threads))
        hands = ray.remote(num_cpus=0)(Hands).remote()
        done = ray.data.from_items(rows, override_num_blocks=min(len(rows), _MOST_BLOCKS)).map_batches(
            Actor,
            fn_constructor_args=(replace(plan, setup=setup), cluster, str(Path.cwd()), hands),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most, initial_size=most),
            num_cpus=cluster.threads,
            num_gpus=gpus,
            udf_modifying_row_count=False,
        )
        left = {item.id: item for item in items}
        try:
            with _terminable():
                for row in done.iter_rows():
                    _take(row["outcome"], left, report)
        except KeyboardInterrupt:
            held, ended = ray.get(hands.told.remote())
            for outcome in ended:  # published, and on their way to here
                _take(outcome, left, report)
            return [name for name in held if name in left]
    return None


def _take(text: str, left: dict[str, Item], report: Report) -> None:
    """Report an outcome, once."""
    outcome = json.loads(text)
    if "refused" in outcome:
        raise RefusedError(*outcome["refused"])
    if (item := left.pop(outcome["id"], None)) is not None:
        report(item, Outcome(**outcome))


@contextmanager
def _terminable() -> Iterator[None]:
    """While SIGTERM and the like do what Ctrl-C does: Ray's own way is a page of its insides."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in ENDS}
    take_for_ctrl_c()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def no_room(nodes: Sequence[Mapping[str, Any]], cores: int, gpus: int) -> str:
    """Why no node can hold an actor, for which Ray would wait for ever; "" where one can.

    >>> no_room([{"Alive": True, "Resources": {"CPU": 2.0}}], 4, 0)
    'No node of this Ray has 4 cores'
    """
    there = [node["Resources"] for node in nodes if node["Alive"]]
    if any(one.get("CPU", 0) >= cores and one.get("GPU", 0) >= gpus for one in there):
        return ""
    return f"No node of this Ray has {cores} core{'s' * (cores != 1)}{' and a GPU' if gpus else ''}"


def _check(address: str) -> None:
    """Refuse an address where nobody answers at once: Ray would try for minutes.

    Raises:
        OptionError: it is no address.
        NetworkError: nobody answers.
    """
    if address in ("local", "auto"):
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    number = whole_number(port)
    if not host or number is None:
        raise OptionError(f"--ray={address} is no address: give HOST:PORT, or auto, or leave it out for this machine.")
    try:
        socket.create_connection((host, number), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise _unreached(address, str(error)) from error


def _unreached(address: str, why: str) -> NetworkError:
    return NetworkError(f"--ray={address} cannot be reached ({why}): check the address, or start Ray there.")


@contextmanager
def _ray(address: str) -> Iterator[Any]:
    """Ray, connected, saying nothing and reporting nothing; one that was started here is ended."""
    _check(address)
    os.environ[_USAGE] = "0"  # before it starts: it would report to its makers
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("--ray", "ray", "ray") from None
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise _unreached(address, (str(error).strip().splitlines() or [""])[0]) from error
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        context.execution_no_progress_timeout_s = -1  # a recording of eight hours is no hang
        yield ray
    finally:
        ray.shutdown()
