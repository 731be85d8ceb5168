"""Open WebUI: the web page for people who chat."""

from __future__ import annotations

from deploy.components.open_webui.image import image
from deploy.components.open_webui.resolve import resolve
from deploy.components.room import Room

ROOM = Room("open_webui", "Open WebUI", resolve, image, is_bridged=True)
