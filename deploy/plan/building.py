"""Refusal to build images on a host that knows no Debian mirror: Ubuntu's own mirrors have other packages."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.plan.operation import Operation
from deploy.words import host_words


def building_refusals(
    deployment: Deployment, observation: Observation, operations: tuple[Operation, ...]
) -> Iterator[tuple[str, str]]:
    """Yield the problem and the next step if images are to be built and nothing names a Debian mirror."""
    is_named = deployment.fetch.debian or observation.os.debian_mirror
    if not is_named and any(operation.action == "build" for operation in operations):
        host = host_words(observation.host)
        yield (
            f"images are built from Debian's packages, and no apt source of {host} names a Debian mirror",
            "say one in kit.yaml: mirrors: {debian: https://...}; or pull the images: images: {source: pull}",
        )
