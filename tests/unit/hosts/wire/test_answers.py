"""Answers of agents are read: a shape other than the contract's is an error that names verb and key."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest

from deploy.agent.contract import verbs
from deploy.agent.contract.probe import ProbeRequest
from deploy.agent.contract.verbs import ENGINE, PROBE, TAKE_IMAGE, Verb
from deploy.agent.verbs import FRAMED, STREAMS
from deploy.errors import KitError
from deploy.hosts.local import LocalTransport
from deploy.hosts.wire.answers import answer_type, check_of, read_answer

DOCUMENTS = sorted({verb for verb in vars(verbs).values() if isinstance(verb, Verb)} - {*FRAMED, *STREAMS})
IMAGE = {"kind": "main", "tag": "kit/main:1", "id": "sha256:1", "built": True, "debian_versions": {}}


@pytest.fixture
def probed(tmp_path: Path) -> Any:
    """The answer of a real agent."""
    transport = LocalTransport(str(tmp_path / "agent"), sys.executable)
    asked: ProbeRequest = {"stack": "t-answers", "root": str(tmp_path / "root"), "ca": None}
    return transport.call(PROBE, asked)


def of_every_part(kind: Any, each: Callable[[Any], object]) -> None:
    each(kind)
    parts = get_type_hints(kind).values() if is_typeddict(kind) else get_args(kind)
    for part in parts:
        if not isinstance(part, str | bool):
            of_every_part(part, each)


@pytest.mark.parametrize("verb", DOCUMENTS)
def test_every_type_of_the_contract_can_be_read(verb: str) -> None:
    of_every_part(answer_type(verb), check_of)


def test_a_real_answer_is_as_the_contract_says(probed: Any) -> None:
    assert read_answer(PROBE, probed) is probed


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("services", None, "at services: None is not an object"),
        ("root", 1, "at root: 1 is not true or false"),
        ("extra_files", ["a", 2], "at extra_files.1: 2 is not a text"),
        ("fingerprint_changed", {"main": "x"}, "at fingerprint_changed.main: 'x' is not a list"),
        ("docker", {}, "at docker..*: it is missing"),
        ("format", True, "at format: True is not a whole number"),
        ("release", [], r"at release: \[\] is not a text"),
    ],
)
def test_a_wrong_value_is_told_by_verb_and_key(probed: Any, key: str, value: Any, words: str) -> None:
    with pytest.raises(KitError, match=f"^the agent's answer to probe is wrong {words}$"):
        read_answer(PROBE, {**probed, key: value})


def test_a_missing_key_and_a_document_that_is_none_are_told() -> None:
    with pytest.raises(KitError, match="answer to take_image is wrong at received: it is missing"):
        read_answer(TAKE_IMAGE, {"changed": True, "image": IMAGE})
    with pytest.raises(KitError, match=r"answer to take_image is wrong as a whole: \[\] is not an object"):
        read_answer(TAKE_IMAGE, [])


def test_of_several_shapes_the_nearest_is_told() -> None:
    with pytest.raises(KitError, match=r"wrong at image\.id: 1 is not a text"):
        read_answer(TAKE_IMAGE, {"changed": True, "image": {**IMAGE, "id": 1}, "received": 0})


def test_a_key_that_may_be_missing_may_be_missing_and_one_more_is_no_fault() -> None:
    assert read_answer(ENGINE, {"changed": True, "more": 1})["changed"] is True
    with pytest.raises(KitError, match=r"answer to engine is wrong at models\.0\.name: it is missing"):
        read_answer(ENGINE, {"models": [{}]})


def test_a_verb_of_no_contract_has_no_shape() -> None:
    own: Verb[dict[str, str], list[int]] = Verb("own")
    assert read_answer(own, [1]) == [1]
