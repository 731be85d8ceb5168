"""Streams go over the transport without Ansible: secrets, and files of the control node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.apply.event import Event
from deploy.apply.phases.phase import VerbStep
from deploy.apply.prepared.members import Member
from deploy.apply.prepared.prepare import Prepared
from deploy.apply.streams import carry_out
from deploy.decide.desired import Share
from deploy.errors import KitError
from deploy.hosts.observation.observe import read_observation
from deploy.hosts.wire.transport import Opened
from deploy.plan import make_plan
from tests.golden.hosts import bare
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.asked import RUN
from tests.unit.refusing import Refusing

SHA256 = "a" * 64


class Answering(Refusing):
    """A host that answers two ways of asking and asks for one file."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any, bytes]] = []

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self.asked.append((verb, request, b""))
        return cast("Answer", {"changed": False})

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        with opened(SHA256, 0) as pieces:
            self.asked.append((verb, request, b"".join(pieces)))
        return cast("Answer", {"changed": True})


@pytest.fixture
def share(tmp_path: Path) -> Share:
    """A llama.cpp that opens a file beside kit.yaml."""
    wanted = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    (model,) = wanted.deployment.models
    own = replace(model, source={"file": {"path": "own.gguf"}}, sha256=SHA256)
    desired = replace(wanted.desired, path=tmp_path / "kit.yaml")
    return replace(wanted, desired=desired, deployment=replace(wanted.deployment, models=(own,)))


def on(host: Answering, share: Share) -> Member:
    observation = read_observation(bare(share))
    return Member(share, host, Prepared(make_plan(share.deployment, share.bundle, observation), observation))


def test_a_model_file_is_sent_to_the_verb_that_asks_for_it(share: Share, tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    host, told = Answering(), list[Event]()
    assert carry_out(VerbStep("models"), on(host, share), RUN, told.append, {}) is True
    ((verb, request, sent),) = host.asked
    assert (verb, sent, request["run"]) == ("models", b"GGUF", RUN)
    assert [wanted["sha256"] for wanted in request["models"]] == [SHA256]
    assert told == [Event("model files", "start", host="here"), Event("model files", "done", host="here")]


def test_files_of_an_engines_models_are_sent_to_its_sync(share: Share, tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    host, told = Answering(), list[Event]()
    assert carry_out(VerbStep("sync", "ollama"), on(host, share), RUN, told.append, {}) is True
    ((verb, _, sent),) = host.asked
    assert (verb, sent) == ("sync", b"GGUF")
    assert told == [Event("models", "start", host="here"), Event("models", "done", host="here")]


def test_secrets_are_a_request_without_a_file(share: Share) -> None:
    host = Answering()
    assert carry_out(VerbStep("secrets"), on(host, share), RUN, lambda _: None, {}) is False
    ((verb, request, sent),) = host.asked
    assert (verb, sent) == ("secrets", b"")
    assert {one["name"] for one in request["secrets"]} == {secret.name for secret in share.deployment.secrets}


def test_a_file_that_cannot_be_read_fails_its_step(share: Share) -> None:
    host, told = Answering(), list[Event]()
    with pytest.raises(KitError, match=r"own.gguf cannot be read: No such file"):
        carry_out(VerbStep("models"), on(host, share), RUN, told.append, {})
    assert host.asked == []
    assert told[-1] == Event("model files", "failed", host="here")
