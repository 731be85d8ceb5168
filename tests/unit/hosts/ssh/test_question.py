"""A password that a person types: it is not shown, and Ctrl-C ends the wait in whichever thread that is."""

from __future__ import annotations

import os
import pty
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.hosts.parallel import settled
from deploy.hosts.ssh.passwords import forget, password_of
from tests.waiting import wait_until

NAMES = ("box", "desk")


def way(name: str) -> Way:
    return Way("ssh", name, f"{name}.lan", "admin")


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The end of a terminal at which a person types; the other end is standard input."""
    person, end = pty.openpty()
    with os.fdopen(end) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        for name in NAMES:
            forget(way(name))
        yield person
        for name in NAMES:
            forget(way(name))
    os.close(person)


def is_hidden() -> bool:
    return not termios.tcgetattr(sys.stdin.fileno())[3] & termios.ECHO


def when_asked(then: Callable[..., object], *given: object) -> None:
    """Do something once a question is open."""

    def wait() -> None:
        wait_until(is_hidden, "a question is open")
        then(*given)

    threading.Thread(target=wait, daemon=True).start()


def test_what_is_typed_is_the_password_and_is_not_shown(person: int, capsys: pytest.CaptureFixture[str]) -> None:
    when_asked(os.write, person, "open sesämé \n".encode())
    assert password_of(way("box")) == "open sesämé "
    assert capsys.readouterr().err == "Password of admin@box.lan for sudo: \n"
    assert not is_hidden()
    assert password_of(way("box")) == "open sesämé "


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.usefixtures("person")
def test_ctrl_c_ends_the_wait_for_each_password(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    when_asked(os.kill, os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        settled({name: partial(password_of, way(name)) for name in NAMES[:number]})
    assert capsys.readouterr().err.count("for sudo: ") <= 1, "the other host's password is asked for no more"
    assert not is_hidden()


def test_a_terminal_that_ends_is_told_as_such(person: int) -> None:
    when_asked(os.write, person, b"\x04")
    with pytest.raises(KitError, match=r"no password was typed for sudo on admin@box\.lan"):
        password_of(way("box"))
    assert not is_hidden()
