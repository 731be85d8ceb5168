"""Operations below the containers, except on Docker itself: images, models, folders, secrets, and release files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploy.deployment.bundle import Bundle
from deploy.deployment.host import Deployment
from deploy.deployment.secrets import Secret
from deploy.deployment.service import Service
from deploy.hosts.observation.observe import Observation
from deploy.plan.docker import UNSEEN, is_unseen
from deploy.plan.operation import Operation
from deploy.plan.owners import is_handed_over
from deploy.stack import Stack

MODE = "0400"
"""Mode of a secret's file: only its reader may read it."""


def input_operations(
    deployment: Deployment, observation: Observation, received: Mapping[str, str] | None = None
) -> tuple[Operation, ...]:
    """Return the operations before a container can start: images, folders, models, secrets."""
    return (
        *_images(deployment, observation, received or {}),
        *_folders(deployment, observation),
        *_models(deployment, observation),
        *_secrets(deployment, observation),
        *_rights(deployment, observation),
    )


def _images(deployment: Deployment, observation: Observation, received: Mapping[str, str]) -> Iterator[Operation]:
    images: dict[str, Service] = {}
    for service in deployment.services:
        # Services of one kind share their image.
        images.setdefault(service.image.reference, service)
    for reference, service in images.items():
        if reference not in observation.images:
            source = service.image.source
            other = "its inputs changed" if source == "build" else "another digest is locked"
            seen = other if observation.ran_image_of(service.kind) else "not on host"
            cause = UNSEEN if is_unseen(observation) else seen
            if giver := received.get(reference):
                yield Operation(f"image {service.kind}", "receive", f"{cause}; from {giver}", "images", service.name)
            else:
                yield Operation(f"image {service.kind}", source, cause, "images", service.name)
        elif not observation.images[reference].is_of(service.image):
            cause = "another image has its name"
            yield Operation(f"image {service.kind}", service.image.source, cause, "images", service.name)


def _folders(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    for service in deployment.services:
        for folder in service.folders:
            seen = observation.folder(folder.host_path)
            if is_handed_over(folder, observation):
                cause = (
                    f"belongs to {seen.uid}:{seen.gid}, not to {folder.owner}; its owner changes, with all its content"
                )
                yield Operation(f"folder {folder.host_path}", "change", cause, "folders", service.name)
            elif not seen.exists:
                yield Operation(f"folder {folder.host_path}", "create", "not on host", "folders", service.name)
            elif not folder.fits(seen.mode, service.owner):
                cause = f"mode is {seen.mode}, not {folder.mode}"
                yield Operation(f"folder {folder.host_path}", "change", cause, "folders", service.name)


def _models(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    for model in deployment.models:
        sha256 = observation.models.get(model.host_path)
        if sha256 != model.sha256:
            unhashed = model.host_path in observation.unhashed_models
            other = "not verified since it was fetched" if unhashed else "file differs from the fetched one"
            cause = "not on host" if sha256 is None else other
            yield Operation(f"model {model.name}", "fetch", cause, "models", model.service)


def _secrets(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    for secret in deployment.secrets:
        missing = [
            holder
            for holder in (secret.owner, *deployment.readers(secret))
            if (holder, secret.name) not in observation.secrets
        ]
        if missing:
            first = secret.owner in missing
            cause = "not on host" if first else f"no copy for {', '.join(missing)}"
            yield Operation(f"secret {secret.name}", "create", cause, "release")
        elif (secret.owner, secret.name) in observation.replaced_secrets:
            yield Operation(
                f"secret {secret.name}",
                "change",
                f"{secret.reference} holds another value" if secret.reference else f"{secret.owner} has another value",
                "release",
            )
        elif opened := _opened(deployment, observation, secret):
            yield Operation(f"secret {secret.name}", "change", opened, "release")


def _opened(deployment: Deployment, observation: Observation, secret: Secret) -> str:
    """Return the copies of a secret with another mode than MODE, in words."""
    holders = dict.fromkeys((secret.owner, *deployment.readers(secret)))
    modes = {holder: observation.secrets[(holder, secret.name)].mode for holder in holders}
    return ", ".join(f"mode is {mode}, not {MODE}, at {holder}" for holder, mode in modes.items() if mode != MODE)


def _rights(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    """Yield the kit's own paths with another mode or owner; those that other operations name are left out."""
    own = Stack(deployment.stack)
    opened = {own.secret(service, name) for service, name in observation.secrets}
    for right in sorted(observation.rights, key=lambda each: each.path):
        is_told = right.path in opened and "mode is" in right.cause
        if right.is_placed and not is_told:
            yield Operation(f"path {right.path}", "change", right.cause, "release")


def placed_operations(bundle: Bundle, observation: Observation) -> tuple[Operation, ...]:
    """Return the operation that places the release, mends it, or only verifies it."""
    short = bundle.release[:12]
    if observation.release != bundle.release:
        cause = "not on host" if observation.release is None else f"differs from {observation.release[:12]}"
        return (Operation(f"release {short}", "place", cause, "release"),)
    mended = tuple(
        Operation(f"file {file.path}", "change", file.cause, "release") for file in observation.changed_files
    )
    if mended or (observation.is_proven and observation.unsettled is None):
        return mended
    # A host that has accepted takes part again: it must be able to go back with the hosts that have not.
    cause = "its apply ended before all hosts had accepted it" if observation.is_proven else "not verified yet"
    return (Operation(f"release {short}", "accept", cause, "release"),)
