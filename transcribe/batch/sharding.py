"""Which part of a batch this process does, where several share it without talking to each other."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...fusion.errors import OptionError
from .items import Item


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index`, from 0, of `count`; `told` says by whom."""

    index: int = 0
    count: int = 1
    told: str = ""

    @property
    def name(self) -> str:
        """For files' names."""
        return f"{self.index}-of-{self.count}"

    def share(self, items: Sequence[Item]) -> list[Item]:
        """The part's recordings, longest first.

        Everybody deals all of them out alike: the longest to whoever has the least so far, in seconds, then in number.
        """
        loads = [(0.0, 0, index) for index in range(min(self.count, len(items)))]  # none comes to those above
        mine = []
        for item in longest_first(items):
            load, number, index = heapq.heappop(loads)
            heapq.heappush(loads, (load + (item.duration or 0.0), number + 1, index))
            if index == self.index:
                mine.append(item)
        return mine


def longest_first(items: Sequence[Item]) -> list[Item]:
    """The order in which recordings are begun, so that a long one is not the last."""
    return sorted(items, key=lambda item: (-(item.duration or 0.0), item.id))


def shard_of(given: str | None, environment: Mapping[str, str]) -> Shard:
    """The part that was asked for: by ``I/N``, by ``N`` where a cluster tells the rest, or by the cluster alone.

    >>> shard_of("1/4", {}), shard_of(None, {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "10"}).index
    (Shard(index=1, count=4, told=''), 7)

    Raises:
        OptionError: it is no part.
    """
    index, slash, count = (given or "").partition("/")
    if slash:
        return _shard(index, count, f"--shard {given}", "")
    task, completion = environment.get("SLURM_ARRAY_TASK_ID"), environment.get("JOB_COMPLETION_INDEX")
    if task:
        number, first, step = (_number(name, environment.get(name) or usual) for name, usual in _SLURM)
        place = str((number - first) // max(1, step))
        tasks = given or environment.get("SLURM_ARRAY_TASK_COUNT", "")
        if not tasks:
            raise OptionError(f"This is task {task} of a SLURM array, which does not tell its size: give --shard N.")
        return _shard(place, tasks, f"SLURM's task {task} of {tasks}", "SLURM's array")
    if completion:
        if given is None:
            raise OptionError(
                f"This is part {completion} of a Kubernetes job, which does not tell how many there are: "
                "give --shard N."
            )
        return _shard(completion, given, f"Kubernetes' part {completion} of {given}", "Kubernetes' index")
    if given is not None:
        raise OptionError(f"--shard {given!r} must look like I/N, as in 0/4: part I, from 0, of N.")
    return Shard()


_SLURM = (("SLURM_ARRAY_TASK_ID", "0"), ("SLURM_ARRAY_TASK_MIN", "0"), ("SLURM_ARRAY_TASK_STEP", "1"))
_DIGITS = 9
"""No cluster has more parts; Python reads numbers of any length slowly, or not at all."""


def _shard(index: str, count: str, what: str, told: str) -> Shard:
    if not (_is_number(index) and _is_number(count)) or int(count) < 1:
        raise OptionError(f"{what[:60]} is no part of a whole: it must look like --shard I/N, as in 0/4.")
    if int(index) >= int(count):
        raise OptionError(f"{what} is above the count: parts are numbered from 0 to {int(count) - 1}.")
    return Shard(int(index), int(count), told)


def _number(name: str, text: str) -> int:
    if not _is_number(text):
        raise OptionError(f"${name} is {text[:60]!r} and must be a number: give --shard I/N, as in 0/4.")
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS
