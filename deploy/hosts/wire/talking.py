"""Requests to an agent that a transport has started, and its answers."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, NoReturn, Protocol

from deploy.agent.contract import FORMAT
from deploy.agent.contract.envelope import Failure, Wanted
from deploy.agent.contract.frames import BrokenOffError, CutOffError, framed, unframed
from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.agent.line import call
from deploy.errors import HELD, HeldError, KitError
from deploy.hosts.wire.answers import read_answer, read_as
from deploy.hosts.wire.transport import AgentFailedError, Opened

PATIENCE_SECONDS = 60.0
"""Time that an interrupted step has to end by itself."""
LOST = 255
"""Exit code of ssh itself; an agent has none above 128 but those of signals."""
Agent = subprocess.Popen[bytes]


class Awaited(Protocol):
    """Something that a thread waits for, and that another thread can end."""

    def terminate(self) -> None:
        """Let it end by itself."""

    def kill(self) -> None:
        """End it."""


_ASKED: set[Awaited] = set()
"""Agents and questions that threads of this process wait for."""


def interrupt(*, kill: bool = False) -> None:
    """Terminate the steps that other threads wait for, so that each stops its children and ends; or kill them."""
    for agent in tuple(_ASKED):
        agent.kill() if kill else agent.terminate()


@contextlib.contextmanager
def awaited(waited_for: Awaited) -> Iterator[None]:
    """Let Ctrl-C end what this thread waits for."""
    _ASKED.add(waited_for)
    try:
        yield
    finally:
        _ASKED.discard(waited_for)


@contextlib.contextmanager
def _asked(agent: Agent) -> Iterator[None]:
    with awaited(agent), agent:
        yield


def ask(agent: Agent, verb: Verb[Request, Answer], request: Request) -> Answer:
    """Write the request to a started agent, and read its answer."""
    with _asked(agent):
        try:
            output, errors = agent.communicate(encode(request))
        except BaseException:
            stop(agent)
            raise
    return read_answer(verb, decode(verb, agent.returncode, output, errors))


def ask_and_send(agent: Agent, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
    """Write the request to a started agent, send each stream that it asks for, and read its answer."""
    with _asked(agent):
        writing, reading, errors = streams_of(agent)
        try:
            _feed(writing, [encode(request)])
            while (output := reading.readline()).startswith(b'{"wanted"'):
                wanted = read_as(Wanted, json.loads(output), verb)
                with opened(wanted["wanted"], wanted["start"]) as pieces:
                    _feed(writing, framed(pieces) if wanted["size"] is None else _whole(pieces, wanted["size"]))
            output += reading.read()
            said = errors.read()
        except BaseException:
            stop(agent)
            raise
    return read_answer(verb, decode(verb, agent.returncode, output, said))


def _feed(writing: IO[bytes], pieces: Iterable[bytes]) -> None:
    """Write a stream; one that is too short closes the pipe, which tells the agent."""
    # An agent that has failed reads no more; its answer says why.
    with contextlib.suppress(BrokenPipeError):
        try:
            for piece in pieces:
                writing.write(piece)
            writing.flush()
        except EOFError:
            writing.close()


def _whole(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield exactly as many bytes; raise EOFError where there are fewer."""
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return
    if size:
        raise EOFError


class Incoming(Iterator[bytes]):
    """The pieces of an agent's stream."""

    def __init__(self, agent: Agent, verb: str) -> None:
        self._agent = agent
        self._verb = verb
        self._pieces = unframed(streams_of(agent)[1])
        self.is_whole = False
        """True once its end was read."""

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            self.is_whole = True
            raise
        except BrokenOffError:
            self._raise_failure(streams_of(self._agent)[1].read())
        except CutOffError:
            self._raise_failure(b"")

    def _raise_failure(self, output: bytes) -> NoReturn:
        said = streams_of(self._agent)[2].read()
        decode(self._verb, self._agent.wait(), output, said)
        raise KitError(f"the agent broke {self._verb} off without a reason", "this is a fault of the kit")


@contextlib.contextmanager
def receive(agent: Agent, verb: Verb[Request, Iterator[bytes]], request: Request) -> Iterator[Iterator[bytes]]:
    """Write the request to a started agent, and give the pieces of its answer; an unread rest ends the agent."""
    with _asked(agent):
        incoming = Incoming(agent, verb)
        try:
            writing = streams_of(agent)[0]
            _feed(writing, [encode(request)])
            with contextlib.suppress(BrokenPipeError):
                writing.close()
            yield incoming
        finally:
            if not incoming.is_whole:
                stop(agent)


def listen(agent: Agent, verb: Verb[Request, bytes], request: Request) -> Iterator[bytes]:
    """Write the request to a started agent, and yield the lines of its answer."""
    with agent:
        writing, reading, errors = streams_of(agent)
        try:
            with contextlib.suppress(BrokenPipeError):
                writing.write(encode(request))
                writing.flush()
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
    if agent.stdin and agent.stdin.closed:
        # Python would flush it once more, and fail.
        agent.stdin = None
    try:
        # Its last words must not fill the pipe while it is waited for.
        agent.communicate(timeout=PATIENCE_SECONDS)
    except (subprocess.TimeoutExpired, ValueError):
        agent.kill()


def encode(request: Mapping[str, object]) -> bytes:
    """Write a request as the one line that the agent reads."""
    return json.dumps({"format": FORMAT, "run": "", **call(), **request}).encode() + b"\n"


def decode(verb: str, status: int, output: bytes, errors: bytes) -> object:
    """Read the agent's document; raise its failure."""
    try:
        document: object = json.loads(output)
    except ValueError:
        if status == LOST:
            raise KitError(
                f"the connection to the host was lost during {verb}",
                "check the network, then run the same command again; it continues where this one stopped",
            ) from None
        said = errors.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise KitError(
            f"the agent's {verb} ended with status {status} and said: {said[-1]}",
            "the agent needs Python 3.9 or newer at /usr/bin/python3; if it is there, this is a fault of the kit",
        ) from None
    if not isinstance(document, dict) or "error" not in document:
        return document
    failure = read_as(Failure, document, verb)
    if status == HELD:
        raise HeldError(failure["error"]["problem"], failure["error"]["next"])
    raise AgentFailedError(failure)


def streams_of(agent: Agent) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    """Return the input, output and errors of an agent."""
    if agent.stdin is None or agent.stdout is None or agent.stderr is None:
        raise KitError("the agent was started without its streams")
    return agent.stdin, agent.stdout, agent.stderr
