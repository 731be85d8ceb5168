"""Checks of the edge: each engine answers behind it with the key or to a peer, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address

import pytest

from deploy.components.edge.artifacts import HEALTH_PATH
from deploy.components.edge.outside import Caller, Outside, doors, is_peer, outside_of
from deploy.deployment.port import Port
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError, UnansweredError, ensure, ensure_equal, ensure_refused
from deploy.verify.closed_ports import closed_ports, open_ways
from deploy.verify.containers import Containers
from deploy.verify.evidence import HostEvidence
from deploy.verify.inside import NO_PROGRAM, connecting
from deploy.verify.outsiders import Outsider
from deploy.verify.questions import short_question
from deploy.verify.secrets import HostSecrets
from deploy.verify.web import Web

ADMIN_PORT = 2019
MODELS = "/v1/models"
"""Answered by engines of every protocol, without a model in memory."""
CLOSED = ("/", MODELS, "/api/tags", "/api/version", "/v1", "/config/", "/metrics")
SECONDS = 10
Telling = Callable[[str], None]
WRONG = "Authorization: Bearer wrong\\r\\n"


def test_says_to_anybody_that_it_lives(service: Service, secrets: HostSecrets) -> None:
    for port, _ in doors(service):
        ensure_equal(_at(port, service, secrets).get(HEALTH_PATH).status, 200, f"{HEALTH_PATH} at {port.place}")


def test_refuses_who_has_no_key(service: Service, secrets: HostSecrets) -> None:
    for port, listener in doors(service):
        if is_peer(_seen_at(port, service, secrets), listener):
            # The next check asks from an address that is never a peer's.
            continue
        web = _at(port, service, secrets)
        for path in CLOSED:
            ensure_refused(web.get(path).status, f"{port.place}{path}", (401,))
        ensure_refused(web.post("/api/chat", short_question("any")).status, f"{port.place}/api/chat", (401,))


def test_refuses_no_key_and_a_wrong_one_at_each_listener(service: Service, containers: Containers) -> None:
    for listener in service.facts["listeners"]:
        for header, words in (("", "without a key"), (WRONG, "with a wrong key")):
            is_refused = _inside(containers, service, listener["port"], _ask(header)) == 0
            ensure(is_refused, f"the listener of {listener['engine']} does not refuse a question {words}")


def test_passes_on_what_has_the_key(service: Service, secrets: HostSecrets) -> None:
    for port, listener in doors(service):
        web = _at(port, service, secrets)
        web.use_key(service.facts["key"])
        ensure_equal(web.get(MODELS).status, 200, f"status of {listener['engine']} behind {port.place}")
        if service.facts.get("x_api_key"):
            web.bearer, web.headers = None, {"X-Api-Key": secrets.value(service.facts["key"])}
            ensure_equal(web.get(MODELS).status, 200, f"status of {listener['engine']} for a key in x-api-key")


def test_lets_in_the_planned_peers_alone(service: Service, secrets: HostSecrets) -> None:
    with_peers = [(port, listener) for port, listener in doors(service) if listener["peers"]]
    if not with_peers:
        pytest.skip("the spec names no peers that reach it by IPv4")
    for port, listener in with_peers:
        seen = _seen_at(port, service, secrets)
        # Asked from this host, the client has the address that it asks.
        ensure_equal(seen, port.address, f"the client's address, as the edge sees it at {port.place}")
        wanted = 200 if is_peer(seen, listener) else 401
        ensure_equal(_at(port, service, secrets).get(MODELS).status, wanted, f"status for {seen} without a key")


def test_has_no_admin_api(service: Service, containers: Containers) -> None:
    is_open = _inside(containers, service, ADMIN_PORT, "true") == 0
    ensure(not is_open, f"its port {ADMIN_PORT} answers, which changes its settings without a key")


@pytest.fixture(scope="session")
def outside(service: Service, outsiders: Sequence[Outsider], containers: Containers) -> Outside:
    """The edge as other machines find it; skipped unless healthy."""
    try:
        containers.ensure_healthy(service)
    except NotAsPlannedError:
        # The check of its health tells the cause.
        pytest.skip("not asked: its container is not running and healthy")
    return outside_of(service, outsiders, containers)


def test_asks_another_machine_for_the_key(outside: Outside, telling: Telling) -> None:
    ensure(not outside.strange, "; ".join(outside.strange))
    for port, caller in _called(outside):
        paths, wanted = ((MODELS,), 200) if caller.is_peer else (CLOSED, 401)
        asked = [(path, key) for path in paths for key in ("", "wrong")]
        for (path, key), status in zip(asked, caller.statuses(port, asked), strict=True):
            words = f"{caller.words} with{' a wrong' if key else 'out a'} key"
            ensure_equal(status, wanted, f"status of {port.place}{path} for {words}")
    if peers := dict.fromkeys(caller.words for caller in outside.callers.values() if caller.is_peer):
        raise UnansweredError(f"{', '.join(peers)} needs no key, and no other machine was there to ask")
    telling(_figures(outside))


def test_answers_another_machine_that_has_the_key(
    service: Service, outside: Outside, secrets: HostSecrets, telling: Telling
) -> None:
    called = dict(_called(outside))
    if not outside.keepers:
        names = ", ".join(dict.fromkeys(caller.outsider.name for caller in called.values()))
        raise UnansweredError(f"not asked: {names} has no copy of the key, and gets none for a check")
    asked = [(port, caller) for port, caller in outside.keepers.items() if not ip_address(port.address).is_global]
    if not asked:
        pytest.skip("not asked: the key would cross the internet without TLS")
    for port, caller in asked:
        (status,) = caller.statuses(port, [(MODELS, secrets.value(service.facts["key"]))])
        ensure_equal(status, 200, f"status of {port.place}{MODELS} for {caller.words} with the key")
    telling(_figures(outside, outside.keepers))


def test_leaves_nothing_else_open_to_another_machine(
    outside: Outside, evidence: HostEvidence, telling: Telling
) -> None:
    by_address = {port.address: caller.outsider for port, caller in _called(outside)}
    by_outsider = [open_ways(who, address, closed_ports(address, evidence)) for address, who in by_address.items()]
    opened = [words for ways in by_outsider for words in ways]
    ensure(not opened, "; ".join(opened))
    telling(_figures(outside))


def _called(outside: Outside) -> Iterable[tuple[Port, Caller]]:
    """Return the ports that another machine reaches, each with that machine; raise UnansweredError without any."""
    if not outside.callers:
        raise UnansweredError(f"asked from no other machine: {outside.unasked}")
    return outside.callers.items()


def _figures(outside: Outside, callers: Mapping[Port, Caller] | None = None) -> str:
    """Return the machines that asked, and the reasons why others did not."""
    asked = dict.fromkeys(caller.words for caller in (callers or outside.callers).values())
    return "; ".join(filter(None, (f"asked from {', '.join(asked)}", outside.unasked)))


def _at(port: Port, service: Service, secrets: HostSecrets) -> Web:
    return Web(replace(service, ports=(port,)), secrets)


def _seen_at(port: Port, service: Service, secrets: HostSecrets) -> str:
    """Return the address from which the edge sees this host's questions come."""
    return _at(port, service, secrets).get(HEALTH_PATH).body.decode()


def _ask(header: str) -> str:
    question = f"printf 'GET {MODELS} HTTP/1.0\\r\\n{header}\\r\\n'; read -r _ status _"
    return f'{question}; [ "$status" = 401 ]'


def _inside(containers: Containers, service: Service, port: int, words: str) -> int | None:
    """Run a shell's words on a connection inside the edge's container: nobody there is a peer."""
    code = containers.exit_code(containers.of(service)["Id"], connecting("127.0.0.1", port, SECONDS, words))
    ensure(code is not None and code not in NO_PROGRAM, "its container cannot be asked from inside")
    return code
