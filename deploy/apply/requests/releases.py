"""Requests for secrets, releases, containers and settings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from deploy.agent.contract.origin import origin_of
from deploy.apply.prepared.audit import audit_line
from deploy.apply.prepared.members import Member
from deploy.apply.requests.base import base_request
from deploy.decide.desired import Share
from deploy.deployment.bundle import Bundle
from deploy.deployment.host import Deployment
from deploy.deployment.places import places_request
from deploy.deployment.secrets import Secret
from deploy.deployment.service import Service
from deploy.plan.docker import COMPOSE_FLOOR, DOCKER_FLOOR
from deploy.plan.published import late_settings
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.backups import BackUpRequest
    from deploy.agent.contract.places import SettledPlace
    from deploy.agent.contract.releases import (
        AcceptRequest,
        ConvergeRequest,
        Copy,
        DockerRequest,
        LateRequest,
        PlacedFile,
        PlaceRequest,
    )
    from deploy.agent.contract.releases import Service as WantedService
    from deploy.agent.contract.removals import CollectRequest
    from deploy.agent.contract.rooms import RoomRequest
    from deploy.agent.contract.secrets import Reader, SecretsRequest


def docker_request(deployment: Deployment, run: str) -> DockerRequest:
    """Return the versions of Docker and Compose that the host must have."""
    return {**base_request(deployment.stack, run), "floors": {"engine": DOCKER_FLOOR, "compose": COMPOSE_FLOOR}}


def late_request(member: Member, run: str) -> LateRequest:
    """Return the kernel settings for addresses that come late."""
    deployment = member.share.deployment
    settings = late_settings(deployment, member.prepared.observation)
    return {**base_request(deployment.stack, run), "settings": settings}


def secrets_request(
    share: Share, run: str, given: Mapping[str, str], settled: Mapping[str, SettledPlace] | None = None
) -> SecretsRequest:
    """Return the secrets of the host's own to generate once or to take as they are given, and who reads a copy.

    Data that comes from another stack comes with the secrets that its service has there.
    """
    own = (secret for secret in share.deployment.secrets if secret.name not in share.borrowed)
    return _secrets_request(share.deployment, own, run, given, settled or {})


def borrowed_request(share: Share, run: str, given: Mapping[str, str]) -> SecretsRequest:
    """Return the host's copies of secrets that other hosts own.

    A missing copy is an error, for the owner alone makes the value. An optional host that is off has made none yet: the
    reader makes a stand-in, which the plan replaces once the owner has its own.
    """
    ways = share.desired.ways
    lent = (
        replace(secret, reference="" if ways[host].is_optional and secret.name not in given else f"the host {host}")
        for secret in share.deployment.secrets
        if (host := share.borrowed.get(secret.name))
    )
    return _secrets_request(share.deployment, lent, run, given, {})


def _secrets_request(
    deployment: Deployment,
    secrets: Iterable[Secret],
    run: str,
    given: Mapping[str, str],
    settled: Mapping[str, SettledPlace],
) -> SecretsRequest:
    stacks = {name: place["stack"] for name, place in settled.items() if place["takes_over"]}
    return {
        **base_request(deployment.stack, run),
        "secrets": [
            {
                "name": secret.name,
                "owner": secret.owner,
                "prefix": secret.prefix,
                "value": given.get(secret.name),
                "reference": secret.reference,
                "stack": stacks.get(secret.owner, ""),
                "readers": [_reader(deployment, name) for name in _readers(deployment, secret)],
            }
            for secret in secrets
        ],
    }


def _readers(deployment: Deployment, secret: Secret) -> tuple[str, ...]:
    named = next(known for known in deployment.secrets if known.name == secret.name)
    return deployment.readers(named)


def _reader(deployment: Deployment, service: str) -> Reader:
    owner = deployment.service(service).owner
    return {"service": service, "uid": owner.uid, "gid": owner.gid}


def back_up_request(deployment: Deployment, run: str) -> BackUpRequest:
    """Return the backup before an image changes."""
    return cast("BackUpRequest", {**base_request(deployment.stack, run), "before": "image"})


def place_request(deployment: Deployment, bundle: Bundle, run: str) -> PlaceRequest:
    """Return the release's files."""
    files: list[PlacedFile] = [
        {"path": file.path, "content": file.content, "mode": file.mode, "sha256": file.sha256}
        for file in bundle.placed()
    ]
    return {**base_request(deployment.stack, run), "release": bundle.release, "files": files}


def converge_request(member: Member, run: str) -> ConvergeRequest:
    """Return the release to run, and what happens to each service."""
    share, plan = member.share, member.prepared.plan
    deployment, actions = share.deployment, plan.actions()
    services: dict[str, WantedService] = {
        service.name: {
            "action": "leave" if service.name in plan.left else actions.get(service.name, "keep"),
            "image": service.image.reference,
            "health_timeout": service.health_timeout_seconds,
            "copy": _copy(service),
            "place": plan.settled.get(service.name),
            "owners": plan.owners.get(service.name, []),
            "data_version": service.data.version if service.data else None,
            "trial": {"memory_bytes": service.memory_bytes} if service.can_run_twice else None,
        }
        for service in deployment.services
    }
    services |= {name: {"action": "remove"} for name, action in actions.items() if action == "remove"}
    return {
        **base_request(deployment.stack, run),
        "release": share.bundle.release,
        "project": Stack(deployment.stack).project,
        "order": [service.name for service in deployment.services],
        "services": services,
        "hosts": list(member.way_back.hosts),
        "back_to": member.way_back.back_to,
    }


def _copy(service: Service) -> Copy | None:
    if service.data is None:
        return None
    owner = service.data.owner
    return {
        "service": service.name,
        "host_path": service.data.host_path,
        "uid": owner.uid,
        "gid": owner.gid,
        "items": service.data.parts(),
    }


def room_request(deployment: Deployment, kind: str, run: str) -> RoomRequest:
    """Return the settings that the kit owns inside an application."""
    service = next(service for service in deployment.services if service.kind == kind and service.room)
    return {
        **base_request(deployment.stack, run),
        "service": service.name,
        "kind": service.kind,
        "operation": "apply",
        "room": service.room,
    }


def collect_request(member: Member, run: str) -> CollectRequest:
    """Return the releases that stay, and the folders of models, where a fetch that was killed leaves most."""
    deployment, observation = member.share.deployment, member.prepared.observation
    kept = filter(None, (observation.good, observation.release, member.share.bundle.release))
    folders = sorted({str(Path(model.host_path).parent) for model in deployment.models})
    return {**base_request(deployment.stack, run), "keep": list(dict.fromkeys(kept)), "model_folders": folders}


def accept_request(member: Member, run: str, *, alone: bool) -> AcceptRequest:
    """Return the release that passed its checks; `alone` says that no other host has one to accept."""
    share, deployment = member.share, member.share.deployment
    return {
        **base_request(deployment.stack, run),
        "release": share.bundle.release,
        "audit": audit_line(share, member.prepared.plan),
        "places": places_request(deployment),
        "origin": origin_of(share.path),
        "alone": alone,
    }
