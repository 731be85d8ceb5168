"""Assembling images again with today's Debian packages: each on one host, from which the others get it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import IMAGE
from deploy.apply.image_stream import Taker, transfer
from deploy.apply.phases.phase import TransferStep
from deploy.apply.requests.inputs import images_request, reference_of
from deploy.decide.desired import Desired, Share
from deploy.hosts.parallel import in_parallel
from deploy.hosts.reach import Hosts
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.held import held

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Image, ImagesRequest

COMMAND = "kit rebuild"
OnHost = Callable[[str], OnLine]
"""Listener to the journal of a host."""


def rebuild_images(desired: Desired, hosts: Hosts, wanted: Mapping[str, tuple[str, ...]], on_host: OnHost) -> None:
    """Assemble the images of some services anew; containers keep the old ones until an apply.

    Args:
        desired: What the files in git say.
        hosts: All hosts that answer.
        wanted: Services by host.
        on_host: Told of each host's steps.
    """
    images = {host: _images_of(desired.on(host), services) for host, services in wanted.items()}
    makers = {reference: host for host in reversed(images) for reference in images[host]}
    making, receiving = {}, {}
    for host, own in images.items():
        made = [image for reference, image in own.items() if makers[reference] == host]
        others = [(reference, image) for reference, image in own.items() if makers[reference] != host]
        steps = [TransferStep(image["kind"], reference, makers[reference]) for reference, image in others]
        if made:
            making[host] = partial(_make, desired.on(host), hosts[host], made, on_host(host))
        if steps:
            receiving[host] = partial(_receive, desired.on(host), hosts, steps, on_host(host))
    in_parallel(making)
    in_parallel(receiving)


def _images_of(share: Share, services: tuple[str, ...]) -> dict[str, Image]:
    kinds = {share.deployment.service(name).kind for name in services}
    return {reference_of(image): image for image in share.image_requests() if image["kind"] in kinds}


def _make(share: Share, transport: Transport, images: list[Image], on_line: OnLine) -> None:
    deployment = share.deployment
    with held(transport, deployment.stack, COMMAND, on_line) as base:
        request: ImagesRequest = {**images_request(deployment, images, "", force=True), **base}
        transport.call(IMAGE, request)


def _receive(share: Share, hosts: Mapping[str, Transport], steps: list[TransferStep], on_line: OnLine) -> None:
    taker = Taker(share.deployment, hosts[share.host])
    with held(taker.transport, share.deployment.stack, COMMAND, on_line) as base:
        for step in steps:
            transfer(step, hosts[step.giver], taker, base["run"], partial(_tell, on_line, f"image {step.kind}"))


def _tell(on_line: OnLine, step: str, text: str) -> None:
    on_line({"step": step, "state": "progress", "text": text})
