"""Streams between the control node and an agent that a test plays: files up, pipes up, pipes down, lines."""

from __future__ import annotations

import hashlib
import sys
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.agent.contract.verbs import Verb
from deploy.errors import KitError
from deploy.hosts.local import LocalTransport
from deploy.hosts.wire.talking import interrupt
from tests.tree import REPOSITORY
from tests.unit.sending import opener

PUT: Verb[dict[str, str], dict[str, str]] = Verb("put")
GET: Verb[dict[str, str], Iterator[bytes]] = Verb("get")
FOLLOW: Verb[dict[str, str], bytes] = Verb("follow")


@pytest.fixture
def played(tmp_path: Path) -> Callable[[str], LocalTransport]:
    """Return a transport whose agent is a program of the test's, with the request in `request`."""

    def to(program: str) -> LocalTransport:
        python = tmp_path / "python"
        begin = "import hashlib, json, sys\nrequest = json.loads(sys.stdin.buffer.readline())\n"
        python.write_text(f"#!{sys.executable} -I\n{begin}{program}")
        python.chmod(0o755)
        return LocalTransport(str(tmp_path / "agent"), str(python))

    return to


ASKS = """
def asked(name, size):
    print(json.dumps({'wanted': name, 'start': 0, 'size': size}), flush=True)
    return sys.stdin.buffer.read(size)
"""


def test_streams_arrive_as_the_agent_asks_for_them_byte_for_byte(played: Callable[[str], LocalTransport]) -> None:
    content = b"\xff\n\0" * (1 << 20)
    transport = played(
        f"{ASKS}small = asked('small', 3)\nlarge = asked('large', {len(content)})\n"
        "print(json.dumps({'name': request['name'], 'small': small.decode(), "
        "'sha256': hashlib.sha256(large).hexdigest()}))\n"
    )
    answer = transport.send(PUT, {"name": "model"}, opener({"small": b"abc and more", "large": content, "no": b""}))
    assert answer == {"name": "model", "small": "abc", "sha256": hashlib.sha256(content).hexdigest()}


def test_an_agent_that_asks_for_nothing_gets_no_stream(played: Callable[[str], LocalTransport]) -> None:
    transport = played("print(json.dumps({'name': request['name']}))\n")
    assert transport.send(PUT, {"name": "model"}, opener({})) == {"name": "model"}


def test_a_stream_that_breaks_off_ends_for_the_agent_too(played: Callable[[str], LocalTransport]) -> None:
    transport = played(f"{ASKS}print(json.dumps({{'got': asked('cut', 10).decode()}}))\n")
    assert transport.send(PUT, {}, opener({"cut": b"1234"})) == {"got": "1234"}


def test_an_agent_ends_with_a_control_node_that_cannot_open_its_file(
    tmp_path: Path, played: Callable[[str], LocalTransport]
) -> None:
    note = f"pathlib.Path({str(tmp_path / 'end')!r}).touch()"
    ended = f"import pathlib, signal\nsignal.signal(15, lambda *_: ({note}, sys.exit(1)))\n"
    with pytest.raises(KeyError, match="gone"):
        played(f"{ended}{ASKS}asked('gone', 10)\n").send(PUT, {}, opener({}))
    assert (tmp_path / "end").exists()


def test_an_agent_that_refuses_a_stream_is_heard_although_the_stream_goes_on(
    played: Callable[[str], LocalTransport],
) -> None:
    transport = played(
        "print(json.dumps({'wanted': 'big', 'start': 0, 'size': 1 << 24}), flush=True); sys.stdin.buffer.read(9)\n"
        "print(json.dumps({'error': {'problem': 'the disk is full', 'next': ''}})); sys.exit(1)\n"
    )
    with pytest.raises(KitError, match="the disk is full"):
        transport.send(PUT, {}, opener({"big": bytes(1 << 24)}))


PIPES = f"""
sys.path.insert(0, {str(REPOSITORY)!r})
from deploy.agent.contract.frames import CutOffError, framed, unframed
def piped(name):
    print(json.dumps({{'wanted': name, 'start': 0, 'size': None}}), flush=True)
    return unframed(sys.stdin.buffer)
"""


def test_a_pipe_of_unknown_length_arrives_byte_for_byte_and_another_one_behind_it(
    played: Callable[[str], LocalTransport],
) -> None:
    content = b"\xff\n\0" * (1 << 20)
    transport = played(
        f"{PIPES}large = hashlib.sha256()\nfor piece in piped('large'): large.update(piece)\n"
        "print(json.dumps({'sha256': large.hexdigest(), 'small': b''.join(piped('small')).decode()}))\n"
    )
    answer = transport.send(PUT, {}, opener({"large": content, "small": b"abc"}))
    assert answer == {"sha256": hashlib.sha256(content).hexdigest(), "small": "abc"}


def test_a_large_pipe_takes_no_more_memory_than_a_piece_of_it(played: Callable[[str], LocalTransport]) -> None:
    host = played(
        f"{PIPES}if sys.argv[-1] == 'put': print(json.dumps({{'size': str(sum(map(len, piped('image'))))}}))\n"
        "else:\n for frame in framed(bytes(1 << 20) for _ in range(64)): sys.stdout.buffer.write(frame)\n"
    )
    tracemalloc.start()
    answer = host.send(PUT, {}, lambda *_: host.receive(GET, {}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer == {"size": str(64 << 20)}
    assert peak < 8 << 20


def test_a_pipe_that_fails_here_is_a_cut_there(tmp_path: Path, played: Callable[[str], LocalTransport]) -> None:
    transport = played(
        f"{PIPES}import pathlib, signal\nsignal.signal(15, lambda *_: None)\n"
        "try: [None for _ in piped('broken')]\n"
        f"except CutOffError: pathlib.Path({str(tmp_path / 'cut')!r}).touch()\n"
    )

    @contextmanager
    def opened(_name: str, _start: int) -> Iterator[Iterator[bytes]]:
        def pieces() -> Iterator[bytes]:
            yield b"first"
            raise KitError("the other host has gone")

        yield pieces()

    with pytest.raises(KitError, match="the other host has gone"):
        transport.send(PUT, {}, opened)
    assert (tmp_path / "cut").exists()


def test_a_stream_comes_down_byte_for_byte(played: Callable[[str], LocalTransport]) -> None:
    transport = played(
        f"{PIPES}for frame in framed([request['name'].encode(), b'\\0' * (3 << 20)]): sys.stdout.buffer.write(frame)\n"
    )
    with transport.receive(GET, {"name": "image"}) as pieces:
        assert b"".join(pieces) == b"image" + bytes(3 << 20)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("sys.stdout.buffer.write(b'\\xff' * 4 + json.dumps(no).encode()); sys.exit(1)", "no such image"),
        ("sys.stdout.buffer.write(b'\\0'); sys.exit('Killed')", "ended with status 1 and said: Killed"),
        ("sys.exit('ImportError')", "ended with status 1 and said: ImportError"),
    ],
    ids=["told", "cut", "nothing"],
)
def test_what_breaks_a_stream_off_in_the_middle_is_told(
    played: Callable[[str], LocalTransport], end: str, words: str
) -> None:
    transport = played(
        f"{PIPES}no = {{'error': {{'problem': 'no such image', 'next': ''}}}}\n"
        f"sys.stdout.buffer.write(next(framed([b'first'])))\n{end}\n"
    )
    with transport.receive(GET, {}) as pieces:
        assert next(pieces) == b"first"
        with pytest.raises(KitError, match=words):
            next(pieces)


def test_an_agent_whose_stream_is_not_read_to_its_end_ends(
    tmp_path: Path, played: Callable[[str], LocalTransport]
) -> None:
    transport = played(
        f"{PIPES}import itertools, pathlib, signal\n"
        f"signal.signal(15, lambda *_: (pathlib.Path({str(tmp_path / 'ended')!r}).touch(), sys.exit(1)))\n"
        "for frame in framed(itertools.repeat(b'more')): sys.stdout.buffer.write(frame)\n"
    )
    with transport.receive(GET, {}) as pieces:
        assert next(pieces) == b"more"
    assert (tmp_path / "ended").exists()


def test_an_interrupted_command_ends_an_agent_that_is_silent_in_its_stream(
    played: Callable[[str], LocalTransport],
) -> None:
    transport = played(
        f"{PIPES}import time\nsys.stdout.buffer.write(next(framed([b'first'])))\n"
        "sys.stdout.buffer.flush()\ntime.sleep(600)\n"
    )
    with transport.receive(GET, {}) as pieces:
        assert next(pieces) == b"first"
        interrupt()
        with pytest.raises(KitError, match="ended with status -15"):
            next(pieces)


def test_lines_come_as_they_are_printed_and_the_agent_ends_with_whoever_listens(
    tmp_path: Path, played: Callable[[str], LocalTransport]
) -> None:
    transport = played(
        "import pathlib, signal, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(tmp_path / 'ended')!r}).touch(), sys.exit(1)))\n"
        "print(request['name'], flush=True)\nwhile True: time.sleep(0.05)\n"
    )
    lines = transport.lines(FOLLOW, {"name": "main"})
    assert next(iter(lines)) == b"main\n"
    assert isinstance(lines, Generator)
    lines.close()
    assert (tmp_path / "ended").exists()


def test_what_ends_a_stream_of_lines_too_early_is_told(played: Callable[[str], LocalTransport]) -> None:
    transport = played(
        "print('one', flush=True)\n"
        "print(json.dumps({'error': {'problem': 'no Compose', 'next': ''}}), file=sys.stderr); sys.exit(1)\n"
    )
    lines = transport.lines(FOLLOW, {})
    assert next(lines) == b"one\n"
    with pytest.raises(KitError, match="no Compose"):
        next(lines)
