"""Where MPEG transport streams were joined: FFmpeg follows the streams that it met first, and the others are lost.

A stream's tables are sent again and again: the PAT lists the programmes, and
each one's PMT its streams. A join is where a programme goes on with none of its
streams, or where none of the programmes goes on; a broadcast that only gains or
loses a track is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

_SYNC = 0x47
_SHAPES = ((188, 0), (192, 4), (204, 0))
"""Bytes from one packet to the next, and before the sync byte: plain, with a time stamp (M2TS), with a checksum."""
_PACKETS = 1 << 13
_PAT, _PMT = 0, 2
_MOST_RESYNCS = 10_000


def joins(file: BinaryIO, size: int) -> Iterator[int]:
    """Where in a transport stream another one begins; nothing in any other file."""
    file.seek(0)
    head = file.read(5 * 204)
    shape = next((shape for shape in _SHAPES if _is_aligned(head, *shape)), None)
    if shape is None:
        return
    programmes: dict[int, int] = {}
    streams: dict[int, set[bytes]] = {}
    table = told = 0
    for at, packet in _tables(file, size, *shape):
        pid, section = int.from_bytes(packet[1:3]) & 0x1FFF, packet[5:]
        if pid == 0:
            found = {int.from_bytes(entry[2:4]) & 0x1FFF: entry[1] | entry[0] << 8 for entry in _programmes(section)}
            if programmes and found and not found.items() & programmes.items():
                streams.clear()
                told = at
                yield at
            programmes, table = found or programmes, at
        elif pid in programmes and (now := set(_streams(section))):
            before = streams.get(pid)
            if before and not now & before and table > told:  # a damaged table may contradict the one before it
                streams.clear()
                told = table
                yield table
            streams[pid] = now


def _is_aligned(head: bytes, step: int, offset: int) -> bool:
    syncs = head[offset::step]
    return len(syncs) > 2 and set(syncs) == {_SYNC}  # noqa: PLR2004  (one alone says nothing)


def _tables(file: BinaryIO, size: int, step: int, offset: int) -> Iterator[tuple[int, bytes]]:
    """Packets that begin a PAT or a PMT, with the places where they lie; packets may be aligned anew at a join."""
    at = resyncs = 0
    while at + step <= size and resyncs < _MOST_RESYNCS:
        file.seek(at)
        block = file.read(step * _PACKETS)
        packets = np.frombuffer(block, np.uint8, len(block) // step * step).reshape(-1, step)[:, offset:]
        lost = np.flatnonzero(packets[:, 0] != _SYNC)
        aligned = int(lost[0]) if len(lost) else len(packets)
        pid, kind = (packets[:, 1].astype(int) & 0x1F) << 8 | packets[:, 2], packets[:, 5]
        begins = (packets[:, 1] & 0x40 > 0) & (packets[:, 4] == 0) & (((pid == 0) & (kind == _PAT)) | (kind == _PMT))
        for number in np.flatnonzero(begins[:aligned]):
            yield at + int(number) * step, packets[number].tobytes()
        at += aligned * step
        if len(lost):
            resyncs += 1
            at += _next_sync(block[aligned * step :], step, offset)


def _next_sync(block: bytes, step: int, offset: int) -> int:
    """How far it is to packets that are aligned again; all of the block where there are none."""
    found = block.find(_SYNC, offset + 1)
    while 0 <= found < len(block) - 2 * step:
        if block[found + step] == block[found + 2 * step] == _SYNC:
            return found - offset
        found = block.find(_SYNC, found + 1)
    return max(1, len(block) - 2 * step)


def _programmes(section: bytes) -> Iterator[bytes]:
    """The entries of a PAT: four bytes, number and PID."""
    end = min(len(section), (int.from_bytes(section[1:3]) & 0xFFF) - 1)
    return (section[at : at + 4] for at in range(8, end - 3, 4))


def _streams(section: bytes) -> Iterator[bytes]:
    """The streams of a PMT: kind and PID of each."""
    end = min(len(section), (int.from_bytes(section[1:3]) & 0xFFF) - 1)
    at = 12 + (int.from_bytes(section[10:12]) & 0xFFF)
    while at + 5 <= end:
        yield bytes((section[at], section[at + 1] & 0x1F, section[at + 2]))
        at += 5 + (int.from_bytes(section[at + 3 : at + 5]) & 0xFFF)
