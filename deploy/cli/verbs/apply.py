"""`kit apply`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.agent.contract.verbs import PROBE
from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.data_option import data_option
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import ahead, answering, host_option, hosts_of, keep_going_option
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.kept_ways import keep_ways
from deploy.deployment.data_choices import Choices
from deploy.errors import UsageError
from deploy.source_files import lock_path


@verb("apply", "apply", "apply inventories/quickstart/kit.yaml", "apply --yes --json home/kit.yaml")
@click.option("--yes", is_flag=True, help="Do not ask, even if running services change.")
@click.option("--full", is_flag=True, help="Run every step, even those without work.")
@keep_going_option
@click.option("--locked", is_flag=True, help="Refuse a kit.yaml without kit.lock; for CI.")
@data_option
@host_option
@spec_argument
def command(output: Output, spec: Path, data: Choices, yes: bool, full: bool, keep_going: bool, locked: bool) -> int:
    """Make the hosts match kit.yaml.

    Prints the plan, carries it out, verifies the touched services, and prints the page's address. A plan that only
    adds starts without a question. One that stops, recreates or removes something asks first; without a terminal it
    starts, as with --yes. If user data would stay in another folder, or is missing, apply refuses until --data
    chooses. A release that fails is rolled back on every host of this apply. No plan deletes user data: only `kit
    destroy --data` does.

    If kit.lock is missing, apply makes it first, as `kit lock` does, and prints the pins.
    """
    pinned = _pinned(output, spec, locked=locked)
    with ahead(PROBE, spec) as reached_from:
        # Loading these takes as long as a connection and the agent take to start: both go on side by side.
        from deploy.cli.verbs.applying import Options, apply_and_tell
        from deploy.decide.desired import recall_desired

        desired = recall_desired(spec)
        keep_ways(spec, desired.ways)
        hosts, left_out = answering(output, desired.ways, reached_from(desired.ways))
        ensure_root(hosts, "apply")
        options = Options(yes=yes, full=full, keep_going=keep_going, choices=data, left_out=left_out)
        return apply_and_tell(output, desired, hosts, options, {"pinned": list(pinned)})


def _pinned(output: Output, spec: Path, *, locked: bool) -> tuple[str, ...]:
    """Make a missing kit.lock, and return its pins."""
    path = lock_path(spec)
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
