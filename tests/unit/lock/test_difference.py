"""Whatever differs between two locks is told, wherever it stands."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.lock.difference import differences, told
from deploy.lock.model import read_lock
from deploy.lock.text import lock_document
from tests.tree import REPOSITORY

LAYERS = ["b" * 64, "c" * 64]
TAG: dict[str, Any] = {"source": "tag", "tag": "llama3.2:3b", "digest": "a" * 64, "size": 7, "layers": LAYERS}
URL = {"source": "url", "url": "https://x.lan/m.gguf", "sha256": "d" * 64, "size": 9, "gguf": {"context_length": 1}}
PULLED = {"source": "pull", "repository": "some/repository", "digest": "e" * 64, "size": 3}
ADAPTER = {"file": "adapter.gguf", "sha256": "f" * 64, "size": 5}


@functools.cache
def document() -> dict[str, Any]:
    """Every form that a lock has: the quickstart's, a tag, an address, a pulled image, an adapter."""
    shipped = lock_document(read_lock(REPOSITORY / "inventories/quickstart/kit.lock"))
    return {
        **shipped,
        "images": {**shipped["images"], "ollama/ollama:1": PULLED},
        "models": {**shipped["models"], "main/assistant": TAG, "main/mine": URL},
        "adapters": {"main/mine": ADAPTER},
        "addresses": {"lan": ["192.168.1.20", "fd00::20"]},
    }


def words(before: Any, after: Any) -> list[str]:
    return list(told(list(differences(before, after))))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            yield from leaves(one, (*path, index))
    else:
        yield path


def changed_at(path: tuple[Any, ...]) -> dict[str, Any]:
    found = copy.deepcopy(document())
    place: Any = found
    for part in path[:-1]:
        inner = place[part]
        if isinstance(inner, tuple):
            inner = place[part] = list(inner)
        place = inner
    before = place[path[-1]]
    place[path[-1]] = (not before) if isinstance(before, bool) else before + 1 if isinstance(before, int) else "0" * 64
    return found


LEAVES = sorted(leaves(document()), key=str)


@given(st.sampled_from(LEAVES))
def test_any_other_value_is_told_at_its_place(path: tuple[Any, ...]) -> None:
    after = changed_at(path)
    found = list(differences(document(), after))
    assert found
    told_lines = list(told(found))
    assert told_lines
    assert str(path[1] if len(path) > 1 else path[0]) in told_lines[0]
    if isinstance(path[-1], str) and path[-1] != "name":
        assert any(path[-1] in line or "->" in line for line in told_lines)
    assert words(after, after) == []


def test_a_tag_that_moved_is_told_with_its_digest_layers_and_size() -> None:
    moved = {**TAG, "digest": "1" * 64, "layers": ["b" * 64, "2" * 64], "size": 8}
    assert words({"models": {"main/a": TAG}}, {"models": {"main/a": moved}}) == [
        "model main/a: digest aaaaaaaaaaaa -> 111111111111; size 7 -> 8; layers cccccccccccc -> 222222222222"
    ]


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (PULLED, {**PULLED, "digest": "1" * 64}, "digest eeeeeeeeeeee -> 111111111111"),
        (URL, {**URL, "sha256": "1" * 64}, "sha256 dddddddddddd -> 111111111111"),
        (URL, {**URL, "gguf": {"context_length": 2}}, "context_length 1 -> 2"),
        (URL, {**URL, "url": "https://y.lan/m.gguf"}, "url https://x.lan/m.gguf -> https://y.lan/m.gguf"),
        (ADAPTER, {**ADAPTER, "size": 6}, "size 5 -> 6"),
        (TAG, {**TAG, "layers": LAYERS[::-1]}, f"layers {'b' * 12}, {'c' * 12} -> {'c' * 12}, {'b' * 12}"),
    ],
)
def test_each_kind_of_entry_is_told_by_what_changed_in_it(before: Any, after: Any, line: str) -> None:
    assert words({"models": {"x": before}}, {"models": {"x": after}}) == [f"model x: {line}"]


def wheels(*entries: tuple[str, str, str]) -> dict[str, Any]:
    listed = [{"name": n, "version": v, "file": f"{n}-{v}.whl", "sha256": s * 64, "size": 1} for n, v, s in entries]
    return {"images": {"one": {"source": "build", "wheels": listed}}}


def test_packages_are_told_one_by_one() -> None:
    before = wheels(("a", "1", "a"), ("b", "1", "b"), ("c", "1", "c"))
    assert words(before, wheels(("a", "2", "d"), ("b", "1", "b"), ("d", "4", "e"))) == [
        "image one: a 1 -> 2",
        "image one: c 1 -> gone",
        "image one: d new -> 4",
    ]
    assert words(before, wheels(("a", "1", "d"), ("b", "1", "b"), ("c", "1", "c"))) == [
        "image one: a sha256 aaaaaaaaaaaa -> dddddddddddd"
    ]
    assert words(wheels(), wheels(("a", "1", "a"))) == ["image one: a new -> 1"]
    assert words(wheels(("a", "1", "a")), wheels()) == ["image one: a 1 -> gone"]


def test_entries_that_came_or_went_are_told_whole() -> None:
    assert words({"models": {}}, {"models": {"x": ADAPTER}}) == [
        "model x: new, file adapter.gguf, sha256 ffffffffffff, size 5"
    ]
    assert words({"adapters": {"x": ADAPTER}}, {}) == ["adapter x: no longer needed"]
    assert words({}, {"addresses": {"lan": ["10.0.0.1", "10.0.0.2"]}}) == ["address lan: new -> 10.0.0.1, 10.0.0.2"]
    assert words({"addresses": {"lan": ["10.0.0.1"]}}, {}) == ["address lan: no longer needed"]


def test_a_value_that_stands_by_itself_is_told_by_its_name() -> None:
    assert words({"kit": "1", "images": {}}, {"kit": "2", "images": {}}) == ["kit 1 -> 2"]


def test_a_truth_is_told_as_the_file_has_it() -> None:
    found = list(
        differences({"models": {"a": {"gguf": {"has_it": True}}}}, {"models": {"a": {"gguf": {"has_it": False}}}})
    )
    assert [line for line in told(found) if "true -> false" in line]


def test_hashes_that_begin_alike_are_told_apart() -> None:
    before, after = document(), copy.deepcopy(document())
    after["models"]["main/assistant"] = {**TAG, "digest": "a" * 63 + "b"}
    assert words(before, after) == [f"model main/assistant: digest {'a' * 64} -> {'a' * 63}b"]


def test_the_facts_of_a_header_are_told_by_their_number() -> None:
    before, after = document(), copy.deepcopy(document())
    after["models"]["main/gemma"] |= {"header": {"a.b": 1, "a.c": 2}, "decimals": {"a.d": 0.5}}
    assert words(before, after) == [
        "model main/gemma: header 2 facts new or changed; decimals 1 fact new or changed",
    ]
