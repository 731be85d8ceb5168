"""Caddy as the way in from other machines to engines that ask for no key by themselves."""

from __future__ import annotations

from deploy.components.edge.image import image
from deploy.components.edge.resolve import resolve
from deploy.components.room import Room

ROOM = Room("edge", "Caddy", resolve, image)
