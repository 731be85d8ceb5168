"""Writes docs/kit-yaml.md out of the JSON Schema; `python -m tests.docs.reference` does it anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from deploy.spec.told.schema import json_schema
from tests.tree import REPOSITORY

PAGE = REPOSITORY / "docs/kit-yaml.md"
HEAD = """# kit.yaml, key by key

Written out of the JSON Schema that `kit schema` prints. Sizes are `512MiB`, `4GiB`, `1TiB`; durations `30s`, `5m`,
`2h`, `1d`.
"""
Schema = dict[str, Any]


def page() -> str:
    """Return the page's text."""
    schema = json_schema()
    parts = [HEAD, *_table("kit.yaml", schema)]
    for name in sorted(schema["$defs"], key=lambda one: (_kind(schema["$defs"][one]), one)):
        one = schema["$defs"][name]
        kind = _kind(one)
        parts += _table(f"`kind: {kind}`" if kind else name, one)
    return "\n".join(parts) + "\n"


def _kind(schema: Schema) -> str:
    return str(schema.get("properties", {}).get("kind", {}).get("const", ""))


def _table(title: str, schema: Schema) -> Iterator[str]:
    yield f"## {title}\n\n{schema['description']}\n"
    yield "| key | value | default | what it is |\n|---|---|---|---|"
    for key, one in schema["properties"].items():
        default = "required" if key in schema.get("required", []) else _default(one)
        yield f"| `{key}` | {_value(one)} | {default} | {' '.join(one['description'].split())} |"
    yield ""


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value is None or value in ([], {}):
        return ""
    return "see below" if isinstance(value, dict) else f"`{_scalar(value)}`"


def _scalar(value: Any) -> str:
    """Return a value as kit.yaml has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _value(schema: Schema) -> str:
    if "const" in schema:
        return f"`{_scalar(schema['const'])}`"
    if "enum" in schema:
        return " or ".join(f"`{_scalar(one)}`" for one in schema["enum"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for many in ("anyOf", "oneOf"):
        if many in schema:
            return " or ".join(dict.fromkeys(_value(one) for one in schema[many]))
    if isinstance(inner := schema.get("additionalProperties"), dict):
        return f"{_value(inner)} by name"
    if schema.get("type") == "array":
        return f"list of {_value(schema['items'])}"
    limits = [f"{word} {schema[key]}" for word, key in (("from", "minimum"), ("to", "maximum")) if key in schema]
    return " ".join([str(schema.get("type", "null")), *limits])


if __name__ == "__main__":
    PAGE.write_text(page())
