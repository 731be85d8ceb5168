"""`kit destroy`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from deploy.cli.terminal.consent import ensure_typed
from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.verbs.declare import spec_argument, stack_option, verb
from deploy.cli.verbs.rights import ensure_root
from deploy.hosts.reach import reach
from deploy.lifecycle.applied import to_remove
from deploy.lifecycle.outside import models_outside
from deploy.lifecycle.remove import destroy, is_there, remains
from deploy.lifecycle.shared import stays_words
from deploy.stack import HERE


@verb("destroy", "destroy", "destroy --yes inventories/quickstart/kit.yaml", "destroy --data --confirm home")
@click.option("--data", is_flag=True, help="Remove user data too: chats, documents, accounts, models.")
@click.option("--yes", is_flag=True, help="Do not ask for the stack's name; does not imply --data.")
@click.option("--confirm", metavar="NAME", help="The stack's name, typed here and not at the question.")
@stack_option
@spec_argument
def command(output: Output, spec: Path, stack: str | None, data: bool, yes: bool, confirm: str | None) -> None:
    """Remove the whole stack; user data stays unless --data is given.

    Containers, releases, images of this stack and secrets that no kept data needs go. The stack's name has to be typed,
    at the question or with --confirm; --yes spares that, but never with --data. Models on engines that the kit does not
    run stay there; they are told, with the line that removes them.
    """
    transport = reach()[HERE]
    there = to_remove(spec, stack, transport)
    ensure_root("destroy changes this machine")
    found = remains(there, transport)
    roots = ", ".join(found["folders"])
    left = "" if data or not roots else f" User data stays where it was: {roots}."
    if not is_there(found, data=data):
        nothing = {"changed": False, "data_removed": False, "models_outside": []}
        words = f"There is nothing of {there.stack} to remove.{left}"
        output.answer(words, {"stack": there.stack, "hosts": {HERE: nothing}})
        return
    # Now: the memory of them goes with the stack.
    outside = models_outside(found["models"], there.engines_outside)
    stays = "".join(f"\n{one.words}" for one in outside)
    if data or not yes:
        ensure_typed(output, there.stack, f"{_loss(roots, data=data)}{stays}", confirm)
    with progress() as display:
        answer = destroy(there, transport, display, data=data)
    gone = {"changed": answer["changed"], "data_removed": data, "shared": answer["shared"]}
    gone |= {"models_outside": list(map(asdict, outside))}
    output.answer(f"{there.stack} is removed.{left}{stays}", {"stack": there.stack, "hosts": {HERE: gone}})
    if data and (shared := stays_words(answer["shared"], answer["packages"])):
        output.note(shared)


def _loss(roots: str, *, data: bool) -> str:
    """Say what goes and what stays, of what is there."""
    if not roots:
        return "This removes the stack; it has no user data here."
    if data:
        return f"This removes the stack and ALL USER DATA in {roots}."
    return f"This removes the stack. User data stays in {roots}."
