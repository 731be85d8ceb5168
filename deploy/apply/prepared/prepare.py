"""Preparation of an apply: one observation of the host, a plan, and its refusals; changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.agent.inputs.disk import amount
from deploy.apply.prepared.files import measured, read
from deploy.apply.prepared.references import Given, given_values
from deploy.decide.desired import Share
from deploy.deployment.data_choices import EVERY, Choices
from deploy.deployment.places import places_of
from deploy.errors import KitError, UsageError
from deploy.hosts.observation.observe import Observation, observe
from deploy.hosts.wire.transport import Transport
from deploy.plan import Operation, Plan, make_plan
from deploy.plan.sources import unread_sources
from deploy.verify.report import Report

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """A plan with the observation that it was made from."""

    plan: Plan
    observation: Observation
    given: Given = field(default_factory=Given)
    """Values of `env:` and `file:` secrets, read on the control node, and of those that other hosts own."""
    choices: Choices = field(default_factory=dict)
    """Choices for user data whose place changed."""

    @property
    def host(self) -> str:
        """The host that was observed."""
        return self.plan.host


@dataclass(frozen=True)
class Outcome:
    """Result of an apply: its plan, the number of changed tasks, and the checks' report."""

    plan: Plan
    changed_tasks: int = 0
    report: Report | None = None

    @property
    def host(self) -> str:
        """The host that was changed."""
        return self.plan.host


def prepare(
    desired: Share,
    transport: Transport,
    choices: Choices | None = None,
    *,
    tell: Tell | None = None,
    lent: Given | None = None,
) -> Prepared:
    """Observe the host once and plan; changes nothing.

    Args:
        desired: What the files in git say of the host.
        transport: The way to the host.
        choices: Answers about user data whose place changed.
        tell: Where given, model files that are going to be sent are hashed now, each told before; else a file is
            checked by its size, and by its sha256 if this run has read it.
        lent: Values of secrets that other hosts own, as far as they could be asked.
    """
    _ensure_known(desired, choices or {})
    given = Given({**given_values(desired), **(lent or {})})
    observation = observe(transport, desired.deployment, given, desired.path, desired.host)
    folder = desired.path.parent
    files = measured(desired.deployment, folder)
    plan = make_plan(desired.deployment, desired.bundle, observation, choices, files)
    if tell and (unread := unread_sources(desired.deployment, observation, plan.operations, files)):
        for file in unread:
            tell(f"hashing {file.path}: {amount(file.size_bytes)}")
        files = read(files, folder, (file.path for file in unread))
        plan = make_plan(desired.deployment, desired.bundle, observation, choices, files)
    return Prepared(plan, observation, given, choices or {})


def _ensure_known(desired: Share, choices: Choices) -> None:
    known = [place.service for place in places_of(desired.deployment)]
    for name in choices:
        if name not in (EVERY, *known):
            raise UsageError(f"{name} has no user data in this stack", f"--data is for {', '.join(known)}")


def ensure_possible(plan: Plan) -> None:
    """Raise with every refusal of the plan at once."""
    if len(plan.refusals) == 1:
        raise KitError(*plan.refusals[0])
    if plan.refusals:
        pairs = "\n".join(f"{problem}\n  {next_step}" for problem, next_step in plan.refusals)
        raise KitError(pairs, "nothing was changed; mend these, then run the same command again")


def ensure_same(shown: Plan, held: Plan) -> None:
    """Raise if the plan has more operations than the person agreed to."""
    ensure_possible(held)
    more = [operation for operation in held.operations if not _was_shown(operation, shown)]
    if more:
        raise KitError(
            "the host changed while the plan was shown: " + ", ".join(operation.resource for operation in more),
            "run the same command again to see the new plan",
        )


def _was_shown(operation: Operation, shown: Plan) -> bool:
    # An image is the same one wherever it comes from: a host that left the run may have been the one to give it.
    images = (each.resource for each in shown.operations if each.step == "images")
    return operation in shown.operations or (operation.step == "images" and operation.resource in images)
