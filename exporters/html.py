"""One page that holds everything: listen, read, name speakers, correct, and take the result away. No request anywhere.

The page's own sources lie in ``page/`` as they are read by people; here they
are put together. What it shows is clean by default, as every format that is
made to be shared: no history, no notes, no names of files. Only the address of
the recording is kept where the caller gives one, or the page could not play it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..fusion.editing.review import SURE
from .lines import to_json
from .marks import marks_told
from .style import DEFAULT, Style

if TYPE_CHECKING:
    from ..fusion.document import Document

ENDING = ".html"
NEEDS = "anything"
ABOUT = "a page to listen, read, name speakers and correct, in one file that needs no network"
SPEAKERS = r'"speaker": "((?:[^"\\]|\\.)+)"'
"""Where a file has its speakers."""

_SCRIPTS = (
    "alive",
    "config",
    "strings",
    "text",
    "placing",
    "matching",
    "segments",
    "speakers",
    "words",
    "operations",
    "model",
    "marks",
    "colours",
    "state",
    "player",
    "timeline",
    "transcript",
    "editing",
    "people",
    "search",
    "selecting",
    "review",
    "saving",
    "keys",
    "main",
)
"""The modules of the page; each imports only from those before it."""

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:const|function|class) (\w+)", re.MULTILINE)
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def dumps(document: Document, style: Style = DEFAULT) -> str:
    """The page as HTML; `style.audio` says where the recording is, or holds it."""
    audio = style.audio
    clean = document.clean().to_json()
    told: dict[str, Any] = {"mode": "file", "document": clean, "key": key_of(clean), "audio": None}
    if style.pauses is not None or style.overlaps:
        told["marks"] = marks_told(document.transcript.language, style)
    if audio is not None:
        told["audio"] = {"embedded": audio.media_type} if audio.data else {"address": audio.address}
    return page(told, audio.data if audio is not None else b"")


def page(told: dict[str, Any], sound: bytes = b"") -> str:
    """The page around what it is told: a ``document``, the ``mode`` and what belongs to it; and the recording, if any.

    Which words are doubtful it is told too, as `transcribe review` has it.

    Example:
        >>> page({"mode": "file"})[:15]
        '<!doctype html>'
    """
    style, script = source("page.css"), _script()
    slots = {
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "data": _inert({"sure": SURE} | told),
        "embedded": base64.b64encode(sound).decode("ascii"),
    }
    return _SLOT.sub(lambda slot: slots[slot[1]], source("page.html"))


def key_of(document: dict[str, Any]) -> str:
    """What tells documents apart, so that a browser gives drafts back to the page that they were made on."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _policy(style: str, script: str) -> str:
    """Nothing runs but this very script, nothing is loaded but the recording, nothing is sent but to the page's host.

    A page from the disk has no host; `open` serves one, which the edits go to.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "media-src 'self' file: blob:",
            "connect-src 'self'",
            "img-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _inert(value: Any) -> str:
    """JSON that no HTML parser sees an end or a comment in."""
    return to_json(value).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@cache
def _script() -> str:
    """All modules in one script, since a page without requests can import none."""
    modules = "\n".join(f"const ${name} = {_module(source(f'{name}.js'))};" for name in _SCRIPTS)
    return f"\n{modules}\n"


def _module(source: str) -> str:
    """A module as a function that gives what it exports, so that each keeps its own names."""
    exported = ", ".join(found[1] for found in _EXPORT.finditer(source))
    body = _EXPORT.sub(lambda found: found[0].removeprefix("export "), source)
    body = _IMPORT.sub(lambda found: f"const {{{' '.join(found[1].split())}}} = ${found[2]};\n", body)
    return f"(() => {{\n{body}return {{ {exported} }};\n}})()"


@cache
def source(name: str) -> str:
    """A file of the page's own sources."""
    return (files(__package__) / "page" / name).read_text(encoding="utf-8")
