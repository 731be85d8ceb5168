"""The checks of the edge's room, against an edge that keeps its word and edges that do not; the shell is real."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from deploy.components.edge import verify
from deploy.components.edge.artifacts import HEALTH_PATH
from deploy.deployment.host import Deployment
from deploy.deployment.port import Port
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.secrets import HostSecrets
from tests.unit.agent.engines.scripted import Asked, scripted
from tests.unit.played import evidence_of
from tests.unit.rooms.test_edge import MAIN, services_of
from tests.unit.verify.programs import path_with

KEY = "a-key-of-this-edge"


class Inside:
    """The edge's container: its programs run here, where its listener is."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self.environment = environment

    def of(self, _service: Service) -> dict[str, str]:
        return {"Id": "edge"}

    def exit_code(self, _container: str, argv: list[str]) -> int:
        return subprocess.run(argv, env=self.environment, check=False).returncode


class Keys(HostSecrets):
    """The host's secrets, of which there is one."""

    def value(self, name: str) -> str:
        assert name == "edge_api_key"
        return KEY


@dataclass
class Edge:
    """Behaviour of an edge; by default the right one."""

    wants_key: bool = True
    takes_any_key: bool = False
    takes_x_api_key: bool = False
    lets_in: bool = False
    """True if it takes a question of this machine's without a key."""
    sees: str = "127.0.0.1"
    engine: int = 200

    def play(self, asked: Asked) -> None:
        asked.body()
        if asked.path == HEALTH_PATH:
            return asked.answer(200, self.sees.encode())
        sent = asked.headers.get("authorization", "")
        if self.takes_x_api_key and asked.headers.get("x-api-key") == KEY:
            sent = f"Bearer {KEY}"
        is_known = sent == f"Bearer {KEY}" or (self.takes_any_key and bool(sent))
        # What the room's checks ask from inside the container is never a peer's; it comes without a host's name.
        is_peer = self.lets_in and "host" in asked.headers
        return asked.answer(self.engine if is_known or is_peer or not self.wants_key else 401)


@contextmanager
def edge(one: Edge, peers: list[str]) -> Iterator[tuple[Service, Keys]]:
    with scripted(one.play) as server:
        number = int(server.url.rpartition(":")[2])
        service = services_of(MAIN)["edge"]
        facts = service.facts | {"listeners": [{"port": number, "engine": "main", "peers": peers}]}
        service = replace(service, ports=(Port("127.0.0.1", number, number),), facts=facts)
        yield service, Keys(evidence_of(Deployment("home", (service,), ())))


WITHOUT: dict[str, Callable[[Service, Any], None]] = {
    "lives": verify.test_says_to_anybody_that_it_lives,
    "refuses": verify.test_refuses_who_has_no_key,
    "passes": verify.test_passes_on_what_has_the_key,
    "peers": verify.test_lets_in_the_planned_peers_alone,
}


def findings(one: Edge, peers: list[str]) -> dict[str, str]:
    """Run every check that asks the edge itself; return the words of those that are red."""
    found = {}
    with edge(one, peers) as (service, keys):
        for name, check in WITHOUT.items():
            try:
                check(service, keys)
            except NotAsPlannedError as problem:
                found[name] = str(problem).replace(service.ports[0].place, "PLACE")
        try:
            verify.test_refuses_no_key_and_a_wrong_one_at_each_listener(service, Inside())  # type: ignore[arg-type]
        except NotAsPlannedError as problem:
            found["inside"] = str(problem)
    return found


def test_an_edge_that_keeps_its_word_is_green_for_peers_and_others() -> None:
    assert findings(Edge(lets_in=True), ["127.0.0.0/8"]) == {}
    assert findings(Edge(), ["192.168.1.30"]) == {}


@pytest.mark.parametrize(("takes", "words"), [(True, ""), (False, "status of main for a key in x-api-key")])
def test_an_edge_that_shall_take_the_key_in_anthropics_header_and_does_not_is_red(takes: bool, words: str) -> None:
    with edge(Edge(takes_x_api_key=takes), []) as (service, keys):
        opened = replace(service, facts={**service.facts, "x_api_key": True})
        with pytest.raises(NotAsPlannedError, match=words) if words else nullcontext():
            verify.test_passes_on_what_has_the_key(opened, keys)


def test_an_edge_without_peers_has_none_to_ask_about() -> None:
    with edge(Edge(), []) as (service, keys), pytest.raises(pytest.skip.Exception):
        verify.test_lets_in_the_planned_peers_alone(service, keys)


def test_an_edge_that_wants_no_key_is_red_from_outside_and_inside() -> None:
    found = findings(Edge(wants_key=False), ["192.168.1.30"])
    assert found["refuses"] == "PLACE/ is answered with 200 without a key"
    assert found["inside"] == "the listener of main does not refuse a question without a key"
    assert found["peers"] == "status for 127.0.0.1 without a key is 200, not 401"


def test_a_peer_hides_an_open_listener_from_no_check() -> None:
    assert list(findings(Edge(wants_key=False), ["127.0.0.0/8"])) == ["inside"]


def test_an_edge_that_takes_any_key_is_red() -> None:
    found = findings(Edge(takes_any_key=True), ["192.168.1.30"])
    assert found == {"inside": "the listener of main does not refuse a question with a wrong key"}


def test_an_edge_that_keeps_a_peer_out_is_red() -> None:
    assert findings(Edge(), ["127.0.0.0/8"]) == {"peers": "status for 127.0.0.1 without a key is 401, not 200"}


def test_an_edge_that_cannot_tell_clients_apart_is_red() -> None:
    found = findings(Edge(sees="172.18.0.1"), ["192.168.1.30"])
    assert found == {"peers": "the client's address, as the edge sees it at PLACE is 172.18.0.1, not 127.0.0.1"}


def test_an_engine_that_does_not_answer_behind_it_is_red() -> None:
    assert findings(Edge(engine=502), ["192.168.1.30"]) == {"passes": "status of main behind PLACE is 502, not 200"}


def test_an_image_of_alpine_is_asked_from_inside_as_the_kits_own(tmp_path: Path) -> None:
    inside: Any = Inside(path_with(tmp_path, "nc"))
    with edge(Edge(), []) as (service, _):
        verify.test_refuses_no_key_and_a_wrong_one_at_each_listener(service, inside)
        verify.test_has_no_admin_api(service, inside)
    with edge(Edge(takes_any_key=True), []) as (service, _), pytest.raises(NotAsPlannedError, match="a wrong key"):
        verify.test_refuses_no_key_and_a_wrong_one_at_each_listener(service, inside)


def test_an_image_that_cannot_be_asked_from_inside_is_red(tmp_path: Path) -> None:
    inside: Any = Inside(path_with(tmp_path))
    with edge(Edge(), []) as (service, _), pytest.raises(NotAsPlannedError, match="cannot be asked from inside"):
        verify.test_has_no_admin_api(service, inside)


def test_an_open_admin_api_is_red(monkeypatch: pytest.MonkeyPatch) -> None:
    with edge(Edge(), []) as (service, _):
        monkeypatch.setattr(verify, "ADMIN_PORT", 1)
        verify.test_has_no_admin_api(service, Inside())  # type: ignore[arg-type]
        monkeypatch.setattr(verify, "ADMIN_PORT", service.ports[0].host_port)
        with pytest.raises(NotAsPlannedError, match="changes its settings without a key"):
            verify.test_has_no_admin_api(service, Inside())  # type: ignore[arg-type]
