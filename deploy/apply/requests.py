"""The agent's requests, computed here; roles pass them on and decide nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

from deploy.agent.contract import FORMAT
from deploy.deployment.bundle import Bundle
from deploy.deployment.host import Deployment
from deploy.deployment.models import CreatedModel
from deploy.deployment.service import Service
from deploy.hosts.observe import engine_request
from deploy.sources.given import for_agent
from deploy.stack import CACHE, UV

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Model, SyncedEngine, SyncRequest
    from deploy.agent.contract.envelope import StackRequest
    from deploy.agent.contract.inputs import Fetching, Image, ImagesRequest, ModelFile, ModelsRequest, Source
    from deploy.agent.contract.places import Handover, SettledPlace
    from deploy.agent.contract.releases import (
        CollectRequest,
        PlacedFile,
        PlaceRequest,
        Reader,
        RoomRequest,
        SecretsRequest,
    )


def base_request(deployment: Deployment, run: str) -> StackRequest:
    """Return what every request carries."""
    return {"format": FORMAT, "stack": deployment.stack, "root": deployment.root, "run": run}


def secrets_request(
    deployment: Deployment, run: str, given: Mapping[str, str], settled: Mapping[str, SettledPlace] | None = None
) -> SecretsRequest:
    """Return the secrets to generate once or to take as they are given, and who reads a copy.

    Data that comes from another stack comes with the secrets that its service has there.
    """
    stacks = {name: one["stack"] for name, one in (settled or {}).items() if one["takes_over"]}
    return {
        **base_request(deployment, run),
        "secrets": [
            {
                "name": secret.name,
                "owner": secret.owner,
                "prefix": secret.prefix,
                "value": given.get(secret.name),
                "reference": secret.reference,
                "stack": stacks.get(secret.owner, ""),
                "readers": [_reader(deployment, name) for name in deployment.readers(secret)],
            }
            for secret in deployment.secrets
        ],
    }


def _reader(deployment: Deployment, service: str) -> Reader:
    owner = deployment.service(service).owner
    return {"service": service, "uid": owner.uid, "gid": owner.gid}


def place_request(deployment: Deployment, bundle: Bundle, run: str) -> PlaceRequest:
    """Return the release's files."""
    files: list[PlacedFile] = [
        {"path": file.path, "content": file.content, "mode": file.mode, "sha256": file.sha256}
        for file in bundle.placed()
    ]
    return {**base_request(deployment, run), "release": bundle.release, "files": files}


def folders_of(deployment: Deployment, handed_over: Mapping[str, list[Handover]] | None = None) -> list[dict[str, Any]]:
    """Return the folders of all services, with their owners, as the role `folders` wants them.

    A folder that changes hands keeps its owner here: its service still runs.
    """
    kept = {one["path"]: one for some in (handed_over or {}).values() for one in some}
    folders: list[dict[str, Any]] = [
        {"path": folder.host_path, "uid": folder.owner.uid, "gid": folder.owner.gid, "mode": folder.mode}
        for service in deployment.services
        for folder in service.folders
    ]
    for folder in folders:
        if folder["path"] in kept:
            folder |= {"uid": kept[folder["path"]]["from_uid"], "gid": kept[folder["path"]]["from_gid"]}
    # Ansible gives the parents that it makes to the owner of the first folder in them, and shuts all others out.
    shared = PurePosixPath(deployment.data_root)
    inside = any(PurePosixPath(folder["path"]).is_relative_to(shared) for folder in folders)
    parents = (shared.parent, shared) if inside else ()
    return [*({"path": str(path), "uid": 0, "gid": 0, "mode": "0755"} for path in parents), *folders]


def _fetching(deployment: Deployment) -> Fetching:
    fetch = deployment.fetch
    return {
        "mirrors": {"debian": fetch.debian, "pypi": fetch.pypi, "models": fetch.models},
        "proxy": fetch.proxy,
        "ca": fetch.ca,
        "uv": UV,
        "cache": CACHE,
    }


def _source(source: dict[str, Any]) -> Source:
    return cast("Source", for_agent(source))


def models_request(deployment: Deployment, run: str, *, sends: bool = False) -> ModelsRequest:
    """Return the model files that services mount."""
    models: list[ModelFile] = [
        {
            "name": model.name,
            "path": model.host_path,
            "uid": model.owner.uid,
            "gid": model.owner.gid,
            "sha256": model.sha256,
            "size": model.size_bytes,
            "source": _source(model.source),
        }
        for model in deployment.models
    ]
    return {**base_request(deployment, run), "models": models, "sends": sends, **_fetching(deployment)}


def sync_request(deployment: Deployment, kind: str, run: str, *, sends: bool = False) -> SyncRequest:
    """Return the models that engines of one kind create."""
    engines: list[SyncedEngine] = [
        {
            **engine_request(engine),
            "prune": engine.prune,
            "models": [_created(model) for model in engine.models],
        }
        for engine in deployment.engines
        if engine.kind == kind
    ]
    return {**base_request(deployment, run), "engines": engines, "sends": sends, **_fetching(deployment)}


def _created(model: CreatedModel) -> Model:
    base = model.base
    return {
        "name": model.name,
        "digest": model.digest,
        "parts": model.parts,
        "request": model.request,
        "blobs": [
            {
                "file": blob.file,
                "sha256": blob.sha256,
                "size": blob.size_bytes,
                "source": _source(blob.source),
            }
            for blob in model.blobs
        ],
        "base": {"name": base.name, "digest": base.digest, "size": base.size_bytes} if base else None,
    }


def images_request(deployment: Deployment, images: list[Image], run: str, force: bool = False) -> ImagesRequest:
    """Return the images to assemble; the agent leaves alone those that are there."""
    return {**base_request(deployment, run), "images": images, "force": force, **_fetching(deployment)}


def collect_request(deployment: Deployment, kept: list[str], run: str) -> CollectRequest:
    """Return the releases that stay, and the folders of models, where a fetch that was killed leaves most."""
    folders = sorted({str(Path(model.host_path).parent) for model in deployment.models})
    return {**base_request(deployment, run), "keep": list(dict.fromkeys(kept)), "model_folders": folders}


def room_request(deployment: Deployment, service: Service, run: str) -> RoomRequest:
    """Return the request of a service that owns something inside its application."""
    return {
        **base_request(deployment, run),
        "service": service.name,
        "kind": service.kind,
        "operation": "apply",
        "room": service.room,
    }
