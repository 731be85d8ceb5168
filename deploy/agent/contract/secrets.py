"""Secrets of a stack: which are made or taken, who reads them, and one that a person asks for."""

from __future__ import annotations

from typing import TypedDict

from deploy.agent.contract.envelope import Changed, StackRequest
from deploy.agent.contract.places import Owner


class Reader(Owner):
    """A service that reads a secret, and its user."""

    service: str


class Secret(TypedDict):
    """A secret to make once, or to take as it is given."""

    name: str
    owner: str
    prefix: str
    value: str | None
    reference: str | None
    stack: str
    """Stack that the secret's service takes its data over from."""
    readers: list[Reader]


class SecretsRequest(StackRequest):
    """The secrets of a stack."""

    secrets: list[Secret]


class SecretsAnswer(Changed):
    """The secrets that were written, by service and name."""

    written: list[str]


class _SecretRequest(StackRequest):
    name: str
    owner: str


class SecretRequest(_SecretRequest, total=False):
    """One secret that a person asks for."""

    show: bool
    """True if the value is asked for too."""


class _SecretAnswer(TypedDict):
    name: str
    owner: str
    path: str


class SecretAnswer(_SecretAnswer, total=False):
    """Place of a secret."""

    value: str
