"""Assembling images again with today's Debian packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import IMAGE
from deploy.apply.requests.inputs import images_request
from deploy.decide.desired import Share
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.held import held

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import ImagesAnswer, ImagesRequest


def rebuild_images(share: Share, transport: Transport, services: tuple[str, ...], on_line: OnLine) -> ImagesAnswer:
    """Assemble the images of some services anew; containers keep the old ones until an apply."""
    deployment = share.deployment
    kinds = {deployment.service(name).kind for name in services}
    images = [image for image in share.image_requests() if image["kind"] in kinds]
    with held(transport, deployment.stack, "kit rebuild", on_line) as base:
        request: ImagesRequest = {**images_request(deployment, images, "", force=True), **base}
        return transport.call(IMAGE, request)
