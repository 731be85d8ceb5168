"""Hosts that cannot do without one another."""

from __future__ import annotations

from pathlib import Path

from deploy.decide.resolve import resolved_parts
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from deploy.spec.placed import hosts_in
from tests.locks import lock_of
from tests.tree import REPOSITORY

OUTSIDE = """\
kit: 1
stack: home
hosts:
  front: {address: 192.168.1.10, user: admin}
  box: {address: 192.168.1.20, user: admin}
engines: [{name: mac, kind: external, api: openai, url: "http://mac.lan:1234/v1", host: box}]
models: [{name: poet, engine: mac}]
gateway: {kind: litellm, host: front}
webui: null
backup: null
"""


def needs_of(spec: Spec) -> dict[str, frozenset[str]]:
    """Return the needs of each host."""
    parts = resolved_parts(spec, lock_of(spec))
    return {host: parts.needs_of(host) for host in hosts_in(spec)}


def test_the_gateways_host_needs_the_engines_hosts_behind_it() -> None:
    spec = load_spec(REPOSITORY / "inventories" / "lan" / "kit.yaml")
    assert needs_of(spec) == {"front": {"big", "small"}, "big": frozenset(), "small": frozenset()}


def test_a_gateway_does_not_need_the_host_that_an_engine_outside_is_written_for(tmp_path: Path) -> None:
    (tmp_path / "kit.yaml").write_text(OUTSIDE)
    spec = load_spec(tmp_path / "kit.yaml")
    assert needs_of(spec) == {"front": frozenset(), "box": frozenset()}
