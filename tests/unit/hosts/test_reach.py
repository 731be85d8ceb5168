"""Several hosts asked at once, each by its own transport."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from deploy.errors import HELD, HeldError, KitError, Problem, SpecError
from deploy.hosts.reach import Hosts, reach
from deploy.hosts.wire.transport import Transport
from tests.unit.played import Played
from tests.waiting import PATIENCE_SECONDS

BOXES = Hosts({"here": Played(Path("/nowhere")), "box": Played(Path("/elsewhere"))})


def test_hosts_are_asked_side_by_side_each_over_its_own_transport() -> None:
    both = threading.Barrier(2)

    def ask(host: str, transport: Transport) -> tuple[str, bool]:
        both.wait(PATIENCE_SECONDS)
        return host, transport is BOXES[host]

    assert BOXES.each(ask) == {"here": ("here", True), "box": ("box", True)}
    assert list(BOXES.only(["box"])) == ["box"]


def test_one_host_is_asked_in_the_thread_that_asks() -> None:
    asked = reach().each(lambda *_: threading.current_thread())
    assert asked == {"here": threading.current_thread()}


def test_every_host_answers_before_the_errors_of_all_are_raised() -> None:
    answered: list[str] = []

    def ask(host: str, _: Transport) -> None:
        answered.append(host)
        raise KitError("the disk is full", f"make room on {host}")

    with pytest.raises(KitError) as wrong:
        BOXES.each(ask)
    assert sorted(answered) == ["box", "here"]
    assert wrong.value.problem == "here: the disk is full\nbox: the disk is full"
    assert wrong.value.next_step == "make room on here\nmake room on box"


def test_an_error_of_one_host_alone_is_told_with_its_name() -> None:
    def ask(host: str, _: Transport) -> None:
        if host == "box":
            raise HeldError("held by somebody", "wait")

    with pytest.raises(HeldError) as wrong:
        BOXES.each(ask)
    assert (wrong.value.problem, wrong.value.exit_code) == ("box: held by somebody", HELD)


def test_a_fault_of_the_files_is_told_once_for_all_hosts() -> None:
    def ask(*_: object) -> None:
        raise SpecError([Problem("kit.yaml", 3, 1, "gateway.key", "the variable is not set")], "mend this")

    with pytest.raises(SpecError) as wrong:
        BOXES.each(ask)
    assert str(wrong.value) == "kit.yaml:3:1: gateway.key: the variable is not set"
    assert wrong.value.next_step == "mend this"


def test_a_fault_of_the_files_hides_no_error_of_another_host() -> None:
    def ask(host: str, *_: object) -> None:
        raise KitError("it is away") if host == "box" else SpecError([Problem("kit.yaml", 3, 1, "", "no such file")])

    with pytest.raises(KitError) as wrong:
        BOXES.each(ask)
    assert wrong.value.problem == "here: kit.yaml:3:1: no such file\nbox: it is away"


def test_a_fault_of_kit_itself_is_not_hidden_behind_other_errors() -> None:
    def ask(host: str, _: Transport) -> None:
        raise KitError("held") if host == "here" else ZeroDivisionError("kit itself")

    with pytest.raises(ZeroDivisionError):
        BOXES.each(ask)
