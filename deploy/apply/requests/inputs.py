"""Requests for images, files of models and engines' models. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.apply.requests.base import base_request
from deploy.deployment.engines import ModelFile
from deploy.deployment.host import Deployment
from deploy.deployment.models import CreatedModel
from deploy.hosts.observation.asked import engine_request
from deploy.sources.given import for_agent
from deploy.stack import CACHE, UV

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Model, SyncedEngine, SyncRequest
    from deploy.agent.contract.images import GiveRequest, TakeRequest
    from deploy.agent.contract.inputs import Fetching, Image, ImagesRequest, ModelsRequest
    from deploy.agent.contract.inputs import ModelFile as WantedFile


def images_request(deployment: Deployment, images: list[Image], run: str, *, force: bool = False) -> ImagesRequest:
    """Return the images to assemble; the agent skips existing ones."""
    return {**base_request(deployment.stack, run), "images": images, "force": force, **_fetching(deployment)}


def reference_of(image: Image) -> str:
    """Return the name that the kit gives an image."""
    return image["reference"] if "pull" in image else image["tag"]


def take_request(deployment: Deployment, run: str, kind: str, tag: str) -> TakeRequest:
    """Return the image that comes from another host."""
    return {**base_request(deployment.stack, run), "kind": kind, "tag": tag}


def give_request(deployment: Deployment, tag: str, has: list[str]) -> GiveRequest:
    """Return the image that goes to another host, and the layers that are there already."""
    return {**base_request(deployment.stack, ""), "tag": tag, "has": has}


def models_request(deployment: Deployment, run: str) -> ModelsRequest:
    """Return the model files that services open."""
    wanted = [_wanted(model) for model in deployment.models]
    return {**base_request(deployment.stack, run), "models": wanted, **_fetching(deployment)}


def _wanted(model: ModelFile) -> WantedFile:
    return {
        "name": model.name,
        "path": model.host_path,
        "uid": model.owner.uid,
        "gid": model.owner.gid,
        "sha256": model.sha256,
        "size": model.size_bytes,
        "source": for_agent(model.source),
    }


def sync_request(deployment: Deployment, kind: str, run: str, left: tuple[str, ...] = ()) -> SyncRequest:
    """Return the models that engines of one kind create; an engine that is left is not asked."""
    engines: list[SyncedEngine] = [
        {
            **engine_request(engine),
            "prune": engine.prune,
            "models": [_created(model) for model in engine.models],
        }
        for engine in deployment.engines
        if engine.kind == kind and engine.name not in left
    ]
    return {**base_request(deployment.stack, run), "engines": engines, **_fetching(deployment)}


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
                "source": for_agent(blob.source),
            }
            for blob in model.blobs
        ],
        "base": {"name": base.name, "digest": base.digest, "size": base.size_bytes} if base else None,
    }


def _fetching(deployment: Deployment) -> Fetching:
    fetch = deployment.fetch
    return {
        "mirrors": {"debian": fetch.debian, "pypi": fetch.pypi, "models": fetch.models},
        "proxy": fetch.proxy,
        "ca": fetch.ca,
        "uv": UV,
        "cache": CACHE,
    }
