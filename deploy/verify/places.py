"""Places of user data as the agent sees them, beside what it remembers of the last accepted release."""

from __future__ import annotations

from functools import cached_property

from deploy.agent.line import Line
from deploy.deployment.places import places_of
from deploy.deployment.service import Service
from deploy.hosts.observation.places import SeenData, read_places
from deploy.plan.place_questions import question_of
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.evidence import HostEvidence


class Places:
    """All places of a stack, looked at once."""

    def __init__(self, evidence: HostEvidence) -> None:
        self.evidence = evidence

    @cached_property
    def _by_service(self) -> dict[str, SeenData]:
        return read_places(self.evidence.places)

    def problem(self, service: Service) -> str:
        """Return why a service's data is not the former data; empty if it is, or if it has none."""
        places = places_of(self.evidence.deployment)
        place = next((place for place in places if place.service == service.name), None)
        if place is None:
            return ""
        data = self._by_service[service.name]
        if data.now.state == "unreadable":
            raise NotAsPlannedError(f"cannot read {place.host_path}: its disk fails, or another program locks it")
        question = question_of(place, data)
        return f"{question.problem}; `{Line('plan')}` says what can be done" if question else ""
