"""Places of people's data on a host: data of applications, and engines' folders of models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.deployment.data import SharedData, SqliteFile
from deploy.deployment.folders import Owner
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.places import Kept
    from deploy.agent.contract.places import Place as PlaceRequest


@dataclass(frozen=True)
class Place:
    """A folder with the data of one service."""

    service: str
    kind: str
    host_path: str
    owner: Owner
    parts: tuple[str, ...] = ()
    """Declared data in it, as paths in the folder."""
    databases: tuple[str, ...] = ()
    """SQLite databases among the parts; the first one identifies the owner of the data."""
    protocol: str | None = None
    """Protocol of the engine whose models lie there; None for the data of an application."""
    imports: str = ""
    """Docker volume or folder with the data of an installation before the kit."""
    shared: SharedData | None = None
    """The data with a person's folders beside it; None without any."""

    def request(self) -> PlaceRequest:
        """Return the place in the agent's form."""
        request: PlaceRequest = {
            "path": self.host_path,
            "kind": self.kind,
            "protocol": self.protocol,
            "databases": list(self.databases),
            "parts": list(self.parts),
        }
        if self.imports:
            request["imports"] = self.imports
        if self.shared is not None:
            request["shared"] = self.shared.shared_place()
        return request


def places_of(deployment: Deployment) -> tuple[Place, ...]:
    """Return every place of a host, in the order of its services."""
    engines = {engine.name: engine for engine in deployment.engines}
    places = []
    for service in deployment.services:
        engine = engines.get(service.name)
        if service.data is not None:
            places.append(_of_data(service))
        elif engine is not None and engine.models_dir is not None:
            places.append(Place(service.name, service.kind, engine.models_dir, service.owner, protocol=engine.protocol))
    return tuple(places)


def _of_data(service: Service) -> Place:
    if service.data is None:
        raise TypeError(f"{service.name} has no user data")
    items = service.data.items
    databases = tuple(item.relpath for item in items if isinstance(item, SqliteFile))
    parts = tuple(item.relpath for item in items)
    return Place(
        service.name,
        service.kind,
        service.data.host_path,
        service.data.owner,
        parts,
        databases,
        None,
        service.data.imports,
        service.data if isinstance(service.data, SharedData) else None,
    )


def places_request(deployment: Deployment) -> dict[str, PlaceRequest]:
    """Return all places of a host in the agent's form, by service."""
    return {place.service: place.request() for place in places_of(deployment)}


def kept_request(deployment: Deployment) -> Kept:
    """Return the data and keys of services in kit.yaml, in the agent's form; all others are left over."""
    folders = {folder.host_path for service in deployment.services for folder in service.folders}
    holders = {service.name for service in deployment.services} | {secret.owner for secret in deployment.secrets}
    return {
        "data_root": Stack(deployment.stack).data_root,
        "folders": sorted(folders | {place.host_path for place in places_of(deployment)}),
        "holders": sorted(holders),
    }
