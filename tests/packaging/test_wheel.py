"""The wheel that users get: what is in it, what it shares site-packages with, and what a user's type checker sees."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"fusion", "diarize", "asr_adapters", "exporters", "transcribe"}
SAME_NAMES = ("diarize==0.1.2", "exporters", "transcribe")
"""Distributions on PyPI that are called as folders of ours are; `fusion` is one too, but pip finds no release of it."""

STAND_INS = """
import importlib.abc, importlib.machinery, importlib.util, sys
from unittest.mock import MagicMock

class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    # what the other package needs, which is large; whether it imports its own files is what is asked
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        return MagicMock(name=spec.name, __path__=[], __spec__=spec)
    def exec_module(self, module):
        pass

sys.meta_path.append(StandIns())
"""

USER = """\
import diarfuse
from diarfuse import Diarizer, Turn, assign_speakers
from diarfuse.exporters import registry

reveal_type(Turn(0.0, 1.0, "A").start)
reveal_type(Diarizer.from_pretrained("campplus").diarize("a.wav").turns)
reveal_type(assign_speakers([{"word": "Hi", "start": 0.0, "end": 0.1}], [Turn(0.0, 1.0, "A")]))
reveal_type(diarfuse.transcribe_file)
reveal_type(registry.names())
diarfuse.Diarzer
"""


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def source(wheel: Path) -> dict[str, bytes]:
    """Every file of the source distribution by its path, as seen from the checkout's root."""
    (source,) = wheel.parent.glob("diarfuse-*.tar.gz")
    with tarfile.open(source) as archive:
        files = [(member.name, archive.extractfile(member)) for member in archive]
        return {name.partition("/")[2]: file.read() for name, file in files if file is not None}


def test_the_wheel_owns_one_folder_and_holds_all_of_the_program(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"diarfuse"}
    inside = {name.split("/")[1] for name in names if name.startswith("diarfuse/")}
    assert inside == FOLDERS | {"__init__.py", "__main__.py", "py.typed"}


def test_the_wheel_holds_the_files_of_the_source(wheel: Path, names: list[str], source: dict[str, bytes]) -> None:
    """Code and data alike: a package or a table that is missing would only fail at its first user's."""
    ours = {f"diarfuse/{name}": data for name, data in source.items() if name.split("/")[0] in FOLDERS}
    assert set(ours) - set(names) == set()
    with zipfile.ZipFile(wheel) as archive:
        assert [name for name, data in ours.items() if archive.read(name) != data] == []
    inside = [name for name in source if (ROOT / name).is_file()]
    assert len(inside) > 100
    assert [name for name in inside if (ROOT / name).read_bytes() != source[name]] == []


def test_the_wheel_says_what_it_is(wheel: Path, names: list[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        read = {Path(name).name: archive.read(name).decode() for name in names if ".dist-info/" in name}
    assert "transcribe = diarfuse.transcribe.__main__:main" in read["entry_points.txt"]
    assert "diarfuse = diarfuse.transcribe.__main__:main" in read["entry_points.txt"]
    fields = HeaderParser().parsestr(read["METADATA"])
    assert fields["Name"] == "diarfuse"
    assert not [line for line in fields.get_all("Requires-Dist", []) if line.startswith("torch")]
    assert {"LICENSE", "THIRD_PARTY_NOTICES.md"} <= set(read)


def test_the_source_distribution_is_complete(source: dict[str, bytes]) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE", "Makefile", "tests/conftest.py", "benchmarks/README.md"):
        assert name in source
    for name in ("examples/meeting.wav", "docs/library.md", "fusion/types.py", "py.typed", "CHANGELOG.md", ".ci/run"):
        assert name in source


@pytest.fixture(scope="module", params=["ours last", "ours first"])
def crowded(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds ours and PyPI's packages of like names; without their needs."""
    folder = tmp_path_factory.mktemp("crowded")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    order = [*SAME_NAMES, str(wheel)] if request.param == "ours last" else [str(wheel), *SAME_NAMES]
    for one in order:
        pip = [python, "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check", one]
        subprocess.run(pip, check=True, timeout=300)
    return python


def test_no_file_has_two_owners(crowded: Path) -> None:
    code = """
import collections, importlib.metadata as m
owners = collections.defaultdict(set)
for dist in m.distributions():
    for file in dist.files or ():
        if not file.parts[0] == "..":
            owners[str(file)].add(dist.metadata["Name"])
shared = {name: sorted(of) for name, of in owners.items() if len(of) > 1}
mine = [name for name, of in owners.items() if of == {"diarfuse"}]
print(shared, len(mine) > 100)
"""
    done = subprocess.run([crowded, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["{}", "True"]


def test_both_packages_called_diarize_import(crowded: Path) -> None:
    code = (
        STAND_INS
        + """
import diarize, diarfuse, diarfuse.diarize, diarfuse.fusion.types
import diarize.clustering
assert hasattr(diarize.clustering, "estimate_speakers")
assert diarfuse.Turn(0, 1, "A").speaker == "A"
print(diarize.__file__ != diarfuse.diarize.__file__)
"""
    )
    done = subprocess.run([crowded, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True", done.stderr


def test_a_users_strict_type_check_sees_real_types(tmp_path: Path, wheel: Path) -> None:
    """In the environment that runs these tests: there the wheel is installed, and mypy."""
    del wheel
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    call = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "user.py"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    told = [line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith("user.py")]
    seen = [line.partition('"')[2].rstrip('"').replace("builtins.", "") for line in told[:5]]
    assert seen[:2] == ["float", "tuple[diarfuse.fusion.types.Turn, ...]"]
    assert seen[2] == "list[dict[str, object]]"
    assert seen[3].endswith("-> diarfuse.transcribe.job.Result")
    assert seen[4] == "tuple[str, ...]"
    assert told[5].startswith('error: Module has no attribute "Diarzer"')
    assert len([line for line in told if line.startswith("error")]) == 1
