"""LiteLLM's proxy: one address and one key in front of every engine."""

from __future__ import annotations

from deploy.components.litellm.image import image
from deploy.components.litellm.refusals import cause_of
from deploy.components.litellm.resolve import resolve
from deploy.components.room import Room

ROOM = Room("litellm", "LiteLLM", resolve, image, cause_of)
