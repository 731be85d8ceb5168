"""`kit destroy`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.cli.terminal.consent import ensure_typed
from deploy.cli.terminal.output import Output
from deploy.cli.told.backups import backed_up_words
from deploy.cli.verbs.declare import spec_argument, stack_option, verb
from deploy.cli.verbs.hosts import blocks, host_option, hosts_with, in_line, progress_by_host
from deploy.cli.verbs.rights import ensure_root
from deploy.hosts.reach import Hosts
from deploy.lifecycle.applied import Applied, to_remove
from deploy.lifecycle.backups import back_up_before_destroy
from deploy.lifecycle.outside import models_outside
from deploy.lifecycle.remove import destroy, is_there, remains
from deploy.lifecycle.shared import stays_words

if TYPE_CHECKING:
    from deploy.agent.contract.backups import BackUpAnswer
    from deploy.agent.contract.removals import DestroyAnswer

NOTHING: dict[str, object] = {
    "changed": False,
    "data_removed": False,
    "shared": [],
    "models_outside": [],
    "backup": None,
}
"""Answer about a host that has nothing of the stack."""


@verb("destroy", "destroy", "destroy --yes inventories/quickstart/kit.yaml", "destroy --data --confirm home")
@click.option("--data", is_flag=True, help="Remove user data too: chats, documents, accounts, models.")
@click.option("--no-backup", is_flag=True, help="Take no backup before --data, as for a repository that is lost.")
@click.option("--yes", is_flag=True, help="Do not ask for the stack's name; does not imply --data.")
@click.option("--confirm", metavar="NAME", help="The stack's name, in place of the question.")
@stack_option
@host_option
@spec_argument
def command(
    output: Output, spec: Path, stack: str | None, data: bool, no_backup: bool, yes: bool, confirm: str | None
) -> None:
    """Remove the whole stack; user data stays unless --data is given.

    Removes containers, releases, images of this stack, and secrets that no kept data needs. The stack's name must
    be typed, at the question or with --confirm; --yes skips that, but never with --data. With --data, a stack that
    has backups is backed up first; if that fails, nothing is removed. Models on engines that the kit does not run stay
    there; they are listed with the line that removes them.
    """
    hosts = hosts_with(spec, stack)
    there = to_remove(spec, stack, hosts)
    ensure_root(hosts, "destroy")
    remaining = hosts.only(there).each(lambda host, transport: remains(there[host], transport))
    name = next(iter(there.values())).stack
    roots = in_line({host: ", ".join(answer["folders"]) for host, answer in remaining.items()})
    backups = in_line({host: answer["backups"] for host, answer in remaining.items()})
    kept = f" Backups stay in {backups}, and their key in {next(iter(there.values())).root}." if backups else ""
    left = ("" if data or not roots else f" User data stays where it was: {roots}.") + kept
    standing = [host for host, answer in remaining.items() if is_there(answer, data=data)]
    told = {host: {**NOTHING, "backups": answer["backups"]} for host, answer in remaining.items()}
    if not standing:
        output.answer(f"There is nothing of {name} to remove.{left}", {"stack": name, "hosts": told})
        return
    # Now: the memory of them goes with the stack.
    outside = {host: models_outside(remaining[host]["models"], there[host].engines_outside) for host in standing}
    stays = "".join(f"\n{kept.words}" for each in outside.values() for kept in each)
    if data or not yes:
        ensure_typed(output, name, f"{_loss(roots, data=data)}{kept}{stays}", confirm)
    saved = [host for host in standing if data and not no_backup and there[host].is_backed_up]
    taken = _backed_up(name, hosts.only(saved))
    answers = _removed(there, hosts.only(standing), data=data)
    for host, answer in answers.items():
        told[host] |= {"changed": answer["changed"], "data_removed": data, "shared": answer["shared"]}
        told[host] |= {"models_outside": list(map(asdict, outside[host])), "backup": taken.get(host)}
    output.answer(f"{name} is removed.{left}{backed_up_words(taken.values())}{stays}", {"stack": name, "hosts": told})
    shared = {host: stays_words(answer["shared"], answer["packages"]) for host, answer in answers.items()}
    if data and any(shared.values()):
        output.note(blocks(shared))


def _backed_up(stack: str, hosts: Hosts) -> dict[str, BackUpAnswer]:
    with progress_by_host() as display:
        return hosts.each(lambda host, transport: back_up_before_destroy(stack, transport, display(host)))


def _removed(there: Mapping[str, Applied], hosts: Hosts, *, data: bool) -> dict[str, DestroyAnswer]:
    with progress_by_host() as display:
        return hosts.each(lambda host, transport: destroy(there[host], transport, display(host), data=data))


def _loss(roots: str, *, data: bool) -> str:
    """Return the question's words: what is removed, and what stays."""
    if not roots:
        return "This removes the stack; it has no user data here."
    if data:
        return f"This removes the stack and ALL USER DATA in {roots}."
    return f"This removes the stack. User data stays in {roots}."
