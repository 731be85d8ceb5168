"""Models that only hosts run that are left out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from deploy.deployment.way import Way
from deploy.spec.aliases import aliases_of
from deploy.spec.model import Spec
from deploy.spec.placed import host_of
from deploy.verify.left_out import LeftOut


def left_out_of(spec: Spec, ways: Mapping[str, Way], hosts: Collection[str]) -> LeftOut:
    """Return what cannot answer while these hosts are left out; an engine that the kit does not run is on none."""
    hosts_of_engines = {engine.name: "" if engine.outside else host_of(spec, engine) for engine in spec.engines}
    of_model: dict[str, set[str]] = {}
    for model in spec.models:
        of_model.setdefault(model.name, set()).add(hosts_of_engines[model.engine])
    absent = {name: " and ".join(sorted(on)) for name, on in of_model.items() if on <= {*hosts}}
    absent |= {alias: absent[model] for alias, model in aliases_of(spec).items() if model in absent}
    return LeftOut(tuple(ways[host].address for host in hosts), absent)
