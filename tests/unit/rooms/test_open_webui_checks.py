"""Verify signs in as the person who administers the page, or sees that somebody but the kit still can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from deploy.components.open_webui import verify
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.secrets import HostSecrets
from deploy.verify.web import Web
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.played import evidence_of
from tests.unit.rooms.places import webui

KIT = {"id": "1", "email": "kit@localhost", "role": "admin"}


class Known(HostSecrets):
    """Secrets whose values a test knows."""

    def value(self, name: str) -> str:
        """Return a value that tells its name."""
        return f"value of {name}"


@contextmanager
def page(sign_in: int, *people: dict[str, Any]) -> Iterator[tuple[Service, Web, list[Any]]]:
    asked: list[Any] = []

    def play(one: Asked) -> None:
        body = one.body()
        asked.append((one.path, json.loads(body) if body else None))
        if one.path == "/api/v1/auths/signin":
            one.answer(sign_in, b"{}")
        else:
            one.tell({"users": [KIT, *people]})

    with scripted(play) as server:
        service = webui((), port=int(server.url.rpartition(":")[2])).service
        yield service, Web(service, Known(evidence_of(Deployment("home", (service,), ())))), asked


def test_the_first_password_that_still_holds_is_enough() -> None:
    with page(200) as (service, web, asked):
        verify.test_people_can_sign_in(service, web, web)
    account = {"email": "admin@localhost", "password": "value of webui_admin_password"}
    assert asked == [("/api/v1/auths/signin", account)]


@pytest.mark.parametrize(
    "person",
    [
        {"id": "2", "email": "admin@localhost", "role": "admin"},
        {"id": "2", "email": "ada@example.org", "role": "admin"},
    ],
)
def test_a_password_or_a_name_that_people_changed_is_theirs(person: dict[str, Any]) -> None:
    with page(400, person) as (service, web, _):
        verify.test_people_can_sign_in(service, web, web)


@pytest.mark.parametrize("people", [(), ({"id": "2", "email": "guest@example.org", "role": "user"},)])
def test_a_page_that_only_the_kit_can_administer_is_red(people: tuple[dict[str, Any], ...]) -> None:
    with page(400, *people) as (service, web, _), pytest.raises(NotAsPlannedError, match="no account admin@localhost"):
        verify.test_people_can_sign_in(service, web, web)
