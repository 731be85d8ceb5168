"""The schema of kit.yaml for editors."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from pydantic import BaseModel

from deploy.components import ROOMS
from deploy.lock.model import Lock
from deploy.reading.described import descriptions
from deploy.reading.wording import all_models
from deploy.spec.model import Spec
from deploy.spec.told.schema import DIALECT, FILE_NAME, MODELINE, json_schema, schema_text
from tests.strategies import spec_data
from tests.tree import REPOSITORY

BAD = sorted((REPOSITORY / "tests/golden/bad_specs").glob("*.yaml"))


MODELS = sorted({*all_models(Spec), *all_models(Lock)}, key=lambda model: model.__name__)


@cache
def validator() -> Any:
    return importlib.import_module("jsonschema").Draft202012Validator(json_schema())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.__name__))
def test_every_field_is_described(model: type[BaseModel]) -> None:
    assert model.__doc__
    bare = [name for name in model.model_fields if name not in descriptions(model)]
    assert bare == []


def test_the_models_of_every_room_are_among_them() -> None:
    kinds = {str(model.model_fields["kind"].annotation) for model in MODELS if "kind" in model.model_fields}
    assert {kind for kind in ROOMS if any(f"'{kind}'" in found for found in kinds)} == set(ROOMS)


def test_the_schema_is_a_schema_and_its_example_fits() -> None:
    schema = json_schema()
    assert schema["$schema"] == DIALECT
    assert schema["title"] == "kit.yaml"
    validator().check_schema(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        assert list(validator().iter_errors(example)) == []
        Spec.model_validate_json(json.dumps(example))


def test_every_property_is_described_to_the_editor() -> None:
    schema = json_schema()
    for name, part in {"": schema, **schema["$defs"]}.items():
        for key, told in part["properties"].items():
            assert told.get("description") or schema["$defs"][told["$ref"].rsplit("/", 1)[1]]["description"], (
                name,
                key,
            )
        assert part["additionalProperties"] is False


def test_the_quickstart_fits_the_schema(repository: Path) -> None:
    data = yaml.safe_load((repository / "inventories/quickstart/kit.yaml").read_text())
    assert list(validator().iter_errors(data)) == []


@settings(max_examples=25, deadline=None)
@given(data=spec_data())
def test_whatever_loads_fits_the_schema(data: dict[str, Any]) -> None:
    assert list(validator().iter_errors(data)) == []


def test_an_editor_misses_no_kind_that_is_the_only_one() -> None:
    data = {"kit": 1, "stack": "home", "gateway": {"port": 4971}, "webui": {}, "backup": None}
    assert list(validator().iter_errors(data)) == []
    assert list(validator().iter_errors({**data, "gateway": {"kind": "litelm"}}))
    assert list(validator().iter_errors({**data, "engines": [{"name": "main"}]}))


@pytest.mark.parametrize(
    "case", ["unknown_keys", "missing_keys", "wrong_values", "parts_not_built_yet", "names_for_a_shell"]
)
def test_an_editor_sees_faults_as_well(case: str) -> None:
    data = yaml.safe_load((REPOSITORY / f"tests/golden/bad_specs/{case}.yaml").read_text())
    assert list(validator().iter_errors(data))


def test_the_schema_is_the_same_text_every_time() -> None:
    script = "from deploy.spec.told.schema import schema_text; print(schema_text(), end='')"
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {schema_text()}
    assert schema_text().endswith("}\n")


def test_the_modeline_names_the_schemas_file() -> None:
    assert MODELINE.removeprefix("# yaml-language-server: $schema=") == FILE_NAME
