"""`kit lock`."""

from __future__ import annotations

from dataclasses import asdict

import click

from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.verbs.declare import Target, names_argument, verb
from deploy.lifecycle.locking import Renewed, renew_lock


@verb("lock", "lock", "lock inventories/quickstart/kit.yaml", "lock --upgrade assistant home/kit.yaml")
@click.option(
    "--upgrade", is_flag=True, is_eager=True, help="Pin today's version of NAME, or of everything without a NAME."
)
@names_argument
def command(output: Output, target: Target, upgrade: bool) -> None:
    """Pin every moving input of kit.yaml in kit.lock.

    Keeps existing pins, adds missing ones, drops unneeded ones, and prints every difference. With --upgrade it pins
    today's versions: of everything, or of the named inputs: a service (its image and its packages), a model, a
    Python package, or `lan` (the hosts' addresses). Commit kit.lock beside kit.yaml.
    """
    if target.names and not upgrade:
        raise click.UsageError(f"{' '.join(target.names)}: names go with --upgrade; the file is named last")
    with progress() as display:
        renewed = renew_lock(target.spec, display, target.names if upgrade else None)
    output.answer(_words(renewed), _document(renewed))


def _words(renewed: Renewed) -> str:
    if not renewed.is_written:
        return f"{renewed.path} is unchanged"
    # A person's editor, or git, may have written the same values in another way.
    lines = renewed.lines or ("the same values, in the form that kit writes",)
    return "\n".join((f"{renewed.path} is written:", *(f"  {line}" for line in lines)))


def _document(renewed: Renewed) -> dict[str, object]:
    return {
        "lock": str(renewed.path),
        "changed": renewed.is_written,
        "changes": list(renewed.lines),
        "differences": list(map(asdict, renewed.differences)),
    }
