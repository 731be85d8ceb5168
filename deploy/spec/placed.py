"""The services of a spec, each with its name and its place in the file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.deployment.way import Way
from deploy.fields.host import HostSpec, PlacedSpec
from deploy.fields.service import ContainerSpec, ServiceSpec
from deploy.reading.document import FieldPath
from deploy.spec.model import Spec
from deploy.stack import HERE


@dataclass(frozen=True)
class Placed:
    """A service of the spec with its name, its host and its place in the file."""

    path: FieldPath
    name: str
    spec: ServiceSpec
    port: int
    host: str

    @property
    def port_path(self) -> FieldPath:
        """Return the place of its port, written or not."""
        return (*self.path, "port")


@dataclass(frozen=True)
class Guard:
    """A service that stands before engines of its host."""

    path: FieldPath
    name: str
    spec: ContainerSpec
    host: str


def containers(spec: Spec) -> list[Placed | Guard]:
    """Return everything that runs in a container, by its name."""
    return [*services(spec), *guards(spec)]


def guards(spec: Spec) -> list[Guard]:
    """Return the guard of each host with an engine that needs one."""
    hosts = dict.fromkeys(host_of(spec, engine) for engine in spec.guarded)
    kind = spec.guard.kind
    return [Guard((kind,), kind if host == HERE else f"{kind}-{host}", spec.guard, host) for host in hosts]


def services(spec: Spec) -> list[Placed]:
    """Return every service: engines by their names, the others by their kinds."""
    placed: list[tuple[FieldPath, str, ServiceSpec]] = [
        (("engines", index), engine.name, engine)
        for index, engine in enumerate(spec.engines)
        if isinstance(engine, ServiceSpec)
    ]
    if spec.gateway is not None:
        placed.append((("gateway",), spec.gateway.kind, spec.gateway))
    if spec.webui is not None:
        placed.append((("webui",), spec.webui.kind, spec.webui))
    return [
        Placed(path, name, service, service.port_or(service.traits.default_port), host_of(spec, service))
        for path, name, service in placed
    ]


def hosts_in(spec: Spec) -> tuple[str, ...]:
    """Return the names of the hosts."""
    return tuple(spec.hosts) or (HERE,)


def host_of(spec: Spec, part: PlacedSpec) -> str:
    """Return the host of an engine, the gateway or the web UI; a file without hosts means this machine."""
    return hosts_in(spec)[0] if part.host is None else part.host


def address_of(spec: Spec, host: str) -> str:
    """Return the address of a host, as kit.yaml says it; empty for this machine."""
    return (spec.hosts[host].address or host) if host in spec.hosts else ""


def ways_of(spec: Spec, folder: Path) -> dict[str, Way]:
    """Return the way to each host; relative paths begin at the folder of kit.yaml."""
    ways = {name: _way(name, host, folder.absolute()) for name, host in spec.hosts.items()}
    return ways or {HERE: Way()}


def _way(name: str, host: HostSpec, folder: Path) -> Way:
    if name == HERE:
        return Way()
    kind, _, place = host.sudo_password.partition(":")
    identity = host.identity or ""
    return Way(
        kind="ssh",
        name=name,
        address=host.address or name,
        user=host.user or "",
        port=host.port or 0,
        identity=identity if identity.startswith("~") or not identity else str(folder / identity),
        jump=host.jump or "",
        sudo_password=f"file:{folder / place}" if kind == "file" else host.sudo_password,
        is_optional=host.optional,
    )
