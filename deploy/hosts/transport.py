"""The way to a host's agent: one JSON request, one JSON answer, and a hold that lives as long as its connection."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from deploy.agent.line import call
from deploy.agent.remembered import write_file
from deploy.errors import HELD, HeldError, KitError
from deploy.hosts.agent_zip import agent_zip
from deploy.stack import AGENT_FOLDER

if TYPE_CHECKING:
    import tempfile

REQUEST_FORMAT = 1
HOST_PYTHON = "/usr/bin/python3"
PATIENCE_SECONDS = 60.0
"""How long an interrupted step may take to end by itself."""
Document = dict[str, Any]
OnLine = Callable[[Document], None]


class Transport(Protocol):
    """A host's agent, wherever the host is."""

    @property
    def agent_path(self) -> str:
        """Where the agent lies on the host."""

    def call(self, verb: str, request: Mapping[str, Any]) -> Document:
        """Ask the agent for one verb; its failure is raised as a KitError with its next step."""

    def hold(self, request: Mapping[str, Any], on_line: OnLine) -> AbstractContextManager[Document]:
        """Take the right to change the host; lines of the run's journal arrive until it is let go."""


class AgentFailedError(KitError):
    """The agent could not do it; its whole document is kept for those who show more than the problem."""

    def __init__(self, document: Document) -> None:
        error = document["error"]
        super().__init__(error["problem"], error.get("next", ""))
        self.document = document


class LocalTransport:
    """The agent of this machine."""

    def __init__(self, folder: str = AGENT_FOLDER, python: str = HOST_PYTHON) -> None:
        self._folder = Path(folder)
        self._python = python
        self._path: Path | None = None
        self._borrowed: tempfile.TemporaryDirectory[str] | None = None
        self._ahead: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def agent_path(self) -> str:
        """Where the agent lies; brought there when it is first asked for."""
        return str(self._agent())

    @contextlib.contextmanager
    def ahead(self, verb: str) -> Iterator[None]:
        """Start a verb that is going to be asked: its agent loads while the request is made."""
        with contextlib.suppress(KitError, OSError):
            # What cannot be started now is told when it is asked.
            self._ahead[verb] = self._started(verb)
        try:
            yield
        finally:
            if unasked := self._ahead.pop(verb, None):
                _stop(unasked)

    def call(self, verb: str, request: Mapping[str, Any]) -> Document:
        """Run one verb with the request on its standard input."""
        with self._ahead.pop(verb, None) or self._started(verb) as agent:
            try:
                output, errors = agent.communicate(encode(request))
            except BaseException:
                _stop(agent)
                raise
        return decode(verb, agent.returncode, output, errors)

    @contextlib.contextmanager
    def hold(self, request: Mapping[str, Any], on_line: OnLine) -> Iterator[Document]:
        """Keep an agent process whose standard input is the hold: closed, it lets go."""
        with self._started("hold") as agent:
            yield from _held(agent, request, on_line)

    def _started(self, verb: str) -> subprocess.Popen[bytes]:
        try:
            # A session of its own: Ctrl-C reaches the CLI alone, which stops a step, and lets go once it has ended.
            return subprocess.Popen(
                self._argv(verb),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise _no_python(self._python) from None

    def _argv(self, verb: str) -> list[str]:
        # Isolated: neither this user's packages nor PYTHON* variables reach the agent. UTF-8 whatever the locale says.
        return [self._python, "-X", "utf8", "-IS", str(self._agent()), verb]

    def _agent(self) -> Path:
        if self._path is None:
            self._path = self._place(self._folder / agent_zip().name)
        return self._path

    def _place(self, path: Path) -> Path:
        if path.exists() and path.read_bytes() == agent_zip().content:
            # Of the agents on a host, those that were used last are kept.
            with contextlib.suppress(PermissionError):
                os.utime(path)
            return path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, agent_zip().content, 0o444)
        except PermissionError:
            import tempfile

            self._borrowed = tempfile.TemporaryDirectory(prefix="kit-agent-")
            path = Path(self._borrowed.name) / path.name
            path.write_bytes(agent_zip().content)
        return path


def _stop(agent: subprocess.Popen[bytes]) -> None:
    """End a step, politely at first: it stops what it started, and clears away what it made."""
    agent.terminate()
    try:
        # Its last words must not fill the pipe while it is waited for.
        agent.communicate(timeout=PATIENCE_SECONDS)
    except (subprocess.TimeoutExpired, ValueError):
        agent.kill()


def holder() -> Document:
    """Say who asks; shown to whoever is refused."""
    import getpass
    import socket

    return {"user": getpass.getuser(), "host": socket.gethostname(), "pid": os.getpid()}


def encode(request: Mapping[str, Any]) -> bytes:
    """Write a request as the one line that the agent reads."""
    return json.dumps({"format": REQUEST_FORMAT, "run": "", **call(), **request}).encode() + b"\n"


def decode(verb: str, status: int, output: bytes, errors: bytes) -> Document:
    """Read the agent's answer; raise what it could not do."""
    try:
        document: Document = json.loads(output)
    except ValueError:
        said = errors.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise KitError(
            f"the agent's {verb} ended with status {status} and said: {said[-1]}",
            "the agent needs Python 3.9 or newer at /usr/bin/python3; if it is there, this is a fault of the kit",
        ) from None
    if "error" not in document:
        return document
    if status == HELD:
        raise HeldError(document["error"]["problem"], document["error"]["next"])
    raise AgentFailedError(document)


def _held(agent: subprocess.Popen[bytes], request: Mapping[str, Any], on_line: OnLine) -> Iterator[Document]:
    writing, reading, errors = _streams(agent)
    writing.write(encode({**holder(), **request}))
    writing.flush()
    first = reading.readline()
    if not first.startswith(b'{"held"'):
        writing.close()
        raise_from_end(agent, first + reading.read(), errors.read())
    listener = threading.Thread(target=_forward, args=(reading, on_line), daemon=True)
    listener.start()
    try:
        with _told_its_end(writing):
            yield json.loads(first)
    finally:
        with contextlib.suppress(BrokenPipeError):
            writing.close()
        listener.join()
        agent.wait()


@contextlib.contextmanager
def _told_its_end(writing: IO[bytes]) -> Iterator[None]:
    """Say that a run came to its end, also to a bad one; who is interrupted says nothing."""
    try:
        yield
    except Exception:
        _say_ended(writing)
        raise
    _say_ended(writing)


def _say_ended(writing: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):
        writing.write(b"ended\n")
        writing.flush()


def raise_from_end(agent: subprocess.Popen[bytes], output: bytes, errors: bytes) -> None:
    """Raise what an agent process that ended early said."""
    decode("hold", agent.wait(), output, errors)
    raise KitError("the agent did not hold the host", "this is a fault of the kit")


def _streams(agent: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    if agent.stdin is None or agent.stdout is None or agent.stderr is None:
        raise KitError("the agent was started without its streams")
    return agent.stdin, agent.stdout, agent.stderr


def _forward(reading: IO[bytes], on_line: OnLine) -> None:
    for line in reading:
        on_line(json.loads(line))


def _no_python(path: str) -> KitError:
    return KitError(f"no Python at {path}", "install it: apt install python3")
