"""The course of an apply: hosts that are still part of it, hosts that failed, and the ending of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from deploy.apply.phases.order import Needs, dependents_of
from deploy.errors import ApplyError, Ending, HeldError, KitError, SpecError
from deploy.hosts.parallel import joined_error, next_step, settled
from deploy.hosts.wire.transport import AgentFailedError
from deploy.stack import HERE

Result = TypeVar("Result")
Reached = Literal["begun", "converged", "accepted", "settled"]
WORDS: Mapping[Reached, Ending] = {
    "begun": Ending("stopped", "stopped before its containers were changed"),
    "converged": Ending("not accepted", "runs the new release, which is not accepted"),
    "accepted": Ending("done", "done"),
    "settled": Ending("done", "nothing to change"),
}


@dataclass
class Course:
    """Hosts of an apply while it goes on."""

    hosts: tuple[str, ...]
    needs: Needs = field(default_factory=dict)
    keep_going: bool = False
    """True if hosts that do not depend on a failed one go on."""
    failed: dict[str, KitError] = field(default_factory=dict)
    reached: dict[str, Reached] = field(default_factory=dict)
    """Progress of each host; one without progress has begun."""
    rolled_back: dict[str, Ending] = field(default_factory=dict)
    """Endings of hosts that changed and were asked to roll back."""
    changed: Counter[str] = field(default_factory=Counter)
    """Number of steps and tasks that changed something, by host."""

    @property
    def going(self) -> tuple[str, ...]:
        """Hosts that are still part of the apply."""
        if self.failed and not self.keep_going:
            return ()
        out = {*self.failed, *dependents_of(self.failed, self.hosts, self.needs)}
        return tuple(host for host in self.hosts if host not in out)

    def each(self, tasks: Mapping[str, Callable[[], Result]]) -> dict[str, Result]:
        """Run a task on each host that is still part of the apply, in parallel; note the failures."""
        results, errors = settled({host: tasks[host] for host in self.going if host in tasks})
        self.note(errors)
        return results

    def note(self, errors: Mapping[str, KitError]) -> None:
        """Note the hosts that failed."""
        self.failed |= errors

    def reach(self, how_far: Reached, *hosts: str) -> None:
        """Note the progress of hosts."""
        self.reached |= dict.fromkeys(hosts, how_far)

    def ensure_done(self) -> None:
        """Raise the errors of all hosts together, with the ending of each host."""
        if not self.failed:
            return
        if list(self.hosts) == [HERE]:
            raise self._only()
        if all(isinstance(error, (HeldError, SpecError)) for error in self.failed.values()) and not self.reached:
            raise joined_error(self.failed, self.hosts)
        raise ApplyError({host: self._with_step(host) for host in self.hosts})

    def _only(self) -> KitError:
        """Return the error of the only host."""
        ((host, error),) = self.failed.items()
        return KitError(self._ending(host).words, error.next_step) if host in self.rolled_back else error

    def _with_step(self, host: str) -> Ending:
        error = self.failed.get(host)
        return replace(self._ending(host), next_step=next_step(host, error)) if error else self._ending(host)

    def _ending(self, host: str) -> Ending:
        if host in self.failed:
            error, back = self.failed[host], self.rolled_back.get(host)
            if back:
                return Ending(back.state, f"{error.problem}\n{back.words}")
            return Ending("rolled back" if _has_gone_back(error) else "failed", error.problem)
        if host in self.rolled_back:
            return self.rolled_back[host]
        ending = WORDS[self.reached.get(host, "begun")]
        needed = self.keep_going and dependents_of(self.failed, (host,), self.needs)
        return Ending(ending.state, f"{ending.words}: it needs a host that failed") if needed else ending


def _has_gone_back(error: KitError) -> bool:
    return isinstance(error, AgentFailedError) and error.document.get("rolled_back", False)
