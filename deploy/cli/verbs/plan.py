"""`kit plan`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from deploy.apply.prepared.prepare import Prepared, prepare
from deploy.apply.prepared.references import ensure_given, lent_values
from deploy.apply.prepared.together import planned_together
from deploy.cli.terminal.columns import coloured_plan
from deploy.cli.terminal.output import Output
from deploy.cli.told.standing import Standing, as_words, is_new_release, standing, unreachable
from deploy.cli.verbs.data_option import choices_of, data_option
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import answering, blocks, host_option, reached, settled
from deploy.decide.desired import load_desired
from deploy.deployment.data_choices import Choices
from deploy.errors import FAILED, PENDING, KitError
from deploy.hosts.wire.transport import Transport
from deploy.lifecycle.differences import Difference, differences
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

    Several hosts stand under their names, each with its state: clean, changed (by kit.yaml), drifted (changed on the
    host since the last apply), unhealthy, unreachable. A host that cannot be observed hides no other one's plan.
    Rendered files that change are compared with those that run; they hold no secret.
    """
    desired = load_desired(spec)
    hosts, left_out = answering(output, desired.ways, reached(desired.ways))
    lent = lent_values(desired, hosts)

    def ask(host: str, transport: Transport) -> Prepared:
        chosen = choices_of(desired, host, data)
        return prepare(desired.on(host), transport, chosen, tell=output.note, lent=lent[host])

    planned, failed = settled(hosts, ask)
    prepared = planned_together({host: desired.on(host) for host in planned}, planned)
    there = hosts.only(prepared)

    def ensure_all_given() -> None:
        there.each(lambda host, _: ensure_given(desired.on(host), prepared[host].observation))

    if output.as_json:
        # One document: the plan, or what is missing.
        ensure_all_given()
    changed = there.each(lambda host, transport: differences(desired.on(host), transport, prepared[host].observation))
    texts = {host: _text(host, each, changed[host], output) for host, each in prepared.items()}
    texts |= {host: _silent(host, error) for host, error in failed.items()}
    told = {host: _document(each, changed[host]) for host, each in prepared.items()}
    told |= {host: unreachable(error) for host, error in failed.items()}
    document = {"stack": desired.stack, "hosts": told, "left_out": left_out}
    output.answer(blocks(dict(texts[host] for host in hosts)), document, is_fitted=True)
    ensure_all_given()
    return FAILED if failed else _joined(exit_code(each, check) for each in prepared.values())


def _text(host: str, prepared: Prepared, changed: tuple[Difference, ...], output: Output) -> tuple[str, str]:
    """Return the plan under the host with its states; drift stands apart from the changes of another release."""
    seen = standing(prepared)
    lines = [coloured_plan(prepared.plan.text(verbose=output.verbose))]
    lines += [f"drift: {line}" for line in seen.drift] if is_new_release(prepared) else []
    text = "\n".join(line.rstrip("\n") for line in lines)
    return seen.heading(host), "\n\n".join([text, *(each.text for each in changed)])


def _silent(host: str, error: KitError) -> tuple[str, str]:
    return Standing(("unreachable",)).heading(host), as_words(error)


def _document(prepared: Prepared, changed: tuple[Difference, ...]) -> dict[str, object]:
    files = [{"name": each.name, "diff": list(each.lines)} for each in changed]
    return {**prepared.plan.as_json(), **standing(prepared).as_json(), "files": files}


def _joined(codes: Iterable[int]) -> int:
    known = {*codes}
    return next((code for code in (FAILED, PENDING) if code in known), 0)


def exit_code(prepared: Prepared, check: bool) -> int:
    """Return the exit code of a plan."""
    plan, host = prepared.plan, prepared.observation.host
    # Who asks is no matter of the plan's, as long as all of it can be told
    if prepared.observation.docker.is_denied or any(step != as_root(host) for _, step in plan.refusals):
        return FAILED
    return PENDING if check and not plan.is_empty else 0
