"""The check of a service's search index: only `kit verify` makes it, for no apply or restore shall fail over one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.verify.report import Check

if TYPE_CHECKING:
    from deploy.agent.contract.indexes import SeenIndex

NAME = "has its whole search index"


def index_check(service: str, seen: SeenIndex) -> Check:
    """Return the result of the check."""
    told = "; ".join([*seen["lost"], seen["next"]]) if seen["lost"] else ""
    return Check(NAME, service, "failed" if told else "passed", 0.0, told)
