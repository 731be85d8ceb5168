"""`kit render`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.folder import write_bundle
from deploy.decide.desired import load_desired
from deploy.stack import HERE


@verb("render", "render --out rendered", "render --out /tmp/seen inventories/quickstart/kit.yaml")
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path, readable=False), required=True, help="Folder to write into."
)
@spec_argument
def command(output: Output, spec: Path, out: Path) -> None:
    """Write the files that a host would get into a folder.

    The folder is made; one that holds an earlier rendering is replaced, any other one that is not empty is refused.
    """
    bundle = load_desired(spec).bundles[HERE]
    write_bundle(bundle, out)
    output.answer(
        f"{len(bundle.files)} files of release {bundle.release} are in {out}",
        {"out": str(out), "hosts": {HERE: {"release": bundle.release, "files": [file.path for file in bundle.files]}}},
    )
