"""The verb `evidence`: the facts of a host that the checks compare with the deployment, in one answer."""

from __future__ import annotations

from typing import Any, TypedDict

from deploy.agent.contract.containers import Attached, ContainerPorts
from deploy.agent.contract.deployed import Deployed
from deploy.agent.contract.engines import AskingRequest, Engine, SeenEngine, SeenNames
from deploy.agent.contract.firewall import Closing, Redirect, StaleMask
from deploy.agent.contract.hardware import Card
from deploy.agent.contract.places import Place, SeenData
from deploy.agent.contract.probe import Port, SecretName
from deploy.agent.contract.released import Manifest, Right


class EvidenceRequest(AskingRequest):
    """The deployment that the checks compare with the host."""

    deployment: Deployed
    engines: list[Engine]
    places: dict[str, Place]
    paths: list[str]
    """Folders and secrets whose rights are compared."""
    addresses: list[str]
    closed: bool
    """True if a service has no way out."""
    secrets: list[SecretName]
    cards: bool
    """True if a service computes on a graphics card."""


class PlacedRelease(TypedDict):
    """The release that the host runs."""

    manifest: Manifest
    compose: str | None
    """Its compose file; None if it is missing."""


class Rights(TypedDict):
    """The mode and owner of a path, as a manifest writes them."""

    mode: str
    owner: str


class PlacedFile(Rights):
    """A file of the release as it lies on the host."""

    sha256: str
    text: str


class DockerAccess(TypedDict):
    """The way to Docker, and the settings that it was started with."""

    socket: str
    settings: dict[str, Any]


class Evidence(TypedDict, total=False):
    """The parts of the answer; a missing one has a problem."""

    engines: dict[str, SeenEngine | SeenNames]
    places: dict[str, SeenData]
    rights: list[Right]
    release: PlacedRelease
    files: dict[str, PlacedFile]
    """Files of the release by the manifest's path; a missing file is left out."""
    modes: dict[str, Rights]
    """Rights of the requested paths; a missing path is left out."""
    replaced: dict[str, list[str]]
    """Folders by container: it writes to them, and their paths no longer lead there."""
    attached: list[Attached]
    """Containers from outside that reach into the stack in any way."""
    docker: DockerAccess
    brought: list[str]
    """Tags of images that Docker pulled by the digest in them, or that an agent's record has."""
    absent: list[str]
    """Published addresses that the host does not have."""
    outside: Port | None
    """A place beyond the host that the host reaches now."""
    listeners: list[Port]
    """Every address and port that something on the host listens on."""
    redirects: list[Redirect]
    """Ports that rules of iptables lead past every listener; none where they cannot be read."""
    ports: ContainerPorts
    firewall: Closing
    masks: list[StaleMask]
    """Rules that may let a container out; empty unless a service has no way out."""
    secrets: dict[str, str]
    """Values by name; a missing secret is left out."""
    cards: list[Card]
    """Graphics cards of the host in the order of their numbers; empty unless requested."""


class EvidenceAnswer(TypedDict):
    """The host's facts, and the problems of those that the agent could not read."""

    parts: Evidence
    problems: dict[str, str]
