"""llama.cpp's llama-server: an engine that serves a single model file."""

from __future__ import annotations

from deploy.components.llama_cpp.image import image
from deploy.components.llama_cpp.resolve import resolve
from deploy.components.room import Room

ROOM = Room("llama_cpp", "llama.cpp", resolve, image)
