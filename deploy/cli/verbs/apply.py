"""`kit apply`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.agent.contract.verbs import PROBE
from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.data_option import data_option
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import ahead, host_option, hosts_of, keep_going_option
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import LOCK
from deploy.deployment.data_choices import Choices
from deploy.errors import UsageError


@verb("apply", "apply", "apply inventories/quickstart/kit.yaml", "apply --yes --json home/kit.yaml")
@click.option("--yes", is_flag=True, help="Do not ask, also where something that runs is changed.")
@click.option("--full", is_flag=True, help="Run every step, also those that have nothing to do.")
@keep_going_option
@click.option("--locked", is_flag=True, help="Refuse a kit.yaml that has no kit.lock; for CI.")
@data_option
@host_option
@spec_argument
def command(output: Output, spec: Path, data: Choices, yes: bool, full: bool, keep_going: bool, locked: bool) -> int:
    """Make the hosts what kit.yaml says.

    Shows the plan, then carries it out, verifies what it touched, and says where to click. A plan that only adds asks
    nothing. One that stops, recreates or removes something asks first on a terminal; without a terminal it goes on, as
    with --yes. Where user data would stay in another folder, or is not there, it refuses until --data says what to do.
    A release that fails is rolled back, on every host of this apply: the last good one runs again. No plan deletes user
    data: only `kit destroy --data` does.

    Where there is no kit.lock yet, it is made first, as `kit lock` makes it, and what it pins is shown.
    """
    pinned = _pinned(output, spec, locked=locked)
    with ahead(PROBE, spec) as reached_from:
        # Loading these takes as long as the agent takes to start: both go on side by side.
        from deploy.cli.verbs.applying import apply_and_tell
        from deploy.decide.desired import recall_desired

        desired = recall_desired(spec)
        hosts = reached_from(desired.ways)
        ensure_root(hosts, "apply")
        return apply_and_tell(
            output, desired, hosts, choices=data, yes=yes, full=full, keep_going=keep_going, pinned=pinned
        )


def _pinned(output: Output, spec: Path, *, locked: bool) -> tuple[str, ...]:
    """Make a kit.lock that is not there yet, and return what it pins."""
    path = spec.with_name(LOCK)
    if path.exists() or path.is_symlink():
        return ()
    from deploy.spec.loading.loader import load_spec

    # A fault of kit.yaml comes before that of a file which is made of it.
    load_spec(spec)
    if locked:
        raise UsageError(f"{path} does not exist, and --locked makes none", f"type: {Line('lock', spec=spec)}")
    ensure_root(hosts_of(spec), "apply")
    from deploy.cli.verbs.locking import lock_and_tell

    return lock_and_tell(output, spec)
