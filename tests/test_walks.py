"""CONTRIBUTING's walks: every step is performed, as it is written there, on a copy of the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("fusion", "diarize", "asr_adapters", "exporters", "transcribe")
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WALKS = dict(re.findall(r"^### A new ([a-z ]+)\n(.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE))
MOST = {"format": 4, "recogniser": 3, "pack": 3, "network": 4, "stage": 3, "command": 4}
"""Files that a new thing may touch."""
UNTOUCHED = "two_commands or every_call or code_in_the_documents or documents_install or errors_install"
"""Of tests/test_docs.py: what no step of a walk can change."""


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step: the file it touches and what is done to it."""

    path: str
    content: str | None
    additions: tuple[str, ...]


def steps(walk: str) -> list[Step]:
    found = []
    for body in re.findall(r"^\d+\. (.*?)(?=^\d+\. |^\S|\Z)", walk, re.DOTALL | re.MULTILINE):
        path = re.match(r"`([^`]+)`", body)
        assert path is not None, body
        blocks = re.findall(r"^   ```(\w+)\n(.*?)^   ```", body, re.DOTALL | re.MULTILINE)
        code = [textwrap.dedent(block) for kind, block in blocks if kind in ("python", "toml")]
        additions = [re.sub(r"^   ", "", block, flags=re.MULTILINE) for kind, block in blocks if kind == "diff"]
        found.append(Step(path[1], code[0] if code else None, tuple(additions)))
    return found


def perform(step: Step, checkout: Path) -> None:
    target = checkout / step.path
    if step.content is not None:
        assert not target.exists()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(step.content, encoding="utf-8")
    for addition in step.additions:
        lines = addition.splitlines()
        before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        text = target.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{step.path} has not exactly one place for\n{addition}"
        target.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the walks touch, importable as diarfuse; what is compiled of it too, which is much of the work."""
    import diarfuse

    source = Path(diarfuse.__file__).resolve().parent
    for folder in FOLDERS:
        shutil.copytree(source / folder, tmp_path / folder)
    for folder in ("tests", "docs", "benchmarks", "examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for name in ("__init__.py", "__main__.py", "py.typed"):
        shutil.copy(source / name, tmp_path / name)
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "THIRD_PARTY_NOTICES.md",
        "Makefile",
        "pyproject.toml",
    ):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".src").mkdir()
    (tmp_path / ".src" / "diarfuse").symlink_to("..")
    return tmp_path


def in_copy(checkout: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout / ".src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_step_of_every_walk_can_be_done(checkout: Path) -> None:
    """All on one copy: each has its place, and what it makes is Python."""
    for name, most in MOST.items():
        walk = steps(WALKS[name])
        assert 1 < len(walk) <= most, name
        for step in walk:
            perform(step, checkout)
            if step.path.endswith(".py"):
                compile((checkout / step.path).read_text(encoding="utf-8"), step.path, "exec")


@pytest.mark.official
def test_every_step_of_every_walk_works(checkout: Path) -> None:
    """When all are done, the toys' own tests run there, with the laws that they may not break."""
    walks = [step for name in MOST for step in steps(WALKS[name])]
    for step in walks:
        perform(step, checkout)
    own = [step.path for step in walks if step.path.startswith("tests/")]
    for command in set(re.findall(r"made anew by `python ([^`]+)`", TEXT)):
        in_copy(checkout, command)
    laws = ["tests/test_docs.py", "tests/test_architecture.py"]
    in_copy(checkout, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", f"not ({UNTOUCHED})", *laws, *own)


def test_all_walks_are_known_here() -> None:
    assert set(WALKS) == set(MOST)
