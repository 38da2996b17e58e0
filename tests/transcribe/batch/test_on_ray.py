"""A Ray of this machine with two workers: the same bytes as without it, also where one is killed in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import types
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pytest
import soundfile

from diarfuse.fusion.errors import NetworkError
from diarfuse.transcribe.__main__ import run
from diarfuse.transcribe.batch import on_ray
from diarfuse.transcribe.batch.items import Item
from diarfuse.transcribe.batch.settling import Outcome
from tests.programs import started, with_packages

from .conftest import noise, tree

QUICK = ["batch", "calls", "--asr", "quick", "--offline", "--format", "srt"]
OPTIONS = ["--asr-option", "wait=0.5", "--asr-option", "loud=kill"]

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install '.[ray]'")


def batch_of(folder: Path, *further: str) -> AbstractContextManager[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "diarfuse.transcribe", *QUICK, *OPTIONS, *further]
    return started(command, env=with_packages(folder / "packages"), stderr=subprocess.PIPE, text=True)


def family(pid: int) -> list[int]:
    """A process and all that it started, and these."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [pid, *(one for child in children for one in family(child))]


def actors(pid: int) -> list[int]:
    found = []
    for one in family(pid):
        try:
            title = Path(f"/proc/{one}/cmdline").read_bytes()
        except OSError:
            continue
        found += [one] if title.startswith(b"ray::MapWorker") else []
    return found


@pytest.mark.ray
@needs_ray
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="which processes are Ray's is read from /proc")
def test_the_tree_is_that_of_one_machine_though_an_actor_dies_and_a_file_kills_its_worker(folder: Path) -> None:
    soundfile.write("calls/loud.wav", noise(3, loudness=0.99), 16_000)
    assert run([*QUICK, *OPTIONS, "-o", "one"]) == 1
    with batch_of(folder, "-o", "ray", "--ray", "--workers", "2") as process:
        killed: list[int] = []
        while (len(killed) < 2 or len(list(Path("ray/.batch").rglob("*.json"))) < 1) and process.poll() is None:
            time.sleep(0.01)
            killed = actors(process.pid)
        assert len(killed) == 2
        os.kill(killed[0], signal.SIGKILL)
        said = process.communicate(timeout=300)[1]
    assert process.returncode == 1, said
    assert "loud (recognise): calls/loud.wav: its worker was ended by SIGKILL" in said
    assert "1 failed. All in one table" in said
    assert tree(Path("ray")) == tree(Path("one"))
    assert run([*QUICK, *OPTIONS, "-o", "ray"]) == 1
    assert tree(Path("ray")) == tree(Path("one")), "what was begun on Ray goes on without it"


@pytest.mark.ray
@needs_ray
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="which processes are Ray's is read from /proc")
def test_a_driver_that_was_killed_starts_anew_and_does_only_what_is_left(folder: Path) -> None:
    assert run([*QUICK, *OPTIONS, "-o", "one"]) == 0
    with batch_of(folder, "-o", "ray", "--ray", "--workers", "2") as process:
        while not any('"done"' in path.read_text() for path in Path("ray/.batch").rglob("*.json")):
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        working = actors(process.pid)
        assert len(working) == 2
        process.kill()
        process.communicate()
    while not all(_ended(one) for one in working):
        time.sleep(0.05)  # they end with their driver; Ray's agents, which do nothing more, a minute later
    with batch_of(folder, "-o", "ray", "--ray", "--workers", "2") as process:
        said = process.communicate(timeout=300)[1]
    assert process.returncode == 0, said
    assert re.search(r"[1-6] were done before; 0 failed", said)
    assert tree(Path("ray")) == tree(Path("one"))


@pytest.mark.ray
@needs_ray
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopping_says_which_recordings_the_actors_had_in_hand(folder: Path, stop: signal.Signals) -> None:
    held = ["--asr-option", f"log={folder / 'log'}", "--asr-option", f"gate={folder / 'never'}"]
    with batch_of(folder, "-o", "ray", "--ray", "--workers", "2", *held) as process:
        while not (folder / "log").exists() or len((folder / "log").read_text()) < 2:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        process.send_signal(stop)
        said = process.communicate(timeout=300)[1]
    assert process.returncode == 130, said
    (dropped,) = re.findall(
        r"^0 done; 0 failed; dropped: (\S+), (\S+); 6 left: give the same command again", said, re.MULTILINE
    )
    assert {Path(f"calls/{name}.wav").is_file() for name in dropped} == {True}
    assert not [line for line in said.splitlines() if "Traceback" in line or "SIGTERM" in line]


def _ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
@pytest.mark.usefixtures("folder")
def test_without_ray_the_extra_is_named(capsys: pytest.CaptureFixture) -> None:
    assert run([*QUICK, "-o", "out", "--ray"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "Error: --ray needs ray: pip install 'diarfuse[ray]'"


def test_a_driver_that_stops_takes_what_was_on_its_way_once() -> None:
    hands, told = on_ray.Hands(), list[str]()
    left = {name: Item(name, f"{name}.wav", "calls") for name in ("a", "b", "c")}
    for name in left:
        hands.begin(name)
    hands.end("a", json.dumps(asdict(Outcome("a", "done"))))
    hands.begin("b")  # again, by another node
    held, ended = hands.told()
    for text in (*ended, *ended):
        on_ray._take(text, left, lambda item, outcome: told.append(f"{item.id} {outcome.state}"))
    assert (held, told, list(left)) == (["b", "c"], ["a done"], ["b", "c"])


def test_its_usage_reports_are_off_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    class Ray(types.ModuleType):
        def init(self, **_: object) -> None:
            seen.append(os.environ.get("RAY_USAGE_STATS_ENABLED"))
            raise RuntimeError("no further")

    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    monkeypatch.setitem(sys.modules, "ray", Ray("ray"))
    monkeypatch.setitem(sys.modules, "ray.data", types.ModuleType("ray.data"))
    with pytest.raises(NetworkError, match="--ray=local cannot be reached"), on_ray._ray("local"):
        pass
    assert seen == ["0"]


def test_a_ray_that_can_hold_no_actor_is_not_waited_for(
    folder: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [{"Alive": True, "Resources": {"CPU": 2.0}}, {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 1.0}}]
    assert on_ray.no_room(nodes, 2, 0) == ""
    assert on_ray.no_room(nodes, 1, 1) == "No node of this Ray has 1 core and a GPU"
    monkeypatch.setattr(on_ray, "_ray", lambda _: nullcontext(types.SimpleNamespace(nodes=lambda: nodes)))
    assert run([*QUICK, "-o", "out", "--ray", "--threads", "64"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == "Error: No node of this Ray has 64 cores: give fewer --threads, or --device cpu."
    assert not (folder / "out" / "a0.json").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", "Error: --ray=127.0.0.1:1 cannot be reached"),
        ("ray://127.0.0.1:1", "Error: --ray=ray://127.0.0.1:1 cannot be reached"),
        ("nonsense", "Error: --ray=nonsense is no address: give HOST:PORT"),
        ("127.0.0.1:99999", "Error: --ray=127.0.0.1:99999 cannot be reached"),
    ],
)
def test_an_address_without_a_ray_is_one_sentence(address: str, said: str, capsys: pytest.CaptureFixture) -> None:
    assert run([*QUICK, "-o", "out", f"--ray={address}"]) in (1, 2)
    assert capsys.readouterr().err.splitlines()[-1].startswith(said)
