"""Rolls back the hosts that already run a release which failed on another host."""

from __future__ import annotations

from collections.abc import Collection

from deploy.agent.contract.verbs import ROLL_BACK
from deploy.apply.course import Course
from deploy.apply.event import Event
from deploy.apply.phases.order import dependents_of
from deploy.apply.prepared.members import Member, Members
from deploy.apply.requests.releases import converge_request
from deploy.apply.story import Story
from deploy.errors import Ending, KitError
from deploy.hosts.wire.transport import AgentFailedError

STEP = "rolling back"


def roll_back(course: Course, failed: Collection[str], members: Members, run: str, story: Story) -> None:
    """Roll back every changed host of this apply, the last one first; one failure stops no other rollback.

    An agent that answered its failure has rolled back its own host.
    """
    silent = [host for host in failed if not isinstance(course.failed[host], AgentFailedError)]
    for host in (*silent, *reversed(_converged(course, failed))):
        story.tell(Event(STEP, "start", host=host))
        course.rolled_back[host] = ending = _on_host(members[host], run)
        story.tell(Event(STEP, "done" if ending.state == "rolled back" else "failed", host=host))


def _converged(course: Course, failed: Collection[str]) -> list[str]:
    """Return the hosts that run the release, in the order in which they got it."""
    converged = [host for host, reached in course.reached.items() if reached == "converged"]
    return list(dependents_of(failed, converged, course.needs)) if course.keep_going else converged


def _on_host(member: Member, run: str) -> Ending:
    try:
        answer = member.transport.call(ROLL_BACK, converge_request(member.share, member.prepared.plan, run))
    except KitError as error:
        return Ending("not rolled back", f"cannot be rolled back: {error.problem}")
    return Ending("rolled back" if answer["changed"] else "not rolled back", answer["words"])
