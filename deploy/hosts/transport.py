"""The protocol of transports to hosts, with the common part of them all: requests, answers, the hold.

The control node reaches a host by nothing else: it asks verbs of the host's agent, and talks to forwarded addresses.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from deploy.agent.contract import FORMAT
from deploy.agent.contract.verbs import HOLD, Answer, Request, Verb
from deploy.agent.line import call
from deploy.errors import HELD, HeldError, KitError

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Failure, Held, HoldRequest, JournalLine, Wanted

BEAT_SECONDS = 5.0
SILENCE_SECONDS = 30.0
"""Time without a sign of life after which a holder loses its host."""
PATIENCE_SECONDS = 60.0
"""Time that an interrupted step has to end by itself."""
BLOCK = 1 << 20
OnLine = Callable[["JournalLine"], None]
Address = tuple[str, int]
"""A name or number of a host, and a port."""
Opened = Callable[[str], AbstractContextManager[IO[bytes]]]
"""Opens a stream by its sha256."""
Agent = subprocess.Popen[bytes]


class Transport(Protocol):
    """A transport to one host, wherever that is."""

    @property
    def agent_path(self) -> str:
        """Path of the agent on the host."""

    @property
    def backend(self) -> str:
        """The host as testinfra names it, for the checks."""

    @property
    def connection(self) -> Mapping[str, Any]:
        """The host's connection as variables of Ansible's inventory."""

    @property
    def is_root(self) -> bool:
        """True if the agent runs as root there, by itself or through sudo on the host."""

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        """Ask the agent for one verb; its failure is raised as a KitError with its next step."""

    def ahead(self, verb: Verb[Request, Answer]) -> AbstractContextManager[None]:
        """Start a verb before its request is known: its agent loads while the request is made."""

    def hold(self, request: HoldRequest, on_line: OnLine) -> AbstractContextManager[Held]:
        """Take the right to change the host; lines of the run's journal arrive until it is let go."""

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        """Ask for one verb, and send the files that its agent asks for to its standard input.

        The agent asks for one stream at a time, by its sha256, with the number of its bytes.
        """

    def lines(self, verb: Verb[Request, bytes], request: Request) -> Iterator[bytes]:
        """Ask for one verb whose answer is a stream, and yield its lines as they come."""

    def forward(self, address: Address) -> AbstractContextManager[Address]:
        """Give the address here that leads to an address as the host reaches it."""

    def forward_socket(self, path: str) -> AbstractContextManager[str]:
        """Give the path here that leads to a unix socket of the host."""


class AgentFailedError(KitError):
    """A failure of the agent, with its whole document."""

    def __init__(self, document: Failure) -> None:
        error = document["error"]
        super().__init__(error["problem"], error.get("next", ""))
        self.document = document


def ask(agent: Agent, verb: Verb[Request, Answer], request: Request) -> Answer:
    """Write the request to a started agent, and read its answer."""
    with agent:
        try:
            output, errors = agent.communicate(encode(request))
        except BaseException:
            stop(agent)
            raise
    return cast("Answer", decode(verb, agent.returncode, output, errors))


def ask_and_send(agent: Agent, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
    """Write the request to a started agent, send each stream that it asks for, and read its answer."""
    with agent:
        writing, reading, errors = _streams(agent)
        try:
            _feed(writing, io.BytesIO(line := encode(request)), len(line))
            while (output := reading.readline()).startswith(b'{"wanted"'):
                wanted: Wanted = json.loads(output)
                with opened(wanted["wanted"]) as stream:
                    _feed(writing, stream, wanted["size"])
            output += reading.read()
            said = errors.read()
        except BaseException:
            stop(agent)
            raise
    return cast("Answer", decode(verb, agent.returncode, output, said))


def _feed(writing: IO[bytes], stream: IO[bytes], size: int) -> None:
    """Write a stream; one that ends early closes the pipe, which tells the agent."""
    # An agent that has failed reads no more; its answer says why.
    with contextlib.suppress(BrokenPipeError):
        while size and (piece := stream.read(min(BLOCK, size))):
            writing.write(piece)
            size -= len(piece)
        writing.close() if size else writing.flush()


def listen(agent: Agent, verb: Verb[Request, bytes], request: Request) -> Iterator[bytes]:
    """Write the request to a started agent, and yield the lines of its answer."""
    with agent:
        writing, reading, errors = _streams(agent)
        try:
            with contextlib.suppress(BrokenPipeError):
                writing.write(encode(request))
                writing.close()
            yield from reading
        except BaseException:
            agent.terminate()
            reading.close()
            raise
        said = errors.read()
    # A stream is no document: what went wrong comes beside it.
    if agent.returncode:
        decode(verb, agent.returncode, said, said)


def stop(agent: Agent) -> None:
    """Terminate a step, so that it stops its children and removes its leftovers; kill it if it does not end."""
    agent.terminate()
    try:
        # Its last words must not fill the pipe while it is waited for.
        agent.communicate(timeout=PATIENCE_SECONDS)
    except (subprocess.TimeoutExpired, ValueError):
        agent.kill()


def holder() -> dict[str, str | int]:
    """Return the user, host and process that ask; other runs are told them."""
    import getpass
    import socket

    return {"user": getpass.getuser(), "host": socket.gethostname(), "pid": os.getpid()}


def encode(request: Mapping[str, Any]) -> bytes:
    """Write a request as the one line that the agent reads."""
    return json.dumps({"format": FORMAT, "run": "", **call(), **request}).encode() + b"\n"


def decode(verb: str, status: int, output: bytes, errors: bytes) -> dict[str, Any]:
    """Read the agent's answer; raise its failure."""
    try:
        document: dict[str, Any] = json.loads(output)
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
    raise AgentFailedError(cast("Failure", document))


def held(agent: Agent, request: HoldRequest, on_line: OnLine) -> Iterator[Held]:
    """Hold the host by a started agent, until the caller goes on."""
    writing, reading, errors = _streams(agent)
    writing.write(encode({"silence_seconds": SILENCE_SECONDS, **holder(), **request}))
    writing.flush()
    first = reading.readline()
    if not first.startswith(b'{"held"'):
        writing.close()
        _raise_from_end(agent, first + reading.read(), errors.read())
    listener = threading.Thread(target=_forward, args=(reading, on_line), daemon=True)
    listener.start()
    try:
        with _told_its_end(writing), _beating(writing):
            yield json.loads(first)
    finally:
        with contextlib.suppress(BrokenPipeError):
            writing.close()
        listener.join()
        agent.wait()


@contextlib.contextmanager
def _told_its_end(writing: IO[bytes]) -> Iterator[None]:
    """Tell the agent that a run has ended, also with an error; an interrupted one tells nothing."""
    try:
        yield
    except Exception:
        _say_ended(writing)
        raise
    _say_ended(writing)


@contextlib.contextmanager
def _beating(writing: IO[bytes]) -> Iterator[None]:
    """Send a sign of life every few seconds until the block ends."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                writing.write(b"alive\n")
                writing.flush()
            except (OSError, ValueError):
                # Its agent has ended: the next step says so.
                return

    beats = threading.Thread(target=beat, daemon=True)
    beats.start()
    try:
        yield
    finally:
        over.set()
        beats.join()


def _say_ended(writing: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):
        writing.write(b"ended\n")
        writing.flush()


def _raise_from_end(agent: Agent, output: bytes, errors: bytes) -> None:
    decode(HOLD, agent.wait(), output, errors)
    raise KitError("the agent did not hold the host", "this is a fault of the kit")


def _streams(agent: Agent) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    if agent.stdin is None or agent.stdout is None or agent.stderr is None:
        raise KitError("the agent was started without its streams")
    return agent.stdin, agent.stdout, agent.stderr


def _forward(reading: IO[bytes], on_line: OnLine) -> None:
    for line in reading:
        on_line(json.loads(line))
