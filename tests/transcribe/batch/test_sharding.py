"""Parts of a batch: each recording is of exactly one, whoever counts, and no part has much more than another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.fusion.errors import OptionError
from diarfuse.transcribe.batch.items import Item
from diarfuse.transcribe.batch.sharding import Shard, longest_first, shard_of


@given(st.lists(st.floats(0, 1e5)), st.integers(1, 7), st.randoms())
def test_every_recording_is_of_one_part_whatever_the_order(durations: list[float], count: int, random) -> None:
    items = [Item(str(number), "", "", seconds) for number, seconds in enumerate(durations)]
    shuffled = random.sample(items, len(items))
    parts = [Shard(index, count).share(items) for index in range(count)]
    assert sorted(item.id for part in parts for item in part) == sorted(item.id for item in items)
    assert [Shard(index, count).share(shuffled) for index in range(count)] == parts
    loads = [sum(item.duration or 0.0 for item in part) for part in parts]
    assert max(loads) - min(loads) <= max(durations, default=0.0) + 1e-6
    assert all(part == longest_first(part) for part in parts)


@pytest.mark.parametrize(
    ("given", "environment", "part"),
    [
        (None, {}, (0, 1)),
        ("2/3", {}, (2, 3)),
        ("2/3", {"SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "9"}, (2, 3)),
        (None, {"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_COUNT": "9"}, (4, 9)),
        (None, {"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1"}, (3, 4)),
        (
            None,
            {
                "SLURM_ARRAY_TASK_ID": "15",
                "SLURM_ARRAY_TASK_COUNT": "4",
                "SLURM_ARRAY_TASK_MIN": "5",
                "SLURM_ARRAY_TASK_STEP": "5",
            },
            (2, 4),
        ),
        ("8", {"JOB_COMPLETION_INDEX": "7"}, (7, 8)),
        (None, {"SLURM_ARRAY_TASK_ID": "", "JOB_COMPLETION_INDEX": ""}, (0, 1)),
    ],
)
def test_clusters_tell_which_part(given: str | None, environment: dict[str, str], part: tuple[int, int]) -> None:
    found = shard_of(given, environment)
    assert (found.index, found.count) == part


@pytest.mark.parametrize(
    ("given", "environment"),
    [
        ("3/3", {}),
        ("-1/3", {}),
        ("0/0", {}),
        ("a/b", {}),
        ("4", {}),
        ("", {}),
        ("²/3", {}),
        (None, {"JOB_COMPLETION_INDEX": "0"}),
        ("2", {"JOB_COMPLETION_INDEX": "2"}),
        (None, {"SLURM_ARRAY_TASK_ID": "1"}),
        (None, {"SLURM_ARRAY_TASK_ID": "one", "SLURM_ARRAY_TASK_COUNT": "4"}),
        (None, {"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "x"}),
        (None, {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "3"}),
        ("0/" + "9" * 5000, {}),
        ("9" * 5000 + "/9", {}),
    ],
)
def test_what_is_no_part_is_refused(given: str | None, environment: dict[str, str]) -> None:
    with pytest.raises(OptionError):
        shard_of(given, environment)


def test_more_parts_than_recordings_cost_nothing_and_unknown_lengths_are_dealt_out_by_number() -> None:
    items = [Item(name, name, name) for name in "abcde"]
    assert [len(Shard(part, 2).share(items)) for part in range(2)] == [3, 2]
    assert Shard(999_999_998, 999_999_999).share(items) == []
