"""The probe's request: the parts of a host that a deployment is about. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from deploy.deployment.engines import Engine, NamedEngine
from deploy.deployment.host import Deployment
from deploy.deployment.places import kept_request, places_request
from deploy.stack import CACHE, Stack

if TYPE_CHECKING:
    from deploy.agent.contract.engines import AskedEngine, Key, WantedBlob
    from deploy.agent.contract.engines import Engine as EngineRequest
    from deploy.agent.contract.engines import NamedEngine as NamedRequest
    from deploy.agent.contract.probe import ProbeRequest


def probe_request(deployment: Deployment, given: Mapping[str, str] | None = None) -> ProbeRequest:
    """Return the probe's request; given values of secrets are only compared on the host."""
    known = given or {}
    services, stack = deployment.services, Stack(deployment.stack)
    written = (
        *(s.data.host_path for s in services if s.data),
        *(str(PurePosixPath(m.host_path).parent) for m in deployment.models),
        *(engine.models_dir for engine in deployment.engines if engine.models_dir),
    )
    return {
        "stack": deployment.stack,
        "root": stack.root,
        "ca": deployment.fetch.ca,
        "folders": sorted({folder.host_path for service in services for folder in service.folders}),
        "ports": [{"address": p.address, "port": p.host_port} for service in services for p in service.ports],
        "model_paths": sorted({model.host_path for model in deployment.models}),
        "cache": CACHE,
        "built_images": sorted({s.image.reference for s in services if s.image.source == "build"}),
        "data_roots": sorted({stack.root, stack.data_root, CACHE, *written}),
        "engines": [_asked_now(engine, known) for engine in deployment.asked_engines],
        "given": [
            {"name": secret.name, "owner": secret.owner, "value": known[secret.name]}
            for secret in deployment.secrets
            if secret.name in known
        ],
        "devices": sorted({device.nodes for service in services for device in service.host_devices}),
        "places": places_request(deployment),
        "kept": kept_request(deployment),
        "rooms": {s.name: {"kind": s.kind, "room": s.room} for s in services if s.room},
    }


def _asked_now(engine: Engine | NamedEngine, known: Mapping[str, str]) -> AskedEngine:
    """Return how an engine is asked now: before the first apply with the key that is not on the host yet."""
    request = engine_request(engine) if isinstance(engine, Engine) else named_request(engine)
    if engine.key and request["key"] and engine.key.name in known:
        request["key"]["value"] = known[engine.key.name]
    return request


def engine_request(engine: Engine) -> EngineRequest:
    """Return the agent's description of an engine's API."""
    blobs: list[WantedBlob] = [
        {"sha256": blob.sha256, "size": blob.size_bytes, "model": model.name, "request": model.digest}
        for model in engine.models
        for blob in model.blobs
    ]
    bases = sorted({model.base.name for model in engine.models if model.base})
    return {**named_request(engine), "models_dir": engine.models_dir, "blobs": blobs, "bases": bases}


def named_request(engine: Engine | NamedEngine) -> NamedRequest:
    """Return the agent's description of an engine that is asked for its models."""
    key: Key | None = {"secret": engine.key.name, "owner": engine.key.owner} if engine.key else None
    return {"name": engine.name, "protocol": engine.protocol, "address": engine.address, "key": key}
