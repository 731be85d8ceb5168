"""Verify is red where a service's data is not the data of before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.agent.data.places import remember_places
from deploy.deployment.host import Deployment
from deploy.deployment.places import places_request
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.checks_places import test_its_data_is_the_data_of_before as check
from deploy.verify.places import Places
from tests.unit.agent.data.places import Host, write_chats
from tests.unit.played import evidence_of, stack_at
from tests.unit.rooms.places import webui


def applied(host: Host, monkeypatch: pytest.MonkeyPatch) -> tuple[Deployment, Service]:
    """Return a page with two chats whose release was accepted."""
    service = webui(()).service
    assert service.data is not None
    service = replace(service, data=replace(service.data, host_path=str(host.data)))
    deployment = Deployment(stack_at(host.root, monkeypatch), (service,), ())
    write_chats(host.data, "of the kit", "ada", chats=2)
    remember_places(host.root, places_request(deployment))
    return deployment, service


def test_the_data_of_before_is_green_and_an_emptied_or_replaced_one_is_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(tmp_path)
    deployment, service = applied(host, monkeypatch)
    check(service, Places(evidence_of(deployment)))
    host.empty()
    with pytest.raises(NotAsPlannedError, match="the data of open_webui is not there"):
        check(service, Places(evidence_of(deployment)))
    write_chats(host.data, "a second account of the kit")
    with pytest.raises(NotAsPlannedError, match="holds another database of open_webui"):
        check(service, Places(evidence_of(deployment)))


def test_what_is_no_database_and_what_cannot_be_read_are_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path)
    deployment, service = applied(host, monkeypatch)
    database = host.data / "webui.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as locking:
        monkeypatch.setattr("deploy.components.open_webui.agent.stored.WAIT_SECONDS", 0.01)
        locking.execute("pragma locking_mode=exclusive")
        locking.execute("delete from chat")
        words = f"cannot read {host.data}: its disk fails, or another program locks it"
        with pytest.raises(NotAsPlannedError, match=words):
            check(service, Places(evidence_of(deployment)))
    database.unlink()
    database.mkdir()
    with pytest.raises(NotAsPlannedError, match="holds a database of open_webui that cannot be read"):
        check(service, Places(evidence_of(deployment)))


def test_a_service_without_data_has_none_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment, service = applied(Host(tmp_path), monkeypatch)
    check(replace(service, name="gate"), Places(evidence_of(deployment)))
