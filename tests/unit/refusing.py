"""A transport that refuses everything: a test's own answers what the test is about, and nothing else is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import IO, Any, NoReturn

from deploy.hosts.transport import Address, Document, OnLine, Transport


class Refusing(Transport):
    """No host at all."""

    @property
    def agent_path(self) -> str:
        return "/nowhere/agent.pyz"

    @property
    def backend(self) -> str:
        return _refuse("backend")

    def call(self, verb: str, request: Mapping[str, Any]) -> Document:
        return _refuse(verb, request)

    def ahead(self, verb: str) -> AbstractContextManager[None]:
        return _refuse(verb)

    def hold(self, request: Mapping[str, Any], on_line: OnLine) -> AbstractContextManager[Document]:
        return _refuse("hold", request, on_line)

    def send(self, verb: str, request: Mapping[str, Any], stream: IO[bytes]) -> Document:
        return _refuse(verb, request, stream)

    def lines(self, verb: str, request: Mapping[str, Any]) -> Iterator[bytes]:
        return _refuse(verb, request)

    def forward(self, address: Address) -> AbstractContextManager[Address]:
        return _refuse(f"{address[0]}:{address[1]}")

    def forward_socket(self, path: str) -> AbstractContextManager[str]:
        return _refuse(path)


def _refuse(what: str, *more: object) -> NoReturn:
    raise AssertionError(f"no host is asked for {what} here", *more)
