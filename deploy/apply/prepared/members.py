"""The hosts of an apply, each with its share of the stack, its transport and its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from deploy.apply.prepared.prepare import Prepared
from deploy.apply.prepared.unsettled import WayBack
from deploy.decide.desired import Share
from deploy.hosts.wire.transport import Transport


@dataclass(frozen=True)
class Member:
    """One host of an apply."""

    share: Share
    transport: Transport
    prepared: Prepared
    received: frozenset[str] = frozenset()
    """Names of the images that come from another host of the stack."""
    way_back: WayBack = field(default_factory=WayBack)


Members: TypeAlias = Mapping[str, Member]
"""Members by the name of their host."""
