"""The Docker Engine API over its unix socket; it needs no docker command and no library."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import quote, urlencode

from deploy.agent.contract import AS_ROOT
from deploy.agent.docker.unix_http import BLOCK, Answer, ask, opened
from deploy.agent.errors import AgentError, full_disk
from deploy.agent.line import Line

DEFAULT_SOCKET = "/var/run/docker.sock"
DEFAULT_ROOT = "/var/lib/docker"
SEE_JOURNAL = "see `journalctl -u docker`"
PULL_SILENCE_SECONDS = 600
"""Timeout without output during a pull: Docker checks a large layer silently."""
ARCHIVE_SECONDS = 1800
"""Timeout without output while Docker reads or writes an image's archive."""


def socket_path() -> str:
    """Return the path of Docker's socket; DOCKER_HOST counts if it names a socket."""
    address = os.environ.get("DOCKER_HOST", "")
    return address[len("unix://") :] if address.startswith("unix://") else DEFAULT_SOCKET


class NotFoundError(AgentError):
    """Docker has no such image, container or network."""


class Docker:
    """Client of one Docker; every answer is Docker's own JSON."""

    def __init__(self, path: str | None = None, timeout: float = 60) -> None:
        self.path = path or socket_path()
        self.timeout = timeout

    def info(self) -> dict[str, Any]:
        """Return the answer to `GET /info`."""
        return self._object("GET", "/info")

    def root(self) -> str:
        """Return the folder in which it keeps its images."""
        try:
            return self.info().get("DockerRootDir") or DEFAULT_ROOT
        except AgentError:
            return DEFAULT_ROOT

    def images(self, reference: str | None = None) -> list[dict[str, Any]]:
        """List images; reference may hold a pattern such as kit/*."""
        filters = {"filters": json.dumps({"reference": [reference]})} if reference else {}
        return self._objects("GET", "/images/json", filters)

    def image(self, reference: str) -> dict[str, Any] | None:
        """Inspect an image; None if there is none."""
        return self._found("GET", f"/images/{quote(reference, safe='/:@')}/json")

    def volume(self, name: str) -> dict[str, Any] | None:
        """Inspect a named volume; None if there is none."""
        return self._found("GET", f"/volumes/{quote(name)}")

    def remove_image(self, reference: str) -> None:
        """Remove a tag or an image; a missing one is no error."""
        self._found("DELETE", f"/images/{quote(reference, safe='/:@')}")

    def tag(self, image: str, reference: str) -> None:
        """Let a reference name an existing image."""
        repository, _, tag = reference.rpartition(":")
        self._send("POST", f"/images/{quote(image)}/tag", {"repo": repository, "tag": tag})

    def load(self, archive: Iterable[bytes], size: int) -> None:
        """Send a docker-archive of `size` bytes; each part is sent as it is made."""
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(size)}
        answer = self._send("POST", "/images/load", {"quiet": "1"}, archive, headers, timeout=ARCHIVE_SECONDS)
        for line in answer.body.splitlines():
            problem = json.loads(line).get("error") if line.strip() else None
            if problem:
                raise self._failure(AgentError(f"Docker could not load an image: {problem}", SEE_JOURNAL))

    @contextmanager
    def saved(self, reference: str) -> Iterator[IO[bytes]]:
        """Give an image's archive as Docker writes it; old versions prepare all of it before the first byte."""
        path = f"/images/{quote(reference, safe='/:@')}/get"
        try:
            with opened(self.path, "GET", path, {}, (), ARCHIVE_SECONDS) as (status, body):
                if status >= 400:
                    raise self._failure(_refused("GET", path, Answer(status, body.read())))
                yield body
        except OSError as problem:
            raise self._unreachable(problem) from problem

    def pull(self, repository: str, digest: str, login: str = "") -> Iterator[dict[str, Any]]:
        """Pull an image from its registry; yield Docker's progress lines and raise its error lines.

        A login is a header's value as `Login.header` makes it.
        """
        query = {"fromImage": repository, "tag": digest}
        path = "/images/create"
        try:
            headers = {"X-Registry-Auth": login} if login else {}
            with opened(self.path, "POST", f"{path}?{urlencode(query)}", headers, (), PULL_SILENCE_SECONDS) as (
                status,
                body,
            ):
                if status >= 400:
                    raise self._failure(_refused("POST", path, Answer(status, body.read())))
                for line in iter(lambda: body.readline(BLOCK), b""):
                    yield self._told(line)
        except OSError as problem:
            raise self._unreachable(problem) from problem

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """List containers with all of these labels (an empty value matches any), stopped containers included."""
        wanted = [f"{name}={value}" if value else name for name, value in sorted((labels or {}).items())]
        return self._objects("GET", "/containers/json", {"all": "1", "filters": json.dumps({"label": wanted})})

    def container(self, name: str) -> dict[str, Any] | None:
        """Inspect a container; None if there is none."""
        return self._found("GET", f"/containers/{quote(name)}/json")

    def ensure_usable(self, image: str, name: str) -> None:
        """Create a container of an image and remove it; Docker refuses an image whose layers it does not have."""
        path, query = f"/containers/{quote(name)}", {"force": "1", "v": "1"}
        self._found("DELETE", path, query)
        try:
            self._post(f"/containers/create?{urlencode({'name': name})}", {"Image": image, "Cmd": ["/"]}, self.timeout)
        finally:
            self._found("DELETE", path, query)

    def start(self, name: str) -> None:
        """Start a container; a running container is left alone."""
        self._send("POST", f"/containers/{quote(name)}/start")

    def stop(self, name: str, seconds: int = 30) -> None:
        """Stop a container, killed after `seconds`; a stopped or missing container is left alone."""
        self._found("POST", f"/containers/{quote(name)}/stop", {"t": str(seconds)}, timeout=seconds + self.timeout)
        # Docker answers before its list has the end; it holds the container until then, and inspecting waits for that.
        self.container(name)

    def remove(self, name: str) -> None:
        """Remove a container, running or not; a missing one is no error. Named volumes stay."""
        self._found("DELETE", f"/containers/{quote(name)}", {"force": "1"})

    def create(self, name: str, document: dict[str, Any]) -> str:
        """Create a container from Docker's own description of one; return its id."""
        answer = self._post(f"/containers/create?{urlencode({'name': name})}", document, self.timeout)
        return str(json.loads(answer.body)["Id"])

    def join(self, network: str, container: str) -> None:
        """Let a container join one more network."""
        self._post(f"/networks/{quote(network)}/connect", {"Container": container}, self.timeout)

    def remove_whole(self, name: str) -> None:
        """Remove a container, running or not, with its unnamed volumes; a missing one is no error."""
        self._found("DELETE", f"/containers/{quote(name)}", {"force": "1", "v": "1"})

    def logs(self, name: str, lines: int = 30) -> list[str]:
        """Return the last lines of a container's stdout and stderr."""
        query = {"stdout": "1", "stderr": "1", "tail": str(lines)}
        raw = self._send("GET", f"/containers/{quote(name)}/logs", query).body
        return b"".join(_frames(raw)).decode(errors="replace").splitlines()

    def events(self, actions: Iterable[str], labels: dict[str, str], since: float) -> list[dict[str, Any]]:
        """Return the events of containers with these labels since a moment; Docker keeps its last 256 events."""
        wanted = [f"{name}={value}" for name, value in sorted(labels.items())]
        filters = {"type": ["container"], "event": sorted(actions), "label": wanted}
        # An end that has passed makes the engine answer at once with what it remembers.
        query = {"since": f"{since:.6f}", "until": f"{time.time():.6f}", "filters": json.dumps(filters)}
        body = self._send("GET", "/events", query).body
        return [json.loads(line) for line in body.splitlines() if line.strip()]

    def exit_code_of(self, name: str, argv: list[str], seconds: float) -> int | None:
        """Run a command in a running container and return its exit code; None on a timeout."""
        asked = {"Cmd": argv, "AttachStdout": True, "AttachStderr": True}
        made = json.loads(self._post(f"/containers/{quote(name)}/exec", asked, self.timeout).body)["Id"]
        # The answer ends when the command does.
        self._post(f"/exec/{made}/start", {"Detach": False, "Tty": False}, seconds)
        code = self._object("GET", f"/exec/{made}/json")["ExitCode"]
        return None if code is None else int(code)

    def networks(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """List networks with all of these labels."""
        wanted = [f"{name}={value}" if value else name for name, value in sorted((labels or {}).items())]
        return self._objects("GET", "/networks", {"filters": json.dumps({"label": wanted})})

    def remove_network(self, name: str) -> None:
        """Remove a network; a missing one is no error."""
        self._found("DELETE", f"/networks/{quote(name)}")

    def _post(self, path: str, document: dict[str, Any], timeout: float) -> Answer:
        body = json.dumps(document).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        return self._send("POST", path, None, [body], headers, timeout=timeout)

    def _object(self, method: str, path: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._send(method, path).body)
        return document

    def _objects(self, method: str, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
        documents: list[dict[str, Any]] = json.loads(self._send(method, path, query).body)
        return documents

    def _found(
        self, method: str, path: str, query: dict[str, str] | None = None, timeout: float | None = None
    ) -> dict[str, Any] | None:
        try:
            text = self._send(method, path, query, timeout=timeout).body
        except NotFoundError:
            return None
        # A removal of an image answers a list, most others nothing: only an inspection's object is of use.
        document = json.loads(text) if text.strip() else {}
        return document if isinstance(document, dict) else {}

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Iterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            answer = ask(self.path, method, target, headers or {}, body or (), timeout or self.timeout)
        except OSError as problem:
            raise self._unreachable(problem) from problem
        if answer.status >= 400:
            refusal = _refused(method, path, answer)
            raise refusal if method == "GET" else self._failure(refusal)
        return answer

    def _told(self, line: bytes) -> dict[str, Any]:
        """Parse one line of a streamed answer; an error line is a failure even after a good status."""
        try:
            document = json.loads(line)
        except ValueError:
            raise AgentError(f"Docker's answer ended in the middle of {line[:80]!r}") from None
        problem = document.get("error") if isinstance(document, dict) else "its answer is not a JSON object"
        if problem:
            raise self._failure(AgentError(f"Docker refused: {problem}"))
        return document if isinstance(document, dict) else {}

    def _failure(self, problem: AgentError) -> AgentError:
        """Return Docker's failure, or the error of its full disk if that is the cause."""
        return full_disk(self.root(), problem.problem) or problem

    def _unreachable(self, problem: OSError) -> AgentError:
        if isinstance(problem, FileNotFoundError):
            return AgentError(
                f"Docker does not run: no socket at {self.path}",
                f"`{Line('apply')}` as root installs and starts Docker; or start it: systemctl start docker",
            )
        if isinstance(problem, PermissionError):
            return AgentError(f"permission denied for Docker's socket {self.path}", AS_ROOT)
        return AgentError(
            f"Docker does not answer at {self.path}: {problem.strerror or problem}",
            "see `journalctl -u docker` or /var/log/dockerd.log",
        )


def _refused(method: str, path: str, answer: Answer) -> AgentError:
    text = answer.body.decode(errors="replace")
    try:
        words = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        words = text.strip()
    kind = NotFoundError if answer.status == 404 else AgentError
    return kind(f"Docker refused {method} {path}: {words}")


def _frames(raw: bytes) -> Iterator[bytes]:
    """Unpack the two outputs from Docker's frames; a container with a terminal sends none."""
    while raw:
        if len(raw) < 8 or raw[0] > 2 or raw[1:4] != b"\0\0\0":
            yield raw
            return
        size = int.from_bytes(raw[4:8], "big")
        yield raw[8 : 8 + size]
        raw = raw[8 + size :]


def has_digest(image: dict[str, Any], digest: str) -> bool:
    """True if Docker got an image from any registry by this digest."""
    return any(name.endswith(f"@{digest}") for name in image.get("RepoDigests") or [])
