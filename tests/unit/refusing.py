"""A transport that refuses everything: a test's own answers what the test is about, and nothing else is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NoReturn

from deploy.agent.contract.envelope import Held, HoldRequest
from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.hosts.wire.transport import Address, OnLine, Opened, Transport


class Refusing(Transport):
    """No host at all: the transport of every test of the control node that brings no host of its own."""

    @property
    def agent_path(self) -> str:
        return "/nowhere/agent.pyz"

    @property
    def backend(self) -> str:
        return _refuse("backend")

    @property
    def connection(self) -> Mapping[str, Any]:
        return _refuse("connection")

    @property
    def is_root(self) -> bool:
        return _refuse("rights")

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        return _refuse(verb, request)

    def ahead(self, verb: Verb[Request, Answer]) -> AbstractContextManager[None]:
        return _refuse(verb)

    def hold(self, request: HoldRequest, on_line: OnLine) -> AbstractContextManager[Held]:
        return _refuse("hold", request, on_line)

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        return _refuse(verb, request, opened)

    def receive(
        self, verb: Verb[Request, Iterator[bytes]], request: Request
    ) -> AbstractContextManager[Iterator[bytes]]:
        return _refuse(verb, request)

    def lines(self, verb: Verb[Request, bytes], request: Request) -> Iterator[bytes]:
        return _refuse(verb, request)

    def forward(self, address: Address) -> AbstractContextManager[Address]:
        return _refuse(f"{address[0]}:{address[1]}")

    def forward_socket(self, path: str) -> AbstractContextManager[str]:
        return _refuse(path)


def _refuse(what: str, *more: object) -> NoReturn:
    raise AssertionError(f"no host is asked for {what} here", *more)
