"""A model's locked source is named where kit.yaml says something else by now."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from pydantic import TypeAdapter

from deploy.lock.missing import missing_inputs
from deploy.lock.model import Lock, read_lock
from deploy.sources.lock import ModelLock
from deploy.sources.spec import Source
from deploy.spec.loading.loader import load_spec
from deploy.spec.model import Spec
from tests.tree import REPOSITORY

QUICKSTART = REPOSITORY / "inventories/quickstart"
HASH = "1" * 64
FACTS = {"architecture": "llama", "context_length": 2048, "has_chat_template": True}
WRITTEN: dict[str, Any] = {
    "tag": "llama3.2:3b",
    "pip": {"pip": "gemma", "version": "1.0.0", "sha256": HASH},
    "file": {"file": "models/mine.gguf", "sha256": HASH},
    "url": {"url": "https://models.example/mine.gguf", "sha256": HASH},
}
LOCKED: dict[str, dict[str, Any]] = {
    "tag": {"tag": "llama3.2:3b", "digest": HASH, "layers": (HASH,)},
    "pip": {"package": "gemma", "version": "1.0.0", "sha256": HASH, "gguf": FACTS},
    "file": WRITTEN["file"] | {"gguf": FACTS},
    "url": WRITTEN["url"] | {"gguf": FACTS},
}
SAID = {
    "tag": "llama3.2:3b",
    "pip": "{pip: gemma}",
    "file": "{file: models/mine.gguf}",
    "url": "{url: https://models.example/mine.gguf}",
}


def of(written: str, locked: str) -> tuple[Spec, Lock]:
    """The quickstart with a model that kit.yaml takes from one kind of source and the lock from another."""
    spec, lock = load_spec(QUICKSTART / "kit.yaml"), read_lock(QUICKSTART / "kit.lock")
    source: Any = TypeAdapter(Source).validate_python(WRITTEN[written])
    kept: Any = TypeAdapter(ModelLock).validate_python(LOCKED[locked] | {"source": locked, "size": 9})
    model = spec.models[0].model_copy(update={"from_": source})
    return (
        spec.model_copy(update={"models": (model,)}),
        lock.model_copy(update={"models": {"main/gemma": kept}}),
    )


@pytest.mark.parametrize(("written", "locked"), list(permutations(WRITTEN, 2)))
def test_a_model_from_another_kind_of_source_says_both_kinds(written: str, locked: str) -> None:
    spec, lock = of(written, locked)
    (problem,) = missing_inputs(spec, lock)
    assert problem.message == f"is locked from {locked}; kit.yaml says {SAID[written]}"


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_model_from_the_source_that_it_is_locked_from_is_no_problem(kind: str) -> None:
    assert missing_inputs(*of(kind, kind)) == []
