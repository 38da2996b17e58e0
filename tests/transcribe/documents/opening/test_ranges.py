"""Ranges as RFC 9110 has them, against a slow reading of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarfuse.transcribe.documents.opening.ranges import parse_range


@pytest.mark.parametrize(
    ("header", "size", "found"),
    [
        (None, 10, None),
        ("bytes=0-", 10, range(10)),
        ("bytes=0-0", 10, range(1)),
        ("bytes=3-5", 10, range(3, 6)),
        ("bytes=3-500", 10, range(3, 10)),
        ("bytes=-3", 10, range(7, 10)),
        ("bytes=-300", 10, range(10)),
        ("bytes=10-", 10, range(0)),
        ("bytes=11-", 10, range(0)),
        ("bytes=11-12", 10, range(0)),
        ("bytes=-0", 10, range(0)),
        ("bytes=0-", 0, range(0)),
        ("bytes=5-3", 10, None),
        ("bytes=-", 10, None),
        ("bytes=0-1,3-4", 10, None),
        ("lines=0-1", 10, None),
        ("bytes=0x0-1", 10, None),
        ("bytes=٣-", 10, None),
        ("bytes=" + "9" * 40 + "-", 10, None),
    ],
)
def test_forms(header: str | None, size: int, found: range | None) -> None:
    assert parse_range(header, size) == found


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 10))
def test_the_bytes_from_first_to_last_that_are_there(first: int, last: int, size: int) -> None:
    wanted = [place for place in range(size) if first <= place <= last]
    found = parse_range(f"bytes={first}-{last}", size)
    assert found is None if last < first else list(found or ()) == wanted
