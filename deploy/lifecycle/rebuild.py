"""Assembling images again with today's Debian packages."""

from __future__ import annotations

from deploy.apply.requests import images_request
from deploy.decide.desired import Share
from deploy.hosts.transport import Transport
from deploy.lifecycle.held import Document, OnEvent, call_held


def rebuild_images(share: Share, transport: Transport, services: tuple[str, ...], on_event: OnEvent) -> Document:
    """Assemble the images of some services anew; what runs goes on with the old ones until an apply."""
    deployment = share.deployment
    kinds = {deployment.service(name).kind for name in services}
    images = [image for image in share.image_requests() if image["kind"] in kinds]
    request = images_request(deployment, images, "", force=True)
    more = {key: value for key, value in request.items() if key not in ("format", "stack", "root", "run")}
    return call_held(transport, deployment.stack, "kit rebuild", "image", more, on_event)
