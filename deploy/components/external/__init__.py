"""An engine that runs without the kit: on a Mac, in LM Studio, GPT4All, and the like."""

from __future__ import annotations

from deploy.components.external.resolve import resolve
from deploy.components.room import Room

ROOM = Room("external", "external engine", resolve, None)
