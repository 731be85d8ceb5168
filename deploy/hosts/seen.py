"""The parts of an Observation: what a host says of one container, port, folder, disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any, TypeVar

from deploy.agent.protocols.names import DEFAULT_TAG, same

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
    """Folders that it writes to and that are other ones at their path now."""
    recreated: bool = False
    """Whether it is another container than the one that the agent made."""
    changed: tuple[str, ...] = ()
    """Parts of its configuration that somebody changed since its release was verified."""
    defaults: tuple[str, ...] = ()
    """What Docker filled in when it made the container, and would fill in otherwise by now."""
    proxies: tuple[str, ...] = ()
    """Variables of a proxy that it has."""
    error: str = ""
    """Why Docker could not start it."""
    trouble: str = ""
    """Why it does not stay up, where it ends again and again."""
    log: tuple[str, ...] = ()
    """The last lines that it printed before, where they say why."""

    def is_at(self, address: str) -> bool:
        """Return whether it is published on an address, or could not be started for it."""
        return any(port.rpartition(":")[0] == address for port in self.ports) or f" {address}:" in self.error


@dataclass(frozen=True)
class HostFolder:
    """A folder that user data lies in, or its absence."""

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


@dataclass(frozen=True)
class Docker:
    """The engine and its plugins."""

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
    """Whether there is a socket that the agent's user may not use, so that nobody knows what is behind it."""
    live_restore: bool = False
    """Whether a restart of the running engine stops no container."""
    daemon_json_problem: str | None = None
    """Why the engine would not read its daemon.json."""
    missing_limits: Sequence[str] = ()
    """What the kernel limits for no container."""
    security: Sequence[str] = ()
    """How the engine keeps containers apart, as it says itself."""


@dataclass(frozen=True)
class OperatingSystem:
    """What /etc/os-release says."""

    id: str
    version: str
    codename: str
    debian_mirror: str | None = None
    """The mirror of Debian that its own package sources name."""


@dataclass(frozen=True)
class Disk:
    """The file system that a path lies on, or will lie on."""

    free_bytes: int
    device: int
    """Equal for paths of one file system."""
    kind: str = ""
    """Type of the file system, as the kernel names it; empty where it is not known."""
    point: str = "/"
    """Where it is mounted."""


@dataclass(frozen=True)
class Card:
    """A graphics card that a model could run on; None for what neither the kernel nor its driver tells."""

    vendor: str
    card: str | None = None
    """Its name, or the numbers of its vendor and kind."""
    driver: str | None = None
    pci: str | None = None
    """Its address on the machine's bus."""
    uuid: str | None = None
    """Its own name, which stays when cards come and go; drivers choose cards by it."""
    memory_bytes: int | None = None
    """Its own memory."""

    @property
    def words(self) -> str:
        """Say which one it is, and what drives it."""
        return f"GPU {self.card or self.vendor} ({f'driver {self.driver}' if self.driver else 'no driver'})"


@dataclass(frozen=True)
class DeviceNode:
    """A device's file, and who may open it."""

    path: str
    uid: int
    gid: int
    mode: str

    def is_open_to(self, uid: int, gids: set[int]) -> bool:
        """Whether a user in these groups may read and write it."""
        bits = int(self.mode, 8)
        mine = bits >> 6 if uid == self.uid else bits >> 3 if self.gid in gids else bits
        return mine & 0o6 == 0o6


@dataclass(frozen=True)
class SeenEngine:
    """The models of an engine as it lists them, and as they were remembered when the kit made them."""

    problem: str | None = None
    """Why it could not be asked."""
    digests: dict[str, str] = field(default_factory=dict)
    """Of each model that it lists, the digest of its manifest."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Of each model that it lists, how many bytes its parts take."""
    requests: dict[str, str] = field(default_factory=dict)
    """Of each model that the kit made, the digest of the request that made it."""
    manifests: dict[str, str] = field(default_factory=dict)
    """Of each model that the kit made, the digest that it had then."""
    layers: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of each model that is not as it was made, the digests of its layers, where they could be read."""
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of each model that is not as it was made, how its engine shows it now."""
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of each model that the kit made, how its engine showed it then."""
    parts: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of each model that the kit made, the digests of what its request was made of."""
    place: str | None = None
    """The folder that its models were made in."""
    has_store: bool = False
    """Whether its folder, the wanted one, holds models, whoever put them there."""
    blobs: tuple[str, ...] = ()
    """Of the files that models are made of, those that it has already."""
    lost: dict[str, str] = field(default_factory=dict)
    """Of each model that has lost a part, what is wrong with it."""
    is_read: bool = False
    """Whether its models were read from its folder instead, for it does not answer."""

    pulled: dict[str, str] = field(default_factory=dict)
    """Tags that the kit pulled for models of kit.yaml, each with the digest that it had then."""
    spellings: dict[str, str] = field(default_factory=dict)
    """Of models that kit.yaml spells otherwise, how the engine spells them."""

    @property
    def is_told(self) -> bool:
        """True if its model list is known."""
        return self.problem is None or self.is_read

    def spelled_as(self, names: Iterable[str]) -> SeenEngine:
        """Return it with these spellings of models' names, which an engine compares in any case."""
        spelled = {same(name): name for name in names}

        def anew(found: dict[str, V]) -> dict[str, V]:
            return {spelled.get(same(name), name): value for name, value in found.items()}

        own = {spelled[same(name)]: name for name in self.digests if spelled.get(same(name), name) != name}
        topics = ("digests", "sizes", "requests", "manifests", "layers", "shown", "made", "parts", "lost")
        found: dict[str, Any] = {topic: anew(getattr(self, topic)) for topic in topics}
        return replace(self, spellings=own, **found)


@dataclass(frozen=True)
class SeenNames:
    """The models of an engine that has them by itself, and those that it is asked for by now."""

    problem: str | None = None
    """Why it could not be asked."""
    next_step: str = ""
    names: tuple[str, ...] = ()
    """What it calls the models that it has."""
    applied: dict[str, str] = field(default_factory=dict)
    """Models that the current release asks it for, each with the engine's name."""

    @property
    def is_told(self) -> bool:
        """True if its model list is known."""
        return self.problem is None

    def own_name(self, known: str) -> str | None:
        """Return what it calls a model, None where it lacks it; an Ollama lists the tag that goes without saying."""
        return next((name for name in (known, f"{known}{DEFAULT_TAG}") if name in self.names), None)


@dataclass(frozen=True)
class Listener:
    """Somebody else who listens on a port."""

    address: str
    port: int
    process: str | None = None
    pid: int | None = None
    container: str | None = None
    stack: str | None = None
    """The stack of this kit that the container belongs to."""
    ollama: str | None = None
    """Version of an Ollama that answers there."""

    @property
    def words(self) -> str:
        """Say who it is."""
        where = f"on {self.address}:{self.port}"
        if self.container:
            return f"container {self.container} {where}"
        who = f"{self.process} (pid {self.pid})" if self.process and self.pid else "another process"
        return f"{f'Ollama {self.ollama}, ' if self.ollama else ''}{who} {where}"

    @property
    def prospect(self) -> str:
        """Go on to say how it is used as it is, where it is an engine that could be; else nothing."""
        if not self.ollama:
            return ""
        line = f'{{name: ollama, kind: external, api: ollama, url: "http://ADDRESS:{self.port}"}}'
        return f"; `- {line}` under `engines:` uses it as it is, once it listens on an ADDRESS of this machine"


def conflicts(listener: Listener, address: str, port: int) -> bool:
    """Whether a listener stands in the way of publishing a port on an address."""
    if listener.port != port:
        return False
    theirs, ours = ip_address(listener.address), ip_address(address)
    # A listener on [::] takes IPv4 as well, unless it asked not to; who did cannot be seen from outside.
    return theirs == ours or theirs.is_unspecified or (ours.is_unspecified and ours.version == theirs.version)
