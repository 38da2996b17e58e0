"""Many files by `transcribe diarize`, `transcribe batch` and the queue, against one by one; memory; and killed runs.

    python -m benchmarks.batch ../shared/audio/sim --files 200 --option=--diarizer=campplus --option=--offline
    python -m benchmarks.batch ../shared/audio/sim --files 200 --shortest 5 --longest 30 --option=--diarizer=campplus
    python -m benchmarks.batch ../shared/audio/sim --shortest 5 --longest 30 --words --no-kills --option=--offline

The files are cut from the folder's recordings, and may overlap. A command a file
is what a loop of a shell does, with the first fifth of the files, times five. One
by one is a program that loads the models once and takes every core for each file;
`transcribe diarize` of all of them has several in work at once. With `--words`
all of them recognise the words as well, and `transcribe --diarize` stands in the
place of `transcribe diarize`. With `--ray` the
batch runs on a Ray of this machine as well, timed from when `ray.init` has
returned to the end of the process. Then the batch runs again and is killed with
SIGKILL at 30, 60 and 90 % of the files, goes on each time, and each tree is
compared with that of the undisturbed run, byte for byte.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.machine import describe, usable_cores
from benchmarks.scoring import find_audio
from benchmarks.speed import check
from diarfuse.fusion.audio import load_audio
from diarfuse.fusion.types import SAMPLE_RATE, Seconds

CLI = (sys.executable, "-m", "diarfuse")
POLL = 0.2
HEAD = "| how | seconds | x realtime | cores busy | peak MB, first half | second half |\n|" + "---|" * 6
ONE_BY_ONE = """
import sys
from pathlib import Path
from diarfuse import Diarizer, Execution
diarizer = Diarizer.from_pretrained(sys.argv[1], execution=Execution(device=sys.argv[3]))
for path in sorted(Path(sys.argv[2]).iterdir()):
    diarizer.diarize(path)
"""
QUEUE = """
import sys
from pathlib import Path
from diarfuse import Diarizer, Execution
from diarfuse.diarize.queue import DiarizationQueue
with DiarizationQueue(Diarizer.from_pretrained(sys.argv[1], execution=Execution(device=sys.argv[3]))) as queue:
    for path in sorted(Path(sys.argv[2]).iterdir()):
        queue.push(path.name, path)
    queue.close()
    for done in queue:
        done.get()
"""

WORDS_ONE_BY_ONE = """
import sys
from pathlib import Path
from diarfuse import Execution, Job, JobOptions
job = Job(JobOptions(diarize=True, diarizer=sys.argv[1], execution=Execution(device=sys.argv[3]), offline=True))
for path in sorted(Path(sys.argv[2]).iterdir()):
    job.transcribe(path)
"""
WORDS_QUEUE = """
import sys
from pathlib import Path
from diarfuse import Execution, Job, JobOptions
job = Job(JobOptions(diarize=True, diarizer=sys.argv[1], execution=Execution(device=sys.argv[3]), offline=True))
with job.queue(capacity=1000) as queue:
    for path in sorted(Path(sys.argv[2]).iterdir()):
        queue.push(path.name, path)
    queue.close()
    for done in queue:
        done.get()
"""
A_COMMAND_A_FILE = """
for path in "${@:3}"; do "$0" -m diarfuse $1 "$path" -o "$2" || exit; done
"""
ON_RAY = """
import sys, time
from pathlib import Path
import ray
from diarfuse.transcribe.__main__ import run
def init(*given, start=ray.init, **named):
    found = start(*given, **named)
    Path(sys.argv[1]).write_text(str(time.monotonic()))
    return found
ray.init = init
sys.exit(run(sys.argv[2:]))
"""
LOOP, SHARE = "a command a file", 5
"""Tried on one file of so many."""


def main() -> None:
    """Cut, run, kill, and print the tables."""
    arguments = _parse()
    check(arguments.device)
    arguments.option += [f"--device={arguments.device}", "--diarize" if arguments.words else "--no-words"]
    print(describe())
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        clips = Path(scratch, "clips")
        seconds = cut(arguments.folder, clips, arguments.files, (arguments.shortest, arguments.longest))
        part, plain = sum(soundfile.info(str(clip)).duration for clip in first(clips)), 0.0
        print(f"- {arguments.files} files, {seconds:.0f} s of audio in all\n\n{HEAD}")
        for name, command in commands(
            clips, Path(scratch), arguments.option, (arguments.pack, arguments.device)
        ).items():
            found = measured(command)
            print(row(name, found, part if name == LOOP else seconds, seconds), flush=True)
            plain = found.seconds if name == "batch" else plain
        if arguments.ray:
            print(f"\n{on_ray(clips, Path(scratch), arguments.option, plain)}")
        if not arguments.no_kills:
            print(f"\n{killed(clips, Path(scratch), arguments.files, arguments.option)}")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch", description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="folder of recordings to cut")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--shortest", type=float, default=20.0, help="seconds")
    parser.add_argument("--longest", type=float, default=120.0, help="seconds")
    parser.add_argument("--pack", default="campplus", help="of what is no command")
    parser.add_argument("--device", choices=["cpu", "cuda", "coreml"], default="cpu")
    parser.add_argument("--option", action="append", default=[], help="of `transcribe diarize` and `transcribe batch`")
    parser.add_argument("--words", action="store_true", help="who said what, not only who spoke when")
    parser.add_argument("--ray", action="store_true", help="also on a Ray of this machine (extra `ray`)")
    parser.add_argument("--no-kills", action="store_true", help="only the times")
    parser.add_argument("--scratch", type=Path, help="folder for the files")
    return parser.parse_args()


def cut(folder: Path, clips: Path, count: int, lengths: tuple[Seconds, Seconds]) -> Seconds:
    """Write `count` clips of random places and lengths, the same ones every time; how long they are together."""
    clips.mkdir()
    rng, total = np.random.default_rng(0), 0.0
    recordings = itertools.cycle(load_audio(path) for path in find_audio(folder))
    for number, samples in zip(range(count), recordings, strict=False):
        length = min(round(rng.uniform(*lengths) * SAMPLE_RATE), len(samples))
        start = int(rng.integers(0, len(samples) - length + 1))
        soundfile.write(clips / f"{number:03d}.wav", samples[start : start + length], SAMPLE_RATE)
        total += length / SAMPLE_RATE
    return total


def first(clips: Path) -> list[Path]:
    """The files that a command each is tried on."""
    files = sorted(clips.iterdir())
    return files[: max(1, len(files) // SHARE)]


def commands(clips: Path, scratch: Path, options: Sequence[str], own: tuple[str, str]) -> dict[str, Sequence[str]]:
    """What is compared, by name; `own`: pack and device of what is no command."""
    pack, device = own
    out = scratch / "diarize"
    out.mkdir()
    words = "--diarize" in options
    name, *rest = ["transcribe", "--diarize"] if words else ["diarize", "diarize"]
    command = [*rest, *(option for option in options if option not in {"--diarize", "--no-words"})]
    loop = ["bash", "-c", A_COMMAND_A_FILE, sys.executable, " ".join(command), f"{out}/", *map(str, first(clips))]
    return {
        LOOP: loop,
        "one by one": [sys.executable, "-c", WORDS_ONE_BY_ONE if words else ONE_BY_ONE, pack, str(clips), device],
        name: [*CLI, *command, *map(str, sorted(clips.iterdir())), "-o", f"{out}/"],
        "batch": batch(clips, scratch / "batch", options),
        "queue": [sys.executable, "-c", WORDS_QUEUE if words else QUEUE, pack, str(clips), device],
    }


def batch(clips: Path, out: Path, options: Sequence[str]) -> list[str]:
    """The batch's command."""
    return [*CLI, "batch", str(clips), *options, "-o", str(out)]


@dataclass(slots=True)
class Measured:
    """Seconds, seconds of all cores, and the memory (MB) of a process and its children, now and then."""

    seconds: Seconds = 0.0
    busy: Seconds = 0.0
    memory: list[float] = field(default_factory=list)


def measured(command: Sequence[str]) -> Measured:
    """Run a command that must succeed."""
    found = Measured()
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (
        subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process,
        _watched(process.pid, found),
    ):
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found.seconds = time.perf_counter() - begin
    found.busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:6])} ... ended with code {process.returncode}.")
    return found


@contextmanager
def _watched(pid: int, found: Measured) -> Iterator[None]:
    """While the memory of a process and all below it is written down."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(POLL):
            found.memory.append(sum(map(_resident, _family(pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()


def _family(pid: int) -> list[int]:
    """A process and all below it, where /proc tells."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in _family(int(child)))]


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def row(name: str, found: Measured, heard: Seconds, audio: Seconds) -> str:
    """One line of the table, for all `audio` as for the part of it that was `heard`."""
    half = len(found.memory) // 2
    before, after = (max(part, default=0.0) for part in (found.memory[:half], found.memory[half:]))
    busy, speed = found.busy / found.seconds / usable_cores(), heard / found.seconds
    name = name if heard == audio else f"{name} (of {heard:.0f} s, scaled)"
    return f"| {name} | {audio / speed:.1f} | {speed:.1f} | {busy:.0%} | {before:.0f} | {after:.0f} |"


def on_ray(clips: Path, scratch: Path, options: Sequence[str], plain: Seconds) -> str:
    """What a Ray of this machine takes from when it has begun, beside the plain batch; and whether its tree is that."""
    begun, out = scratch / "begun", scratch / "ray"
    command = [sys.executable, "-c", ON_RAY, str(begun), *batch(clips, out, options)[len(CLI) :], "--ray"]
    start = time.monotonic()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    end, at = time.monotonic(), float(begun.read_text(encoding="ascii"))
    same = tree(out) == tree(scratch / "batch")
    return (
        f"Ray: {at - start:.1f} s until `ray.init` has returned, and {end - at:.1f} s from there on; the plain batch "
        f"took {plain:.1f} s in all, so {(end - at) / plain - 1:+.1%}. Its tree is {'the same' if same else 'ANOTHER'}."
    )


def killed(clips: Path, scratch: Path, files: int, options: Sequence[str]) -> str:
    """Kill a run three times, let it end, and say whether its tree is that of the undisturbed run."""
    out = scratch / "killed"
    command = batch(clips, out, options)
    places = []
    for share in (0.3, 0.6, 0.9):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            while _results(out) < share * files and process.poll() is None:
                time.sleep(0.01)
            process.kill()
        places.append(_results(out))
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    same = tree(out) == tree(scratch / "batch")
    shutil.rmtree(out)
    return f"Killed at {', '.join(map(str, places))} of {files} files: the tree is {'the same' if same else 'ANOTHER'}."


def _results(out: Path) -> int:
    return sum(1 for _ in out.glob("*.json"))


def tree(out: Path) -> dict[str, bytes]:
    """Every file but what is only kept to save time."""
    files = (path for path in out.rglob("*") if path.is_file() and ".cache" not in path.parts)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


if __name__ == "__main__":
    main()
