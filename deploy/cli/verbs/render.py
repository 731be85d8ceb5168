"""`kit render`."""

from __future__ import annotations

from pathlib import Path

import click

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import spec_argument, verb
from deploy.cli.verbs.folder import ensure_replaceable, write_bundle
from deploy.cli.verbs.hosts import chosen_hosts, host_option
from deploy.decide.desired import load_desired


@verb("render", "render --out rendered", "render --out /tmp/seen inventories/quickstart/kit.yaml")
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path, readable=False), required=True, help="Folder to write into."
)
@host_option
@spec_argument
def command(output: Output, spec: Path, out: Path) -> None:
    """Write the rendered files of the hosts into a folder.

    Makes the folder. An earlier rendering in it is replaced; a folder with other files is refused. Several hosts
    get a folder each inside it; a host that --host names gets the folder itself.
    """
    desired = load_desired(spec)
    bundles = {host: desired.bundles[host] for host in chosen_hosts(desired.bundles)}
    places = {host: out if len(bundles) == 1 else out / host for host in bundles}
    for place in places.values():
        ensure_replaceable(place)
    for host, bundle in bundles.items():
        write_bundle(bundle, places[host])
    words = [
        f"{len(each.files)} files of release {each.release} are in {places[host]}" for host, each in bundles.items()
    ]
    told = {
        host: {"release": each.release, "files": [file.path for file in each.files]} for host, each in bundles.items()
    }
    output.answer("\n".join(words), {"out": str(out), "hosts": told})
