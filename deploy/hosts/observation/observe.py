"""A host's observation of itself: one probe, read into typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.contract import FORMAT
from deploy.agent.contract.origin import origin_of
from deploy.agent.contract.verbs import PROBE
from deploy.deployment.bundle import MANIFEST_FORMAT
from deploy.deployment.host import Deployment
from deploy.errors import KitError
from deploy.hosts.observation.asked import probe_request
from deploy.hosts.observation.backups import SeenBackups
from deploy.hosts.observation.cards import Card, DeviceNode, Nvidia
from deploy.hosts.observation.containers import read_container
from deploy.hosts.observation.engines import read_engines, read_named_engines
from deploy.hosts.observation.network import Network, read_network
from deploy.hosts.observation.places import LeftPlace, SeenData, read_places
from deploy.hosts.observation.rights import HostSecret, SeenFile, SeenRight
from deploy.hosts.observation.seen import (
    Container,
    Disk,
    Docker,
    HostFolder,
    HostImage,
    Listener,
    OperatingSystem,
    SeenEngine,
    SeenNames,
    conflicts,
)
from deploy.hosts.wire.transport import Transport
from deploy.stack import HERE

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Holder
    from deploy.agent.contract.indexes import SeenIndex
    from deploy.agent.contract.probe import ProbeAnswer, Settings
    from deploy.agent.contract.released import Manifest
    from deploy.agent.contract.way_back import Unsettled


@dataclass(frozen=True)
class Observation:
    """One host as its probe saw it."""

    docker: Docker
    os: OperatingSystem
    systemd: bool
    root: bool
    """True if the agent runs as root, and so may change the host."""
    release: str | None = None
    good: str | None = None
    manifest: Manifest | None = None
    changed_files: tuple[SeenFile, ...] = ()
    extra_files: tuple[str, ...] = ()
    """Paths in the release's folder that its manifest does not name."""
    services: dict[str, Container] = field(default_factory=dict)
    secrets: dict[tuple[str, str], HostSecret] = field(default_factory=dict)
    """Secret's file by the service whose folder holds it, and by its name."""
    rights: tuple[SeenRight, ...] = ()
    """Paths of the current release with another mode or owner."""
    replaced_secrets: frozenset[tuple[str, str]] = frozenset()
    """Secrets that are kept elsewhere, with another value there than on the host."""
    changed_secrets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Service to the secrets whose value changed since its container was created."""
    folders: dict[str, HostFolder] = field(default_factory=dict)
    images: dict[str, HostImage] = field(default_factory=dict)
    cached_layers: frozenset[str] = frozenset()
    """Cached layers of images; asked for if an image is missing."""
    has_uv: bool = False
    """True if the host has the uv that unpacks packages."""
    ports: tuple[Listener, ...] = ()
    network: Network = field(default_factory=Network)
    disks: dict[str, Disk] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    """Path of a model file to its remembered sha256; empty if that is unknown."""
    unhashed_models: tuple[str, ...] = ()
    """Model files without a remembered state: neither right nor changed."""
    settings: dict[str, Settings] = field(default_factory=dict)
    engines: dict[str, SeenEngine] = field(default_factory=dict)
    """Engines whose models are created over their API, by name."""
    named_engines: dict[str, SeenNames] = field(default_factory=dict)
    """Engines that have their models already, by name."""
    data_versions: dict[str, str] = field(default_factory=dict)
    """Service to the release of the application that last wrote its user data."""
    places: dict[str, SeenData] = field(default_factory=dict)
    """Service to the place of its user data, now and at the last accepted release."""
    owners: dict[str, str] = field(default_factory=dict)
    """Folder of the release to the user that the kit gave it to."""
    left: tuple[LeftPlace, ...] = ()
    """Data that no service of the stack uses any more."""
    stopped: tuple[str, ...] = ()
    units: dict[str, str] = field(default_factory=dict)
    """File of the stack's jobs in the host's scheduler to its sha256."""
    daemon_json: dict[str, Any] | None = None
    memory_bytes: int = 0
    cores: int = 1
    architecture: str = ""
    """Processor as the kernel names it; empty if unknown."""
    cards: tuple[Card, ...] = ()
    """Its graphics cards, the likeliest for models first."""
    nvidia: Nvidia | None = None
    """NVIDIA's driver and container toolkit; None without a card of NVIDIA's."""
    identity: str = ""
    """Equal in the observations of one machine alone; empty if the machine has no id."""
    wsl: str | None = None
    """Networking mode of WSL, empty if unknown; None on every other machine."""
    devices: dict[str, tuple[DeviceNode, ...]] = field(default_factory=dict)
    """Pattern of device files to those that the host has."""
    holder: Holder | None = None
    host: str = HERE
    """Name of the host."""
    interrupted: str | None = None
    """The last run if it was cut off before its end."""
    backups: SeenBackups = field(default_factory=SeenBackups)
    indexes: dict[str, SeenIndex] = field(default_factory=dict)
    """Service to its search index."""
    converged_by: str = ""
    """The run that brought the running release; empty after a rollback."""
    unsettled: Unsettled | None = None
    """The apply of the running release, if this host does not know yet that every host has accepted it."""

    @property
    def is_proven(self) -> bool:
        """True if the checks of the host's release passed."""
        return self.release is not None and self.good == self.release

    @property
    def free_bytes(self) -> dict[str, int]:
        """Free space of the places that the kit writes to."""
        return {path: disk.free_bytes for path, disk in self.disks.items()}

    def folder(self, host_path: str) -> HostFolder:
        """Return the folder at a path; a path that was not asked for counts as missing."""
        return self.folders.get(host_path, HostFolder())

    def ran_image_of(self, kind: str) -> bool:
        """Return True if the stack's release has an image of a kind, whatever its recipe."""
        services = self.manifest["services"].values() if self.manifest else ()
        return any(str(service["image"]).startswith(f"kit/{kind}:") for service in services)

    def listeners(self, address: str, port: int) -> tuple[Listener, ...]:
        """Return the other programs that listen where a port shall be published."""
        return tuple(listener for listener in self.ports if conflicts(listener, address, port))

    def settings_problem(self, service: str) -> str:
        """Return the reason if a service's own settings could not be read; else an empty text."""
        seen = self.settings.get(service)
        return seen.get("problem", "") if seen else ""

    def settings_drift(self, service: str) -> tuple[tuple[str, str], ...]:
        """Return the owned settings that differ, each with its cause."""
        seen = self.settings.get(service)
        return tuple((setting["name"], setting["cause"]) for setting in seen.get("drift", [])) if seen else ()


def observe(
    transport: Transport,
    deployment: Deployment,
    given: Mapping[str, str] | None = None,
    spec: Path | None = None,
    host: str = HERE,
) -> Observation:
    """Ask the host once; changes nothing. The path of kit.yaml, on this control node, identifies a renamed stack."""
    request = probe_request(deployment, given or {})
    request["origin"] = origin_of(spec) if spec else ""
    return replace(read_observation(transport.call(PROBE, request)), host=host)


def read_observation(answer: ProbeAnswer) -> Observation:
    """Read the probe's answer; refuse the answer of a newer kit."""
    _ensure_known(answer)
    nvidia = answer["nvidia"]
    return replace(
        _read(answer),
        cards=tuple(Card(**seen) for seen in answer["cards"]),
        nvidia=Nvidia(**nvidia) if nvidia else None,
        identity=answer["identity"],
        wsl=answer["wsl"],
        devices={pattern: tuple(DeviceNode(**node) for node in nodes) for pattern, nodes in answer["devices"].items()},
        places=read_places(answer["places"]),
        owners=answer["owners"],
        left=tuple(LeftPlace(**left) for left in answer["left"]),
        converged_by=answer["converged_by"],
        unsettled=answer["unsettled"],
    )


def _read(answer: ProbeAnswer) -> Observation:
    return Observation(
        docker=Docker(**answer["docker"]),
        os=OperatingSystem(**answer["os"]),
        systemd=answer["systemd"],
        root=answer["root"],
        release=answer["release"],
        good=answer["good"],
        manifest=answer["manifest"],
        changed_files=tuple(SeenFile(**seen) for seen in answer["changed_files"]),
        extra_files=tuple(answer["extra_files"]),
        services={name: read_container(seen) for name, seen in answer["services"].items()},
        secrets={_holder(path): HostSecret(**seen) for path, seen in answer["secrets"].items()},
        rights=tuple(SeenRight(**seen) for seen in answer["rights"]),
        replaced_secrets=frozenset(_holder(path) for path in answer["replaced_secrets"]),
        changed_secrets={name: tuple(changed) for name, changed in answer["fingerprint_changed"].items() if changed},
        folders={path: HostFolder(**seen) for path, seen in answer["folders"].items()},
        images={reference: HostImage(**seen) for reference, seen in answer["images"].items()},
        cached_layers=frozenset(answer["cached_layers"]),
        has_uv=answer["has_uv"],
        ports=tuple(Listener(**seen) for seen in answer["ports"]),
        network=read_network(answer),
        disks={path: Disk(**seen) for path, seen in answer["disk"].items()},
        models={path: seen["sha256"] or "" for path, seen in answer["models"].items()},
        unhashed_models=tuple(path for path, seen in answer["models"].items() if not seen["remembered"]),
        settings=answer["settings"],
        engines=read_engines(answer["engines"]),
        named_engines=read_named_engines(answer["engines"]),
        data_versions=answer["data_versions"],
        stopped=tuple(answer["stopped"]),
        units=answer["units"],
        daemon_json=answer["daemon_json"],
        memory_bytes=answer["memory_bytes"],
        cores=answer["cores"],
        architecture=answer["architecture"],
        holder=answer["hold"]["holder"] if answer["hold"] else None,
        interrupted=answer["interrupted"],
        backups=SeenBackups(**answer["backups"]),
        indexes=answer["indexes"],
    )


def _ensure_known(answer: ProbeAnswer) -> None:
    manifest = answer["manifest"]
    if answer["format"] > FORMAT or (manifest and manifest["format"] > MANIFEST_FORMAT):
        raise KitError("the host was changed by a newer kit", "upgrade this kit")


def _holder(path: str) -> tuple[str, str]:
    service, _, name = path.partition("/")
    return service, name
