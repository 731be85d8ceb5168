"""Containers of a stack, those from outside that reach into it, and who else listens on its ports."""

from __future__ import annotations

from typing import Literal, TypedDict


class Described(TypedDict):
    """A container as Docker describes it."""

    id: str
    image: str
    image_id: str
    state: str
    health: str | None
    exit_code: int
    error: str
    restarts: int
    labels: dict[str, str]
    started_at: str
    ports: list[str]


class Trouble(TypedDict, total=False):
    """The reason why a container does not stay up."""

    trouble: str
    log: list[str]


class Container(Described, Trouble):
    """A service's container."""

    lost_networks: list[str]
    replaced_folders: list[str]
    recreated: bool
    changed: list[str]
    defaults: list[str]
    proxies: list[str]


class ListeningEngine(TypedDict):
    """An engine that answers on the port that its program has by itself."""

    protocol: str
    program: str
    """Its program's name and version."""


class Listener(TypedDict):
    """Somebody else who listens on a port."""

    address: str
    port: int
    process: str | None
    pid: int | None
    container: str | None
    stack: str | None
    engine: ListeningEngine | None


Attaching = Literal["joins", "shares_network", "shares_processes", "shares_memory", "takes_volumes", "mounts"]


class Attached(TypedDict):
    """A way in which a container from outside reaches into a stack."""

    container: str
    way: Attaching
    into: str
    """The stack's network, container or file."""


class ContainerPorts(TypedDict):
    """The ports of the host's containers."""

    inner: list[int]
    """Ports on which containers of the stack listen, published or not."""
    published: dict[str, list[int]]
    """Address of the host to the ports that the stack's containers publish there, planned or not."""
    foreign: list[int]
    """Ports of the host that other containers publish."""
