"""What goes over the transport without Ansible: secrets, and files of the control node."""

from __future__ import annotations

from typing import Any, cast

import pytest

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.apply.phases import Step, verb
from deploy.apply.story import Event
from deploy.apply.streams import carry_out
from deploy.errors import KitError
from deploy.hosts.transport import Opened
from tests.unit.refusing import Refusing
from tests.unit.sending import opener

FILES = [(Step("file", "models", "gemma"), "model files"), (Step("upload", "sync", "ollama"), "models")]


class Answering(Refusing):
    """A host that answers two ways of asking and asks for one file."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any, bytes]] = []

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self.asked.append((verb, request, b""))
        return cast("Answer", {"changed": False})

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        with opened("a" * 64) as stream:
            self.asked.append((verb, request, stream.read()))
        return cast("Answer", {"changed": True})


def unreadable(_sha256: str) -> Any:
    raise KitError("m.gguf cannot be read")


@pytest.mark.parametrize(("step", "words"), FILES)
def test_a_file_goes_to_the_verb_that_asks_for_it(step: Step, words: str) -> None:
    host, told, request = Answering(), list[Event](), {"models": [{"name": "gemma"}]}
    assert carry_out(step, host, lambda _: request, opener({"a" * 64: b"GGUF"}), told.append) is True
    assert host.asked == [(step.verb, request, b"GGUF")]
    assert told == [Event(words, "start"), Event(words, "done")]


def test_secrets_are_a_request_without_a_file() -> None:
    host = Answering()
    assert carry_out(verb("secrets"), host, lambda step: {"of": str(step)}, unreadable, lambda _: None) is False
    assert host.asked == [("secrets", {"of": "secrets"}, b"")]


def test_a_file_that_cannot_be_read_fails_its_step() -> None:
    host, told = Answering(), list[Event]()
    with pytest.raises(KitError, match="cannot be read"):
        carry_out(FILES[0][0], host, lambda _: {}, unreadable, told.append)
    assert told[-1] == Event("model files", "failed")
