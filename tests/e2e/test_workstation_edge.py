"""Another machine reaches an engine through the edge: with the key, or as a peer, and not otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.doubles.registry.official import publish_official
from tests.e2e.evidence import Ran
from tests.e2e.other_machine import HERE, PEER, STRANGER, OtherMachine, other_machine
from tests.e2e.place import Document
from tests.e2e.stack import Seen
from tests.e2e.workstation import Workstation

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.network]

QUESTION = {"messages": [{"role": "user", "content": "Once upon a time"}], "options": {"num_predict": 16}}


@dataclass(frozen=True)
class Opened:
    """The workstation with an engine that another machine reaches."""

    stack: Workstation
    machine: OtherMachine
    before: dict[str, Seen]
    applied: Ran
    key: str

    @property
    def port(self) -> int:
        """The engine's port, which is the edge's at the other addresses."""
        return self.stack.ports["main"]


@pytest.fixture(scope="module")
def opened(workstation_applied: Workstation) -> Iterator[Opened]:
    stack = workstation_applied

    def publish(spec: Document) -> None:
        spec["engines"][0]["publish"] = HERE
        spec["edge"] = {"peers": [PEER]}

    stack.settle()
    before, lock = stack.containers(), stack.place.lock_path.read_bytes()
    with other_machine() as machine:
        try:
            with stack.place.changed(publish):
                stack.kit("lock")
                applied = stack.apply()
                yield Opened(stack, machine, before, applied, stack.secret("edge_api_key"))
        finally:
            stack.place.lock_path.write_bytes(lock)
            stack.apply()


def test_opening_an_engine_starts_the_edge_and_touches_nothing_else(opened: Opened) -> None:
    operations = {one["resource"]: one["action"] for one in opened.applied.here["plan"]["operations"]}
    containers = opened.stack.containers()

    assert operations["service edge"] == "create"
    assert not [name for name in operations if name.startswith("service ") and name != "service edge"]
    assert {name: one.id for name, one in containers.items() if name != "edge"} == {
        name: one.id for name, one in opened.before.items()
    }
    assert containers["edge"].ports == (f"{HERE}:{opened.port}",)
    assert containers["main"].ports == (f"127.0.0.1:{opened.port}",)
    assert opened.stack.is_settled


def test_verify_proves_each_promise_of_the_edge(opened: Opened) -> None:
    checks = opened.stack.kit("verify", "--json").here["checks"]

    told = {one["name"]: one["outcome"] for one in checks if one["service"] == "edge"}
    assert set(told.values()) == {"passed"}
    assert {
        "refuses who has no key",
        "refuses no key and a wrong one at each listener",
        "passes on what has the key",
        "lets in the planned peers alone",
        "has no admin api",
        "publishes exactly the planned ports",
        "is reached at no other address",
        "tells no secret",
    } <= set(told)


def test_a_stranger_needs_the_key_and_a_peer_does_not(opened: Opened) -> None:
    tags = json.dumps(sorted(opened.stack.engine.digests()))

    def asked(key: str = "", as_: str = STRANGER) -> tuple[int, str]:
        reply = opened.machine.ask(opened.port, "/api/tags", key=key, as_=as_)
        found = json.loads(reply.text).get("models", [])
        return reply.status, json.dumps(sorted(one["name"].removesuffix(":latest") for one in found))

    assert asked() == asked("a-wrong-key") == (401, "[]")
    assert asked(opened.key) == asked(as_=PEER) == (200, tags)
    assert opened.machine.ask(opened.port, "/kit/health").text == STRANGER


def test_an_answer_arrives_piece_by_piece(opened: Opened) -> None:
    model = next(one["name"] for one in opened.stack.place.spec["models"] if one["engine"] == "main")
    question = {**QUESTION, "model": model, "stream": True}
    reply = opened.machine.ask(opened.port, "/api/chat", key=opened.key, body=question)

    assert reply.status == 200
    assert json.loads(reply.text.splitlines()[-1])["done"]
    assert len(reply.pieces) > 1
    assert '"done":true' not in reply.pieces[0].replace(" ", "")


def test_nothing_else_of_the_machine_answers(opened: Opened) -> None:
    every = {*opened.stack.ports.values(), 2019, 8100, 11434, 4000, 8080}

    assert opened.machine.open_ports(*sorted(every)) == [opened.port]


def test_the_log_tells_who_asked_and_holds_no_key(opened: Opened) -> None:
    opened.machine.ask(opened.port, f"/api/version?key={opened.key}", key=opened.key)
    text = "\n".join(opened.stack.kit("logs", "edge", "--json").here["logs"]["edge"])

    assert STRANGER in text
    assert '"uri":"/api/version"' in text
    assert opened.key not in text
    assert "/kit/health" not in text


def test_the_edges_official_image_takes_the_place_of_the_assembled_one(opened: Opened) -> None:
    stack = opened.stack
    registry = stack.place.spec["mirrors"]["registry"].removeprefix("http://")
    digest = publish_official(registry, "edge", stack.containers()["edge"].image)

    def pull(spec: Document) -> None:
        spec["edge"]["source"] = "pull"

    with stack.place.changed(pull):
        stack.kit("lock")
        stack.apply()
        edge = stack.containers()["edge"]
        assert (edge.image, edge.health) == (f"kit/edge:{digest.removeprefix('sha256:')}", "healthy")
        checks = stack.kit("verify", "--json").here["checks"]
        assert {one["outcome"] for one in checks if one["service"] == "edge"} == {"passed"}
        assert opened.machine.ask(opened.port, "/api/tags").status == 401
        assert opened.machine.ask(opened.port, "/api/tags", key=opened.key).status == 200
        assert stack.is_settled
