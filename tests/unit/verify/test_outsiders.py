"""Machines beside a host: the control node where SSH leads there, and the other hosts of the stack."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from testinfra.host import Host

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.verify.beside import Beside
from deploy.verify.checks import UnansweredError
from deploy.verify.outsiders import CONTROL_NODE, Outsider, outsiders_of, question
from tests.unit.refusing import Refusing

BOX, DESK = Way("ssh", "box", "192.168.1.20"), Way("ssh", "desk", "192.168.1.21")
JUMPED = Way("ssh", "box", "192.168.1.20", jump="gate")


@pytest.fixture(autouse=True)
def _control_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.verify.outsiders.control_node", lambda _folder: Refusing())


def outsiders(way: Way, *others: Way, told: str = "") -> tuple[Outsider, ...]:
    host = SimpleNamespace(run=lambda _words: SimpleNamespace(stdout=told))
    return outsiders_of(way, [Beside(other) for other in others], Path("/nowhere"), lambda: cast("Host", host))


def names(*found: Outsider) -> list[str]:
    return [outsider.name for outsider in found]


def test_this_machine_alone_has_nobody_beside_it() -> None:
    assert outsiders(Way()) == outsiders(Way(), Way()) == ()


def test_a_host_over_ssh_has_the_control_node_and_then_the_other_hosts_beside_it() -> None:
    assert names(*outsiders(BOX)) == [CONTROL_NODE]
    assert names(*outsiders(BOX, Way(), BOX, DESK)) == [CONTROL_NODE, "desk"]
    assert names(*outsiders(Way(), Way(), BOX, DESK)) == ["box", "desk"]


@pytest.mark.parametrize(
    ("way", "told", "is_direct"),
    [
        (BOX, "192.168.1.5 50000 192.168.1.20 22", True),
        # Through a router, which gives the connection an address of its own.
        (BOX, "192.168.1.1 50000 192.168.1.20 22", False),
        (BOX, "192.168.1.5 50000 192.168.1.30 22", False),
        (JUMPED, "192.168.1.5 50000 192.168.1.20 22", False),
        (BOX, "", False),
    ],
)
def test_ssh_itself_tells_whether_an_address_leads_to_the_host(way: Way, told: str, is_direct: bool) -> None:
    control_node, desk = outsiders(way, DESK, told=told)
    assert control_node.is_signed_in("192.168.1.5", "192.168.1.20") is is_direct
    assert not desk.is_signed_in("192.168.1.5", "192.168.1.20")


class Silent(Refusing):
    """A host that is off."""

    def call(self, _verb: Verb[Request, Answer], _request: Request) -> Answer:
        raise KitError("desk does not answer on port 22", "switch it on")


def test_a_machine_that_is_off_is_told_in_words() -> None:
    with pytest.raises(UnansweredError, match=r"^desk cannot be asked: desk does not answer on port 22$"):
        Outsider("desk", Silent()).knock([question("192.168.1.20", 1)])


def test_a_question_without_a_path_is_a_connection_alone() -> None:
    plain: Any = {"address": "::1", "port": 1, "path": "", "key": "", "tls": False}
    assert question("::1", 1) == plain
    assert question("::1", 1, "/_ping", tls=True) == plain | {"path": "/_ping", "tls": True}


def test_a_secret_may_go_to_the_control_node_and_to_hosts_that_have_it() -> None:
    host = cast("Host", SimpleNamespace())
    control_node, desk = outsiders_of(BOX, [Beside(BOX), Beside(DESK, ("its_key",))], Path("/nowhere"), lambda: host)
    assert (control_node.may_have("its_key"), desk.may_have("its_key")) == (True, True)
    assert (control_node.may_have("another"), desk.may_have("another")) == (True, False)
