from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest

from deploy.assets import inventories_dir
from deploy.decide.resolve import resolve
from deploy.deployment.data import SqliteFile, Tree
from deploy.deployment.document import UnreadableError, read, written
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.deployment.values import as_json
from deploy.lock.gpus import answered
from deploy.spec.loading.loader import load_spec
from tests.locks import lock_of
from tests.unit.rooms.places import webui
from tests.unit.rooms.test_open_webui import OFFERS


@dataclass(frozen=True)
class Leaf:
    name: str
    size: int = 0


@dataclass(frozen=True)
class Twin:
    name: str
    size: int = 0


@dataclass(frozen=True)
class Branch:
    mode: Literal["on", "off"]
    leaves: tuple[Leaf | Twin, ...]
    pair: tuple[str, int]
    maybe: Leaf | None = None
    known: dict[str, str] = field(default_factory=dict)
    loose: Any = None


BRANCH = Branch("on", (Leaf("a"), Twin("a", 2)), ("x", 1), Leaf("b"), {"k": "v"}, Leaf("c"))


def there_and_back(kind: Any, value: Any) -> Any:
    return read(kind, json.loads(json.dumps(written(kind, value))))


def test_what_is_read_is_what_was_written() -> None:
    assert there_and_back(Branch, replace(BRANCH, loose=[1, {"a": None}])) == replace(BRANCH, loose=[1, {"a": None}])
    assert there_and_back(Branch, replace(BRANCH, maybe=None)).maybe is None


def test_of_two_types_with_the_same_fields_each_comes_back_as_itself() -> None:
    assert [type(leaf) for leaf in there_and_back(Branch, BRANCH).leaves] == [Leaf, Twin]


def test_what_has_no_type_comes_back_as_plain_values() -> None:
    assert there_and_back(Branch, BRANCH).loose == {"name": "c", "size": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "maybe"},
        {"leaves": {}},
        {"leaves": [{"is": "Branch", "name": "a", "size": 0}]},
        {"leaves": [{"is": "Leaf", "name": "a"}]},
        {"leaves": [{"is": "Leaf", "name": "a", "size": 0, "more": 1}]},
        {"leaves": [{"is": "Leaf", "name": "a", "size": True}]},
        {"leaves": [None]},
        {"pair": ["x", "1"]},
        {"pair": ["x", 1, 2]},
        {"known": {"k": 1}},
        {"known": []},
        {"is": "Leaf"},
    ],
)
def test_a_document_of_another_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        read(Branch, {**written(Branch, BRANCH), **wrong})


@pytest.mark.parametrize("value", [None, [], "Branch", 7])
def test_what_is_no_document_at_all_is_refused(value: Any) -> None:
    with pytest.raises(UnreadableError):
        read(Branch, value)


@pytest.mark.parametrize("name", sorted(path.name for path in inventories_dir().iterdir()))
def test_a_whole_deployment_comes_back(name: str) -> None:
    spec = load_spec(inventories_dir() / name / "kit.yaml")
    lock = lock_of(spec)
    for deployment in resolve(answered(spec, lock.gpus), lock).values():
        read_back = there_and_back(Deployment, deployment)
        assert as_json(read_back) == as_json(deployment)
        kinds = [type(item) for service in read_back.services if service.data for item in service.data.items]
        assert kinds == [type(item) for service in deployment.services if service.data for item in service.data.items]
        assert {SqliteFile, Tree} >= set(kinds)


def test_data_beside_a_persons_folders_comes_back_as_what_it_was() -> None:
    for more in ({}, {"bridge_user": "1000:1001"}):
        page = webui(OFFERS, bridge="/srv/bridge", **more).service
        assert there_and_back(Service, page) == page
