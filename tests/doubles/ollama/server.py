"""The double's HTTP server: which path does what, and who may ask."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import socket
import sys
import threading
from collections.abc import Generator
from http.server import ThreadingHTTPServer
from typing import Any

from tests.doubles.ollama import openai
from tests.doubles.ollama.endpoints import ROUTES
from tests.doubles.ollama.engine import Engine
from tests.doubles.ollama.exchange import LINES, PLAIN_JSON, Exchange, lines
from tests.doubles.ollama.names import Name, parse, source_of
from tests.doubles.ollama.refusals import Refused
from tests.doubles.ollama.remembered import Remembered
from tests.doubles.ollama.settings import Settings
from tests.doubles.ollama.store import InvalidDigestError, Store


class Server(ThreadingHTTPServer):
    """One engine: its settings, its models, what is loaded."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings.models, settings.disk_bytes)
        if settings.prune:
            self.store.prune()
        self.remembered = Remembered(self.store, settings.go_template)
        self.engine = Engine(self.store, settings)
        # One after the other: two creates that share layers must not take them from each other.
        self.writing = threading.RLock()
        if ":" in settings.host:
            self.address_family = socket.AF_INET6
        super().__init__((settings.host, settings.port), Handler)

    @property
    def url(self) -> str:
        """Address of the double."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of those who asked and went away."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop what is loaded, too."""
        self.engine.unload()
        super().server_close()


class Handler(Exchange):
    """Answers one connection."""

    server: Server

    def _route(self) -> None:
        """Answer one request."""
        self.read_so_far = 0
        path = self.path.partition("?")[0]
        try:
            if not self._welcome():
                self.answer(403)
            elif self.command == "OPTIONS" and self.headers.get("Origin"):
                self.answer(204)
            else:
                self._dispatch(path)
        except Refused as error:
            self._refuse(path, error.status, str(error))
        except InvalidDigestError as error:
            self._refuse(path, 400, str(error))
        except (ConnectionError, TimeoutError):
            self.close_connection = True
            return
        except OSError as error:
            self._refuse(path, 500, str(error))
        self.leave_unread()

    # The names that the standard library looks for.
    do_GET = do_HEAD = do_POST = do_DELETE = do_OPTIONS = do_PUT = do_PATCH = _route  # noqa: N815

    def _dispatch(self, path: str) -> None:
        fixed = next((prefix for prefix in ("/api/blobs/", "/v1/models/") if path.startswith(prefix)), path)
        known = {method for method, place in ROUTES if place == fixed}
        if not known:
            self.answer(404, b"404 page not found", "text/plain")
        elif self.command not in known:
            self.answer(405, b"405 method not allowed", "text/plain")
        else:
            ROUTES[self.command, fixed](self)

    def _refuse(self, path: str, status: int, message: str) -> None:
        if path.startswith("/v1/"):
            self.tell(status, openai.error(status, message), PLAIN_JSON)
        else:
            self.tell(status, {"error": message})

    def _welcome(self) -> bool:
        origin = self.headers.get("Origin")
        if origin and not self.server.settings.allows(origin):
            return False
        if not ipaddress.ip_address(str(self.server.server_address[0])).is_loopback:
            return True
        host = self.headers.get("Host", "").rsplit(":", 1)[0].strip("[]").lower()
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host in ("", "localhost", socket.gethostname().lower()) or host.endswith(
                (".localhost", ".local", ".internal")
            )
        return address.is_loopback or address.is_private or address.is_unspecified

    def named(self, request: dict[str, Any], wrong: str = "invalid model name") -> Name:
        """Return the model that a request is about, in the capitals that are there."""
        name = parse(str(request.get("model") or request.get("name") or ""))
        if not name.valid:
            raise Refused(400, wrong)
        return self.server.store.existing(name)

    def meant(self, request: dict[str, Any], operation: str) -> Name:
        """Return the model that a question is about, without a suffix that says where it shall be looked for."""
        base, source = source_of(str(request.get("model") or request.get("name") or ""))
        if source == "cloud":
            self._refuse_cloud(operation)
        return self.named({"model": base})

    def pulled(self, request: dict[str, Any], wrong: str = "invalid model name") -> Name:
        """Return the model that is fetched or deleted: a cloud's is kept under a name of its own."""
        base, source = source_of(str(request.get("model") or request.get("name") or ""))
        if source == "cloud":
            base += "-cloud" if ":" in base.rpartition("/")[2] else ":cloud"
        return self.named({"model": base}, wrong)

    def _refuse_cloud(self, operation: str) -> None:
        if not self.server.settings.cloud:
            raise Refused(403, f"ollama cloud is disabled: {operation}")
        raise Refused(502, "this double has no cloud")

    def progress(self, request: dict[str, Any], work: Generator[dict[str, Any], None, None]) -> None:
        """Send the lines of a work, or its last one."""
        try:
            first = next(work)
            if request.get("stream", True):
                with contextlib.closing(work):
                    self.stream(lines(itertools.chain([first], work)), LINES)
                return
            *_, last = itertools.chain([first], work)
        except Refused as error:
            self.tell(error.status, {"error": str(error)}, PLAIN_JSON)
        except (OSError, ValueError) as error:
            self.tell(500, {"error": str(error)}, PLAIN_JSON)
        else:
            self.tell(200, last, PLAIN_JSON)
