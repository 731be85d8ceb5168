"""`kit init`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deploy.agent.line import Line
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.beginning import ask_choices, files_of, lan_files, spec_in, write_new
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
@click.option("--lan", "is_lan", is_flag=True, help="Ask for the addresses of three machines of a local network.")
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
def command(output: Output, spec: Path, inventory: str | None, is_lan: bool, **flags: Any) -> None:
    """Write a commented kit.yaml to begin with.

    A schema is written beside it, so that an editor completes and checks it. On a terminal, init asks for the
    stack's name, the model and the source of the images unless a flag is given. An existing kit.yaml stays unchanged.
    A name without .yaml is the name of a folder for it. Without a model, the file has a tiny one, which proves the
    wiring and gives no useful answers. A copy of a shipped deployment may have examples that only you can replace:
    init names their lines.
    """
    spec = spec_in(spec)
    _ensure_said(flags | {"from": inventory})
    given = {name: value for name, value in flags.items() if value}
    is_asked = output.can_ask and not given and not inventory and not is_lan
    choices = ask_choices(output, spec.parent) if is_asked else Choices()
    files = lan_files(output, spec, inventory, given) if is_lan else files_of(output, spec, inventory, choices, given)
    written = write_new(spec.parent, files)
    examples = examples_in(files[spec.name], are_places=not is_lan) if inventory or is_lan else {}
    steps = [*([Line("check", spec=spec)] if "kit.lock" in files or examples else []), Line("apply", spec=spec)]
    words = [f"written: {', '.join(str(path) for path in written)}"]
    words += ["write your own:", *(f"  {spec}:{line}: {what}" for line, what in examples.items())] if examples else []
    words += ["next:", *(f"  {step}" for step in steps)]
    edits = [{"line": line, "what": what} for line, what in examples.items()]
    output.answer("\n".join(words), {"written": [str(path) for path in written], "edit": edits})


def _ensure_said(flags: dict[str, Any]) -> None:
    """Refuse a flag with an empty value: a shell's unset variable must not choose the tiny model."""
    empty = [name for name, value in flags.items() if value == "" or (name == "publish" and "" in value)]
    if empty:
        told = " and ".join(f"--{name}" for name in empty)
        raise UsageError(f"{told}: the value is empty", "give a value, or leave the option out")
