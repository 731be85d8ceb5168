"""HTTP requests to one engine of any protocol; a failure names the engine, the activity and the next step."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.contract import AS_ROOT
from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.agent.protocols.wire import AuthoritiesError, Limits, NotConnectedError, Place, Reply, asked
from deploy.agent.stack.secrets import secret_path

if TYPE_CHECKING:
    from deploy.agent.contract.engines import AskedEngine, Key

WORDS = 400
BODY = 1 << 16


class RefusedError(AgentError):
    """The engine refused; any other failure is a lack of an answer."""

    def __init__(self, problem: str, next_step: str, status: int) -> None:
        super().__init__(problem, next_step)
        self.status = status


class UnansweredError(AgentError):
    """The engine gave no answer, or an incomplete one."""


class Caller:
    """Asks one engine, managed or not; a key is never part of any message."""

    protocol: str

    def __init__(self, described: AskedEngine, root: Path, ca: str | None = None, limits: Limits | None = None) -> None:
        self.name: str = described["name"]
        self.address: str = described["address"]
        self.limits = limits or Limits()
        self._managed = described.get("models_dir") is not None
        self._ca = ca
        if described["protocol"] != self.protocol:
            raise self.failure("looking for its models", f"it speaks {described['protocol']}, not {self.protocol}")
        try:
            self._place = Place.of(self.address)
        except ValueError as problem:
            raise self.failure(f"reading its address {self.address}", str(problem)) from None
        self._headers = self._authorization(described.get("key"), root)

    def failure(self, doing: str, words: str, next_step: str = "") -> AgentError:
        """Return an error of this engine."""
        return AgentError(f"engine {self.name}: {doing}: {words}", next_step or self._next)

    @property
    def _next(self) -> str:
        where = (
            f"`{Line('logs', self.name)}` shows the reason"
            if self._managed
            else f"check the engine at {self.address} yourself"
        )
        return f"{where}; the same command again continues where this stopped"

    @property
    def _mend(self) -> str:
        more = f"; `{Line('logs', self.name)}` may say more" if self._managed else ""
        return f"fix that, then run the same command again{more}"

    def _object(self, method: str, path: str, body: Any, doing: str) -> dict[str, Any]:
        with self._asked(method, path, doing, *(json_body(body) if body is not None else ())) as reply:
            return self._read(reply.body(), doing)

    def _read(self, raw: bytes, doing: str) -> dict[str, Any]:
        try:
            document = json.loads(raw)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self.failure(doing, f"its answer is incomplete, or another program answers: {words_of(raw)!r}")
        return document

    @contextmanager
    def _asked(
        self, method: str, path: str, doing: str, headers: dict[str, str] | None = None, body: Iterable[bytes] = ()
    ) -> Iterator[Reply]:
        everything = {**self._headers, **(headers or {})}
        try:
            with asked(self._place, method, path, everything, body, self.limits, self._ca) as reply:
                if reply.status >= 300:
                    raise self._refusal(doing, reply)
                yield reply
        except OSError as problem:
            failed = self.failure(doing, self._silence(problem), _trust(problem))
            raise UnansweredError(failed.problem, failed.next_step) from problem

    def _refusal(self, doing: str, reply: Reply) -> RefusedError:
        said = words_of(reply.body(BODY))
        words, next_step = f"it answered {reply.status}: {said}".rstrip(": "), self._mend
        if reply.status < 400:
            words = f"it redirects to {reply.headers.get('location', 'nowhere')}, and the kit follows no redirect"
            next_step = "write the engine's own address into kit.yaml"
        elif reply.status == 503:
            words = f"it is busy, its queue is full: {said}"
            next_step = "wait until it is less busy, then run the same command again"
        elif reply.status in (401, 403):
            next_step = "check the engine's key and its access rules, then run the same command again"
        return RefusedError(f"engine {self.name}: {doing}: {words}", next_step, reply.status)

    def _silence(self, problem: OSError) -> str:
        if isinstance(problem, ConnectionRefusedError):
            return f"{self.address} refuses the connection"
        if isinstance(problem, socket.gaierror):
            return f"cannot resolve the name {self._place.host}: {problem.strerror}"
        if isinstance(problem, AuthoritiesError):
            return str(problem)
        if isinstance(problem, NotConnectedError):
            return f"{self.address} accepts no connection within {self.limits.connect:g} s"
        if isinstance(problem, socket.timeout):
            return f"{self.address} sent nothing for {self.limits.silence:g} s"
        return f"{self.address}: {problem.strerror or problem}"

    def _authorization(self, key: Key | None, root: Path) -> dict[str, str]:
        if key is None:
            return {}
        doing = f"reading its key {key['secret']}"
        try:
            value = key.get("value") or secret_path(root, key["owner"], key["secret"]).read_text().strip()
        except FileNotFoundError:
            raise self.failure(doing, "it is not on this host", f"`{Line('apply')}` places it") from None
        except PermissionError:
            raise self.failure(doing, "only root may read it", AS_ROOT) from None
        if not value.isascii() or not value.isprintable():
            raise self.failure(doing, "it contains characters that no HTTP header can carry", "replace that secret")
        return {"Authorization": f"Bearer {value}"}


def _trust(problem: OSError) -> str:
    """Return the next step where a certificate is the trouble."""
    if isinstance(problem, AuthoritiesError):
        return "write the path of a readable PEM file into `ca` of kit.yaml"
    return "name its certificate authority in `ca` of kit.yaml" if "CERTIFICATE_VERIFY" in str(problem) else ""


def json_body(document: Any) -> tuple[dict[str, str], tuple[bytes]]:
    """Return the headers and the bytes of a JSON document."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return {"Content-Type": "application/json", "Content-Length": str(len(body))}, (body,)


def words_of(raw: bytes) -> str:
    """Return an answer's error message, on one line."""
    try:
        said = json.loads(raw)["error"]
    except (ValueError, KeyError, TypeError):
        said = raw.decode(errors="replace")
    return " ".join(str(said).split())[:WORDS]
