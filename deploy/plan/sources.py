"""Files of models that kit.yaml names: one that is gone, or became another one, is refused before it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.agent.line import Line
from deploy.deployment import Deployment
from deploy.hosts.observe import Observation
from deploy.plan.models import model_changes, seen_of
from deploy.plan.operation import Operation


def source_refusals(
    deployment: Deployment, observation: Observation, operations: tuple[Operation, ...]
) -> Iterator[tuple[str, str]]:
    """Yield each file that an operation is going to read and cannot."""
    told: set[str] = set()
    for name, path, size in _wanted(deployment, observation, operations):
        if path in told or path not in observation.sources:
            continue
        told.add(path)
        found = observation.sources[path]
        if found is None:
            yield f"model {name}: {path} is not there", "bring it back, or let `file` of its `from` be where it is now"
        elif found != size:
            step = f"bring the one that was locked, or write its sha256 in kit.yaml and type: {Line('lock')}"
            yield f"model {name}: {path} has {found} bytes, and kit.lock has {size}", step


def _wanted(
    deployment: Deployment, observation: Observation, operations: tuple[Operation, ...]
) -> Iterator[tuple[str, str, int]]:
    """Yield the model, the file and its size for all that is going to be read."""
    for engine in deployment.engines:
        there = seen_of(engine, observation).blobs
        for model, _, _ in model_changes(engine, observation):
            for blob in model.blobs:
                if blob.sha256 not in there and (path := _path(blob.source)):
                    yield model.name, path, blob.size_bytes
    fetched = {(one.resource, one.service) for one in operations if one.action == "fetch"}
    for file in deployment.models:
        if (f"model {file.name}", file.service) in fetched and (path := _path(file.source)):
            yield file.name, path, file.size_bytes


def _path(source: dict[str, Any]) -> str:
    return str(source["file"]["path"]) if "file" in source else ""
