"""Ollama: an engine that creates models from Modelfiles and runs several of them."""

from __future__ import annotations

from deploy.components.ollama.image import image
from deploy.components.ollama.resolve import resolve
from deploy.components.room import Room

ROOM = Room("ollama", "Ollama", resolve, image)
