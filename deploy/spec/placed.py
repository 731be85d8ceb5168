"""The services of a spec, each with its name and its place in the file."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.deployment.way import Way
from deploy.fields.engine import EngineSpec
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
    hosts = dict.fromkeys(map(host_of, spec.guarded))
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
        Placed(path, name, service, service.port_or(service.traits.default_port), host_of(service))
        for path, name, service in placed
    ]


def ways_of(_spec: Spec) -> dict[str, Way]:
    """Return the way to each host: a kit.yaml names none, so there is this machine alone."""
    return {HERE: Way()}


def host_of(_part: EngineSpec | ServiceSpec) -> str:
    """Return the host of an engine, the gateway or the web UI: a kit.yaml names none, so all are on this machine."""
    return HERE
