"""``/live``: live captions with speakers from the browser's microphone, for who sits at this machine.

The page takes nothing from elsewhere and talks to the server that it comes from only; its policy holds it to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...exporters import html
from .guard import PAGE

_OURS = Path(__file__).with_name("page")
_SHARED = Path(html.__file__).with_name("page")
_FILES: Mapping[str, tuple[Path, str]] = MappingProxyType(
    {
        "": (_OURS / "live.html", "text/html"),
        "live.css": (_OURS / "live.css", "text/css"),
        "live.js": (_OURS / "live.js", "text/javascript"),
        "captions.js": (_OURS / "captions.js", "text/javascript"),
        "blocks.js": (_OURS / "blocks.js", "text/javascript"),
        "colours.js": (_SHARED / "colours.js", "text/javascript"),
    }
)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": _POLICY,
        "Permissions-Policy": "microphone=(self)",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
)


async def _file(request: Request) -> Response:
    found = _FILES.get(request.path_params.get("name", ""))
    if found is None:
        raise HTTPException(404, f"There is no such page: {PAGE} is the only one.")
    path, kind = found
    return Response(path.read_bytes(), media_type=kind, headers=_HEADERS)


ROUTES = (Route(PAGE, _file), Route(PAGE + "/{name}", _file))
