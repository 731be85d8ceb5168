"""Every deployment.json that the control node writes has the keys and values by which agents read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest

from deploy.agent.contract.deployed import Deployed, Device
from deploy.hosts.wire.answers import check_of
from tests.golden.plans_of import CASES, desired_of

ONE_OF_ITS_KEYS = Device
"""A device is a card of a vendor or has files of its own, and has the key of that alone."""


def document_of(spec: Path, work: Path) -> Any:
    files = {file.path: file.content for file in desired_of(spec, work).bundle.files}
    return json.loads(files["deployment.json"])


def lacking(kind: Any, value: Any, path: str = "") -> Iterator[str]:
    """Yield each key of a type that a document lacks."""
    if kind is ONE_OF_ITS_KEYS:
        if not get_type_hints(kind).keys() & value.keys():
            yield path
    elif is_typeddict(kind):
        for key, hint in get_type_hints(kind).items():
            if key in value:
                yield from lacking(hint, value[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"
    elif isinstance(value, list):
        for item in value:
            yield from lacking(get_args(kind)[0], item, path)
    elif value is not None and (inner := next(filter(is_typeddict, get_args(kind)), None)):
        yield from lacking(inner, value, path)


@pytest.mark.parametrize("case", [case.name for case in CASES])
def test_a_deployment_is_written_as_agents_read_it(case: str, tmp_path: Path) -> None:
    document = document_of(next(each for each in CASES if each.name == case) / "kit.yaml", tmp_path)
    assert check_of(Deployed)(document) is None
    assert set(lacking(Deployed, document)) == set()


@pytest.mark.parametrize("key", ["services.data.host_path", "engines.models.base", "services.folders.owner.uid"])
def test_a_key_that_is_written_under_another_name_is_seen(key: str, tmp_path: Path) -> None:
    case = "ollama_on_a_fresh_machine" if key.startswith("engines") else "settled"
    document = document_of(next(each for each in CASES if each.name == case) / "kit.yaml", tmp_path)
    *above, last = key.split(".")
    for value in values_at(document, above):
        value["renamed"] = value.pop(last)
    assert set(lacking(Deployed, document)) == {f".{key}"}


def values_at(document: Any, path: list[str]) -> Iterator[dict[str, Any]]:
    if isinstance(document, list):
        for item in document:
            yield from values_at(item, path)
    elif not path:
        yield document
    elif document[path[0]] is not None:
        yield from values_at(document[path[0]], path[1:])
