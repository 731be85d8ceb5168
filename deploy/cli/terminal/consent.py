"""Questions to a person before something changes."""

from __future__ import annotations

from collections.abc import Iterable

from deploy.cli.terminal.calling import this_line
from deploy.cli.terminal.output import Output
from deploy.errors import UsageError
from deploy.plan import Plan

DISTURBING = ("recreate", "remove", "change")


def disturbed(plan: Plan) -> tuple[str, ...]:
    """Return the running services that a plan stops, for a while or for good."""
    return tuple(name for name, action in plan.actions().items() if action in DISTURBING)


def agreed(output: Output, plans: Iterable[Plan], yes: bool) -> bool:
    """Ask on a terminal before plans disturb a running service; additions need no question."""
    names = [name for plan in plans for name in disturbed(plan)]
    if yes or not names or not output.can_ask:
        return True
    return output.confirmed(f"This stops {' and '.join(names)} for a moment. Go on?")


def ensure_typed(output: Output, stack: str, gone: str, typed: str | None) -> None:
    """Let a person type the stack's name, as an option or at a question, before something is deleted for good."""
    name = typed if typed is not None else output.asked(f"{gone}\nType the name of the stack ({stack}) to go on:")
    if name.strip() != stack:
        next_step = f"without a terminal: {this_line('--confirm', stack, instead_of='--confirm')}"
        raise UsageError(f"the name {stack} was not typed; nothing was removed", next_step)


def ensure_name_typed(output: Output, name: str, gone: str) -> None:
    """Let a person type the name of a thing that is deleted for good."""
    if output.asked(f"{gone}\nType its name ({name}) to go on:").strip() != name:
        raise UsageError(
            f"the name {name} was not typed; nothing was removed", f"without a terminal: {this_line('--yes')}"
        )
