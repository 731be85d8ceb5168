from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.decide.resolve import resolve
from deploy.errors import KitError, SpecError, UsageError
from deploy.hosts.local import LocalTransport
from deploy.hosts.reach import Hosts
from deploy.lock.addresses import addresses_of, asked_addresses, host_addresses
from deploy.lock.difference import differences, told
from deploy.lock.missing import missing_inputs
from deploy.lock.model import Lock, read_lock
from deploy.lock.pinned import Pinned, upgrade_of
from deploy.lock.pinning import make_lock
from deploy.lock.text import lock_document, lock_text
from deploy.spec.model import Spec
from deploy.stack import HERE
from tests.locks import lock_of
from tests.unit.refusing import Refusing

HAS = {"lan": ["192.168.1.20", "fd00::20"], "all": ["127.0.0.1", "192.168.1.20", "::1", "fd00::20"]}


class Host(Refusing):
    """A host that tells addresses and is asked for nothing else."""

    def __init__(self, has: dict[str, list[str]]) -> None:
        self.has = has
        self.asked: list[str] = []

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self.asked.append(verb)
        assert request == {}
        return cast("Answer", {"format": 1, "addresses": self.has})


def spec_of(gateway: object = "local", webui: object = "local") -> Spec:
    data = {
        "kit": 1,
        "stack": "home",
        "backup": None,
        "gateway": {"kind": "litellm", "publish": gateway},
        "webui": {"kind": "open_webui", "publish": webui},
    }
    return Spec.model_validate_json(json.dumps(data))


def test_only_what_is_written_is_asked_for() -> None:
    host = Host(HAS)
    assert host_addresses(spec_of("192.168.1.20", ["local", "fd00::20"]).address_words, host) == {}
    assert host.asked == []
    assert host_addresses(spec_of(webui="lan").address_words, host) == {"lan": tuple(HAS["lan"])}
    assert host_addresses(spec_of("all", ["lan", "local"]).address_words, host) == {one: tuple(HAS[one]) for one in HAS}


def test_a_host_without_such_an_address_is_told_with_what_to_write() -> None:
    with pytest.raises(KitError, match="this machine has no address in a local network") as failure:
        host_addresses(("lan",), Host({"lan": [], "all": ["127.0.0.1"]}))
    assert "`publish:` in kit.yaml" in failure.value.next_step


def test_a_lock_without_them_is_one_that_kit_lock_mends() -> None:
    spec = spec_of("lan")
    lock = lock_of(spec)
    assert missing_inputs(spec, lock) == []
    (problem,) = missing_inputs(spec, lock.model_copy(update={"addresses": {}}))
    assert (problem.path, problem.message) == ("addresses.lan", "is not locked yet")


def test_services_are_published_where_the_lock_says() -> None:
    spec = spec_of("all", ["lan", "local", "192.168.1.20"])
    deployment = resolve(spec, lock_of(spec))[HERE]
    told = {service.name: [port.address for port in service.ports] for service in deployment.services}
    assert told == {"main": ["127.0.0.1"], "litellm": HAS["all"], "open_webui": [*HAS["lan"], "127.0.0.1"]}
    assert [port.place for port in deployment.service("open_webui").told_ports] == [
        "192.168.1.20:3000",
        "[fd00::20]:3000",
        "127.0.0.1:3000",
    ]


def test_a_lock_keeps_addresses_and_one_without_them_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "kit.lock"
    lock = lock_of(spec_of("lan"))
    path.write_text(lock_text(lock))
    assert read_lock(path) == lock
    assert "addresses" not in lock_text(lock_of(spec_of()))


@pytest.mark.parametrize("entry", ['lan: ["0.0.0.0"]', 'lan: ["::"]', "lan: []", 'home: ["10.0.0.1"]', 'lan: ["box"]'])
def test_a_lock_never_opens_what_nobody_wrote(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "kit.lock"
    path.write_text(lock_text(lock_of(spec_of())) + f"addresses: {{{entry}}}\n")
    with pytest.raises(SpecError, match="addresses"):
        read_lock(path)


def test_this_machine_is_asked_through_its_agent(tmp_path: Path) -> None:
    told = host_addresses(("all",), LocalTransport(str(tmp_path)))
    assert "127.0.0.1" in told["all"]


def test_each_host_is_asked_for_its_own_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.spec.placed.host_of", lambda _spec, part: "box" if part.kind == "litellm" else HERE)
    spec, box = spec_of("lan", "lan"), Host({"lan": ["10.0.0.9"]})
    hosts = Hosts({HERE: Host(HAS), "box": box})
    entries = asked_addresses(spec, {}, hosts)
    assert entries == {"box/lan": ("10.0.0.9",), "lan": tuple(HAS["lan"])}
    lock = lock_of(spec).model_copy(update={"addresses": entries})
    assert (addresses_of(lock, "box"), addresses_of(lock, HERE)) == ({"lan": ("10.0.0.9",)}, {"lan": tuple(HAS["lan"])})
    assert missing_inputs(spec, lock) == []
    box.asked.clear()
    asked_addresses(spec, {"box/lan": ("10.0.0.9",)}, hosts)
    assert box.asked == []


def test_addresses_that_are_pinned_stay_until_they_are_named(tmp_path: Path) -> None:
    spec, moved = spec_of("lan"), Host({"lan": ["192.168.1.77"]})
    before = lock_of(spec)

    def made(*names: str, upgrade: bool = True) -> Lock:
        pinned = Pinned(before, upgrade_of(names, spec, before)) if upgrade else Pinned(before)
        return make_lock(spec, tmp_path, lambda _step: lambda _text, _done, _total: None, pinned, Hosts({HERE: moved}))

    assert made(upgrade=False) == before
    assert moved.asked == []
    after = made("lan")
    assert after.addresses == {"lan": ("192.168.1.77",)}
    assert list(told(list(differences(lock_document(before), lock_document(after)))))[1:] == [
        "address lan: 192.168.1.20, fd00::20 -> 192.168.1.77"
    ]
    with pytest.raises(UsageError, match="no pinned input is called all"):
        made("all")
