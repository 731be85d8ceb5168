"""`kit status`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.apply.prepared.prepare import prepare
from deploy.cli.terminal.output import Output
from deploy.cli.told.drift import drift
from deploy.cli.told.standing import as_error, as_words
from deploy.cli.told.state import state_document, state_text
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import answering, blocks, host_option, reached, settled
from deploy.decide.desired import load_desired
from deploy.errors import FAILED, PENDING


@verb("status", "status", "status --check inventories/quickstart/kit.yaml")
@click.option("--check", is_flag=True, help="Exit 3 if a host has drifted from its release.")
@host_option
@spec_argument
def command(output: Output, spec: Path, check: bool) -> int:
    """Show the running services, the drift, and the data folders.

    Services have their image, health and ports; then follow the release, the Debian versions inside the images, and
    the drift: changes on the host since the last apply. `kit plan` shows what kit.yaml would change. A host that
    cannot be observed hides no other one's state.
    """
    desired = load_desired(spec)
    hosts, left_out = answering(output, desired.ways, reached(desired.ways))
    prepared, failed = settled(hosts, lambda host, transport: prepare(desired.on(host), transport))
    texts = {host: state_text(desired.on(host), each, output.verbose) for host, each in prepared.items()}
    texts |= {host: as_words(error) for host, error in failed.items()}
    document = state_document(desired, prepared) | {"left_out": left_out}
    document["hosts"] |= {host: as_error(error) for host, error in failed.items()}
    output.answer(blocks({host: texts[host] for host in hosts}), document, is_fitted=True)
    if failed:
        return FAILED
    return PENDING if check and any(drift(each.observation) for each in prepared.values()) else 0
