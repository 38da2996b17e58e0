"""What the page of a document asks for: itself, its recording, formats, edits."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ....exporters import html
from .answering import CHUNK, Answering, Refused
from .editor import StaleError
from .ranges import parse_range

if TYPE_CHECKING:
    from collections.abc import Callable

    from ....fusion.errors import DiarfuseError
    from ....fusion.records import Json
    from .shown import Shown


class Handler(Answering):
    """One connection of the browser. shown: what it may ask for; the rest is the server's."""

    def __init__(self, shown: Shown, *given: Any) -> None:
        self._shown = shown
        super().__init__(shown, *given)

    def do_GET(self) -> None:  # noqa: N802 - the name that the base class looks for
        """The page, its recording, whether that is the right one, a format; and `alive`, as long as the page lasts."""
        fixed = {"": self._page, "audio": self._audio, "compared": self._compared, "alive": self.alive}
        self.reply(lambda path: fixed.get(path) or self._exporting(path))

    do_HEAD = do_GET  # noqa: N815 - the same

    def do_POST(self) -> None:  # noqa: N802 - the same
        """An edit, or its undo."""
        self.reply({"edit": self._edit, "undo": self._undo}.get)

    def told(self, error: DiarfuseError) -> tuple[HTTPStatus, Json]:
        """The answer to what cannot be done; with the state of the file where the page has not seen it."""
        if isinstance(error, StaleError):
            return HTTPStatus.PRECONDITION_FAILED, error.state.to_json() | {"error": str(error)}
        return super().told(error)

    def _page(self) -> None:
        body = html.page(self._shown.told()).encode("utf-8", "replace")
        written = formatdate(self._shown.editor.path.stat().st_mtime, usegmt=True)
        headers = {"Content-Type": "text/html; charset=utf-8", "Last-Modified": written}
        self.send(HTTPStatus.OK, body, headers | {"Content-Security-Policy": "frame-ancestors 'none'"})

    def _compared(self) -> None:
        self.json(HTTPStatus.OK, self._shown.told_of_sound())

    def _audio(self) -> None:
        sound = self._shown.sound
        if sound is None:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no recording.")
        try:
            opened = sound.opened()
        except OSError as error:
            raise Refused(HTTPStatus.NOT_FOUND, f"{sound.name} cannot be read: {error.strerror}.") from error
        with opened as file:
            size = file.seek(0, 2)
            asked = None if self.headers.get("If-Range") else parse_range(self.headers.get("Range"), size)
            part = range(size) if asked is None else asked
            headers = {"Content-Type": sound.media_type, "Accept-Ranges": "bytes"}
            if asked is not None:
                place = f"{part[0]}-{part[-1]}" if part else "*"
                headers["Content-Range"] = f"bytes {place}/{size}"
            ranged = HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
            self.head(HTTPStatus.OK if asked is None else ranged, len(part), headers)
            file.seek(part.start)
            left = 0 if self.command == "HEAD" else len(part)
            while left and (chunk := file.read(min(CHUNK, left))):
                self.wfile.write(chunk)
                left -= len(chunk)
            self.close_connection |= left > 0  # the file became shorter

    def _exporting(self, path: str) -> Callable[[], None] | None:
        folder, slash, name = path.partition("/")
        return (lambda: self._export(unquote(name))) if folder == "export" and slash else None

    def _export(self, name: str) -> None:
        headers = {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
        self.send(HTTPStatus.OK, self._shown.editor.export(name), headers)

    def _edit(self) -> None:
        seen, row = self._asked()
        self.json(HTTPStatus.OK, self._shown.editor.edit(row, seen))

    def _undo(self) -> None:
        seen, _ = self._asked()
        self.json(HTTPStatus.OK, self._shown.editor.undo(seen))

    def _asked(self) -> tuple[str, Any]:
        """The state that the page has seen, and what it sends."""
        row, seen = self.sent(), self.headers.get("If-Match")
        if seen is None:
            raise Refused(HTTPStatus.PRECONDITION_REQUIRED, "Tell which state of the file you edit (If-Match).")
        return seen, row
