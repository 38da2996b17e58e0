"""The page on loopback: where it listens, and when it ends."""

from __future__ import annotations

import socketserver
import sys
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ....fusion.errors import OptionError
from .answering import LOOPBACK, hosts
from .handler import Handler

if TYPE_CHECKING:
    from collections.abc import Callable

    from .answering import Answering, Site
    from .shown import Shown


class SiteServer(ThreadingHTTPServer):
    """Serves a site to one browser.

    Args:
        site: what is served.
        handler: who answers for it.
        port: to listen on; 0 is any that is free.

    Raises:
        OptionError: the port cannot be listened on.
    """

    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # where it would let others in

    def __init__(self, site: Site, handler: Callable[..., Answering], port: int = 0) -> None:
        self.site = site
        try:
            super().__init__((LOOPBACK, port), handler)
        except OSError as error:
            raise OptionError(
                f"Port {port} cannot be listened on ({error.strerror or error}): choose another --port."
            ) from error

    def server_bind(self) -> None:
        """Bind, without asking anybody for the name of this host as the base class does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    @property
    def address(self) -> str:
        """The page's."""
        return f"http://{hosts(self.server_port)[0]}/{self.site.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def run(self, on_ready: Callable[[str], None]) -> None:
        """Serve until the page is closed; `on_ready` is given its address."""
        self.begin()
        try:
            on_ready(self.address)
            self.site.wait()
        finally:
            self.end()

    def begin(self) -> None:
        """Serve from now on."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def end(self) -> None:
        """Serve no more, once what must not be cut off is done."""
        self.site.ending.set()
        self.shutdown()
        self.server_close()
        self.site.finish()


class PageServer(SiteServer):
    """Serves one document to one browser.

    Args:
        shown: the document, with what belongs to it.
        port: to listen on; 0 is any that is free.

    Raises:
        OptionError: the port cannot be listened on.
    """

    def __init__(self, shown: Shown, port: int = 0) -> None:
        self.shown = shown
        super().__init__(shown, partial(Handler, shown), port)
