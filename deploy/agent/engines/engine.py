"""One engine, asked over its HTTP API; whatever fails names the engine, what was being done, and the next step."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from deploy.agent.engines.names import PROTOCOL, same
from deploy.agent.engines.wire import Limits, NotConnectedError, Place, Reply, asked
from deploy.agent.errors import AgentError
from deploy.agent.releases.secrets import secret_path

WORDS = 400
BODY = 1 << 16
CREATED = 201


class RefusedError(AgentError):
    """The engine said no; anything else that fails is its silence."""

    def __init__(self, problem: str, next_step: str, status: int) -> None:
        super().__init__(problem, next_step)
        self.status = status


class UnansweredError(AgentError):
    """The engine said nothing, or not all of it."""


class Live(NamedTuple):
    """A model as the engine lists it."""

    name: str
    digest: str
    size: int
    modified: str


class Engine:
    """One engine, managed or not; a key is never part of any message."""

    def __init__(
        self, described: dict[str, Any], root: Path, ca: str | None = None, limits: Limits | None = None
    ) -> None:
        self.name: str = described["name"]
        self.address: str = described["address"]
        self.limits = limits or Limits()
        self._managed = described.get("models_dir") is not None
        self._ca = ca
        if described["protocol"] != PROTOCOL:
            raise self.failure("looking for its models", f"it speaks {described['protocol']}, not {PROTOCOL}")
        try:
            self._place = Place.of(self.address)
        except ValueError as problem:
            raise self.failure(f"reading its address {self.address}", str(problem)) from None
        self._headers = self._authorization(described.get("key"), root)

    def models(self) -> dict[str, Live]:
        """Return what the engine has, by what is equal for all spellings of a name."""
        found = {}
        for one in self._object("GET", "/api/tags", None, "listing its models").get("models") or []:
            digest = str(one.get("digest", "")).rpartition(":")[2]
            live = Live(one["name"], digest, int(one.get("size", 0)), str(one.get("modified_at", "")))
            found[same(live.name)] = live
        return found

    def loaded(self) -> dict[str, dict[str, Any]]:
        """Return what is in memory now, by the same."""
        listed = self._object("GET", "/api/ps", None, "asking what is loaded").get("models") or []
        return {same(one["name"]): one for one in listed}

    def has_blob(self, sha256: str) -> bool:
        """Tell whether a file is there already."""
        doing = f"asking for sha256:{sha256[:12]}"
        try:
            with self._asked("HEAD", _blob(sha256), doing):
                return True
        except RefusedError as answer:
            if answer.status == 404:
                return False
            raise

    def upload(self, sha256: str, size: int, pieces: Iterable[bytes]) -> None:
        """Send a file; the engine holds it to its sha256 as well and keeps nothing of one that broke off."""
        doing = f"uploading sha256:{sha256[:12]}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        try:
            with self._asked("POST", _blob(sha256), doing, headers, pieces) as reply:
                if reply.status == CREATED:
                    return
            problem = self.failure(doing, f"it answered {reply.status} and does not have the file")
        except UnansweredError as silence:
            problem = silence
        # A file that is there is answered before it is read, and the sender may see no more than a broken pipe.
        if not self._has_after_all(sha256):
            raise problem

    def _has_after_all(self, sha256: str) -> bool:
        try:
            return self.has_blob(sha256)
        except AgentError:
            return False

    def create(self, request: dict[str, Any], hear: Callable[[dict[str, Any]], None]) -> None:
        """Create a model, or replace it."""
        self._told("/api/create", {**request, "stream": True}, f"creating {request['model']}", hear)

    def pull(self, name: str, hear: Callable[[dict[str, Any]], None]) -> None:
        """Let the engine fetch a model; one that was interrupted is taken up where it stopped."""
        insecure = name.lower().startswith("http://")
        self._told("/api/pull", {"model": name, "insecure": insecure, "stream": True}, f"pulling {name}", hear)

    def copy(self, name: str, new: str) -> None:
        """Give a model a second name."""
        with self._asked("POST", "/api/copy", f"naming {new}", *_json({"source": name, "destination": new})):
            pass

    def remove(self, name: str) -> bool:
        """Delete a model; False where there is none."""
        try:
            with self._asked("DELETE", "/api/delete", f"deleting {name}", *_json({"model": name})):
                return True
        except RefusedError as answer:
            if answer.status == 404:
                return False
            raise

    def failure(self, doing: str, words: str, next_step: str = "") -> AgentError:
        """Return an error of this engine's."""
        return AgentError(f"engine {self.name}: {doing}: {words}", next_step or self._next)

    @property
    def _next(self) -> str:
        where = (
            f"`kit logs {self.name}` says why" if self._managed else f"look at the engine at {self.address} yourself"
        )
        return f"{where}; the same command again goes on where this stopped"

    @property
    def _mend(self) -> str:
        more = f"; `kit logs {self.name}` may say more" if self._managed else ""
        return f"mend what it says, then the same command again{more}"

    def _told(self, path: str, request: dict[str, Any], doing: str, hear: Callable[[dict[str, Any]], None]) -> None:
        with self._asked("POST", path, doing, *_json(request)) as reply:
            for line in reply.lines():
                said = self._read(line, doing) if line.strip() else {}
                if "error" in said:
                    # The status was sent before the work began: a failure comes as a line.
                    raise RefusedError(f"engine {self.name}: {doing}: {_words(line)}", self._mend, reply.status)
                if said.get("status") == "success":
                    return
                hear(said)
        raise self.failure(doing, "its answer ended before it said that it was done")

    def _object(self, method: str, path: str, body: Any, doing: str) -> dict[str, Any]:
        with self._asked(method, path, doing, *(_json(body) if body is not None else ())) as reply:
            return self._read(reply.body(), doing)

    def _read(self, raw: bytes, doing: str) -> dict[str, Any]:
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self.failure(doing, f"its answer is cut off or another program's: {_words(raw)!r}")
        return found

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
            trust = "let `ca` in kit.yaml name who vouches for it" if "CERTIFICATE_VERIFY" in str(problem) else ""
            failed = self.failure(doing, self._silence(problem), trust)
            raise UnansweredError(failed.problem, failed.next_step) from problem

    def _refusal(self, doing: str, reply: Reply) -> RefusedError:
        said = _words(reply.body(BODY))
        words, next_step = f"it answered {reply.status}: {said}".rstrip(": "), self._mend
        if reply.status < 400:
            words = f"it sends to {reply.headers.get('location', 'nowhere')}, where the kit does not follow"
            next_step = "write the engine's own address into kit.yaml"
        elif reply.status == 503:
            words = f"it is busy, its queue is full: {said}"
            next_step = "wait until it has less to do, then the same command again"
        elif reply.status in (401, 403):
            next_step = "look at the engine's key and at whom it lets ask, then the same command again"
        return RefusedError(f"engine {self.name}: {doing}: {words}", next_step, reply.status)

    def _silence(self, problem: OSError) -> str:
        if isinstance(problem, ConnectionRefusedError):
            return f"{self.address} refuses the connection"
        if isinstance(problem, socket.gaierror):
            return f"the name {self._place.host} is not known here: {problem.strerror}"
        if isinstance(problem, NotConnectedError):
            return f"{self.address} takes no connection within {self.limits.connect:g} s"
        if isinstance(problem, socket.timeout):
            return f"{self.address} said nothing for {self.limits.silence:g} s"
        return f"{self.address}: {problem.strerror or problem}"

    def _authorization(self, key: dict[str, str] | None, root: Path) -> dict[str, str]:
        if key is None:
            return {}
        doing = f"reading its key {key['secret']}"
        try:
            value = key.get("value") or secret_path(root, key["owner"], key["secret"]).read_text().strip()
        except FileNotFoundError:
            raise self.failure(doing, "it is not on this host", "`kit apply` brings it") from None
        except PermissionError:
            raise self.failure(doing, "only root may read it", "run the same command with sudo") from None
        if not value.isascii() or not value.isprintable():
            raise self.failure(doing, "it holds what no header can carry", "set that secret anew")
        return {"Authorization": f"Bearer {value}"}


def _json(document: Any) -> tuple[dict[str, str], tuple[bytes]]:
    body = json.dumps(document, ensure_ascii=False).encode()
    return {"Content-Type": "application/json", "Content-Length": str(len(body))}, (body,)


def _blob(sha256: str) -> str:
    return f"/api/blobs/sha256:{quote(sha256)}"


def _words(raw: bytes) -> str:
    try:
        said = json.loads(raw)["error"]
    except (ValueError, KeyError, TypeError):
        said = raw.decode(errors="replace")
    return " ".join(str(said).split())[:WORDS]
