"""Renders the shipped deployments of several hosts, with a lock that asks nobody."""

from __future__ import annotations

from pathlib import Path

from deploy.assets import inventories_dir
from deploy.decide.render import render
from deploy.decide.resolve import resolve
from deploy.lock.addresses import entries_of
from deploy.spec.loading.loader import load_spec
from tests.locks import lock_of

FLEETS = Path(__file__).parent / "fleets"
CASES = ("lan",)
SHOWN = ("compose.yaml", "litellm.yaml", "Caddyfile")
"""Files that say who reaches whom, and with which key."""


def rendered(case: str) -> dict[str, str]:
    """Return the files of each host by host and name."""
    spec = load_spec(inventories_dir() / case / "kit.yaml")
    addresses = {entry: (spec.hosts[host].address or host,) for entry, (host, _) in entries_of(spec).items()}
    lock = lock_of(spec).model_copy(update={"addresses": addresses})
    return {
        f"{host}/{Path(file.path).name}": file.content
        for host, deployment in resolve(spec, lock).items()
        for file in render(deployment).files
        if Path(file.path).name in SHOWN
    }
