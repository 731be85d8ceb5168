"""The start of services: a new network is closed to other machines before a container runs on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.agent.contract.releases import ConvergeRequest
from deploy.agent.journal import Journal
from deploy.agent.releases import starting
from tests.unit.agent.firewall.conftest import Host, network

INNER, PUBLISHED = network("inner", "a"), network("published", "b")
RELEASE = "a" * 64
MANIFEST = {
    "format": 1,
    "kit": "1",
    "stack": "home",
    "files": [],
    "services": {"main": {"networks": ["inner", "published"]}},
}


@pytest.fixture
def compose(host: Host, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The calls of Compose, each with the number of rules that the kernel had by then; it makes the networks."""
    release = host.root / "releases" / RELEASE
    release.mkdir(parents=True)
    (release / "manifest.json").write_text(json.dumps(MANIFEST))
    (host.root / "current").symlink_to(f"releases/{RELEASE}")
    (host.root / "run").mkdir()
    calls: list[tuple[str, int]] = []

    def run_up(_root: Path, argv: list[str], _what: str) -> None:
        calls.append(("made" if "--no-start" in argv else "started", len(host.rules())))
        host.joined(INNER, PUBLISHED)

    monkeypatch.setattr(starting, "run_up", run_up)
    monkeypatch.setattr("deploy.agent.docker.compose.program", lambda: ["docker", "compose"])
    return calls


def start(host: Host) -> None:
    request: ConvergeRequest = {
        "stack": "home",
        "root": str(host.root),
        "project": "kit-home",
        "release": RELEASE,
        "run": "desk",
        "order": ["main"],
        "services": {"main": {"action": "create"}},
        "hosts": ["here"],
        "back_to": "",
    }
    starting.start_services(host.docker, host.root, request, ["main"], Journal("", ""), recreate=False)


def test_new_networks_are_closed_before_a_container_starts(host: Host, compose: list[tuple[str, int]]) -> None:
    start(host)
    assert compose == [("made", 0), ("started", 4)]


def test_networks_that_are_there_cost_no_second_call(host: Host, compose: list[tuple[str, int]]) -> None:
    host.joined(INNER, PUBLISHED)
    start(host)
    assert (compose, len(host.rules())) == ([("started", 0)], 4)


def test_a_docker_that_closes_the_way_itself_is_called_once(host: Host, compose: list[tuple[str, int]]) -> None:
    host.docker.version = "29.1.1"
    start(host)
    assert (compose, host.rules()) == ([("started", 0)], [])
