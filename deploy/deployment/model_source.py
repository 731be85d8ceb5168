"""Sources of models' files, as the lock decided them."""

from __future__ import annotations

from typing import TypedDict

from deploy.agent.contract.inputs import Address, Wheels


class OwnFile(TypedDict):
    """A file of the control node, beside kit.yaml."""

    path: str


class ModelSource(TypedDict, total=False):
    """The source of a model's file; it has exactly one key."""

    pip: Wheels
    file: OwnFile
    url: Address
