"""Rolls back the hosts that run a release which other hosts of its apply did not get."""

from __future__ import annotations

from collections.abc import Collection, Iterator

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


def roll_back(
    course: Course, failed: Collection[str], members: Members, run: str, story: Story, *, converging: bool
) -> None:
    """Roll back every host with a new release, the last one first; one failure stops no other rollback.

    Args:
        course: The apply.
        failed: Hosts that failed in this phase.
        members: The hosts that change.
        run: Id of the run that holds them.
        story: Told of each rollback.
        converging: True if the phase was changing containers: an agent that answered has rolled back its own host.
    """
    for host in dict.fromkeys(_concerned(course, failed, members, converging=converging)):
        story.tell(Event(STEP, "start", host=host))
        course.rolled_back[host] = ending = _on_host(members[host], run)
        story.tell(Event(STEP, "done" if ending.state == "rolled back" else "failed", host=host))


def _concerned(course: Course, failed: Collection[str], members: Members, *, converging: bool) -> Iterator[str]:
    """Yield failed hosts that did not answer, hosts with the release, then those of an apply that did not end."""
    done = {*course.going, *course.rolled_back}
    if converging:
        own = {host for host in failed if isinstance(course.failed[host], AgentFailedError)}
        yield from (host for host in failed if host not in own)
        yield from reversed(_converged(course, failed))
        done |= own
    yield from (host for host, each in members.items() if host not in done and _is_behind(each, converging=converging))


def _is_behind(member: Member, *, converging: bool) -> bool:
    """Return True if a host has to leave the release of an earlier apply, whatever this apply does to it."""
    way = member.way_back
    # A host that failed has left it by now, so the others follow.
    return way.back_to == "before" if converging else way.is_cut


def _converged(course: Course, failed: Collection[str]) -> list[str]:
    """Return the hosts that run the release, in the order in which they got it."""
    converged = [host for host, reached in course.reached.items() if reached == "converged"]
    return list(dependents_of(failed, converged, course.needs)) if course.keep_going else converged


def _on_host(member: Member, run: str) -> Ending:
    try:
        answer = member.transport.call(ROLL_BACK, converge_request(member, run))
    except KitError as error:
        return Ending("not rolled back", f"cannot be rolled back: {error.problem}")
    return Ending("rolled back" if answer["changed"] else "not rolled back", answer["words"])
