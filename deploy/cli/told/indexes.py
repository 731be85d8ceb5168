"""Search indexes that lost a part, as text for people."""

from __future__ import annotations

from deploy.cli.terminal.columns import bad
from deploy.hosts.observation.observe import Observation


def lost_lines(observation: Observation) -> list[str]:
    """Return what search does not find, and behind it the next step; nothing where every index is whole."""
    return [
        line
        for name, seen in sorted(observation.indexes.items())
        if seen["lost"]
        for line in (*(f"{bad('index')}  {name}: {words}" for words in seen["lost"]), f"       {seen['next']}")
    ]
