"""`kit plan`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.apply.prepare import Prepared, prepare
from deploy.apply.references import ensure_given, lent_values
from deploy.cli.terminal.columns import coloured_plan
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.data_option import choices_of, data_option
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import answering, blocks, host_option, reached
from deploy.decide.desired import load_desired
from deploy.deployment.data_choices import Choices
from deploy.errors import FAILED, PENDING
from deploy.words import as_root


@verb("plan", "plan", "plan --check --json inventories/quickstart/kit.yaml")
@click.option("--check", is_flag=True, help="Exit 3 if something would change.")
@data_option
@host_option
@spec_argument
def command(output: Output, spec: Path, data: Choices, check: bool) -> int:
    """Show what apply would change, and change nothing.

    Prints one line per operation: the action, its object and its cause. A plan that apply would refuse is refused
    here too, with the same exit code; the one exception is missing root. If nothing would change, known notes are
    left out; --verbose prints them.
    """
    desired = load_desired(spec)
    hosts, left_out = answering(output, desired.ways, reached(desired.ways))
    lent = lent_values(desired, hosts)
    prepared = hosts.each(
        lambda host, transport: prepare(
            desired.on(host), transport, choices_of(desired, host, data), tell=output.note, lent=lent[host]
        )
    )

    def ensure_all_given() -> None:
        hosts.each(lambda host, _: ensure_given(desired.on(host), prepared[host].observation))

    if output.as_json:
        # One document: the plan, or what is missing.
        ensure_all_given()
    texts = {host: coloured_plan(each.plan.text(verbose=output.verbose)) for host, each in prepared.items()}
    told = {host: each.plan.as_json() for host, each in prepared.items()}
    output.answer(blocks(texts), {"stack": desired.spec.stack, "hosts": told, "left_out": left_out}, is_fitted=True)
    ensure_all_given()
    codes = {exit_code(each, check) for each in prepared.values()}
    return next(code for code in (FAILED, PENDING, 0) if code in codes)


def exit_code(prepared: Prepared, check: bool) -> int:
    """Return the exit code of a plan."""
    plan, host = prepared.plan, prepared.observation.host
    # Who asks is no matter of the plan's, as long as all of it can be told
    if prepared.observation.docker.is_denied or any(step != as_root(host) for _, step in plan.refusals):
        return FAILED
    return PENDING if check and not plan.is_empty else 0
