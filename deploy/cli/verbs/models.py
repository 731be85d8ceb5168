"""`kit models`, `kit models pull` and `kit models remove`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from deploy.cli.terminal.consent import ensure_name_typed
from deploy.cli.terminal.output import Output
from deploy.cli.told.modelling import start, table
from deploy.cli.verbs.declare import engine_option, list_group, spec_argument, verb
from deploy.cli.verbs.hosts import host_option, progress_by_host, reached
from deploy.cli.verbs.rights import ensure_root
from deploy.decide.desired import load_desired
from deploy.hosts.observation.observe import observe
from deploy.hosts.parallel import errors_of
from deploy.hosts.wire.transport import Transport
from deploy.lifecycle.engine_acts import chosen_engine, ensure_removable, pull_model, remove_model, resting_on
from deploy.lifecycle.models import Row, asleep, completed, listed, rows
from deploy.spec.checks.naming import ensure_taken_whole


@list_group("models", "models", "models pull llama3.2:3b", "models remove old-one")
def command() -> None:
    """Show the wanted and the present models.

    `kit models [KIT_YAML]` lists them.
    """


@verb("list", "models", "models list --json inventories/quickstart/kit.yaml")
@host_option
@spec_argument
def list_models(output: Output, spec: Path) -> None:
    """List the wanted and the present models: engine, size, digest, state, and the loaded ones."""
    desired = load_desired(spec)

    def looked(host: str, transport: Transport) -> tuple[tuple[Row, ...], tuple[str, ...]]:
        deployment = desired.deployments[host]
        observation = observe(transport, deployment)
        models = completed(deployment, transport, rows(deployment, observation), observation)
        return models, asleep(deployment, observation)

    seen = reached(desired.ways).each(looked)
    told = {
        host: {
            "models": [asdict(row) for row in models],
            "stopped": [{"engine": name, "next": start(spec, name)} for name in stopped],
        }
        for host, (models, stopped) in seen.items()
    }
    models = tuple(row for each, _ in seen.values() for row in each)
    stopped = tuple(name for _, each in seen.values() for name in each)
    output.answer(table(spec, models, stopped), {"stack": desired.spec.stack, "hosts": told}, is_fitted=True)


@verb("pull", "models pull llama3.2:3b", "models pull llama3.2:3b --engine mac kit.yaml")
@engine_option
@click.argument("name", metavar="NAME")
@host_option
@spec_argument
def pull(output: Output, spec: Path, name: str, engine: str | None) -> None:
    """Pull a model that kit.yaml does not have from a library.

    An interrupted pull continues where it stopped. To make the model part of the stack, write it under `models` in
    kit.yaml.
    """
    desired = load_desired(spec)
    hosts = reached(desired.ways)
    host, chosen = chosen_engine({host: desired.deployments[host] for host in hosts}, engine)
    ensure_taken_whole(name, desired.spec, chosen.name)
    ensure_root(hosts.only([host]), "pull")
    with progress_by_host() as display, errors_of(host):
        answer = pull_model(desired.deployments[host], hosts[host], chosen, name, display(host))
    was = "is there" if answer["changed"] else "was there already"
    words = f"{answer['name']} {was}, {answer['digest'][:12]}"
    output.answer(words, {"hosts": {host: {"engine": chosen.name, **answer}}})


@verb("remove", "models remove old-one", "models remove old-one --engine mac --yes kit.yaml")
@engine_option
@click.option("--yes", is_flag=True, help="Do not ask for the model's name.")
@click.argument("name", metavar="NAME")
@host_option
@spec_argument
def remove(output: Output, spec: Path, name: str, engine: str | None, yes: bool) -> None:
    """Remove a model that kit.yaml does not have from its engine; its name must be typed."""
    desired = load_desired(spec)
    hosts = reached(desired.ways)
    host, chosen = chosen_engine({host: desired.deployments[host] for host in hosts}, engine)
    deployment, transport = desired.deployments[host], hosts[host]
    with errors_of(host):
        there = listed(deployment, transport, chosen)
    ensure_removable(chosen, name, tuple(model["name"] for model in there.values()))
    ensure_root(hosts.only([host]), "remove")
    if not yes:
        above = resting_on(chosen, name)
        again = f" {', '.join(above)} stays; making it anew pulls {name} again." if above else ""
        ensure_name_typed(output, name, f"This removes {name} from {chosen.name}.{again}")
    with progress_by_host() as display, errors_of(host):
        answer = remove_model(deployment, transport, chosen, name, display(host))
    output.answer(f"{name} is removed from {chosen.name}.", {"hosts": {host: {"engine": chosen.name, **answer}}})


for verb_ in (list_models, pull, remove):
    command.add_command(verb_)
