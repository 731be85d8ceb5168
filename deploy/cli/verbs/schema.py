"""`kit schema`."""

from __future__ import annotations

from deploy.cli.terminal.output import Output
from deploy.cli.verbs.declare import verb
from deploy.spec.told.schema import json_schema, schema_text


@verb("schema", "schema > kit.schema.json")
def command(output: Output) -> None:
    """Print the JSON Schema of kit.yaml.

    An editor with a YAML language server uses it to complete and check kit.yaml. The schema itself is JSON; with
    --json it is under "schema" in kit's own document.
    """
    output.answer(schema_text().rstrip("\n"), {"schema": json_schema()})
