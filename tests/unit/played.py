"""A transport that plays the agent's verbs in this process, with a folder of the test's in place of the kit's own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent import kit_folders
from deploy.agent.contract.envelope import Failure, Held, HoldRequest
from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.verbs import VERBS
from deploy.deployment.host import Deployment
from deploy.hosts.wire.answers import read_answer
from deploy.hosts.wire.transport import Address, AgentFailedError, OnLine
from deploy.stack import KIT_FOLDER
from deploy.verify.evidence import HostEvidence
from tests.unit.guarding import GUARD
from tests.unit.refusing import Refusing


class Played(Refusing):
    """A host below one folder."""

    def __init__(self, kit: Path) -> None:
        self.kit = kit
        GUARD.played.add(f"{kit}/")
        self.asked: list[str] = []

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self.asked.append(verb)
        told = _moved(request, KIT_FOLDER, str(self.kit))
        name, _, function = VERBS[verb].partition(":")
        operation = getattr(import_module(f"deploy.agent.{name}"), function or "run")
        try:
            answer = operation({**told, "kit": str(self.kit)}, Journal(told.get("root", ""), ""))
        except AgentError as problem:
            raise AgentFailedError(cast("Failure", problem.document())) from problem
        return read_answer(verb, _moved(answer, str(self.kit), KIT_FOLDER))

    @contextmanager
    def ahead(self, verb: Verb[Request, Answer]) -> Iterator[None]:
        assert verb in VERBS
        yield

    @property
    def connection(self) -> Mapping[str, Any]:
        return {"ansible_connection": "local", "ansible_become": False}

    @property
    def is_root(self) -> bool:
        return os.geteuid() == 0

    @contextmanager
    def forward(self, address: Address) -> Iterator[Address]:
        GUARD.forwarded.add(address)
        yield address

    @contextmanager
    def hold(self, request: HoldRequest, _on_line: OnLine) -> Iterator[Held]:
        self.asked.append("hold")
        yield {"held": True, "run": request["run"]}


def _moved(document: object, before: str, now: str) -> Any:
    """Let every path of a document lie below another folder."""
    return json.loads(json.dumps(document).replace(f'"{before}/', f'"{now}/'))


def stack_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the root of a stack be a folder of the test; return the stack's name."""
    monkeypatch.setattr(kit_folders, "KIT", folder.parent)
    return folder.name


def evidence_of(deployment: Deployment, kit: Path = Path("/nowhere")) -> HostEvidence:
    """The evidence of a deployment's host."""
    return HostEvidence(Played(kit), deployment)
