"""A file of this machine, as kit.lock pins it: a model's own, its adapter's or its projector's."""

from __future__ import annotations

from typing import Literal

from deploy.deployment.model_source import ModelSource
from deploy.fields.values import Sha256, SourcePath
from deploy.sources.file.measured import measure_bytes, measure_file
from deploy.sources.file.written import FileSource
from deploy.sources.weights.locked import Asking, Bytes, WeightsLocked, ensure_same, weights
from deploy.strict import Strict


class FileModelLock(WeightsLocked):
    """A model's file on this machine."""

    source: Literal["file"]
    """file: a GGUF file."""
    file: SourcePath
    """Its path as kit.yaml has it."""

    @property
    def written(self) -> dict[str, str]:
        """Return the values of kit.yaml that it was locked from."""
        return {"file": self.file, "sha256": self.sha256}

    def agent_source(self) -> ModelSource:
        """Return the source of the file, for the agent."""
        return {"file": {"path": self.file}}


class AdapterLock(Strict):
    """An adapter's or a projector's file on this machine."""

    file: SourcePath
    """Its path as kit.yaml has it."""
    sha256: Sha256
    """sha256 of the file."""
    size: Bytes
    """Size of the file in bytes."""

    def agent_source(self) -> ModelSource:
        """Return the source of the file, for the agent."""
        return {"file": {"path": self.file}}


def pin(source: FileSource, asking: Asking) -> FileModelLock:
    """Measure a model's file."""
    measured = measure_file(asking.folder / source.file, asking.said)
    return FileModelLock(source="file", file=source.file, **weights(measured, asking, source.sha256))


def pin_beside(source: FileSource, asking: Asking) -> AdapterLock:
    """Measure the file of an adapter or a projector; its header is not read."""
    sha256, size = measure_bytes(asking.folder / source.file, asking.said)
    ensure_same(asking.what, source.sha256, sha256)
    return AdapterLock(file=source.file, sha256=sha256, size=size)
