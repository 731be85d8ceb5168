"""The state of a host in a plan: what kit.yaml changes there, apart from what changed there since the last apply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from deploy.apply.prepared.prepare import Prepared
from deploy.cli.told.drift import drift
from deploy.errors import KitError
from deploy.hosts.observation.observe import Observation

State = Literal["clean", "changed", "drifted", "unhealthy", "unreachable"]


@dataclass(frozen=True)
class Standing:
    """One host as a plan found it."""

    states: tuple[State, ...]
    """`clean` and `unreachable` stand alone; a host can be changed, drifted and unhealthy at once."""
    drift: tuple[str, ...] = ()

    def heading(self, host: str) -> str:
        """Return the host with its states."""
        return f"{host} ({', '.join(self.states)})"

    def as_json(self) -> dict[str, object]:
        """Return it as JSON values."""
        return {"states": list(self.states), "drift": list(self.drift)}


def standing(prepared: Prepared) -> Standing:
    """Return the states of a host that answered."""
    drifted = drift(prepared.observation)
    return Standing(tuple(_states(prepared, drifted)) or ("clean",), drifted)


def unreachable(error: KitError) -> dict[str, object]:
    """Return a host that could not be observed as JSON values."""
    return {**Standing(("unreachable",)).as_json(), **as_error(error)}


def as_error(error: KitError) -> dict[str, object]:
    """Return the error of a host as JSON values."""
    return {"error": {"problem": error.problem, "next": error.next_step}}


def as_words(error: KitError) -> str:
    """Return the error of a host as it stands under the host's name."""
    return f"{error.problem}\n  {error.next_step}"


def is_new_release(prepared: Prepared) -> bool:
    """Return True if kit.yaml has another release than the host."""
    return prepared.plan.release != prepared.observation.release


def _states(prepared: Prepared, drifted: tuple[str, ...]) -> Iterator[State]:
    # Without drift, an operation under the same release finishes an apply or brings a model.
    if is_new_release(prepared) or (not prepared.plan.is_empty and not drifted):
        yield "changed"
    if drifted:
        yield "drifted"
    if _is_unhealthy(prepared.observation):
        yield "unhealthy"


def _is_unhealthy(observation: Observation) -> bool:
    services = observation.services
    return any(each.health == "unhealthy" or each.trouble for each in services.values())
