"""The shape of the code in numbers: sizes, annotations, repeated functions, circles, and what a new thing touches.

``python -m benchmarks.structure [CHECKOUT ...]`` prints a table with a column for each checkout (default: this one).
"""

from __future__ import annotations

import argparse
import ast
import re
import statistics
from collections import Counter
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("fusion", "diarize", "asr_adapters", "exporters", "transcribe")
LIKE_THINGS = {"fusion/formats", "exporters", "transcribe/commands", "diarize"}
"""Folders that are lists of like things (formats, exporters, commands, stages): they may hold more rooms."""
LEAST_NODES = 12
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Code:
    """The parsed modules of a checkout by path, and their text."""

    root: Path
    trees: dict[Path, ast.Module]

    @classmethod
    def of(cls, root: Path) -> Code:
        """Read every module of the five packages below `root`."""
        files = sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))
        return cls(root, {path: ast.parse(path.read_text(encoding="utf-8")) for path in files})

    @property
    def functions(self) -> list[Function]:
        """Every function and method, inner ones included."""
        return [n for tree in self.trees.values() for n in ast.walk(tree) if isinstance(n, Function)]


def code_lines(node: Function) -> int:
    """Lines from ``def`` to the last, without the docstring."""
    first, last = node.body[0], node.end_lineno or node.lineno
    documented = ast.get_docstring(node) is not None and first.end_lineno is not None
    return last - node.lineno + 1 - (first.end_lineno - first.lineno + 1 if documented and first.end_lineno else 0)


def annotated(node: Function) -> bool:
    """Whether every argument but self and cls, and the result, has its type."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    arguments += [extra for extra in (node.args.vararg, node.args.kwarg) if extra is not None]
    return node.returns is not None and all(a.annotation or a.arg in ("self", "cls") for a in arguments)


def shape(node: Function) -> str:
    """The syntax tree of the body without names and constants; empty where it has fewer than `LEAST_NODES` nodes."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    nodes = [inner for statement in body for inner in ast.walk(statement) if not isinstance(inner, ast.expr_context)]
    if len(nodes) < LEAST_NODES:
        return ""
    dumped = "".join(ast.dump(statement) for statement in body)
    return re.sub(r"(id|attr|arg|name|value|module)=('[^']*'|\"[^\"]*\"|[\d.]+|None|True|False)", r"\1=_", dumped)


def equal_pairs(functions: list[Function]) -> int:
    """Pairs of functions of one shape."""
    counts = Counter(found for found in map(shape, functions) if found)
    return sum(count * (count - 1) // 2 for count in counts.values())


def arrows(code: Code) -> dict[str, set[str]]:
    """Module -> the modules of ours that it imports anywhere; imports relative or absolute."""
    modules = {".".join(p.relative_to(code.root).with_suffix("").parts).removesuffix(".__init__") for p in code.trees}
    found: dict[str, set[str]] = {}
    for path, tree in code.trees.items():
        here = path.relative_to(code.root).parent.parts
        me = ".".join(path.relative_to(code.root).with_suffix("").parts).removesuffix(".__init__")
        names: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                above = here[: len(here) + 1 - node.level] if node.level else ()
                home = ".".join([*above, *([node.module] if node.module else [])])
                names |= {home, *(f"{home}.{alias.name}" for alias in node.names)}
        found[me] = (names & modules) - {me}
        found[me] -= {name for name in found[me] if any(other.startswith(f"{name}.") for other in found[me])}
    return found


def circles(graph: dict[str, set[str]]) -> int:
    """How many imports have to go until no circle is left."""
    graph, count = {module: set(names) for module, names in graph.items()}, 0
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            before, after = error.args[1][:2]
            graph[after].discard(before)
            count += 1
        else:
            return count


def rooms(code: Code) -> tuple[str, int]:
    """The fullest folder that is no list of like things, and its number of modules and folders."""
    counts: Counter[str] = Counter()
    folders = {path.parent for path in code.trees}
    for path in code.trees:
        if path.name != "__init__.py":
            counts[path.parent.relative_to(code.root).as_posix()] += 1
    for folder in folders:
        if folder.parent in folders:
            counts[folder.parent.relative_to(code.root).as_posix()] += 1
    return max(((f, n) for f, n in counts.items() if f not in LIKE_THINGS), key=lambda item: item[1])


def touched(root: Path) -> dict[str, int]:
    """How many files each walk of CONTRIBUTING.md touches: the numbered steps of its section, a file each."""
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### (A new [^\n]+)\n(.*?)(?=^##|\Z)", text, re.DOTALL | re.MULTILINE)
    return {title: len(re.findall(r"^\d+\. ", body, re.MULTILINE)) for title, body in sections}


def measure(root: Path) -> dict[str, str]:
    """Row -> value, as printed."""
    code = Code.of(root)
    functions = code.functions
    lengths = sorted(map(code_lines, functions))
    text = [path.read_text(encoding="utf-8").count("\n") for path in code.trees]
    folder, most = rooms(code)
    return {
        "modules": str(len(code.trees)),
        "lines": str(sum(text)),
        "functions": str(len(functions)),
        "lines of a function, median / p90 / longest": (
            f"{statistics.median(lengths):g} / {lengths[len(lengths) * 9 // 10]} / {lengths[-1]}"
        ),
        "share of functions fully annotated": f"{sum(map(annotated, functions)) / len(functions):.1%}",
        f"pairs of equal functions ({LEAST_NODES} nodes and more)": str(equal_pairs(functions)),
        "imports that close a circle": str(circles(arrows(code))),
        "rooms in the fullest folder": f"{most} ({folder})",
        **{f"files touched by {name[0].lower()}{name[1:]}": str(count) for name, count in touched(root).items()},
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="*", type=Path, default=[ROOT], help="checkouts to compare")
    roots = [path.resolve() for path in parser.parse_args().checkouts]
    columns = [measure(root) for root in roots]
    print(f"| | {' | '.join(root.name for root in roots)} |")
    print("|---|" + "---|" * len(roots))
    for row in dict.fromkeys(row for column in columns for row in column):
        print(f"| {row} | {' | '.join(column.get(row, '-') for column in columns)} |")


if __name__ == "__main__":
    main()
