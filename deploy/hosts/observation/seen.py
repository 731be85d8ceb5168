"""Parts of an Observation: containers, ports, folders, disks, engines, cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any, TypeVar

from deploy.agent.contract.containers import ListeningEngine
from deploy.agent.protocols.doors.names import DEFAULT_TAG, same
from deploy.deployment.image import Image

V = TypeVar("V")


@dataclass(frozen=True)
class Container:
    """A service's container as the engine describes it."""

    id: str
    image: str
    image_id: str
    state: str
    health: str | None
    exit_code: int
    restarts: int
    labels: dict[str, str]
    started_at: str
    ports: tuple[str, ...] = ()
    """Published ports as `address:port`."""
    lost_networks: tuple[str, ...] = ()
    """Networks that somebody removed while it did not run."""
    replaced_folders: tuple[str, ...] = ()
    """Folders that it writes to, although their paths lead to other folders now."""
    recreated: bool = False
    """True if somebody recreated the container that the agent made."""
    changed: tuple[str, ...] = ()
    """Parts of its configuration that somebody changed since its release was verified."""
    defaults: tuple[str, ...] = ()
    """Docker's defaults at its creation that are other ones by now."""
    proxies: tuple[str, ...] = ()
    """Variables of a proxy that it has."""
    error: str = ""
    """Docker's reason if it could not start it."""
    trouble: str = ""
    """Cause of its repeated exits."""
    log: tuple[str, ...] = ()
    """Its last log lines before that."""

    def is_at(self, address: str) -> bool:
        """Return True if it is published on an address, or could not start because of it."""
        return any(port.rpartition(":")[0] == address for port in self.ports) or f" {address}:" in self.error


@dataclass(frozen=True)
class HostFolder:
    """A folder of user data, or its absence."""

    exists: bool = False
    uid: int = 0
    gid: int = 0
    mode: str = ""
    empty: bool = True


@dataclass(frozen=True)
class HostImage:
    """An image of the kit's own."""

    id: str
    recipe: str | None = None
    debian_versions: dict[str, str] = field(default_factory=dict)
    is_brought: bool = True
    """True if Docker pulled it by the digest in its name, or the agent remembers it under this name."""

    def is_of(self, image: Image) -> bool:
        """True unless somebody gave another image the name of one that the kit assembles or pulls."""
        return self.recipe == image.recipe if image.source == "build" else self.is_brought


@dataclass(frozen=True)
class Docker:
    """Docker's engine and its plugins."""

    server: bool = False
    version: str | None = None
    compose: str | None = None
    root: str | None = None
    problem: str | None = None
    next: str | None = None
    client_path: str | None = None
    kit_installed: bool = False
    engine_path: str | None = None
    """The engine's program, whether it runs or not."""
    is_denied: bool = False
    """True if the agent's user may not use the socket: the state behind it is unknown."""
    live_restore: bool = False
    """True if a restart of the engine stops no container."""
    daemon_json_problem: str | None = None
    """The engine's reason to refuse its daemon.json."""
    missing_limits: Sequence[str] = ()
    """Resources whose use by a container the kernel cannot limit."""
    security: Sequence[str] = ()
    """The engine's own list of its means to isolate containers."""
    forwards: bool = False
    """True if it forwards what other machines send to a container's own address."""


@dataclass(frozen=True)
class OperatingSystem:
    """Content of /etc/os-release."""

    id: str
    version: str
    codename: str
    debian_mirror: str | None = None
    """Debian mirror in its own package sources."""


@dataclass(frozen=True)
class Disk:
    """The file system that a path lies on, or will lie on."""

    free_bytes: int
    device: int
    """Equal for paths of one file system."""
    kind: str = ""
    """Type of the file system, as the kernel names it; empty if unknown."""
    point: str = "/"
    """Its mount point."""
    is_read_only: bool = False


@dataclass(frozen=True)
class SeenEngine:
    """The models of an engine as it lists them, and as they were remembered when the kit made them."""

    problem: str | None = None
    """Reason if it could not be asked."""
    digests: dict[str, str] = field(default_factory=dict)
    """Listed model to the digest of its manifest."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Listed model to the size of its parts in bytes."""
    requests: dict[str, str] = field(default_factory=dict)
    """Model that the kit made to the digest of that request."""
    manifests: dict[str, str] = field(default_factory=dict)
    """Model that the kit made to its digest at that time."""
    layers: dict[str, dict[str, str]] = field(default_factory=dict)
    """Changed model to the digests of its layers, if they could be read."""
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Changed model to its engine's present description."""
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Model that the kit made to its engine's description at that time."""
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    """Model that the kit made to the digests of the parts of its request."""
    place: str | None = None
    """Folder in which its models were made."""
    has_store: bool = False
    """True if its wanted folder holds models, whoever put them there."""
    blobs: tuple[str, ...] = ()
    """Files of models that it has already."""
    lost: dict[str, str] = field(default_factory=dict)
    """Damaged model to its fault in words."""
    is_read: bool = False
    """True if its models were read from its folder, because it does not answer."""
    pulled: dict[str, str] = field(default_factory=dict)
    """Tag that the kit pulled for a model of kit.yaml to its digest at that time."""
    cloud: tuple[str, ...] = ()
    """Models whose questions go to the vendor's cloud."""
    spellings: dict[str, str] = field(default_factory=dict)
    """Model in kit.yaml's spelling to the engine's other spelling."""

    @property
    def is_told(self) -> bool:
        """True if its model list is known."""
        return self.problem is None or self.is_read

    def spelled_as(self, names: Iterable[str]) -> SeenEngine:
        """Return it with these spellings of models' names: an engine compares them without regard to case."""
        spelled = {same(name): name for name in names}

        def renamed(by_name: dict[str, V]) -> dict[str, V]:
            return {spelled.get(same(name), name): value for name, value in by_name.items()}

        own = {spelled[same(name)]: name for name in self.digests if spelled.get(same(name), name) != name}
        topics = ("digests", "sizes", "requests", "manifests", "layers", "shown", "made", "parts", "lost")
        changes: dict[str, Any] = {topic: renamed(getattr(self, topic)) for topic in topics}
        return replace(self, spellings=own, **changes)


@dataclass(frozen=True)
class SeenNames:
    """Models of an engine that has them already, and those that the current release uses."""

    problem: str | None = None
    """Reason if it could not be asked."""
    next_step: str = ""
    names: tuple[str, ...] = ()
    """Its own names of its models."""
    applied: dict[str, str] = field(default_factory=dict)
    """Model that the current release uses to the engine's name of it."""
    cloud: tuple[str, ...] = ()
    """Names among them whose questions go to the vendor's cloud."""

    @property
    def is_told(self) -> bool:
        """True if its model list is known."""
        return self.problem is None

    def own_name(self, known: str) -> str | None:
        """Return its own name of a model, None if it lacks it; an engine may list the default tag as well."""
        return next((name for name in (known, f"{known}{DEFAULT_TAG}") if name in self.names), None)


@dataclass(frozen=True)
class Listener:
    """Another program that listens on a port."""

    address: str
    port: int
    process: str | None = None
    pid: int | None = None
    container: str | None = None
    stack: str | None = None
    """The kit's stack that the container belongs to."""
    engine: ListeningEngine | None = None
    """Engine that answers there."""

    @property
    def words(self) -> str:
        """Return the program and its address."""
        where = f"on {self.address}:{self.port}"
        if self.container:
            return f"container {self.container} {where}"
        who = f"{self.process} (pid {self.pid})" if self.process and self.pid else "another process"
        return f"{self.engine['program']}, {who} {where}" if self.engine else f"{who} {where}"

    @property
    def prospect(self) -> str:
        """Return the advice to use it as an external engine; empty if it is no engine."""
        if not self.engine:
            return ""
        api = self.engine["protocol"]
        line = f'{{name: {api}, kind: external, api: {api}, url: "http://ADDRESS:{self.port}"}}'
        return f"; `- {line}` under `engines:` uses it as it is, once it listens on an ADDRESS of the host"


def conflicts(listener: Listener, address: str, port: int) -> bool:
    """Return True if a listener blocks a port at an address."""
    if listener.port != port:
        return False
    theirs, ours = ip_address(listener.address), ip_address(address)
    # A listener on [::] takes IPv4 as well, unless it asked not to; who did cannot be seen from outside.
    return theirs == ours or theirs.is_unspecified or (ours.is_unspecified and ours.version == theirs.version)
