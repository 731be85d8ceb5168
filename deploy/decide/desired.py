"""The pure part of every verb: turns kit.yaml and kit.lock into Spec, Deployment and Bundle."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.line import Line
from deploy.decide.cache import keep, recall, surroundings
from deploy.deployment.bundle import Bundle
from deploy.deployment.host import Deployment
from deploy.deployment.secrets import Secret
from deploy.deployment.service import Service
from deploy.deployment.way import Way
from deploy.errors import SpecError
from deploy.source_files import LOCK as LOCK
from deploy.source_files import lock_path as lock_path
from deploy.source_files import recorded
from deploy.stack import HERE
from deploy.verify.left_out import NOBODY, LeftOut
from deploy.words import host_words

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Image as ImageRequest
    from deploy.decide.part import Parts
    from deploy.lock.model import Lock
    from deploy.spec.model import Spec
    from deploy.verify.beside import Beside


@dataclass(frozen=True)
class Desired:
    """The files in git, decided and rendered."""

    path: Path
    deployments: dict[str, Deployment]
    """Deployments by the name of the host."""
    bundles: dict[str, Bundle]
    ways: dict[str, Way]
    sources: Callable[[], tuple[Spec, Lock]]
    """Reader of the sources, called on demand: a remembered result does not need them."""
    decided: Callable[[], Parts]
    """Maker of the rooms' decisions, part by part, called on demand likewise."""

    @property
    def spec(self) -> Spec:
        """Return the content of kit.yaml."""
        return self.sources()[0]

    @property
    def lock(self) -> Lock:
        """Return the content of kit.lock."""
        return self.sources()[1]

    @property
    def parts(self) -> Parts:
        """Return the parts of kit.yaml with their rooms' decisions."""
        return self.decided()

    @property
    def stack(self) -> str:
        """The stack's name."""
        return next(iter(self.deployments.values())).stack

    @property
    def needs(self) -> dict[str, frozenset[str]]:
        """Return for each host the other hosts that it depends on."""
        return {host: self.parts.needs_of(host) for host in self.deployments}

    def left_out(self, hosts: Collection[str]) -> LeftOut:
        """Return what cannot answer while these hosts are left out."""
        if not hosts:
            return NOBODY
        from deploy.decide.left_out import left_out_of

        return left_out_of(self.spec, self.ways, hosts)

    @property
    def shares(self) -> tuple[Share, ...]:
        """The share of each host."""
        return tuple(map(self.on, self.deployments))

    def on(self, host: str) -> Share:
        """Return the share of one host; KeyError where the stack has no such host."""
        return Share(self, host, self.deployments[host], self.bundles[host])

    @property
    def services(self) -> tuple[Service, ...]:
        """The services of all hosts."""
        return tuple(service for deployment in self.deployments.values() for service in deployment.services)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets of all hosts."""
        return tuple(secret for deployment in self.deployments.values() for secret in deployment.secrets)

    def behind(self, host: str) -> str:
        """Return ` on HOST`, to append to a thing's name; empty if the stack is on this machine only."""
        return "" if list(self.deployments) == [HERE] else f" on {host_words(host)}"

    def host_with(self, name: str) -> str:
        """Return the host of the service of that name; KeyError if there is none."""
        return {service.name: host for host, each in self.deployments.items() for service in each.services}[name]

    def service(self, name: str) -> Service:
        """Return the service of that name on any host; KeyError if there is none."""
        return {service.name: service for service in self.services}[name]


@dataclass(frozen=True)
class Share:
    """The files in git about one host, decided and rendered."""

    desired: Desired
    host: str
    deployment: Deployment
    bundle: Bundle

    @property
    def way(self) -> Way:
        """The way to the host."""
        return self.desired.ways[self.host]

    @property
    def borrowed(self) -> dict[str, str]:
        """Return the secrets that services of other hosts own, each with the host that lends it."""
        own = {service.name for service in self.deployment.services}
        hosts = {service.name: host for host, each in self.desired.deployments.items() for service in each.services}
        # A key that a person keeps elsewhere comes from there, on every host.
        made = (secret for secret in self.deployment.secrets if not secret.reference)
        return {
            secret.name: hosts[secret.owner] for secret in made if secret.owner not in own and secret.owner in hosts
        }

    @property
    def beside(self) -> Beside:
        """Return the host as the checks of another one know it."""
        from deploy.verify.beside import Beside

        return Beside(self.way, tuple(sorted({secret.name for secret in self.deployment.secrets})))

    @property
    def path(self) -> Path:
        """The path of kit.yaml."""
        return self.desired.path

    @property
    def spec(self) -> Spec:
        """Return the content of kit.yaml, for all hosts."""
        return self.desired.spec

    def image_requests(self) -> list[ImageRequest]:
        """Return the requests of the agent's operation `image`, for the services of this host."""
        from deploy.decide.images import image_requests

        kinds = {service.kind for service in self.deployment.services}
        return [image for image in image_requests(self.spec, self.desired.lock) if image["kind"] in kinds]


def load_desired(path: Path) -> Desired:
    """Read, check, resolve and render; raise SpecError with every problem, touching no host."""
    from deploy.decide.backups import with_files
    from deploy.decide.render import render
    from deploy.decide.resolve import deployments_of, resolved_parts
    from deploy.spec.placed import ways_of

    spec, lock = _read(path)
    parts = resolved_parts(spec, lock)
    deployments = with_files(deployments_of(spec, lock, parts), path, lock_path(path))
    beside = path.parent / "templates"
    overrides = beside if beside.is_dir() else None
    bundles = {host: render(deployment, overrides) for host, deployment in deployments.items()}
    return Desired(path, deployments, bundles, ways_of(spec, path.parent), lambda: (spec, lock), lambda: parts)


def recall_desired(path: Path) -> Desired:
    """Return the result of `load_desired`, from an earlier run if none of its inputs changed since."""
    if kept := recall(path):
        sources = cache(lambda: _read(path))
        return Desired(path, *kept, sources, cache(lambda: _decided(sources)))
    before = surroundings(path)
    with recorded() as inputs:
        desired = load_desired(path)
    # A template may have changed while it was read: then the digest is of neither the old nor the new.
    if before is not None and before == surroundings(path):
        keep(path, before, inputs, (desired.deployments, desired.bundles, desired.ways))
    return desired


def _decided(sources: Callable[[], tuple[Spec, Lock]]) -> Parts:
    from deploy.decide.resolve import resolved_parts

    return resolved_parts(*sources())


def _read(path: Path) -> tuple[Spec, Lock]:
    from deploy.lock.contexts import contexts_fit
    from deploy.lock.gpus import answered, missing_cards
    from deploy.lock.missing import missing_inputs
    from deploy.lock.model import read_lock
    from deploy.lock.renderers import templates_are_used
    from deploy.spec.loading.loader import load_spec, told_at

    spec = load_spec(path)
    lock = read_lock(lock_path(path), path)
    unanswered, spec = spec, answered(spec, lock.gpus)
    # An engine without an answer needs that alone for now: its image goes by the answer.
    problems = missing_inputs(unanswered if missing_cards(unanswered, lock) else spec, lock, lock_path(path))
    if problems:
        raise SpecError(problems, f"type: {Line('lock', spec=path)}")
    if findings := [*contexts_fit(spec, lock), *templates_are_used(spec, lock)]:
        raise SpecError(told_at(path, findings))
    return spec, lock
