"""Brings an image from one host to another: the control node passes its bytes on, and keeps none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import GIVE_IMAGE, LAYERS, TAKE_IMAGE
from deploy.apply.phases.phase import TransferStep
from deploy.apply.requests.base import base_request
from deploy.apply.requests.inputs import give_request, take_request
from deploy.deployment.host import Deployment
from deploy.hosts.wire.transport import Transport

if TYPE_CHECKING:
    from deploy.agent.contract.images import TakeAnswer

MIB = 2**20


@dataclass(frozen=True)
class Taker:
    """A host that gets images."""

    deployment: Deployment
    transport: Transport


def transfer(step: TransferStep, giver: Transport, taker: Taker, run: str, tell: Callable[[str], None]) -> TakeAnswer:
    """Send the layers that a host lacks, or all layers if Docker refuses a part."""
    has = taker.transport.call(LAYERS, base_request(taker.deployment.stack, run))["chains"]
    answer = _sent(step, giver, taker, run, has)
    if answer["image"] is None:
        tell(f"Docker needs all layers of {step.tag}")
        answer = _sent(step, giver, taker, run, [])
    tell(f"{step.tag} from {step.giver}: {answer['received'] / MIB:.1f} MiB")
    return answer


def _sent(step: TransferStep, giver: Transport, taker: Taker, run: str, has: list[str]) -> TakeAnswer:
    def opened(_name: str, _start: int) -> AbstractContextManager[Iterator[bytes]]:
        return giver.receive(GIVE_IMAGE, give_request(taker.deployment, step.tag, has))

    return taker.transport.send(TAKE_IMAGE, take_request(taker.deployment, run, step.kind, step.tag), opened)
