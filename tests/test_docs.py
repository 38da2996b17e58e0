"""The documents against the program: commands, options and code in them exist, and none is left out.

``python tests/test_docs.py`` writes docs/commands.md anew.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import dropwhile, groupby
from pathlib import Path

import click
import pytest

import diarfuse
from diarfuse.exporters import registry
from diarfuse.fusion.errors import MissingExtraError
from diarfuse.transcribe.cli import COMMANDS, cli
from diarfuse.transcribe.commands.idle import sentences
from diarfuse.transcribe.commands.shape import examples

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(diarfuse.__file__).parent
PAGE = ROOT / "docs" / "commands.md"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINKED = [*DOCUMENTS, ROOT / "CHANGELOG.md", ROOT / "THIRD_PARTY_NOTICES.md"]
LINKED += [*(ROOT / "benchmarks").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with the words that call it."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", found) for inner, found in sorted(command.commands.items()))


def options(command: click.Command) -> dict[str, str]:
    """``--name`` -> help text."""
    found = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            found[", ".join(parameter.opts)] = parameter.help or ""
    return found


def page() -> str:
    """docs/commands.md, made from the commands themselves."""
    parts = [
        "# All commands and options\n\nMade from the program by `python tests/test_docs.py`; a test keeps it true.\n"
    ]
    for name, command in commands():
        first = (command.help or "").split("\n\n")[0].replace("\n", " ")
        parts.append(f"\n## transcribe {name}\n\n{' '.join(first.split())}\n")
        parts.append("\n```sh\n" + "".join(f"{line}\n" for line in examples(command)) + "```\n")
        rows = [
            f"| `{option}` | {' '.join(text.split()).replace('|', chr(92) + '|')} |"
            for option, text in options(command).items()
        ]
        if rows:
            parts.append("\n| option | what |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "".join(parts)


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_page_of_commands_is_true() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_option_in_the_documents_exists() -> None:
    known = {name for _, command in commands() for option in options(command) for name in option.split(", ")}
    known |= {"--help", "--version"}
    foreign = {
        "--find-links",
        "--force-reinstall",
        "--no-deps",
        "--no-index",
        "--output-format",
        "--output_format",
        "--require-models",
        "--strict",
        "--word_timestamps",
    }
    for document in DOCUMENTS:
        text = re.sub(r"https?://\S+", "", document.read_text(encoding="utf-8"))
        found = set(re.findall(r"(?<![\w-])--[a-z][a-z_-]+", text))
        assert found - known - foreign == set(), document.name


def test_every_command_in_the_documents_exists() -> None:
    known = {name for name, _ in commands()}
    for document in DOCUMENTS:
        for line in "\n".join(code_blocks(document.read_text(encoding="utf-8"), "sh")).splitlines():
            for call in re.findall(r"(?:^|&& |/)transcribe ([a-z]+)(?: ([a-z]+))?(?=\s|$)", line):
                assert call[0] in known, line
                if any(name.startswith(f"{call[0]} ") for name in known):
                    assert " ".join(call).strip() in known, line


def calls() -> Iterator[list[str]]:
    """The words behind the program's name, of every call in the documents' blocks for a shell."""
    for document in DOCUMENTS:
        for line in "\n".join(code_blocks(document.read_text(encoding="utf-8"), "sh")).splitlines():
            if re.search(r"\b(transcribe|diarfuse) ", line):
                for _, words in groupby(shlex.split(line, comments=True), lambda word: word in ("&&", "|", "<")):
                    program, *rest = dropwhile(lambda word: re.match(r"[A-Z_]+=", word), words)
                    if Path(program).name in ("transcribe", "diarfuse"):
                        yield rest


def test_every_call_in_the_documents_can_be_made_and_none_has_an_idle_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found, known = list(calls()), {name: one for name, one in commands() if not isinstance(one, click.Group)}
    for words in found:
        for name in words:
            if re.fullmatch(r"\w[\w/-]*(\.\w+|/)|token", name):  # of a file or folder
                path = Path(name)
                (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
                path.touch()
        named = [name for name in known if words[: len(name.split())] == name.split()]
        name = max(named, key=len, default="batch run" if words[0] == "batch" else "run")
        rest = words[len(name.split()) if named else words[0] == "batch" :]
        if not {"--help", "--version"} & {*words}:
            with known[name].make_context(name, rest) as context:
                assert sentences(context) == [], words
    assert len(found) > 100


def test_the_readme_has_every_format() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `\.\S+` \| `\w+` \| .* \|$", readme, re.MULTILINE)
    known = {name: registry.exporter(name) for name in registry.BUILTIN}
    assert set(rows) == {f"| `{found.ENDING}` | `{name}` | {found.ABOUT} |" for name, found in known.items()}


def test_code_in_the_documents_parses_and_its_imports_exist() -> None:
    for document in DOCUMENTS:
        if document.name == "CONTRIBUTING.md":  # its code is performed, in tests/test_walks.py
            continue
        for block in code_blocks(document.read_text(encoding="utf-8"), "python"):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom):
                    module = importlib.import_module(str(node.module))
                    for alias in node.names:
                        assert hasattr(module, alias.name), f"{document.name}: {node.module}.{alias.name}"


def test_the_two_commands_are_what_make_and_ci_run() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    two = [block.strip() for block in code_blocks(readme, "sh") if block.startswith("python3 -m venv")]
    assert len(two) == 2
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in two:
        assert command.replace("python3", "$(PYTHON)", 1) in makefile
        assert all(part.split(" -m pytest")[0] in ci for part in command.split(" && "))


def extras() -> set[str]:
    return set(importlib.metadata.metadata("diarfuse").get_all("Provides-Extra") or ())


def test_what_the_documents_install_needs_no_index_that_has_this_project() -> None:
    files = [*DOCUMENTS, *(ROOT / "examples").rglob("*"), ROOT / "Makefile"]
    text = "\n".join(
        file.read_text(encoding="utf-8") for file in files if file.is_file() and file.suffix in ("", ".md", ".service")
    )
    lines = re.findall(r"pip install .*?'(\S+?)\[([\w,-]+)\]'", text)
    assert len(lines) > 4
    for what, asked in lines:
        assert what in (".", "PATH/TO/CHECKOUT")
        assert set(asked.split(",")) <= extras()
    assert not re.search(r"pip install [^`\n]*\bdiarfuse\b", text)


def test_every_extra_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| extra |") :].partition("\n\n")[0]
    assert extras() - set(re.findall(r"`([\w-]+)`", table)) == set()


def test_every_package_that_is_installed_is_in_the_notices() -> None:
    """But for what the tests need: nobody else gets that."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {extra: lines for extra, lines in project["optional-dependencies"].items() if extra != "dev"}
    asked[""] = project["dependencies"]
    needed = {re.match(r"[\w.-]+", line)[0] for lines in asked.values() for line in lines}
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8").partition("## Runtime dependencies")[2]
    rows = re.findall(r"^\| ([\w., -]+?)(?: \(.*?\))? \|", notices, re.MULTILINE)
    named = {name for row in rows for name in row.split(", ")} - {"package"}
    brought = {"ctranslate2", "tokenizers", "s3fs", "gcsfs"}  # by those
    assert named == needed | brought


def test_what_errors_install_is_an_extra_of_what_is_installed() -> None:
    """``pip install 'diarfuse[x]'`` takes what is installed here, and asks no index for it."""
    sources = [
        path
        for folder in ("transcribe", "asr_adapters", "diarize", "exporters")
        for path in (PACKAGE / folder).rglob("*.py")
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    asked = {*re.findall(r"diarfuse\[([\w-]+)\]", text), *re.findall(r'(?:engine|ExtraError)\(.*"([\w-]+)"\)', text)}
    assert {"offline", "server", "voices", "eval", "whisper", "plot", "docs"} <= asked <= extras()
    lines = [str(MissingExtraError("It", "this", name)).partition("pip install ")[2].strip("'") for name in asked]
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--dry-run",
        "--disable-pip-version-check",
    ]
    done = subprocess.run([*pip, *lines], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "does not provide" not in done.stderr


def anchors(text: str) -> set[str]:
    """What a link to a heading of the document may name, in the way of GitHub."""
    found: dict[str, int] = {}
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        found[anchor] = found.get(anchor, -1) + 1
    return {
        anchor if not number else f"{anchor}-{number}" for anchor, last in found.items() for number in range(last + 1)
    }


def test_local_links_lead_somewhere() -> None:
    for document in LINKED:
        for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
            if "://" in link:
                continue
            path, _, anchor = link.partition("#")
            beside, installed = document.parent / path if path else document, PACKAGE / path.removeprefix("../")
            assert beside.exists() or installed.exists(), f"{document.name}: {link}"
            assert not anchor or anchor in anchors(beside.read_text(encoding="utf-8")), f"{document.name}: {link}"


def test_pictures_are_small_and_there() -> None:
    shown = {
        (path.parent / address).resolve()
        for path in DOCUMENTS
        for address in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", path.read_text(encoding="utf-8"))
    }
    assert shown >= {ROOT / "docs" / "pictures" / "page.png"}
    for path in shown:
        assert path.read_bytes().startswith(b"\x89PNG\r\n"), path
        assert path.stat().st_size < 200_000, path


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
