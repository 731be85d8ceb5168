"""`kit clean`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy.agent.inputs.disk import amount
from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import DEFAULT_SPEC, spec_argument, verb
from deploy.cli.verbs.hosts import blocks, host_option, hosts_of, this_machine
from deploy.cli.verbs.rights import ensure_root
from deploy.lifecycle.shared import clean, packages_words

if TYPE_CHECKING:
    from deploy.agent.contract.removals import CleanAnswer


@verb("clean", "clean", "clean --cache --json home/kit.yaml")
@click.option("--cache", is_flag=True, help="Also remove the cache of builds and downloads while there are stacks.")
@host_option
@spec_argument
def command(output: Output, spec: Path, cache: bool) -> None:
    """Remove images and caches that no stack of a host needs.

    The hosts are those of kit.yaml; without a kit.yaml it is this machine.
    With stacks on a host, it removes images that no release names and no container uses, and old agents;
    --cache also removes what only speeds up the next build. Without any stack, it also removes the whole cache, the
    kit's tools and all agents. User data, secrets, Docker and Debian packages stay; the packages are listed.
    """
    hosts = this_machine() if spec == DEFAULT_SPEC and not spec.exists() else hosts_of(spec)
    ensure_root(hosts, "clean")
    answers = hosts.each(lambda _, transport: clean(transport, cache=cache))
    told = {
        host: {key: value for key, value in answer.items() if key != "packages"} for host, answer in answers.items()
    }
    output.answer(blocks({host: _words(answer) for host, answer in answers.items()}), {"hosts": told})


def _words(answer: CleanAnswer) -> str:
    gone = [*answer["images"], *answer["removed"]]
    lines = [f"removed {thing}" for thing in gone] or ["nothing to remove"]
    if answer["freed_bytes"]:
        lines.append(f"{amount(answer['freed_bytes'])} of files are free again")
    if answer["stacks"]:
        lines.append(f"stacks that are there: {', '.join(answer['stacks'])}")
    elif words := packages_words(answer["packages"]):
        lines.append(words)
    return "\n".join(lines)
