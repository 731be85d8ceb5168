"""Files of models that kit.yaml names: a missing or changed one is refused before it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from deploy.agent.line import Line
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.plan.models import model_changes, seen_of
from deploy.plan.operation import Operation
from deploy.sources.given import path_of


@dataclass(frozen=True)
class Files:
    """Files of kit.yaml as they lie on the control node, by their names in kit.yaml."""

    sizes: Mapping[str, int | None] = field(default_factory=dict)
    """None for a missing file."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """sha256 of those that were read."""


@dataclass(frozen=True)
class SourceFile:
    """A file that an operation reads, as the lock knows it."""

    model: str
    path: str
    size_bytes: int
    sha256: str


def source_refusals(
    deployment: Deployment, observation: Observation, operations: tuple[Operation, ...], files: Files
) -> Iterator[tuple[str, str]]:
    """Yield each file that an operation is going to read and cannot."""
    for file in _wanted(deployment, observation, operations, files):
        place, size = f"model {file.model}: {file.path}", files.sizes[file.path]
        another = f"restore the locked file, or write the new sha256 in kit.yaml and type: {Line('lock')}"
        if size is None:
            yield f"{place} is missing", "restore it, or write its new path as `file` in its `from`"
        elif size != file.size_bytes:
            yield f"{place} has {size} bytes, but kit.lock says {file.size_bytes}", another
        elif files.digests.get(file.path, file.sha256) != file.sha256:
            yield f"{place} has the locked file's size, but other content", another


def unread_sources(
    deployment: Deployment, observation: Observation, operations: tuple[Operation, ...], files: Files
) -> tuple[SourceFile, ...]:
    """Return the files that an operation is going to read and that were checked by size alone."""
    wanted = _wanted(deployment, observation, operations, files)
    fitting = (file for file in wanted if files.sizes[file.path] == file.size_bytes)
    return tuple(file for file in fitting if file.path not in files.digests)


def _wanted(
    deployment: Deployment, observation: Observation, operations: tuple[Operation, ...], files: Files
) -> tuple[SourceFile, ...]:
    """Return each measured file that an operation reads, once."""
    by_path: dict[str, SourceFile] = {}
    for file in _read(deployment, observation, operations):
        if file.path in files.sizes:
            by_path.setdefault(file.path, file)
    return tuple(by_path.values())


def _read(deployment: Deployment, observation: Observation, operations: tuple[Operation, ...]) -> Iterator[SourceFile]:
    for engine in deployment.engines:
        there = seen_of(engine, observation).blobs
        for model, _, _ in model_changes(engine, observation):
            for blob in model.blobs:
                if blob.sha256 not in there and (path := path_of(blob.source)):
                    yield SourceFile(model.name, path, blob.size_bytes, blob.sha256)
    fetched = {(operation.resource, operation.service) for operation in operations if operation.action == "fetch"}
    for file in deployment.models:
        if (f"model {file.name}", file.service) in fetched and (path := path_of(file.source)):
            yield SourceFile(file.name, path, file.size_bytes, file.sha256)
