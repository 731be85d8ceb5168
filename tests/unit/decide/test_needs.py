"""Hosts that cannot do without one another."""

from __future__ import annotations

from deploy.decide.needs import needs_of
from deploy.decide.resolve import resolved_parts
from deploy.spec.loading.loader import load_spec
from tests.locks import lock_of
from tests.tree import REPOSITORY


def test_the_gateways_host_needs_the_engines_hosts_behind_it() -> None:
    spec = load_spec(REPOSITORY / "inventories" / "lan" / "kit.yaml")
    needs = needs_of(spec, resolved_parts(spec, lock_of(spec)))
    assert needs == {"front": {"big", "small"}, "big": frozenset(), "small": frozenset()}
