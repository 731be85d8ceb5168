"""`kit schema`."""

from __future__ import annotations

import json

import click

from deploy.cli.declare import verb
from deploy.cli.output import Output
from deploy.spec.schema import json_schema


@verb("schema", "schema > kit.schema.json")
def command(output: Output) -> None:
    """Print the JSON Schema of kit.yaml.

    An editor with a YAML language server completes and checks kit.yaml with it. The schema is JSON by itself; with
    --json it stands under "schema" of kit's own document.
    """
    if output.as_json:
        output.answer("", {"schema": json_schema()})
    else:
        click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
