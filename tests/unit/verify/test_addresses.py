"""A service is asked at each address that it is published on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.deployment.host import Deployment
from deploy.deployment.port import Port
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.checks_stack import test_answers_at_each_of_its_addresses as answers_everywhere
from deploy.verify.secrets import HostSecrets
from deploy.verify.web import Web
from tests.unit.agent.engines.scripted import scripted
from tests.unit.played import evidence_of
from tests.unit.rooms.places import chain


def test_an_address_where_nobody_answers_is_named() -> None:
    with scripted(lambda asked: asked.tell({})) as server:
        port = Port("127.0.0.1", int(server.url.rpartition(":")[2]), 8080)
        service = replace(chain().services[0], ports=(port,))
        web = Web(service, HostSecrets(evidence_of(Deployment("home", (service,), ()))))
        answers_everywhere(service, web)
        other = replace(service, ports=(port, replace(port, address="::1")))
        with pytest.raises(NotAsPlannedError, match=rf"^\[::1\]:{port.host_port} does not answer"):
            answers_everywhere(other, web)
        assert len(server.requests) == 2
