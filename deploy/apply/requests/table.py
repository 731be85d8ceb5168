"""The verbs that an apply calls, each with the builder of its request, typed by the contract. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from deploy.agent.contract.envelope import Changed
from deploy.agent.contract.verbs import (
    BACK_UP,
    COLLECT,
    CONVERGE,
    DOCKER,
    FIREWALL,
    IMAGE,
    LATE,
    MODELS,
    PLACE,
    ROOM,
    SECRETS,
    SYNC,
    UNITS,
    Request,
    Verb,
)
from deploy.apply.phases.phase import VerbStep
from deploy.apply.prepared.members import Member
from deploy.apply.requests.base import base_request
from deploy.apply.requests.inputs import images_request, models_request, reference_of, sync_request
from deploy.apply.requests.releases import (
    back_up_request,
    collect_request,
    converge_request,
    docker_request,
    late_request,
    place_request,
    room_request,
    secrets_request,
)
from deploy.hosts.wire.transport import Opened, Transport

if TYPE_CHECKING:
    from deploy.agent.contract.engines import SyncRequest
    from deploy.agent.contract.inputs import ImagesRequest, ModelsRequest
    from deploy.agent.contract.releases import PlaceRequest
    from deploy.agent.contract.secrets import SecretsRequest

Converged = TypeVar("Converged", bound=Changed)


class Question(Protocol):
    """A verb with its request."""

    @property
    def content(self) -> Mapping[str, object]:
        """The request as JSON values."""

    def ask(self, transport: Transport, opened: Opened) -> Changed:
        """Call a host's agent, and return its answer; opens the files that the agent asks for."""


@dataclass(frozen=True)
class _Question(Generic[Request, Converged]):
    verb: Verb[Request, Converged]
    content: Request

    def ask(self, transport: Transport, _opened: Opened) -> Converged:
        return transport.call(self.verb, self.content)


@dataclass(frozen=True)
class _Sending(_Question[Request, Converged]):
    def ask(self, transport: Transport, opened: Opened) -> Converged:
        return transport.send(self.verb, self.content, opened)


Make = Callable[[Member, str, str], Question]
"""Makes the question of a verb for a member, a kind and a run."""


def question(step: VerbStep, member: Member, run: str) -> Question:
    """Return the question of a step."""
    return _VERBS[step.verb](member, step.kind, run)


def _row(verb: Verb[Request, Converged], make: Callable[[Member, str, str], Request]) -> tuple[str, Make]:
    return verb, lambda member, kind, run: _Question(verb, make(member, kind, run))


def _sending_row(verb: Verb[Request, Converged], make: Callable[[Member, str, str], Request]) -> tuple[str, Make]:
    """Return the row of a verb whose agent asks for files of the control node."""
    return verb, lambda member, kind, run: _Sending(verb, make(member, kind, run))


def _secrets(member: Member, _kind: str, run: str) -> SecretsRequest:
    prepared = member.prepared
    return secrets_request(member.share, run, prepared.given, prepared.plan.settled)


def _images(member: Member, _kind: str, run: str) -> ImagesRequest:
    images = [image for image in member.share.image_requests() if reference_of(image) not in member.received]
    return images_request(member.share.deployment, images, run)


def _models(member: Member, _kind: str, run: str) -> ModelsRequest:
    return models_request(member.share.deployment, run)


def _place(member: Member, _kind: str, run: str) -> PlaceRequest:
    return place_request(member.share.deployment, member.share.bundle, run)


def _sync(member: Member, kind: str, run: str) -> SyncRequest:
    return sync_request(member.share.deployment, kind, run, member.prepared.plan.left)


_VERBS: Mapping[str, Make] = dict(
    (
        _row(SECRETS, _secrets),
        _row(DOCKER, lambda member, _, run: docker_request(member.share.deployment, run)),
        _row(LATE, lambda member, _, run: late_request(member, run)),
        _row(BACK_UP, lambda member, _, run: back_up_request(member.share.deployment, run)),
        _row(IMAGE, _images),
        _sending_row(MODELS, _models),
        _row(PLACE, _place),
        _row(CONVERGE, lambda member, _, run: converge_request(member, run)),
        _row(FIREWALL, lambda member, _, run: base_request(member.share.deployment.stack, run)),
        _sending_row(SYNC, _sync),
        _row(ROOM, lambda member, kind, run: room_request(member.share.deployment, kind, run)),
        _row(UNITS, lambda member, _, run: base_request(member.share.deployment.stack, run)),
        _row(COLLECT, lambda member, _, run: collect_request(member, run)),
    )
)
