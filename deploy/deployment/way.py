"""The way to a host, as kit.yaml says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Way:
    """The control node's way to one host."""

    kind: Literal["local"] = "local"
    """Transport that leads there; `local` is the machine that kit runs on."""
