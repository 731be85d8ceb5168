"""Ports and folders are a host's: two services of two hosts may have the same."""

from __future__ import annotations

from dataclasses import replace

from deploy.spec.checks.crosschecks import port_clashes
from deploy.spec.checks.folders import folder_clashes
from deploy.spec.model import Spec
from deploy.spec.placed import Placed, services

ENGINES = [{"name": name, "kind": "ollama", "port": 11434, "models_dir": "/mnt/models"} for name in ("main", "spare")]
SPEC = Spec.model_validate(
    {"kit": 1, "stack": "home", "engines": ENGINES, "gateway": None, "webui": None}, strict=False
)


def apart() -> list[Placed]:
    """The two engines, each on a host of its own."""
    main, spare = services(SPEC)
    return [main, replace(spare, host="box")]


def test_two_services_of_one_host_cannot_share_a_port_or_a_folder() -> None:
    assert [finding.path for finding in port_clashes(services(SPEC))] == [("engines", 1, "port")]
    assert [finding.path for finding in folder_clashes(SPEC, services(SPEC))] == [("engines", 1, "models_dir")]


def test_two_services_of_two_hosts_may_share_both() -> None:
    assert list(port_clashes(apart())) == []
    assert list(folder_clashes(SPEC, apart())) == []
