"""Listeners are told by two witnesses: the agent, and the host's own tool."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from testinfra.host import Host

from deploy.verify.containers import Containers
from deploy.verify.network import Network
from tests.unit.played import evidence_of
from tests.unit.rooms.places import chain


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine on which something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def seen_from(host: object) -> frozenset[tuple[str, int]]:
    """Ask both witnesses."""
    return Network(cast("Host", host), Containers(evidence_of(chain(), Path("/nowhere")), None)).listeners


def told(*sockets: str) -> object:
    """A host whose own tool tells these sockets."""
    return SimpleNamespace(socket=SimpleNamespace(get_listening_sockets=lambda: list(sockets)))


def test_a_listener_that_one_witness_tells_is_enough(port: int) -> None:
    own = told("tcp://0.0.0.0:1", "tcp://:::2", "tcp://fe80::1%eth0:3", "tcp://::ffff:127.0.0.1:4", "unix:///run/x")
    listeners = seen_from(own)
    assert ("127.0.0.1", port) in listeners
    assert {("0.0.0.0", 1), ("::", 2), ("fe80::1", 3), ("127.0.0.1", 4)} <= listeners


def test_a_host_without_such_a_tool_has_the_agents_word(port: int) -> None:
    class Bare:
        @property
        def socket(self) -> object:
            raise RuntimeError('either "ss" or "netstat" utility is required')

    assert ("127.0.0.1", port) in seen_from(Bare())
