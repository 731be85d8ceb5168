"""JSON Schema of kit.yaml, for editors."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import BaseModel

from deploy.reading.described import descriptions
from deploy.reading.wording import all_models
from deploy.spec.model import ENGINES, GATEWAYS, WEBUIS, Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME = "kit.schema.json"
MODELINE = f"# yaml-language-server: $schema={FILE_NAME}"
"""An editor's YAML language server resolves the name from the file's own folder, so it works offline."""


def json_schema() -> dict[str, Any]:
    """Return the schema of kit.yaml."""
    schema = Spec.model_json_schema()
    for model in all_models(Spec):
        # What a field's own schema stands for is described there
        if model is Spec or model.__name__ in schema["$defs"]:
            _describe(schema if model is Spec else schema["$defs"][model.__name__], model)
    return {"$schema": DIALECT, **schema, "title": "kit.yaml", "examples": [_example()]}


@cache
def schema_text() -> str:
    """Return the schema as `kit schema` prints it and `kit init` writes it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    for name, meaning in descriptions(model).items():
        schema["properties"][model.model_fields[name].alias or name]["description"] = meaning


def _example() -> dict[str, Any]:
    source = {"file": "models/mine.gguf", "sha256": "0" * 64}
    return {
        "kit": 1,
        "stack": "home",
        "engines": [_read(ENGINES[0].shortest)],
        "models": [{"name": "mine", "engine": "main", "from": source}],
        "gateway": _read(GATEWAYS[0].shortest),
        "webui": _read(WEBUIS[0].shortest) | {"embedding": "mine"},
        "backup": {"repository": "/mnt/disk2/kit", "daily_at": "02:00"},
    }


def _read(shortest: str) -> dict[str, Any]:
    import yaml

    document: dict[str, Any] = yaml.safe_load(shortest)
    return document
