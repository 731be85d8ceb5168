"""The page under several addresses: each is an origin, the first is told people, and verify opens all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.components.open_webui import verify
from deploy.components.open_webui.spec import OpenWebUI
from deploy.deployment.host import Deployment
from deploy.deployment.port import Port
from deploy.deployment.service import Service
from deploy.spec.told.schema import json_schema
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.secrets import HostSecrets
from deploy.verify.web import Web
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.played import evidence_of
from tests.unit.rooms.places import webui
from tests.unit.rooms.test_open_webui import OFFERS

TWO = ["https://chat.example.org", "http://box.lan:3000"]


def read(text: str) -> OpenWebUI:
    return OpenWebUI.model_validate_json(text)


def test_each_address_is_an_origin_and_the_first_is_the_public_one() -> None:
    page = webui(OFFERS, url=TWO).service
    environment = dict(page.environment)
    assert environment["CORS_ALLOW_ORIGIN"] == ";".join(["http://localhost:3000", "http://127.0.0.1:3000", *TWO])
    assert environment["WEBUI_URL"] == page.room["settings"]["webui.url"] == TWO[0]
    assert webui(OFFERS, url=TWO[0]).service == webui(OFFERS, url=[TWO[0]]).service


def test_one_address_and_a_list_are_read_from_the_file_alike() -> None:
    assert read(json.dumps({"url": TWO[0]})).url == (TWO[0],)
    assert read(json.dumps({"url": TWO})).public_url == TWO[0]
    assert read("{}").public_url is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ([TWO[0], TWO[0]], "is written twice; keep one"),
        ([TWO[0], "https://chat.example.org/"], "is not an address such as"),
        ([TWO[0], "*"], "is not an address such as"),
        (["https://chat.example.org:443"], "leave out the port"),
        ([], "names no address"),
        (", ".join(TWO), f'write them as a list: `url: \\["{TWO[0]}", "{TWO[1]}"\\]`'),
        (";".join(TWO), "is several addresses; write them as a list"),
        (5, "valid array"),
    ],
)
def test_an_address_of_a_list_is_held_to_the_same_form(url: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        read(json.dumps({"url": url}))


def test_an_editor_is_told_both_forms() -> None:
    described = json_schema()["$defs"]["OpenWebUI"]["properties"]["url"]
    assert {"string", "array"} <= {one.get("type") for form in described["anyOf"] for one in form.get("anyOf", [form])}


@contextmanager
def served(allowed: list[str], page: int = 200) -> Iterator[tuple[Service, Web, list[str]]]:
    seen: list[str] = []

    def play(asked: Asked) -> None:
        origin = asked.headers.get("origin", "")
        assert asked.headers["host"] == origin.partition("://")[2]
        seen.append(f"{asked.path.partition('?')[0]} {origin}")
        if asked.headers.get("upgrade") == "websocket":
            asked.answer(101 if origin in allowed else 403)
        else:
            asked.answer(page)

    with scripted(play) as server:
        port = Port("127.0.0.1", int(server.url.rpartition(":")[2]), 8080)
        service = replace(webui(OFFERS, url=TWO).service, ports=(port,))
        yield service, Web(service, HostSecrets(evidence_of(Deployment("home", (service,), ())))), seen


OWN = ["http://localhost:3000", "http://127.0.0.1:3000", *TWO]


def test_the_page_and_its_websocket_are_opened_under_each_address() -> None:
    with served(OWN) as (service, web, seen):
        verify.test_opens_under_each_of_its_addresses(service, web)
        assert seen == [f"{path} {origin}" for origin in OWN for path in ("/", "/ws/socket.io/")] + [
            "/ws/socket.io/ https://stranger.invalid"
        ]


@pytest.mark.parametrize(
    ("allowed", "page", "words"),
    [
        (OWN[:3], 200, "status of the websocket under http://box.lan:3000 is 403, not 101"),
        (OWN, 502, "status of the page under http://localhost:3000 is 502"),
        ([*OWN, verify.FOREIGN], 200, "the websocket opens under https://stranger.invalid as well"),
    ],
)
def test_one_that_is_closed_or_one_too_many_is_red(allowed: list[str], page: int, words: str) -> None:
    with served(allowed, page) as (service, web, _), pytest.raises(NotAsPlannedError, match=words):
        verify.test_opens_under_each_of_its_addresses(service, web)
