"""Models that the kit made on engines that it does not run: they stay when a stack is removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.protocols.doors.making import removal


@dataclass(frozen=True)
class Outside:
    """Models that stay on one engine."""

    engine: str
    address: str
    models: tuple[str, ...]
    """Created models, then the tags that were pulled for them."""

    @property
    def words(self) -> str:
        """Return the models that stay, and the line that removes them."""
        names, line = ", ".join(self.models), removal(self.models)
        return f"{self.engine} at {self.address} keeps {names}; typed there, this removes it: {line}"


def models_outside(models: Mapping[str, list[str]], addresses: Mapping[str, str]) -> tuple[Outside, ...]:
    """Return the models that the host has made on such engines, with the engines' addresses."""
    return tuple(Outside(engine, addresses[engine], tuple(names)) for engine, names in sorted(models.items()))
