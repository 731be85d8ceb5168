"""`kit models`, `kit models pull` and `kit models remove`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from deploy.cli.terminal.consent import ensure_name_typed
from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.cli.told.modelling import start, table
from deploy.cli.verbs.declare import engine_option, list_group, spec_argument, verb
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import load_desired
from deploy.hosts.observe import observe
from deploy.hosts.reach import reach
from deploy.lifecycle.engine_acts import chosen_engine, ensure_removable, pull_model, remove_model, resting_on
from deploy.lifecycle.models import asleep, completed, listed, rows
from deploy.spec.checks.naming import ensure_taken_whole
from deploy.stack import HERE


@list_group("models", "models", "models pull llama3.2:3b", "models remove old-one")
def command() -> None:
    """Show the models that kit.yaml wants beside those that are there.

    Without a command they are listed: `kit models [KIT_YAML]`.
    """


@verb("list", "models", "models list --json inventories/quickstart/kit.yaml")
@spec_argument
def list_models(output: Output, spec: Path) -> None:
    """List the models, wanted and there: engine, size, digest, state, and what is loaded now."""
    desired, transport = load_desired(spec), reach()[HERE]
    deployment = desired.deployments[HERE]
    observation = observe(transport, deployment)
    found = completed(deployment, transport, rows(deployment, observation), observation)
    stopped = asleep(deployment, observation)
    document = {
        "stack": desired.spec.stack,
        "hosts": {
            HERE: {
                "models": [asdict(row) for row in found],
                "stopped": [{"engine": name, "next": start(spec, name)} for name in stopped],
            }
        },
    }
    output.answer(table(spec, found, stopped), document, is_fitted=True)


@verb("pull", "models pull llama3.2:3b", "models pull llama3.2:3b --engine mac kit.yaml")
@engine_option
@click.argument("name", metavar="NAME")
@spec_argument
def pull(output: Output, spec: Path, name: str, engine: str | None) -> None:
    """Pull a model from the library that its name says, beside those of kit.yaml.

    What stopped in the middle goes on there. kit.yaml does not know of it: `models` in it makes it part of the stack.
    """
    desired = load_desired(spec)
    deployment = desired.deployments[HERE]
    found = chosen_engine(deployment, engine)
    ensure_taken_whole(name, desired.spec, found.name)
    ensure_root("pull changes this machine")
    with progress() as display:
        answer = pull_model(deployment, reach()[HERE], found, name, display)
    was = "is there" if answer["changed"] else "was there already"
    words = f"{answer['name']} {was}, {answer['digest'][:12]}"
    output.answer(words, {"hosts": {HERE: {"engine": found.name, **answer}}})


@verb("remove", "models remove old-one", "models remove old-one --engine mac --yes kit.yaml")
@engine_option
@click.option("--yes", is_flag=True, help="Do not ask for the model's name.")
@click.argument("name", metavar="NAME")
@spec_argument
def remove(output: Output, spec: Path, name: str, engine: str | None, yes: bool) -> None:
    """Remove a model that kit.yaml does not declare from its engine; its name has to be typed."""
    deployment, transport = load_desired(spec).deployments[HERE], reach()[HERE]
    found = chosen_engine(deployment, engine)
    there = listed(deployment, transport, found)
    ensure_removable(found, name, tuple(one["name"] for one in there.values()))
    ensure_root("remove changes this machine")
    if not yes:
        above = resting_on(found, name)
        again = f" {', '.join(above)} stays; making it anew pulls {name} again." if above else ""
        ensure_name_typed(output, name, f"This removes {name} from {found.name}.{again}")
    with progress() as display:
        answer = remove_model(deployment, transport, found, name, display)
    output.answer(f"{name} is removed from {found.name}.", {"hosts": {HERE: {"engine": found.name, **answer}}})


for one in (list_models, pull, remove):
    command.add_command(one)
