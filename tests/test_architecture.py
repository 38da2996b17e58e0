"""The laws of the architecture, read off the source: who may import, print, write and connect; what is too long."""

from __future__ import annotations

import ast
import dataclasses
import graphlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import diarfuse
from diarfuse.diarize.options import Execution, Options

ROOT = Path(diarfuse.__file__).resolve().parent
"""What is installed: the checkout itself, or the folder that the wheel laid down."""
CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGES = ("fusion", "diarize", "asr_adapters", "exporters", "transcribe")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

MAY_IMPORT = {
    "fusion": ("fusion",),
    "diarize": (
        "diarize",
        "fusion.types",
        "fusion.errors",
        "fusion.given",
        "fusion.audio",
        "fusion.cuda",
        "fusion.watch",
        "fusion.landing",
    ),
    "asr_adapters": (
        "asr_adapters",
        "fusion.types",
        "fusion.errors",
        "fusion.given",
        "fusion.text",
        "fusion.estimating",
        "fusion.audio",
        "fusion.cuda",
        "fusion.watch",
        "fusion.landing",
    ),
    "exporters": (
        "exporters",
        "fusion.types",
        "fusion.errors",
        "fusion.cues",
        "fusion.given",
        "fusion.layout",
        "fusion.text",
        "fusion.document",
        "fusion.editing.review",
        "fusion.editing.statistics",
    ),
    "transcribe": PACKAGES,
}
"""Law 1. The words of asr_adapters never meet a turn, diarize never sees a word, exporters never see a model."""
READS_FOREIGN = ("asr_adapters/words_json.py", "fusion.formats.files")
"""The only adapter that reads what others wrote: in the same way as `transcribe attach`, whose readers know no turn."""

NETWORK = {"socket", "http", "urllib", "ssl", "ftplib", "requests", "httpx", "aiohttp", "huggingface_hub", "websockets"}
NETWORK |= {"fsspec", "ray"}
MAY_CONNECT = (
    "diarize/models/",
    "asr_adapters/",
    "transcribe/serving/",
    "transcribe/remote/",
    "transcribe/batch/",
    "transcribe/documents/opening/",
    "transcribe/documents/desk/",
)
"""Law 7. Within diarize/models only the store's own downloads; asr_adapters only their engines' models."""

MAY_WRITE = (
    "transcribe/",
    "diarize/models/",  # the store: by rename, under a lock
    "asr_adapters/carrying.py",  # a recogniser's model, for a machine without a network
    "exporters/docx.py",  # into memory, which its library calls saving
    "exporters/png.py",  # the same
    "fusion/landing.py",  # whole or not at all, for all of us
    "fusion/audio/keeping.py",  # live samples, in a file that has no name
    "fusion/audio/resampling.py",  # a long recording's samples spill to a file that has no name
    "diarize/runtime.py",  # optimised graphs beside the models they were made from
)
ENGINES = {
    "faster_whisper",
    "ctranslate2",
    "moonshine_voice",
    "pocketsphinx",
    "onnx_asr",
    "transformers",
    "torch",
    "pywhispercpp",
    "whisper",
    "whisperx",
}
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree(path)))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def imported(path: Path, node: ast.AST | None = None) -> list[tuple[ast.stmt, str]]:
    """Every import of the file (or below `node` of it) with its full dotted name, as seen from below `diarfuse`."""
    return list(_imported(path, nodes(path) if node is None else ast.walk(node)))


def _imported(path: Path, within_it: Iterable[ast.AST]) -> Iterator[tuple[ast.stmt, str]]:
    here = path.relative_to(ROOT).parent.parts
    for inner in within_it:
        if isinstance(inner, ast.Import):
            assert not any(within(alias.name, ("diarfuse", *PACKAGES)) for alias in inner.names), "ours are relative"
            yield from ((inner, alias.name) for alias in inner.names)
        elif isinstance(inner, ast.ImportFrom):
            assert inner.level or not within(inner.module or "", ("diarfuse", *PACKAGES)), "ours are relative"
            above = here[: len(here) + 1 - inner.level] if inner.level else ()
            home = ".".join([*above, *([inner.module] if inner.module else [])])
            yield from ((inner, f"{home}.{alias.name}") for alias in inner.names)


@cache
def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """Every call with what is called, e.g. ``sys.exit``."""
    return [(ast.unparse(node.func), node) for node in nodes(path) if isinstance(node, ast.Call)]


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def test_the_packages_are_found() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way(package: str) -> None:
    wrong = [
        f"{name_of(path)}:{statement.lineno} imports {name}"
        for path in FILES
        if path.is_relative_to(ROOT / package)
        for statement, name in imported(path)
        if name.split(".")[0] in PACKAGES and not within(name, (*MAY_IMPORT[package], *_more(path)))
    ]
    assert wrong == []


MODULES = {name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in FILES}


def imported_modules(module: str) -> set[str]:
    """The modules of ours that `module` imports anywhere, in functions and for type checkers too."""
    names = {name for _, name in imported(MODULES[module])}
    return {name if name in MODULES else name.rpartition(".")[0] for name in names} & set(MODULES) - {module}


def test_no_circle_of_imports() -> None:
    order = graphlib.TopologicalSorter({module: imported_modules(module) for module in MODULES})
    try:
        order.prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_ours_is_imported_by_its_one_name() -> None:
    """`import fusion` from the checkout would quietly make a second set of types."""
    looks = re.compile(rf"^\s*(from|import\b.*\b)\s*({'|'.join(PACKAGES)})\b", re.MULTILINE)
    wrong = []
    for path in sorted(p for folder in ("tests", "benchmarks", "examples") for p in (CHECKOUT / folder).rglob("*.py")):
        for node in nodes(path) if looks.search(path.read_text(encoding="utf-8")) else ():
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            wrong += [f"{path}:{node.lineno} imports {name}" for name in names if name.split(".")[0] in PACKAGES]
    assert wrong == []


def test_every_public_name_is_documented() -> None:
    wrong = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in FILES
        for node, inside in documented(tree(path))
        if not node.name.startswith("_") and not inside.startswith("_") and ast.get_docstring(node) is None
    ]
    assert wrong == []


def documented(module: ast.Module) -> Iterator[tuple[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    """Classes and functions of the module and the methods of its classes, with the name of the class."""
    for node in module.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, ""
        if isinstance(node, ast.ClassDef):
            yield from ((n, node.name) for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def _more(path: Path) -> tuple[str, ...]:
    adapter, reader = READS_FOREIGN
    return (reader,) if name_of(path) == adapter else ()


def test_what_reads_foreign_transcripts_knows_no_turn() -> None:
    assert not {name for name in reached(READS_FOREIGN[1]) if within(name, ("fusion.join", "fusion.attaching"))}


def reached(start: str) -> set[str]:
    """Every module of ours that importing `start` can load, function-level imports included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module in seen or module not in MODULES:
            continue
        seen.add(module)
        names = [name for _, name in imported(MODULES[module])]
        waiting += [*names, *(name.rpartition(".")[0] for name in names)]
    return seen


def test_the_server_cannot_reach_identity() -> None:
    server = {name for path in FILES for name in [name_of(path)] if name.startswith("transcribe/serving/")}
    assert len(server) > 9
    for name in server:
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert not {found for found in reached(module) if found.startswith("fusion.naming") or "voice" in found}


def test_the_job_that_the_server_shares_cannot_reach_identity() -> None:
    assert "fusion.naming.match" not in reached("transcribe.job")


def test_only_transcribe_prints_exits_or_configures() -> None:
    forbidden = re.compile(
        r"print|exit|quit|sys\.exit|os\._exit|logging\.basicConfig|warnings\.(filterwarnings|simplefilter)"
        r"|sys\.std(out|err)\.write"
    )
    wrong = [
        f"{name_of(path)}:{node.lineno} calls {called}"
        for path in FILES
        if not path.is_relative_to(ROOT / "transcribe")
        for called, node in calls(path)
        if forbidden.fullmatch(called)
    ]
    assert wrong == []


def test_the_network_is_touched_in_few_places() -> None:
    wrong = [
        f"{name_of(path)}:{statement.lineno} imports {name}"
        for path in FILES
        if not name_of(path).startswith(MAY_CONNECT)
        for statement, name in imported(path)
        if name.split(".")[0] in NETWORK and not name.startswith("urllib.parse")
    ]
    assert wrong == []


def test_files_are_written_in_few_places() -> None:
    writers = re.compile(r".*\.(write_text|write_bytes|tofile|savez?(_compressed)?|touch|mkdir|makedirs)|np\.memmap")
    wrong = [
        f"{name_of(path)}:{node.lineno} calls {called}"
        for path in FILES
        if not name_of(path).startswith(MAY_WRITE)
        for called, node in calls(path)
        if writers.fullmatch(called) or _opens_to_write(called, node)
    ]
    assert wrong == []


def _opens_to_write(called: str, node: ast.Call) -> bool:
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    modes = [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    return called.rsplit(".", maxsplit=1)[-1] == "open" and any(
        re.fullmatch(r"[rwaxbt+]*[wax+][rwaxbt+]*", mode) for mode in modes
    )


def test_only_runtime_makes_sessions() -> None:
    wrong = [
        f"{name_of(path)}:{node.lineno}"
        for path in FILES
        if path != ROOT / "diarize" / "runtime.py"
        for called, node in calls(path)
        if called.endswith(("InferenceSession", "CompiledMLModel"))
    ]
    assert wrong == []


def test_engines_are_imported_where_they_are_used() -> None:
    """A missing engine must not break the others; only what runs at import counts, so functions are left out."""
    wrong = [
        f"{name_of(path)}:{statement.lineno} imports {name}"
        for path in FILES
        for top in tree(path).body
        if isinstance(top, ast.Import | ast.ImportFrom)
        for statement, name in imported(path, top)
        if name.split(".")[0] in ENGINES
    ]
    assert wrong == []


def test_torch_is_no_dependency() -> None:
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    requirements = project[project.index("\ndependencies = [") : project.index("\n[project.scripts]")]
    assert not re.findall(r'"(torch|openai-whisper)\b', requirements)  # not of any extra either
    assert not [
        name_of(path)
        for path in FILES
        if not path.is_relative_to(ROOT / "asr_adapters")
        for _, name in imported(path)
        if name.split(".")[0] == "torch"
    ]


def test_every_extra_that_an_error_recommends_exists() -> None:
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    extras = set(re.findall(r"^([a-z-]+) = \[", project.split("[project.optional-dependencies]")[1], re.MULTILINE))
    named = {
        node.args[-1].value
        for path in FILES
        for called, node in calls(path)
        if called.split(".")[-1] in {"engine", "MissingExtraError"}
        and isinstance(node.args[-1], ast.Constant)
        and node.args[-1].value
    }
    assert {"offline", "server"} <= named
    assert named - extras == set()


def test_failures_are_not_swallowed() -> None:
    """A broad handler raises what it caught, or says why not."""
    wrong = []
    for path in FILES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in nodes(path):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not isinstance(node.body[-1], ast.Raise):
                reason = re.search(r"# noqa: BLE001\W+\w+", lines[node.lineno - 1])
                wrong += [] if reason else [f"{name_of(path)}:{node.lineno}"]
    assert wrong == []


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in {"Exception", "BaseException"}


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError|pragma: no cover)\b")
    assert [name_of(path) for path in FILES if marks.search(path.read_text(encoding="utf-8"))] == []


def test_files_and_functions_can_be_read_without_scrolling() -> None:
    wrong = [name_of(path) for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE]
    wrong += [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _code_lines(node) > LONGEST_FUNCTION
    ]
    assert wrong == []


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the function without its docstring."""
    assert node.end_lineno is not None
    first = node.body[0]
    documented = ast.get_docstring(node) is not None and first.end_lineno is not None
    return node.end_lineno - node.lineno + 1 - (first.end_lineno - first.lineno + 1 if documented else 0)


def test_speed_options_and_result_options_are_apart() -> None:
    speed = {field.name for field in dataclasses.fields(Execution)}
    result = {field.name for field in dataclasses.fields(Options)}
    assert speed & result == set()
    assert speed == {"mode", "device", "threads", "batch", "cuda_graph"}


LISTS = {"fusion/formats", "exporters", "transcribe/commands", "diarize"}
"""Lists of like things: formats, exporters, commands, stages."""
MOST_ROOMS = 20


def test_no_folder_is_a_drawer() -> None:
    rooms = Counter(path.parent for path in FILES if path.name != "__init__.py")
    rooms.update(folder.parent for folder in list(rooms))
    names = {folder: folder.relative_to(ROOT).as_posix() for folder in rooms}
    assert {names[f]: n for f, n in rooms.items() if n > MOST_ROOMS and names[f] not in (LISTS | {"."})} == {}
