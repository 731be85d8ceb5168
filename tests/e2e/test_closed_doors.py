"""A service without a way out has none."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from deploy.agent.inputs.sources import host_mirror
from tests.e2e.stack import Stack, docker_client
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.e2e

CONNECT = "timeout {seconds} bash -c 'exec 3<>/dev/tcp/{address}/{port} && echo out'"


def test_no_service_without_egress_gets_out_where_another_container_does(stack: Stack) -> None:
    address, port = mirror()
    services = stack.containers()

    def connecting(seconds: int) -> list[str]:
        return ["bash", "-c", CONNECT.format(address=address, port=port, seconds=seconds)]

    _, *words = connecting(PATIENCE_SECONDS)
    with docker_client() as client:
        control = client.containers.run(services["main"].image, words, entrypoint=["bash"], init=True, remove=True)
    # What does not lead out keeps silent: each of these waits to its end.
    inside = {name: one.container.exec_run(connecting(2)).output for name, one in services.items()}

    assert control == b"out\n"
    assert not [name for name, said in inside.items() if b"out\n" in said]


def mirror() -> tuple[str, int]:
    """Return an address outside that answers: where this host's packages come from."""
    place = urlsplit(host_mirror("debian"))
    port = place.port or {"http": 80, "https": 443}[place.scheme]
    return str(socket.getaddrinfo(place.hostname, port, socket.AF_INET)[0][4][0]), port
