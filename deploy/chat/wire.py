"""A request to a model's API, with its answer read line by line as it comes."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from urllib.parse import urlsplit

from deploy.agent.line import Line
from deploy.chat.doors import Door
from deploy.errors import KitError
from deploy.hosts.wire.transport import Address

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 900.0
"""Timeout of a silent answer: loading a large model from a slow disk takes minutes."""
WORDS = 400
BODY = 1 << 16
PORTS = {"http": 80, "https": 443}
Document = dict[str, object]
Forward = Callable[[Address], AbstractContextManager[Address]]
"""Gives the address here that leads to one of the host."""


class RefusedError(KitError):
    """The API refused the request."""

    def __init__(self, problem: str, next_step: str, status: int, said: str) -> None:
        super().__init__(problem, next_step)
        self.status = status
        self.said = said
        """The refusal's own words, with its lines."""


@contextmanager
def asked(
    door: Door, path: str, document: Document | None, key: str | None, ca: str | None, forward: Forward
) -> Iterator[http.client.HTTPResponse]:
    """Send a request and yield its answer; every error names the door and the next step."""
    place = urlsplit(door.url)
    address = (place.hostname or "", place.port or PORTS[place.scheme])
    try:
        # Closed in the middle of an answer, the connection tells the engine to stop.
        with forward(address) as there, closing(_connection(place.scheme, address, there, ca)) as connection:
            body = None if document is None else json.dumps(document, ensure_ascii=False).encode()
            connection.request("GET" if body is None else "POST", place.path + path, body, _headers(key))
            answer = connection.getresponse()
            if answer.status >= 300:
                raise refused(door, answer.status, answer.read(BODY))
            yield answer
    except (OSError, http.client.HTTPException) as problem:
        raise KitError(f"{door.name} does not answer: {_silence(door, problem)}", next_step(door)) from problem


def _connection(scheme: str, address: Address, there: Address, ca: str | None) -> http.client.HTTPConnection:
    """Connect to a forwarded address; the request names the door's own address."""
    context = None if scheme == "http" else ssl.create_default_context()
    if context is not None and ca is not None:
        context.load_verify_locations(ca)
    plain = socket.create_connection(there, CONNECT_SECONDS)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is None:
        connection = http.client.HTTPConnection(*address)
        connection.sock = plain
    else:
        connection = http.client.HTTPSConnection(*address, context=context)
        connection.sock = context.wrap_socket(plain, server_hostname=address[0])
    # The time to connect is over: what follows may be silent for as long as a model loads.
    connection.sock.settimeout(SILENCE_SECONDS)
    return connection


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    return {**headers, "Authorization": f"Bearer {key}"} if key else headers


def refused(door: Door, status: int, raw: bytes) -> RefusedError:
    """Return an API's refusal."""
    told, step = _said(raw), next_step(door)
    said = shortened(" ".join(told.split()), WORDS)
    if status in (401, 403):
        step = "check its key and its access rules"
    elif status == 404:
        step = f"`{Line('models')}` shows which models are there; `{Line('apply')}` makes those of kit.yaml"
    elif status in (429, 503):
        step = "wait until it is less busy, then ask again"
    return RefusedError(f"{door.name} answered {status}: {said}".rstrip(": "), step, _code(raw, status), told)


def _said(raw: bytes) -> str:
    """Return the words of an error in any of its forms."""
    try:
        said = json.loads(raw)["error"]
        said = said["message"] if isinstance(said, dict) else said
    except (ValueError, KeyError, TypeError):
        said = raw.decode(errors="replace")
    return str(said)


def _code(raw: bytes, status: int) -> int:
    """Return an answer's status; for an error within a begun answer, the status that it names."""
    if status != http.client.OK:
        return status
    try:
        code = str(json.loads(raw)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return status
    return int(code) if code.isdecimal() else status


def shortened(said: str, most: int) -> str:
    """Return another program's words, with a sign in place of a cut end."""
    return said if len(said) <= most else f"{said[: most - 3]}..."


def next_step(door: Door) -> str:
    """Return the next step if an API is silent."""
    if door.is_managed:
        return f"`{Line('status')}` shows what runs, `{Line('logs', door.name)}` the reason if it does not"
    return f"check the engine at {door.url}"


def _silence(door: Door, problem: Exception) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return f"{door.url} refuses the connection"
    if isinstance(problem, socket.gaierror):
        return f"the name {urlsplit(door.url).hostname} does not resolve"
    if isinstance(problem, TimeoutError):
        return f"timeout: no answer from {door.url}"
    if isinstance(problem, http.client.IncompleteRead | http.client.RemoteDisconnected | ConnectionResetError):
        return f"{door.url} closed the connection during the answer"
    return f"{door.url}: {getattr(problem, 'strerror', None) or str(problem) or type(problem).__name__}"
