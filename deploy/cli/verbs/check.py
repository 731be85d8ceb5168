"""`kit check`."""

from __future__ import annotations

from pathlib import Path

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.hosts import blocks, chosen_hosts, host_option
from deploy.decide.desired import load_desired


@verb("check", "check", "check inventories/quickstart/kit.yaml")
@host_option
@spec_argument
def command(output: Output, spec: Path) -> None:
    """Read kit.yaml and kit.lock and report every problem at once.

    Reads both files, makes every decision and renders every file, but asks no host and writes nothing. Also with
    --host, it reports the problems of the whole file.
    """
    from deploy.reading.tree import read_document
    from deploy.spec.loading.loader import LARGEST
    from deploy.spec.texts import line_notes

    desired = load_desired(spec)
    told: dict[str, dict[str, object]] = {}
    words = {}
    for share in map(desired.on, chosen_hosts(desired.deployments)):
        services = [service.name for service in share.deployment.services]
        told[share.host] = {"services": services, "release": share.bundle.release}
        runs = ", ".join(services) or "nothing of its own"
        words[share.host] = f"Stack {desired.spec.stack} runs {runs}.\nrelease {share.bundle.release}"
    notes = list(line_notes(read_document(spec, LARGEST, "")))
    document = {"stack": desired.spec.stack, "hosts": told, "notes": notes}
    # The name of a host begins a line.
    separator = " " if len(words) == 1 else "\n"
    output.answer(f"{spec}: good.{separator}{blocks(words)}", document)
    for note in notes:
        output.note(f"note: {note}")
