"""A release's deployment.json as agents read it: the control node writes it, and a host keeps those of earlier kits.

Keys that no agent reads are left out here. A release of an earlier kit may lack any key.
"""

from __future__ import annotations

from typing import TypedDict

from deploy.agent.contract.places import Owner


class Folder(TypedDict):
    """A folder of user data, with its owner."""

    host_path: str
    owner: Owner
    mode: str


class Mount(TypedDict):
    """A folder or file of the host in a container."""

    host_path: str
    container_path: str
    read_only: bool


class Port(TypedDict):
    """A published port."""

    address: str
    host_port: int
    container_port: int


class Secret(TypedDict):
    """A secret by its name and the service that owns it."""

    name: str
    owner: str


class SecretUse(TypedDict):
    """A secret that a container reads."""

    secret: Secret


class DataPart(TypedDict):
    """A part of user data, by its path in the folder; a release states no kind of it."""

    relpath: str


class Data(TypedDict, total=False):
    """User data of a service."""

    host_path: str
    items: list[DataPart]


class Device(TypedDict, total=False):
    """A card of a vendor that Docker hands over, or device files of the host."""

    vendor: str
    nodes: str


class Service(TypedDict, total=False):
    """A container as the release decided it."""

    name: str
    kind: str
    owner: Owner
    mounts: list[Mount]
    ports: list[Port]
    folders: list[Folder]
    secrets: list[SecretUse]
    host_secrets: list[Secret]
    devices: list[Device]
    data: Data | None
    room: dict[str, object]
    """Input of the room's own program."""
    health_timeout_seconds: int


class ModelFile(TypedDict):
    """A model's file that a service opens."""

    host_path: str
    owner: Owner


class Base(TypedDict):
    """A library's model that another one is made from."""

    name: str


class Model(TypedDict):
    """A model that an engine creates."""

    name: str
    base: Base | None


class Engine(TypedDict, total=False):
    """An engine whose models are created over its API."""

    name: str
    protocol: str
    models_dir: str | None
    models: list[Model]
    key: Secret | None


class NamedEngine(TypedDict, total=False):
    """An engine that has its models by itself."""

    name: str
    address: str
    models: list[list[str]]
    """Names of a model: kit.yaml's, and the engine's own."""
    key: Secret | None


class Deployed(TypedDict, total=False):
    """Everything that one host runs by a release."""

    stack: str
    services: list[Service]
    models: list[ModelFile]
    engines: list[Engine]
    named_engines: list[NamedEngine]
