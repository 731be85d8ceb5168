"""`kit clients`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from deploy.agent.line import Line
from deploy.chat.doors import Door, doors, guard_doors
from deploy.cli.terminal.calling import program
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import host_option, reached
from deploy.clients.given import Api, Given, given
from deploy.clients.lines import CLIENTS, Lines, lines_for
from deploy.decide.desired import Desired, load_desired
from deploy.errors import UsageError
from deploy.hosts.parallel import errors_of
from deploy.hosts.secret_values import secret_value
from deploy.stack import HERE, Stack
from deploy.words import host_words


@verb("clients", "clients", "clients --for python", "clients --for env --show-secrets inventories/quickstart/kit.yaml")
@click.option("--for", "client", type=click.Choice(CLIENTS), help="Print the lines of this client only.")
@click.option("--show-secrets", is_flag=True, help="Print the keys themselves.")
@host_option
@spec_argument
def command(output: Output, spec: Path, client: str | None, show_secrets: bool) -> None:
    """Print ready lines for the programs that use the models.

    The lines have the real addresses and names of models. They do not contain a key: they call `kit secret show`
    for it.
    """
    desired = load_desired(spec)
    told = _given(desired, show_secrets)
    every = lines_for(told)
    if client is not None:
        every = tuple(lines for lines in every if lines.client == client)
        if every[0].left_out:
            raise UsageError(f"there are no lines for {client}: {every[0].left_out}", f"all others: {Line('clients')}")
    text = every[0].text if client is not None else _text(told, every)
    output.answer(text, _document(told, every))


def _given(desired: Desired, show_secrets: bool) -> Given:
    def value_of(door: Door) -> str:
        if door.key is None:
            return ""
        with errors_of(door.host):
            return secret_value(Stack(desired.spec.stack), hosts[door.host], door.key)

    hosts = reached(desired.ways)
    known = (*doors(desired.spec, desired.parts), *guard_doors(desired.parts))
    # Root on another host is a matter of the user that signs in there: sudo on this machine gives nothing.
    is_asked = HERE in hosts and any(door.key and door.host == HERE for door in known)
    # Lines that are printed under sudo are typed by the one who typed that.
    needs_sudo = is_asked and (not hosts[HERE].is_root or "SUDO_USER" in os.environ)
    return given(
        tuple(door for door in known if door.host in hosts),
        _from_anywhere(program()),
        str(desired.path.absolute()),
        "sudo " if needs_sudo else "",
        value_of if show_secrets else None,
    )


def _from_anywhere(command: str) -> str:
    (path,) = shlex.split(command)
    return shlex.quote(str(Path(path).resolve())) if "/" in path else command


def _text(told: Given, every: tuple[Lines, ...]) -> str:
    parts = [_about(api) for api in _apis(told)]
    parts += [f"# {lines.title}\n{lines.text}" for lines in every if lines.text]
    left_out = [f"# left out: {lines.title}: {lines.left_out}" for lines in every if lines.left_out]
    return "\n\n".join(["\n".join(parts[: len(_apis(told))]), *parts[len(_apis(told)) :], *left_out])


def _apis(told: Given) -> tuple[Api, ...]:
    return tuple(api for api in (told.openai, told.native, *told.guarded) if api is not None)


def _about(api: Api) -> str:
    """Return an API's address, who reaches it, its key and its models."""
    who = f"from {host_words(api.door.host)} alone" if api.door.is_local else "from the network"
    key = f", with the key {api.secret}" if api.secret else ", no key"
    return f"# {api.door.name}: {api.url}, {who}{key}; models: {', '.join(api.models)}"


def _document(told: Given, every: tuple[Lines, ...]) -> dict[str, object]:
    return {
        "addresses": [
            {
                "name": api.door.name,
                "url": api.url,
                "this_machine_alone": api.door.is_local,
                "secret": api.secret,
                "models": list(api.models),
            }
            for api in _apis(told)
        ],
        "lines": {lines.client: lines.text for lines in every if lines.text},
        "left_out": {lines.client: lines.left_out for lines in every if lines.left_out},
    }
