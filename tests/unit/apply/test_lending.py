"""Secrets that one host owns and another reads: they pass through memory, and no reader's host makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.apply.event import Event
from deploy.apply.prepared.members import Member
from deploy.apply.prepared.prepare import Prepared
from deploy.apply.prepared.references import NOT_MADE, lent_values
from deploy.apply.run import apply
from deploy.decide.desired import Desired, load_desired, lock_path
from deploy.hosts.observation.observe import read_observation
from deploy.hosts.wire.transport import AgentFailedError
from deploy.lock.text import write_lock
from deploy.plan import make_plan
from deploy.spec.loading.loader import load_spec
from deploy.verify.report import Check, Report
from tests.golden.hosts import Answer as Probed
from tests.golden.hosts import bare, settled
from tests.locks import lock_of
from tests.unit.apply.hosts import Host, Log, Player

KEY = "a-key-that-box-made"
SPEC = """\
kit: 1
stack: home
hosts:
  desk: {address: 192.168.1.10, user: admin}
  box: {address: 192.168.1.20, user: admin}
engines: [{name: main, kind: ollama, host: box, publish: lan}]
models: [{name: tech, engine: main, from: "llama3:8b"}]
gateway: {kind: litellm, host: desk, publish: 192.168.1.10}
webui: {kind: open_webui, host: box}
"""


@pytest.fixture
def desired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desired:
    passed = Report((Check("answers", "main", "passed", 0.1),))
    monkeypatch.setattr("deploy.apply.run.run_checks", lambda *_: passed)
    spec = tmp_path / "kit.yaml"
    spec.write_text(SPEC)
    write_lock(lock_of(load_spec(spec)), lock_path(spec))
    return load_desired(spec)


class Lending(Host):
    """A host that shows the secrets that it has, and writes down each question about them."""

    def __init__(self, name: str, probed: Probed, log: Log, values: Mapping[str, str]) -> None:
        super().__init__(name, probed, log)
        self.values = values
        self.written: list[Any] = []
        self.lent: list[list[str]] = []
        self.is_rooted = True

    @property
    def is_root(self) -> bool:
        return self.is_rooted

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        if verb == "secrets":
            self.written.append(request["secrets"])
        if verb == "lend" and not self.is_rooted:
            raise AgentFailedError({"error": {"problem": "only root may read the secret", "next": ""}})
        if verb == "lend":
            self.lent.append([secret["name"] for secret in request["secrets"]])
            held = {each["name"]: each["owner"] for each in request["secrets"] if each["name"] in self.values}
            return cast("Answer", {"values": {owner: {name: self.values[name]} for name, owner in held.items()}})
        if verb == "secret":
            if request["name"] not in self.values:
                raise AgentFailedError({"error": {"problem": "the secret is not on this host", "next": "apply"}})
            return cast("Answer", {"value": self.values[request["name"]]})
        return super().call(verb, request)


def hosts_of(desired: Desired, log: Log, values: Mapping[str, Mapping[str, str]]) -> dict[str, Lending]:
    return {host: Lending(host, bare(desired.on(host)), log, values[host]) for host in desired.deployments}


def member(desired: Desired, host: str, transport: Host) -> Member:
    share = desired.on(host)
    observation = read_observation(bare(share))
    return Member(share, transport, Prepared(make_plan(share.deployment, share.bundle, observation), observation))


def test_each_host_borrows_what_a_service_elsewhere_owns(desired: Desired) -> None:
    assert desired.on("desk").borrowed == {"edge-box_api_key": "box"}
    assert desired.on("box").borrowed == {"litellm_master_key": "desk"}
    # A check may ask from a host with the secrets that it reads.
    assert set(desired.on("desk").beside.secrets) >= {"edge-box_api_key", "litellm_master_key"}
    assert "edge-box_api_key" in desired.on("box").beside.secrets


def test_a_key_reaches_its_reader_behind_its_owner_and_is_made_nowhere_else(desired: Desired) -> None:
    log: Log = []
    values = {"box": {"edge-box_api_key": KEY}, "desk": {"litellm_master_key": "a-key-of-desk"}}
    hosts = hosts_of(desired, log, values)
    told: list[Event] = []
    player = Player(log)
    apply({host: member(desired, host, transport) for host, transport in hosts.items()}, told.append, play=player)
    own, borrowed = hosts["desk"].written
    assert [secret["name"] for secret in own] == ["litellm_master_key"]
    (key,) = borrowed
    assert (key["name"], key["owner"], key["value"]) == ("edge-box_api_key", "edge-box", KEY)
    assert [reader["service"] for reader in key["readers"]] == ["litellm"]
    # Without a value the agent refuses what has a reference, and makes what has none.
    assert key["reference"] == "the host box"
    assert "edge-box_api_key" in [secret["name"] for secret in hosts["box"].written[0]]
    # No host lends before every host has made its own.
    acts = [act for act in log if act[1] == "secrets"]
    assert {host for host, _ in acts[:2]} == {"box", "desk"}
    assert KEY not in "".join(player.files.values()) + repr(told)


@pytest.mark.parametrize(("optional", "reference"), [(False, "the host box"), (True, "")])
def test_a_stand_in_is_made_for_the_key_of_an_optional_host_that_is_off(
    desired: Desired, optional: bool, reference: str
) -> None:
    ways = {**desired.ways, "box": replace(desired.ways["box"], is_optional=optional)}
    hosts = hosts_of(desired, [], {"box": {}, "desk": {}})
    apply({"desk": member(replace(desired, ways=ways), "desk", hosts["desk"])}, lambda _event: None, play=Player([]))
    _, (key,) = hosts["desk"].written
    assert (key["name"], key["value"], key["reference"]) == ("edge-box_api_key", None, reference)


def test_a_key_that_changed_at_its_owner_is_compared_on_the_reader(desired: Desired) -> None:
    log: Log = []
    hosts = hosts_of(desired, log, {"box": {"edge-box_api_key": KEY}, "desk": {}})
    lent = lent_values(desired, hosts)
    assert dict(lent["desk"]) == {"edge-box_api_key": KEY}
    assert repr(lent["desk"]) == "[redacted]"
    # Every copy of one that is made anew differs from it.
    assert dict(lent["box"]) == {"litellm_master_key": NOT_MADE}
    hosts["desk"].is_rooted = False
    assert dict(lent_values(desired, hosts)["box"]) == {}
    share = desired.on("desk")
    probed = settled(share) | {"replaced_secrets": ["edge-box/edge-box_api_key"]}
    plan = make_plan(share.deployment, share.bundle, read_observation(probed))
    causes = {operation.resource: operation.cause for operation in plan.operations}
    assert causes["secret edge-box_api_key"] == "edge-box has another value"


def test_a_stack_on_one_host_asks_nobody_for_secrets(desired: Desired) -> None:
    log: Log = []
    hosts = hosts_of(desired, log, {"box": {}, "desk": {}})
    assert dict(lent_values(desired, {"desk": hosts["desk"]})["desk"]) == {}
    assert log == []
