"""Renders deployments of several hosts, with a lock that asks nobody: the shipped one, and one of this folder."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.assets import inventories_dir
from deploy.decide.render import render
from deploy.decide.resolve import resolve
from deploy.lock.addresses import entries_of
from deploy.spec.loading.loader import load_spec
from tests.locks import lock_of

FLEETS = Path(__file__).parent / "fleets"
CASES = {"lan": inventories_dir() / "lan" / "kit.yaml", "apart": FLEETS / "apart.yaml"}
SHOWN = ("compose.yaml", "litellm.yaml", "Caddyfile")
"""Files that say who reaches whom, and with which key."""


def rendered(case: str) -> dict[str, str]:
    """Return the files of each host by host and name."""
    spec = load_spec(CASES[case])
    addresses = {entry: (spec.hosts[host].address or host,) for entry, (host, _) in entries_of(spec).items()}
    lock = lock_of(spec).model_copy(update={"addresses": addresses})
    deployments = resolve(spec, lock)
    files = {
        f"{host}/{Path(file.path).name}": file.content
        for host, deployment in deployments.items()
        for file in render(deployment).files
        if Path(file.path).name in SHOWN
    }
    # The page gets these by its API, and by no file.
    settings = {
        f"{host}/{service.name}.json": json.dumps(service.room["settings"], indent=2) + "\n"
        for host, deployment in deployments.items()
        for service in deployment.services
        if "settings" in service.room
    }
    return files | settings
