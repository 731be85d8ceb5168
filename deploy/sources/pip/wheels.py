"""Wheels as kit.lock has them: of models, and of images that are built."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

from pydantic import Field

from deploy.agent.contract.inputs import Wheel as WheelRequest
from deploy.deployment.recipe import Wheel
from deploy.fields.values import PackageName, Sha256, matching
from deploy.sources.weights.locked import Bytes
from deploy.strict import Strict

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}\.whl")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,80}")


class WheelEntry(Strict):
    """A wheel of an image or of a model."""

    name: PackageName
    """Name of the package."""
    version: Annotated[str, matching(_VERSION, "a version")]
    """Version of the package."""
    file: Annotated[str, matching(_FILE, "the file name of a wheel")]
    """Name of the wheel's file."""
    sha256: Sha256
    """sha256 of the wheel."""
    size: Bytes
    """Size of the wheel in bytes."""

    def in_request(self) -> WheelRequest:
        """Return the wheel in the form of the agent's requests."""
        return {
            "name": self.name,
            "version": self.version,
            "file": self.file,
            "sha256": self.sha256,
            "size": self.size,
        }

    def wheel(self) -> Wheel:
        """Return the wheel in the form of recipes."""
        return Wheel(self.name, self.version, self.file, self.sha256, self.size)


class Wheels(Strict):
    """An entry of kit.lock with wheels."""

    entries: tuple[WheelEntry, ...] = Field(default=(), alias="wheels")
    """The wheels, by name."""

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """Return the wheels in the form of recipes."""
        return tuple(entry.wheel() for entry in self.entries)


def entries(wheels: Iterable[Wheel]) -> tuple[WheelEntry, ...]:
    """Return wheels as kit.lock has them, by name."""
    return tuple(WheelEntry(**asdict(wheel)) for wheel in sorted(wheels))
