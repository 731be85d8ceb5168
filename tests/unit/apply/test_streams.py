"""What goes over the transport without Ansible: secrets, and files of the control node."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, cast

import pytest

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.apply.phases import Step, verb
from deploy.apply.story import Event
from deploy.apply.streams import carry_out
from deploy.errors import KitError
from tests.unit.refusing import Refusing

FILE = Step("file", "models", "gemma")


class Answering(Refusing):
    """A host that answers two ways of asking, and notes them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any, bytes]] = []

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self.asked.append((verb, request, b""))
        return cast("Answer", {"changed": False})

    def send(self, verb: Verb[Request, Answer], request: Request, stream: IO[bytes]) -> Answer:
        self.asked.append((verb, request, stream.read()))
        return cast("Answer", {"changed": True})


def request_for(path: Path) -> dict[str, Any]:
    return {"models": [{"name": "gemma", "source": {"file": {"path": str(path), "stream": True}}}]}


def test_a_file_goes_behind_its_request(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    host, told, request = Answering(), list[Event](), request_for(tmp_path / "m.gguf")
    assert carry_out(FILE, host, lambda _: request, told.append) is True
    assert host.asked == [("models", request, b"GGUF")]
    assert told == [Event("model files", "start"), Event("model files", "done")]


def test_secrets_are_a_request_without_a_file() -> None:
    host = Answering()
    assert carry_out(verb("secrets"), host, lambda step: {"of": str(step)}, lambda _: None) is False
    assert host.asked == [("secrets", {"of": "secrets"}, b"")]


def test_a_file_that_cannot_be_read_here_is_told_before_the_host_is_asked(tmp_path: Path) -> None:
    host, told = Answering(), list[Event]()
    with pytest.raises(KitError, match=r"model gemma: .*nothing cannot be read here: No such file"):
        carry_out(FILE, host, lambda _: request_for(tmp_path / "nothing"), told.append)
    assert host.asked == []
    assert told[-1] == Event("model files", "failed")
