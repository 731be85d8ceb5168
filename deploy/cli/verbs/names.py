"""Names of services as a person types them, checked against the spec."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.deployment.host import Deployment
from deploy.errors import KitError, UsageError


@dataclass(frozen=True)
class Known:
    """Names in a spec, read without its lock."""

    stack: str
    hosts: dict[str, str]
    """Service to the host that it runs on."""
    models: tuple[str, ...]

    @property
    def services(self) -> tuple[str, ...]:
        """The names of its services."""
        return tuple(self.hosts)


def known(spec: Path) -> Known:
    """Read the names in a spec."""
    from deploy.spec.aliases import aliases_of
    from deploy.spec.loading.loader import load_spec
    from deploy.spec.placed import containers

    loaded = load_spec(spec)
    models = tuple(dict.fromkeys([*(model.name for model in loaded.models), *aliases_of(loaded)]))
    return Known(loaded.stack, {service.name: service.host for service in containers(loaded)}, models)


def chosen(names: tuple[str, ...], all_names: Iterable[str], what: str = "service") -> tuple[str, ...]:
    """Return the typed names, or all known ones; refuse an unknown name."""
    everything = tuple(all_names)
    for name in names:
        if name not in everything:
            near = difflib.get_close_matches(name, everything, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            there = f"there are: {', '.join(everything)}" if everything else "there is none"
            raise UsageError(f"there is no {what} {name!r}", f"{meant}{there}")
    return tuple(dict.fromkeys(names)) or everything


def by_host(names: Iterable[str], deployments: Mapping[str, Deployment]) -> dict[str, tuple[str, ...]]:
    """Return these services by their host; a host without one is left out."""
    wanted = tuple(names)
    there = {
        host: tuple(service.name for service in deployment.services if service.name in wanted)
        for host, deployment in deployments.items()
    }
    return {host: services for host, services in there.items() if services}


def service_names(spec: Path) -> tuple[str, ...]:
    """Return the names of a spec's services for a shell's completion; none if it is unreadable."""
    try:
        return known(spec).services
    except (KitError, OSError):
        return ()


def model_names(spec: Path) -> tuple[str, ...]:
    """Return the names of a spec's models for a shell's completion; none if it is unreadable."""
    try:
        return known(spec).models
    except (KitError, OSError):
        return ()
