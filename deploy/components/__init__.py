"""Registry of every component that the kit can deploy, each in a room of its own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.components.room import Room

ROOMS = {
    "ollama": "deploy.components.ollama",
    "llama_cpp": "deploy.components.llama_cpp",
    "external": "deploy.components.external",
    "litellm": "deploy.components.litellm",
    "open_webui": "deploy.components.open_webui",
    "edge": "deploy.components.edge",
}


def room_of(kind: str) -> Room:
    """Return the room of a kind; KeyError if the registry has none."""
    room: Room = import_module(ROOMS[kind]).ROOM
    return room
