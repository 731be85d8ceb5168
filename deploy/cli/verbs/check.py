"""`kit check`."""

from __future__ import annotations

from pathlib import Path

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.decide.desired import load_desired
from deploy.stack import HERE


@verb("check", "check", "check inventories/quickstart/kit.yaml")
@spec_argument
def command(output: Output, spec: Path) -> None:
    """Read kit.yaml and kit.lock and say every problem at once.

    Reads both files, takes every decision and renders every file, but asks no host and writes nothing.
    """
    from deploy.reading.tree import read_document
    from deploy.spec.loading.loader import LARGEST
    from deploy.spec.texts import line_notes

    desired = load_desired(spec).on(HERE)
    services = [service.name for service in desired.deployment.services]
    runs = ", ".join(services) or "nothing of its own"
    notes = list(line_notes(read_document(spec, LARGEST, "")))
    output.answer(
        f"{spec}: good. Stack {desired.spec.stack} runs {runs}.\nrelease {desired.bundle.release}",
        {
            "stack": desired.spec.stack,
            "hosts": {desired.host: {"services": services, "release": desired.bundle.release}},
            "notes": notes,
        },
    )
    for note in notes:
        output.note(f"note: {note}")
