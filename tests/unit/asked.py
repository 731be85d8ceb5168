"""Requests of an apply as the agent reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.apply.phases.phase import VerbStep
from deploy.apply.prepared.members import Member
from deploy.apply.prepared.prepare import Prepared
from deploy.apply.requests.table import question
from deploy.decide.desired import Share
from tests.unit.played import Played

RUN = "run-1"


def member_of(share: Share, prepared: Prepared) -> Member:
    """A member whose host is a folder that is not there."""
    return Member(share, Played(Path("/nowhere")), prepared)


def request_of(step: VerbStep, share: Share, prepared: Prepared) -> dict[str, Any]:
    """The request of a step, read back from JSON."""
    request: dict[str, Any] = json.loads(json.dumps(question(step, member_of(share, prepared), RUN).content))
    return request
