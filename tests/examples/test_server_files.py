"""examples/server: every command in the files is read from them and run, in a fresh environment below a folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from tests.programs import started

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "examples" / "server"
TOKEN = "a-token-of-this-test"  # noqa: S105 - nobody's


@dataclass
class Image:
    """A Dockerfile's instructions, with its absolute paths moved below `root`."""

    root: Path
    runs: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    health: str = ""
    start: list[str] = field(default_factory=list)

    def moved(self, text: str) -> str:
        return re.sub(r"(?<![\w.:/])/(opt/diarfuse|models)", rf"{self.root}/\1", text)

    @classmethod
    def read(cls, path: Path, root: Path) -> Image:
        image = cls(root)
        for line in path.read_text(encoding="utf-8").splitlines():
            word, _, rest = line.partition(" ")
            if word == "RUN":
                image.runs.append(image.moved(rest))
            elif word == "ENV":
                name, _, value = rest.partition("=")
                image.environment[name] = re.sub(r"(^|:)/(opt/diarfuse|models)", rf"\1{root}/\2", value)
            elif word == "USER":
                image.user = rest
            elif word == "HEALTHCHECK":
                image.health = rest.partition("CMD ")[2]
            elif word in ("ENTRYPOINT", "CMD"):
                image.start += json.loads(rest)
        return image


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@contextmanager
def serving(command: list[str], environment: dict[str, str], port: str) -> Iterator[None]:
    with (
        tempfile.TemporaryFile("w+") as log,
        started(command, env=environment, cwd="/", stderr=log) as process,
    ):
        try:
            until_it_answers(port, process, log)
            yield
        finally:
            process.terminate()
            assert process.wait(60) in (0, -signal.SIGTERM)  # both are clean ends to systemd and Docker


def until_it_answers(port: str, process: subprocess.Popen[bytes], log: IO[str]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            log.seek(0)
            pytest.fail(log.read())
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("no answer within a minute")


@pytest.fixture(scope="module")
def image(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image's file system, made by the Dockerfile's own commands; the checkout is where the wheel was built."""
    root = tmp_path_factory.mktemp("image")
    found = Image.read(SERVER / "Dockerfile", root)
    assert found.runs
    for command in found.runs:
        (root / "opt").mkdir(exist_ok=True)
        if "install -d" in command and os.geteuid() != 0:
            command = re.sub(r"-[og] \d+ ", "", command)  # noqa: PLW2901 - only root may give files away
        subprocess.run(command, shell=True, cwd=wheel.parent.parent, check=True, timeout=600)  # noqa: S602 - the file's own
    return found


def test_the_image_serves_as_nobody_in_particular_and_is_healthy(image: Image) -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", image.user)
    port = free_port()
    command = [port if part == "8000" else part for part in image.start]
    environment = image.environment | {"DIARFUSE_SERVER_TOKEN": TOKEN}
    with serving([str(image.root / "opt/diarfuse/bin" / command[0]), *command[1:]], environment, port):
        health = shlex.split(image.health.replace("8000", port))
        subprocess.run(health, env=environment, check=True, timeout=600)
        assert models(port) == 200
        with pytest.raises(urllib.error.HTTPError, match="401"):
            models(port, token="wrong")  # noqa: S106


def test_the_unit_serves(image: Image, tmp_path: Path) -> None:
    unit = (SERVER / "diarfuse.service").read_text(encoding="utf-8")
    (tmp_path / "token").write_text(TOKEN, encoding="ascii")
    (tmp_path / "token").chmod(0o600)
    assert "LoadCredential=token:" in unit
    values = {"%d": str(tmp_path), "%C": str(tmp_path), "/opt/diarfuse": str(image.root / "opt/diarfuse")}
    for name, value in values.items():
        unit = unit.replace(name, value)
    port = free_port()
    (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    (given,) = re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)
    environment = dict(pair.split("=", 1) for pair in given.split())
    with serving(shlex.split(command.replace("8000", port)), environment, port):
        assert models(port) == 200


def models(port: str, token: str = TOKEN) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/models", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - of this machine
        return int(answer.status)
