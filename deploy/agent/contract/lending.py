"""Secrets that services of other hosts read."""

from __future__ import annotations

from typing import TypedDict

from deploy.agent.contract.envelope import StackRequest
from deploy.agent.contract.probe import SecretName


class LendRequest(StackRequest):
    """The secrets that other hosts need, all in one question."""

    secrets: list[SecretName]


class LendAnswer(TypedDict):
    """Their values by service and name; a secret that is not made yet has none."""

    values: dict[str, dict[str, str]]
