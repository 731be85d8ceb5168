"""Places of user data as the agent sees them, beside what it remembers of the last accepted release."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from deploy.agent.data.places import observe
from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.deployment.host import Deployment
from deploy.deployment.places import places_of, places_request
from deploy.deployment.service import Service
from deploy.hosts.seen_places import SeenData, read_places
from deploy.plan.places import question_of
from deploy.verify.checks import NotAsPlannedError


class Places:
    """All places of a stack, looked at once."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    @cached_property
    def _seen(self) -> dict[str, SeenData]:
        try:
            return read_places(observe(Path(self.deployment.root), places_request(self.deployment)))
        except AgentError as problem:
            raise NotAsPlannedError(f"{problem.problem}; {problem.next_step}") from None

    def problem(self, service: Service) -> str:
        """Return in words why a service's data is not the data of before; empty where it is, or where it has none."""
        place = next((one for one in places_of(self.deployment) if one.service == service.name), None)
        if place is None:
            return ""
        seen = self._seen[service.name]
        if seen.now.state == "unreadable":
            raise NotAsPlannedError(f"cannot read what lies in {place.host_path}; run the same command as root")
        question = question_of(place, seen)
        return f"{question.problem}; `{Line('plan')}` says what can be done" if question else ""
