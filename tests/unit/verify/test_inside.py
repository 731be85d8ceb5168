"""Connections from inside of a container, with bash and, where the image has none, with the nc of Alpine's images."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.verify.inside import NO_PROGRAM, connecting
from tests.unit.verify.programs import path_with

HELLO = 'read -r first rest; [ "$first $rest" = "hello there" ]'


@pytest.fixture
def greeter() -> Iterator[int]:
    """A listener that greets whoever comes; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if not child:
            while True:
                connection, _ = server.accept()
                connection.sendall(b"hello there\n")
                connection.close()
        yield server.getsockname()[1]
        os.kill(child, 9)
        os.waitpid(child, 0)


def ran(environment: dict[str, str], argv: list[str]) -> int:
    return subprocess.run(argv, env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize("programs", [("bash",), ("nc",), ("bash", "nc")])
def test_the_words_are_run_on_the_connection_whatever_program_makes_it(
    tmp_path: Path, greeter: int, programs: tuple[str, ...]
) -> None:
    assert ran(path_with(tmp_path, *programs), connecting("127.0.0.1", greeter, 10, HELLO)) == 0


@pytest.mark.parametrize("program", ["bash", "nc"])
def test_other_words_and_a_closed_port_are_no_success(tmp_path: Path, greeter: int, program: str) -> None:
    environment, other = path_with(tmp_path, program), HELLO.replace("hello", "welcome")
    assert ran(environment, connecting("127.0.0.1", greeter, 10, other)) == 1
    assert ran(environment, connecting("127.0.0.1", 1, 10)) not in (0, *NO_PROGRAM)


def test_an_image_without_such_a_program_is_no_closed_port(tmp_path: Path, greeter: int) -> None:
    assert ran(path_with(tmp_path), connecting("127.0.0.1", greeter, 10)) in NO_PROGRAM
