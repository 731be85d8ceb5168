"""Probe answers for golden cases: a bare host, and one that was applied and is as it should be."""

from __future__ import annotations

import copy
from typing import Any

from deploy.agent.contract.probe import ProbeAnswer
from deploy.decide.desired import Share
from deploy.deployment.models import CreatedModel
from deploy.hosts.observation.asked import probe_request
from deploy.plan.docker import SETTINGS
from tests.documents import made_whole

Answer = Any
COMPOSE = "2.26.1-4"
GIB = 2**30
BOOKWORM = {
    "id": "debian",
    "version": "12",
    "codename": "bookworm",
    "debian_mirror": "http://deb.debian.org/debian",
}


def bare(desired: Share) -> Answer:
    """Return what a fresh Debian 12 says, with a docker client on PATH and no engine behind it."""
    request = probe_request(desired.deployment)
    answer = {
        "format": 1,
        "folders": {path: {"exists": False} for path in request["folders"]},
        "docker": {"server": False, "problem": "no socket", "client_path": "/usr/local/bin/docker"},
        "disk": {
            path: {"free_bytes": 80 * GIB, "device": 1}
            for path in ("/var/lib/docker", "/srv", "/opt", *request["data_roots"])
        },
        "memory_bytes": 24 * GIB,
        "cores": 2,
        "architecture": "x86_64",
        "devices": {nodes: [] for nodes in request["devices"]},
        "os": BOOKWORM,
        "root": True,
        "settings": {service.name: {"drift": []} for service in desired.deployment.services if service.room},
        "engines": {engine.name: seen_engine(()) for engine in desired.deployment.engines} | _named(desired, False),
    }
    return made_whole(ProbeAnswer, answer)


def seen_engine(made: tuple[CreatedModel, ...], models_dir: str | None = None) -> Answer:
    """Return what is seen of an engine on which the kit made these models, and pulled their bases."""
    pairs = {one.name: {"request": one.digest, "manifest": f"made by {one.digest}", "parts": one.parts} for one in made}
    digests = {one.base.name: one.base.digest for one in made if one.base}
    digests |= {name: str(pair["manifest"]) for name, pair in pairs.items()}
    return {
        "problem": None,
        "models": {name: {"digest": digest, "size": 1} for name, digest in digests.items()},
        "remembered": pairs,
        "layers": {},
        "place": models_dir if made else None,
        "store": bool(made),
        "blobs": sorted({blob.sha256 for one in made for blob in one.blobs}),
    }


def _named(desired: Share, is_applied: bool) -> Answer:
    """Return what is seen of engines that have the models that they are asked for."""
    return {
        engine.name: {
            "problem": None,
            "next": "",
            "names": [known for _, known in engine.models],
            "applied": dict(engine.models) if is_applied else {},
        }
        for engine in desired.deployment.named_engines
    }


def settled(desired: Share) -> Answer:
    """Return what a host says on which exactly this was applied and verified."""
    deployment, bundle = desired.deployment, desired.bundle
    answer = bare(desired) | {
        "has_uv": True,
        "daemon_json": SETTINGS,
        "engines": {one.name: seen_engine(one.models, one.models_dir) for one in deployment.engines}
        | _named(desired, True),
        "data_versions": {s.name: s.data.version for s in deployment.services if s.data},
        "release": bundle.release,
        "good": bundle.release,
        "manifest": bundle.manifest,
        "docker": {
            "server": True,
            "version": "20.10.24+dfsg1",
            "compose": COMPOSE,
            "kit_installed": True,
            "engine_path": "/usr/sbin/dockerd",
            "live_restore": True,
        },
        "services": {service.name: _container(desired, service.name) for service in deployment.services},
        "secrets": _secret_files(desired),
        "folders": {
            folder.host_path: {
                "exists": True,
                "uid": folder.owner.uid,
                "gid": folder.owner.gid,
                "mode": folder.mode,
                "empty": False,
            }
            for service in deployment.services
            for folder in service.folders
        },
        "images": {s.image.reference: {"id": _image_id(s.kind), "recipe": s.image.recipe} for s in deployment.services},
        "models": {model.host_path: {"size": model.size_bytes, "sha256": model.sha256} for model in deployment.models},
    }
    return made_whole(ProbeAnswer, answer)


def _secret_files(desired: Share) -> dict[str, Any]:
    readers = {
        secret.name: {secret.owner, *desired.deployment.readers(secret)} for secret in desired.deployment.secrets
    }
    return {
        f"{reader}/{name}": {"present": True, "mode": "0400", "uid": 10101}
        for name, names in readers.items()
        for reader in names
    }


def merged(answer: Answer, change: Answer) -> Answer:
    """Return an answer with a change laid over it; null takes a key of a mapping away."""
    return made_whole(ProbeAnswer, _laid_over(answer, change))


def _laid_over(answer: Answer, change: Answer) -> Answer:
    result = copy.deepcopy(answer)
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _laid_over(result[key], value)
        elif value is None and isinstance(result.get(key), (dict, list)):
            del result[key]
        else:
            result[key] = value
    return result


def _image_id(kind: str) -> str:
    return f"sha256:id-of-{kind}"


def _container(desired: Share, name: str) -> Answer:
    service = desired.deployment.service(name)
    return {
        "id": f"id-of-{name}",
        "image": service.image.reference,
        "image_id": _image_id(service.kind),
        "state": "running",
        "health": "healthy",
        "exit_code": 0,
        "restarts": 0,
        "labels": {
            "kit.digest": desired.bundle.services[name]["digest"],
            "com.docker.compose.version": COMPOSE.split("-")[0],
        },
        "started_at": "2026-01-01T00:00:00Z",
        "ports": [f"{port.address}:{port.host_port}" for port in service.ports],
    }
