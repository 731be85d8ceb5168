"""`kit init`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.beginning import (
    LAN,
    ask_choices,
    asked_places,
    files_of,
    spec_in,
    typed_places,
    write_new,
)
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.errors import UsageError
from deploy.spec.told.first import Choices, kinds
from deploy.spec.told.fleet import examples_in


@verb(
    "init",
    "init",
    "init home/kit.yaml --model llama3.2:3b",
    "init home --gguf models/mine.gguf",
    "init --from quickstart quickstart",
    "init --lan home",
)
@click.option("--from", "inventory", metavar="NAME", help="Copy a shipped deployment, such as quickstart.")
@click.option("--lan", "is_lan", is_flag=True, help="Copy the deployment of three machines of a local network.")
@click.option(
    "--address",
    "addresses",
    metavar="NAME=[USER@]ADDRESS",
    multiple=True,
    help="Address of a machine of the copied deployment, as big=admin@192.168.1.20; can be repeated.",
)
@click.option("--stack", metavar="NAME", help="Name of the deployment.  [default: home]")
@click.option("--model", metavar="TAG", help="Tag of the model, such as llama3.2:3b; with a file, the model's name.")
@click.option(
    "--gguf",
    "--model-file",
    "gguf",
    metavar="FILE",
    type=click.Path(path_type=Path, readable=False),
    help="GGUF file of the model.",
)
@click.option("--url", metavar="URL", help="Address of a GGUF file, or of an engine that runs already.")
@click.option("--sha256", metavar="HEX", help="sha256 of the GGUF file at --url.")
@click.option("--engine", type=click.Choice(tuple(kinds())), help="Kind of the engine.  [default: what fits the model]")
@click.option(
    "--images",
    type=click.Choice(("build", "pull")),
    help="Build the images here from packages, or pull the official ones.  [default: build]",
)
@click.option("--no-gateway", is_flag=True, help="Leave out the gateway.")
@click.option("--no-webui", is_flag=True, help="Leave out the web page.")
@click.option(
    "--publish",
    metavar="ADDRESS",
    multiple=True,
    help="Address to publish the services on; can be repeated.  [default: local]",
)
@spec_argument
def command(
    output: Output, spec: Path, inventory: str | None, is_lan: bool, addresses: tuple[str, ...], **flags: Any
) -> None:
    """Write a commented kit.yaml to begin with.

    A schema is written beside it, so that an editor completes and checks it. On a terminal, init asks for the
    stack's name, the model and the source of the images unless a flag is given. An existing kit.yaml stays unchanged.
    A name without .yaml is the name of a folder for it. Without a model, the file has a tiny one, which proves the
    wiring and gives no useful answers. On a terminal, init asks for the addresses of a shipped deployment's machines
    unless --address gives them. What is still an example in a copy is named with its line.
    """
    spec = spec_in(spec)
    given = {name: value for name, value in flags.items() if value}
    source = _source(inventory, given, addresses, is_lan=is_lan)
    is_asked = output.can_ask and not given and not source
    choices = ask_choices(output, spec.parent) if is_asked else Choices()
    files, examples = files_of(output, spec, source, choices, given), dict[int, str]()
    if source:
        places = typed_places(addresses)
        files[spec.name], unplaced = asked_places(output, files[spec.name], places, are_needed=is_lan)
        examples = examples_in(files[spec.name], unplaced)
    written = write_new(spec.parent, files)
    steps = [*([Line("check", spec=spec)] if "kit.lock" in files or examples else []), Line("apply", spec=spec)]
    words = [f"written: {', '.join(str(path) for path in written)}"]
    words += ["write your own:", *(f"  {spec}:{line}: {what}" for line, what in examples.items())] if examples else []
    words += ["next:", *(f"  {step}" for step in steps)]
    edits = [{"line": line, "what": what} for line, what in examples.items()]
    output.answer("\n".join(words), {"written": [str(path) for path in written], "edit": edits})


def _source(inventory: str | None, given: dict[str, Any], addresses: tuple[str, ...], *, is_lan: bool) -> str | None:
    """Return the shipped deployment to copy, if any."""
    if is_lan and (inventory or given):
        raise UsageError("--lan asks for all that it needs", "leave the other flags out, and edit the file")
    if addresses and not (is_lan or inventory):
        raise UsageError("--address belongs to a shipped deployment with machines", "add --lan, or leave it out")
    return LAN if is_lan else inventory
