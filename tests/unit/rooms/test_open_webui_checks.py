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
from deploy.verify.engines import Engines
from deploy.verify.left_out import LeftOut
from deploy.verify.secrets import HostSecrets
from deploy.verify.web import Web
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.played import evidence_of
from tests.unit.rooms.places import engine, gateway, webui

KIT = {"id": "1", "email": "kit@localhost", "role": "admin"}


class Known(HostSecrets):
    """Secrets whose values a test knows."""

    def value(self, name: str) -> str:
        """Return a value that tells its name."""
        return f"value of {name}"


@contextmanager
def page(sign_in: int | list[int], *people: dict[str, Any]) -> Iterator[tuple[Service, Web, list[Any]]]:
    asked: list[Any] = []

    def play(one: Asked) -> None:
        body = one.body()
        asked.append((one.path, json.loads(body) if body else None))
        if one.path == "/api/v1/auths/signin":
            one.answer(sign_in if isinstance(sign_in, int) else sign_in.pop(0), b"{}")
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


@pytest.mark.parametrize(("refused", "last"), [(0, 200), (1, 200), (5, 200), (5, 429), (2, 400)])
def test_a_limit_of_sign_ins_is_waited_for_and_the_reason_is_said(
    monkeypatch: pytest.MonkeyPatch, refused: int, last: int
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    said: list[str] = []
    with page([429] * refused + [last]) as (service, web, asked):
        assert verify.sign_in(service, web, said.append).status == last
    assert len(asked) == refused + 1
    assert len(slept) == refused
    # A refused sign-in counts as well: one in a minute never reaches the limit again.
    assert all(1 <= seconds <= 61 for seconds in slept)
    assert all("allows an account 15 sign-ins in three minutes" in words for words in said)
    assert len(said) == refused


def asking(answered: bool, left_out: LeftOut) -> None:
    """Ask a page whose model answers or not, while hosts are left out."""

    def play(one: Asked) -> None:
        one.body()
        if one.path == "/api/models":
            one.tell({"data": [{"id": "gemma"}] if answered else []})
        elif answered:
            one.tell({"choices": [{"message": {"content": "hello"}}], "usage": {"completion_tokens": 1}})
        else:
            one.answer(500, b'{"detail": "no connection"}')

    with scripted(play) as server:
        service = chain_page(int(server.url.rpartition(":")[2]))
        evidence = evidence_of(Deployment("home", (service,), ()))
        web, engines = Web(service, Known(evidence)), Engines(evidence, left_out)
        verify.test_lists_the_planned_models(service, web, engines)
        verify.test_answers_a_chat_message(service, web, engines)


def chain_page(port: int) -> Service:
    return webui(gateway(engine()).offers, port=port).service


def test_a_model_whose_only_host_is_left_out_is_skipped_with_the_reason() -> None:
    absent = LeftOut(("192.168.1.20",), {"gemma": "box"})
    with pytest.raises(pytest.skip.Exception, match="gemma runs only on box, which does not answer and is optional"):
        asking(False, absent)
    # Another model may answer in its place.
    asking(True, absent)


@pytest.mark.parametrize("left_out", [LeftOut(), LeftOut(("192.168.1.20",), {"other": "box"})])
def test_a_model_that_has_to_answer_and_does_not_is_red(left_out: LeftOut) -> None:
    with pytest.raises(NotAsPlannedError, match="missing gemma"):
        asking(False, left_out)
