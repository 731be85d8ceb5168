"""Plans of several hosts together: an image that one host has or makes comes to the others from there. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from deploy.apply.prepared.files import measured
from deploy.apply.prepared.prepare import Prepared
from deploy.decide.desired import Share
from deploy.deployment.host import Deployment
from deploy.deployment.image import Image
from deploy.errors import KitError
from deploy.hosts.observation.observe import Observation
from deploy.plan import make_plan

Givers = Mapping[str, str]
"""Missing image to the host that gives it."""


def planned_together(
    shares: Mapping[str, Share], prepared: Mapping[str, Prepared], idle: Mapping[str, Prepared] | None = None
) -> dict[str, Prepared]:
    """Plan the hosts again that get images from others, and keep the other plans; refuse a machine with two names.

    Args:
        shares: What the files in git say of each host.
        prepared: The plans that were made for one host at a time.
        idle: Hosts that do not change.
    """
    everyone = {**prepared, **(idle or {})}
    seen = {host: each.observation for host, each in everyone.items()}
    ensure_distinct({host: each.identity for host, each in seen.items()})
    given = givers({host: shares[host].deployment for host in everyone}, seen, prepared)
    return {host: _planned(shares[host], each, given[host]) for host, each in prepared.items()}


def ensure_distinct(identities: Mapping[str, str]) -> None:
    """Raise if hosts of kit.yaml are one machine: its release, its hold and its data can belong to one host alone."""
    names: dict[str, list[str]] = {}
    for host, identity in identities.items():
        if identity:
            names.setdefault(identity, []).append(host)
    same = [" and ".join(hosts) for hosts in names.values() if len(hosts) > 1]
    if same:
        problem = "\n".join(f"{hosts} are the same machine" for hosts in same)
        raise KitError(problem, "keep one of them under `hosts` in kit.yaml, and name it at every part that runs there")


def _planned(share: Share, prepared: Prepared, received: Givers) -> Prepared:
    if not received:
        return prepared
    files = measured(share.deployment, share.path.parent)
    seen, choices = prepared.observation, prepared.choices
    return replace(prepared, plan=make_plan(share.deployment, share.bundle, seen, choices, files, received))


def givers(
    deployments: Mapping[str, Deployment], seen: Mapping[str, Observation], lacking: Collection[str]
) -> dict[str, Givers]:
    """Return, by host, the missing images that another host has, or makes before.

    Args:
        deployments: All hosts that answer.
        seen: Their observations.
        lacking: The hosts that may get images, in the order in which they make theirs.
    """
    wanted = {host: _images(deployment) for host, deployment in deployments.items()}
    known = {reference: image for images in wanted.values() for reference, image in images.items()}
    holders: dict[str, str] = {}
    for host, observation in seen.items():
        for reference, present in observation.images.items():
            if reference in known and present.is_of(known[reference]):
                holders.setdefault(reference, host)
    given: dict[str, Givers] = {}
    for host in lacking:
        missing = [reference for reference in wanted[host] if reference not in seen[host].images]
        given[host] = {reference: holders[reference] for reference in missing if reference in holders}
        # This host makes the rest, so the hosts behind it get those from here.
        holders |= {reference: host for reference in missing if reference not in holders}
    return given


def _images(deployment: Deployment) -> dict[str, Image]:
    return {service.image.reference: service.image for service in deployment.services}
