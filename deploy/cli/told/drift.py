"""Drift of a host from its current release, by the host's observation alone."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Container
from deploy.words import as_root, host_words


def drift(observation: Observation) -> tuple[str, ...]:
    """Return one line for each difference that no apply has made."""
    if observation.release is None:
        return ()
    return tuple(_drift(observation))


def _drift(observation: Observation) -> Iterator[str]:
    yield from _files(observation)
    released = observation.manifest["services"] if observation.manifest else {}
    docker = observation.docker
    if docker.is_denied or (not docker.server and not observation.services):
        step = f"; {as_root(observation.host)}" if docker.is_denied else ""
        yield f"containers cannot be seen: {docker.problem or 'Docker does not run'}{step}"
        released = {}
    for name, parts in sorted(released.items()):
        if name in observation.stopped:
            yield f"service {name} was stopped on request"
        else:
            yield from _service(name, parts["digest"], observation.services.get(name))
    for name in sorted(set(observation.services) - set(released)):
        yield f"service {name} runs and is not in the release"
    for name, secrets in sorted(observation.changed_secrets.items()):
        yield f"service {name} was started with another {', '.join(secrets)}"
    yield from _places(observation)
    yield from _network(observation)
    yield from _models(observation)
    # Until a release was verified its settings are still to be made, not lost.
    for name in sorted(observation.settings) if observation.is_proven else ():
        for setting, cause in observation.settings_drift(name):
            yield f"setting {setting}: {cause}"


def _files(observation: Observation) -> Iterator[str]:
    yield from (f"file {file.path}: {file.cause}" for file in observation.changed_files)
    yield from (f"file {path} does not belong to the release; remove it" for path in observation.extra_files)
    yield from (f"{right.path}: {right.cause}" for right in observation.rights)


def _places(observation: Observation) -> Iterator[str]:
    for name, container in sorted(observation.services.items()):
        for folder in container.replaced_folders:
            yield f"service {name} writes to a folder that {folder} was before; it was replaced or mounted over"
    for name, seen in sorted(observation.places.items()):
        if seen.is_lost:
            held = f"{seen.words or 'data'} at the last apply"
            yield f"data of {name}: {seen.before} {seen.former.told}; it held {held}"
        elif seen.is_another:
            yield (
                f"data of {name}: {seen.before} holds another database ({seen.former.words}) than at the last apply"
                f" ({seen.words or 'its own'})"
            )


def _network(observation: Observation) -> Iterator[str]:
    yield from (way.words for way in observation.network.attached)
    for address in observation.network.strange:
        names = [name for name, container in sorted(observation.services.items()) if container.is_at(address)]
        if names:
            host = host_words(observation.host)
            yield f"nobody reaches {', '.join(names)} at {address}: {host} has no such address now"


def _models(observation: Observation) -> Iterator[str]:
    for engine, seen in sorted(observation.engines.items()):
        for name, made in sorted(seen.manifests.items()) if seen.is_told else ():
            if name in seen.lost:
                yield f"model {name} on {engine} is damaged: {seen.lost[name]}"
            elif name not in seen.digests:
                yield f"model {name} was removed from {engine} by hand"
            elif seen.digests[name] != made:
                yield f"model {name} was changed in {engine} by hand"


def _service(name: str, digest: str, container: Container | None) -> Iterator[str]:
    if container is None:
        yield f"service {name} has no container"
    elif container.labels.get("kit.digest") != digest:
        yield f"service {name} is not the release's"
    elif container.trouble:
        yield f"service {name} {container.trouble}"
    elif container.state != "running":
        why = f": Docker could not start it: {container.error}" if container.error else ""
        yield f"service {name} is {container.state}{why}"
    elif container.health == "unhealthy":
        yield f"service {name} is unhealthy"
    elif container.recreated:
        yield f"service {name} was recreated by hand"
    elif container.changed:
        yield f"service {name} was changed by hand: {', '.join(container.changed)}"
