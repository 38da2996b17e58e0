"""Forms that no client of ours sends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from starlette.exceptions import HTTPException

from diarfuse.transcribe.serving import forms
from diarfuse.transcribe.serving.limits import Limits
from diarfuse.transcribe.serving.uploads import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.mark.parametrize("header", [b"X: %b\r\n", b"%b: x\r\n", b'Content-Disposition: form-data; name="%b"\r\n'])
def test_a_part_whose_headers_never_end_is_refused_at_once(header: bytes, tmp_path: Path) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        before, after = header.split(b"%b")
        yield b"--B\r\n" + before
        for _ in range(100):
            sent += 4000
            yield b"a" * 4000
        yield after + b"\r\n--B--\r\n"

    with pytest.raises(HTTPException) as refused:
        asyncio.run(forms.read_form(body(), "multipart/form-data; boundary=B", Upload(tmp_path), Limits()))
    assert refused.value.status_code == 400
    assert sent <= forms.MAX_HEADER_BYTES + 8000
